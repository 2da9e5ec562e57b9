"""The keys of TLS connections, while somebody captures what goes over the wire.

`ssl` writes keys only to a named file, one for each context. On Linux that file is in memory and has no name
but its descriptor's; elsewhere it is in a private folder, which goes when the log ends. Contexts are told of
the log when they make a connection, and all of them let go of it when it ends: keys exist nowhere else and
at no other time.
"""

from __future__ import annotations

import os
import ssl
import tempfile
from weakref import WeakSet


class KeyLog:
    """Where keys are logged, if they are. Every method runs on the Lua thread."""

    def __init__(self) -> None:
        """Logs nothing yet."""
        self._file = -1
        self._path: str | None = None
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._taken = 0
        self._contexts: WeakSet[ssl.SSLContext] = WeakSet()

    def begin(self) -> None:
        """Logs the keys of connections made from now on. Raises OSError when there is no place for them."""
        self.end()
        if hasattr(os, "memfd_create") and os.path.isdir("/proc/self/fd"):
            self._file = os.memfd_create("ba-lua-tls-keys", os.MFD_CLOEXEC)
            self._path = f"/proc/self/fd/{self._file}"
        else:
            self._folder = tempfile.TemporaryDirectory(prefix="ba-lua-")
            self._path = os.path.join(self._folder.name, "keys")
            self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)

    def apply(self, context: ssl.SSLContext) -> None:
        """Must be called before `context` makes a connection."""
        if self._path is not None and context not in self._contexts:
            context.keylog_filename = self._path
            self._contexts.add(context)

    def take(self) -> bytes:
        """Returns the lines that were written since the last call."""
        if not self._contexts or os.fstat(self._file).st_size == self._taken:
            return b""
        os.lseek(self._file, self._taken, os.SEEK_SET)
        lines = os.read(self._file, os.fstat(self._file).st_size - self._taken)
        self._taken += len(lines)
        return lines

    def end(self) -> None:
        """Logs no more; what was not taken is lost."""
        for context in self._contexts:
            context.keylog_filename = None  # type: ignore[assignment]  # closes the file; the stub says str
        self._contexts.clear()
        if self._file >= 0:
            os.close(self._file)
        if self._folder is not None:
            self._folder.cleanup()
        self._file, self._path, self._folder, self._taken = -1, None, None, 0
