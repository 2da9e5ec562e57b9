"""How an LSP page that ran as a cell looks in the notebook.

A page is HTML that somebody wrote, and a notebook can do all that its reader can: run cells, read files. So
the page gets a frame of its own with an empty `sandbox`: no scripts, no forms, no way to another window, and
nobody's origin. What it fetches, such as images, does not tell where the notebook is.

Where a notebook is not trusted, JupyterLab takes the frame away and leaves the words that are in it.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Mapping
from html import escape
from http import HTTPStatus

from ba_runtime.events import PageResult
from ba_runtime.text import readable

from ._page_height import MIN_PX, height_px
from ._text import Decoder

# A notebook file keeps what it shows, twice (as HTML and as text); no reader wants more than that of a page.
LIMIT_BYTES = 200_000
# An image is kept once, and is of no use when cut.
IMAGE_LIMIT_BYTES = 1_000_000
IMAGES = frozenset(("image/png", "image/jpeg", "image/gif", "image/webp"))

PLAIN_TYPE = b"text/html; charset=utf-8"  # what a page has that does not say otherwise

_EDGE = "calc(100% - 16px)"  # where a browser's handle begins
WITHOUT_CORNER = f"polygon(0 0,100% 0,100% {_EDGE},{_EDGE} 100%,0 100%)"

NOT_SHOWN = "The page appears when its cell runs, or when you trust this notebook."


def shown(result: PageResult, limit_bytes: int = LIMIT_BYTES) -> Mapping[str, str] | None:
    """Returns what the page wrote as MIME types with their data; None if it wrote nothing."""
    if not result.body:
        return None
    kind = _kind(result.content_type)
    if kind in IMAGES:
        return _image(kind, result.body)
    text = Decoder().decode(result.body[:limit_bytes], final=len(result.body) <= limit_bytes)
    note = ""
    if len(result.body) > limit_bytes:
        note = f"[the page wrote {len(result.body):,} bytes; only the first {limit_bytes:,} are shown]"
    data = {"text/plain": f"{text}\n{note}" if note else text}
    if kind == "text/html":
        data["text/html"] = _frame(text) + (f"<p>{escape(note)}</p>" if note else "")
    return data


def head(result: PageResult) -> str | None:
    """Returns the status and the headers as text, None when they are those of any page."""
    if result.error or (result.status == HTTPStatus.OK and not any(_told(result))):
        return None
    lines = (f"{readable(name)}: {readable(value)}" for name, value in _told(result))
    return "\n".join((f"HTTP {result.status} {_phrase(result.status)}".rstrip(), *lines))


def problem(status: int) -> str | None:
    """Returns what to say about a page that has ended well with a status that means failure."""
    return f"the page answered with status {status}" if status >= 400 else None


def _kind(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()


def _told(result: PageResult) -> Iterator[tuple[bytes, bytes]]:
    return (header for header in result.headers if header != (b"Content-Type", PLAIN_TYPE))


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:  # 299, say: pages may answer what they like
        return ""


def _image(kind: str, body: bytes) -> Mapping[str, str]:
    note = f"[{kind}, {len(body):,} bytes]"
    if len(body) > IMAGE_LIMIT_BYTES:
        return {"text/plain": f"{note[:-1]}: too large to show; the limit is {IMAGE_LIMIT_BYTES:,}]"}
    return {kind: b64encode(body).decode(), "text/plain": note}


def _frame(text: str) -> str:
    # Readers drag the corner of the box: frames have none, and this one is clipped not to lie over it.
    height = f"height:{height_px(text)}px;min-height:{MIN_PX}px"
    box = f"{height};border:1px solid gray;resize:vertical;overflow:hidden"
    # White, because a page that sets no colours is black on white, also in a dark notebook.
    style = f"display:block;width:100%;height:100%;border:0;background:white;clip-path:{WITHOUT_CORNER}"
    return (
        f'<div style="{box}"><iframe sandbox referrerpolicy="no-referrer" title="LSP page" '
        f'srcdoc="{escape(text)}" style="{style}">{NOT_SHOWN}</iframe></div>'
    )
