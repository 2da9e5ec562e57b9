"""Opening what a user names, with no chance of waiting for it.

A name may be that of a pipe with nobody at the other end, or of a terminal. Opening or reading that waits
until somebody comes, and neither the Lua thread nor a kernel's main loop can be called back from there. So a
name is opened without waiting, looked at, and given back unless it is a regular file.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat

from ._descriptors import check_next

NOT_REGULAR = "not a regular file; opening it could block everything"

# Opening must not wait for a pipe's other end, nor make a terminal ours. Missing on Windows.
_NEVER_WAIT = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0) | getattr(os, "O_BINARY", 0)
# Devices that always answer at once.
_PROMPT = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")


def open_regular(path: str | bytes, flags: int, *, or_directory: bool = False) -> int:
    """Returns the descriptor of a regular file, or of a directory where that will do.

    Raises OSError for anything else, ValueError for a NUL.
    """
    descriptor = os.open(path, flags | _NEVER_WAIT, 0o666)
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISREG(mode) or (or_directory and stat.S_ISDIR(mode)):
        return descriptor
    os.close(descriptor)
    if stat.S_ISDIR(mode):
        raise OSError(errno.EISDIR, os.strerror(errno.EISDIR))
    raise OSError(errno.EACCES, NOT_REGULAR)


def check_regular(path: bytes) -> None:
    """Raises OSError if somebody who opens `path` by other means could have to wait, or gets no descriptor.

    What does not exist, or is a directory, is for that somebody to find out: no system waits there.
    """
    check_next()
    try:
        status = os.stat(path)
    except OSError:
        return
    if not (stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode) or _is_prompt(status)):
        raise OSError(errno.EACCES, NOT_REGULAR)


def _is_prompt(status: os.stat_result) -> bool:
    if not stat.S_ISCHR(status.st_mode):
        return False
    for device in _PROMPT:
        with contextlib.suppress(OSError):  # not every system has all of them
            if os.stat(device).st_rdev == status.st_rdev:
                return True
    return False
