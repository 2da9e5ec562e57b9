"""The files inside the server, which programs open by `ba.openio "vm"`.

Of those only a certificate and a key for localhost are here, which the vendor's examples of TLS servers use.
They are new in every process, in a folder that goes with it, so that nobody else can know the key.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tempfile import TemporaryDirectory

FOLDER = ".certificate"
NAME = "MakoServer"
DAY_S = 24 * 3600
VALID_S = 365 * DAY_S


class InsideFiles:
    """A folder of files that are made when they are first asked for."""

    def __init__(self) -> None:
        """Makes nothing yet."""
        self._folder: TemporaryDirectory[str] | None = None
        self._root = b""

    def root(self) -> bytes:
        """Returns the folder's real path. Raises OSError when it cannot be made."""
        if self._folder is None:
            from tempfile import TemporaryDirectory  # which takes long to import, and hardly anybody needs it

            self._folder = TemporaryDirectory(prefix="ba-lua-")
            self._root = os.fsencode(os.path.realpath(self._folder.name))
            _write_certificate(Path(self._folder.name) / FOLDER)
        return self._root

    def holds(self, path: bytes) -> bool:
        """Tells whether a path is the folder, or in it, also where it gets there by `..`."""
        return self._folder is not None and (os.path.abspath(path) + b"/").startswith(self._root + b"/")

    def close(self) -> None:
        """Removes the folder."""
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None


def _write_certificate(folder: Path) -> None:
    # Only here: most programs need none, and cryptography takes long to import (`_later.py`).
    from .crypto.issue import create_certificate, create_curve_key, create_request

    key = create_curve_key(b"SECP256R1")
    request = create_request(
        key,
        b"commonname\0localhost\0organization\0ba-lua\0",
        b"localhost\x00127.0.0.1\0::1\0",
        b"SSL_SERVER\0DIGITAL_SIGNATURE\0",
        b"sha256",
    )
    assert isinstance(request, bytes)
    now = int(time.time())
    certificate = create_certificate(request, key, None, now - DAY_S, now + VALID_S, 0, b"sha256")
    assert isinstance(certificate, bytes)
    folder.mkdir()
    for ending, content in ((".pem", certificate), (".key", key)):
        (folder / (NAME + ending)).write_bytes(content)
