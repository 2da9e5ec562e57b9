"""Finds what a path names below a served folder, and says what kind of content it is.

Nothing outside the folder is ever found, by whatever spelling or link, and nothing hidden: a part that begins
with a dot (`.preload`, `.lua`, `.git`) is not there. But pages may ask for hidden pages (`.head.lsp`).
"""

from __future__ import annotations

import functools
import mimetypes
import os
import stat
from time import monotonic

TEXT = {"text/javascript", "application/javascript", "application/json", "image/svg+xml", "application/xml"}
# What the system's own table may not know.
KNOWN = {".js": "text/javascript", ".mjs": "text/javascript", ".json": "application/json",
         ".svg": "image/svg+xml", ".wasm": "application/wasm", ".md": "text/markdown"}  # fmt: skip


# Whether a link leads out of the folder is looked at anew after so long: that takes ten times the rest.
TRUST_S = 1.0


@functools.lru_cache(maxsize=512)
def _real_path(root: bytes, path: bytes, is_inside: bool, _period: int) -> bytes | None:
    """Returns the file's real path, None when that is hidden, not in `root`, or not a path at all.

    Raises OSError when nothing is there, which is not remembered: the file may come at any moment.
    """
    parts = [part for part in path.split(b"/") if part]
    is_shown = is_inside and path.endswith(b".lsp")
    if not is_shown and any(part.startswith(b".") for part in parts):
        return None
    if b"\0" in path or (os.sep != "/" and b"\\" in path):
        return None
    # strict: otherwise every part behind the first that is missing is looked up too, maybe thousands
    root = os.path.realpath(root)
    real = os.path.realpath(os.path.join(root, *parts), strict=True)
    return real if os.path.commonpath([root, real]) == root else None


def look_up(root: bytes, path: bytes, is_inside: bool = False) -> tuple[bytes, int, int] | None:
    """Returns `file` or `folder`, the size in bytes, and the time of the last change in nanoseconds.

    `is_inside` is for a page that asks, not a client. None when there is nothing to show.
    """
    try:
        real = _real_path(root, path, is_inside, int(monotonic() / TRUST_S))
        if real is None:
            return None
        status = os.stat(real)
    except (OSError, ValueError):
        return None
    if stat.S_ISDIR(status.st_mode):
        return b"folder", 0, status.st_mtime_ns
    if stat.S_ISREG(status.st_mode):
        return b"file", status.st_size, status.st_mtime_ns
    return None


def content_type(name: bytes) -> bytes:
    """Returns the `Content-Type` for a file's name."""
    text = name.decode("utf-8", "replace").lower()
    kind = KNOWN.get(os.path.splitext(text)[1]) or mimetypes.guess_type(text)[0] or "application/octet-stream"
    if kind.startswith("text/") or kind in TEXT:
        kind += "; charset=utf-8"
    return kind.encode()
