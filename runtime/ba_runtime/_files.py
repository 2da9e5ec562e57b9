"""What `ba.openio` stands on: files and directories by path, and open files by number.

`Files` belongs to the Lua thread. Its methods are what Lua calls, so they take and give bytes, never raise,
and answer a failure with None and one of these strings (as recorded, and their nearest relatives); where a
name was given, also with the system's text and the path:

| string | errno |
|---|---|
| `enoent` | no such file or directory |
| `exist` | it exists already, or a part of the path is no directory |
| `notempty` | a directory that is to be removed has entries |
| `noaccess` | not permitted, read-only, or something else than a regular file |
| `nospace` | the disk is full, or the file would be too large |
| `locked` | in use |
| `invalidname` | a name that cannot be |
| `malloc` | too many open files, or no memory |
| `ioerror` | anything else, also to read or write a file that was not opened for that |

A name is appended to its io's directory and goes to the system as it is, `..` included: an io is a
convenience and no cage. Only regular files and directories are opened: a pipe or a device could keep the Lua
thread waiting forever.
"""

from __future__ import annotations

import errno
import functools
import os
import stat
from collections.abc import Callable
from typing import Concatenate, ParamSpec, TypeVar

from ._descriptors import check_next
from ._vm import InsideFiles
from .regular import check_regular, open_regular

Failure = tuple[None, bytes]
PathFailure = tuple[None, bytes, bytes, bytes]

_P = ParamSpec("_P")
_R = TypeVar("_R")

# A quarter of the 1,024 descriptors that most systems grant: the sockets are what this runtime is for.
MAX_OPEN_FILES = 256

_REASONS = {
    errno.ENOENT: b"enoent",
    errno.ENOTDIR: b"exist",
    errno.EEXIST: b"exist",
    errno.ENOTEMPTY: b"notempty",
    errno.EACCES: b"noaccess",
    errno.EPERM: b"noaccess",
    errno.EROFS: b"noaccess",
    errno.EISDIR: b"noaccess",
    errno.ENXIO: b"noaccess",  # a pipe with nobody at the other end
    errno.ENOSPC: b"nospace",
    errno.EDQUOT: b"nospace",
    errno.EFBIG: b"nospace",
    errno.EBUSY: b"locked",
    errno.ETXTBSY: b"locked",
    errno.ENAMETOOLONG: b"invalidname",
    errno.EINVAL: b"invalidname",
    errno.ELOOP: b"invalidname",
    errno.EMFILE: b"malloc",
    errno.ENFILE: b"malloc",
    errno.ENOMEM: b"malloc",
}

# By the letter that says what a file is for. A `+` changes nothing, as recorded.
_MODES = {
    b"r": os.O_RDONLY,
    b"w": os.O_WRONLY | os.O_CREAT | os.O_TRUNC,
    b"a": os.O_WRONLY | os.O_CREAT | os.O_APPEND,
}

# The io that a program opens by the name "disk".
DISK = os.fsencode(os.path.abspath(os.sep))


def _reason(fault: Exception) -> bytes:
    """Returns the string for what went wrong with a name; ValueError is one that cannot be."""
    if isinstance(fault, MemoryError):
        return b"malloc"
    if isinstance(fault, OSError):
        return _REASONS.get(fault.errno or 0, b"ioerror")
    return b"invalidname"


_FAULTS = (OSError, ValueError, MemoryError)


def _answering(
    method: Callable[Concatenate[Files, _P], _R],
) -> Callable[Concatenate[Files, _P], _R | Failure]:
    """Makes a method that is about an open file return None and the reason where it would raise."""

    @functools.wraps(method)
    def answer(self: Files, /, *args: _P.args, **kwargs: _P.kwargs) -> _R | Failure:
        try:
            return method(self, *args, **kwargs)
        except _FAULTS as fault:
            if isinstance(fault, OSError) and fault.errno == errno.EINVAL:
                return None, b"ioerror"  # there is no name that it could be about
            return None, _reason(fault)

    return answer


def _answering_for_path(
    method: Callable[Concatenate[Files, bytes, bytes, _P], _R],
) -> Callable[Concatenate[Files, bytes, bytes, _P], _R | PathFailure]:
    """Makes a method that is about a name return None, the reason, the system's text and the path."""

    @functools.wraps(method)
    def answer(
        self: Files, root: bytes, name: bytes, /, *args: _P.args, **kwargs: _P.kwargs
    ) -> _R | PathFailure:
        try:
            return method(self, root, name, *args, **kwargs)
        except _FAULTS as fault:
            reason = _reason(fault)
            text = os.fsencode(fault.strerror or "") if isinstance(fault, OSError) else reason
            return None, reason, text, _path(root, name)

    return answer


def _path(root: bytes, name: bytes) -> bytes:
    """Returns the path that `name` has below `root`, without looking at the disk. A NUL ends a name.

    On the disk itself, names that begin without a slash are looked for in the current directory.
    """
    name = name.partition(b"\0")[0]
    if root == DISK:
        return name or root
    return os.path.join(root, name.lstrip(b"/"))


class Files:
    """The files that a Lua state has open, and the calls behind every io."""

    def __init__(self) -> None:
        """Starts with no file open."""
        self._inside = InsideFiles()
        self._descriptors: dict[int, int] = {}
        self._last_number = 0

    def close(self) -> None:
        """Closes every file that Lua left open, at the end of the runtime."""
        for number in list(self._descriptors):
            self.file_close(number)
        self._inside.close()

    def _changeable(self, root: bytes, name: bytes) -> bytes:
        """Returns a path, or raises OSError where nothing may be changed: the files inside the server."""
        path = _path(root, name)
        if self._inside.holds(path):
            raise OSError(errno.EROFS, os.strerror(errno.EROFS))
        return path

    @_answering
    def io_root(self, kind: bytes) -> bytes | None:
        """Returns the directory of a named io, None for names that are not known."""
        if kind == b"home":
            return os.getcwdb()
        if kind == b"vm":
            return self._inside.root()
        return DISK if kind == b"disk" else None

    @_answering_for_path
    def io_enter(self, root: bytes, name: bytes) -> bytes:
        """Returns the absolute path of a directory that exists; "ioerror" for anything else."""
        path = os.path.abspath(_path(root, name))
        if not stat.S_ISDIR(os.stat(path).st_mode):
            raise OSError(errno.EIO, os.strerror(errno.ENOTDIR))
        return path

    @_answering_for_path
    def io_stat(self, root: bytes, name: bytes) -> tuple[bytes, int, int]:
        """Returns the type, the size in bytes and the Unix time of the last change."""
        status = os.stat(_path(root, name))
        if stat.S_ISDIR(status.st_mode):
            kind = b"directory"
        else:
            kind = b"regular" if stat.S_ISREG(status.st_mode) else b"other"
        return kind, status.st_size, int(status.st_mtime)

    @_answering_for_path
    def io_remove(self, root: bytes, name: bytes) -> bool:
        """Removes a file or an empty directory."""
        path = self._changeable(root, name)
        if stat.S_ISDIR(os.lstat(path).st_mode):
            os.rmdir(path)
        else:
            os.unlink(path)
        return True

    @_answering_for_path
    def io_mkdir(self, root: bytes, name: bytes) -> bool:
        """Makes a directory."""
        os.mkdir(self._changeable(root, name))
        return True

    @_answering_for_path
    def io_rmdir(self, root: bytes, name: bytes) -> bool:
        """Removes an empty directory."""
        os.rmdir(self._changeable(root, name))
        return True

    @_answering_for_path
    def io_rename(self, root: bytes, old: bytes, new: bytes) -> bool:
        """Renames a file or directory within its io; an older file of the new name is lost."""
        os.rename(self._changeable(root, old), self._changeable(root, new))
        return True

    @_answering_for_path
    def io_realpath(self, root: bytes, name: bytes) -> bytes:
        """Returns the absolute path on the disk, whether or not there is such a file."""
        path = _path(root, name)
        return path if os.path.isabs(path) else os.path.join(os.getcwdb(), path)

    @_answering_for_path
    def io_list(self, root: bytes, name: bytes) -> bytes:
        """Returns a directory's entries in order, `.` and `..` first.

        Each is a name, `d` or `f`, the Unix time of the last change and the size, with a NUL, which no name
        has, behind each of the four.
        """
        path = _path(root, name)
        listing: list[bytes] = []
        for entry in (b".", b"..", *sorted(os.listdir(path))):
            try:
                status = os.stat(os.path.join(path, entry))
            except OSError:  # gone meanwhile, or a link to nowhere
                listing += (entry, b"f", b"0", b"0")
                continue
            kind = b"d" if stat.S_ISDIR(status.st_mode) else b"f"
            listing += (entry, kind, b"%d" % status.st_mtime, b"%d" % status.st_size)
        return b"\0".join(listing) + b"\0"

    @_answering_for_path
    def io_open(self, root: bytes, name: bytes, mode: bytes) -> int:
        """Opens a regular file or a directory; returns its number."""
        path = _path(root, name) if mode == b"r" else self._changeable(root, name)
        descriptor = self._open(path, _MODES[mode])
        self._last_number += 1
        self._descriptors[self._last_number] = descriptor
        return self._last_number

    def _open(self, path: bytes, flags: int) -> int:
        """Returns a descriptor, or raises OSError also for what could make us wait."""
        if len(self._descriptors) >= MAX_OPEN_FILES:
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
        check_next()
        return open_regular(path, flags, or_directory=True)

    def io_obstacle(self, name: bytes) -> tuple[bytes, int] | None:
        """Returns why Lua's own library must not open a file, as the system's text and number."""
        try:
            check_regular(name.partition(b"\0")[0])  # C reads no further
        except OSError as fault:
            return os.fsencode(fault.strerror or ""), fault.errno or 0
        return None

    @_answering
    def file_read(self, number: int, size: int) -> bytes:
        """Returns the next bytes, at most `size`; none at the end."""
        return os.read(self._descriptor(number), size)

    @_answering
    def file_write(self, number: int, data: bytes) -> bool:
        """Writes all of `data`."""
        descriptor, rest = self._descriptor(number), memoryview(data)
        while rest:
            rest = rest[os.write(descriptor, rest) :]
        return True

    @_answering
    def file_seek(self, number: int, position: int) -> bool:
        """Goes to a position, in bytes from the start."""
        os.lseek(self._descriptor(number), position, os.SEEK_SET)
        return True

    @_answering
    def file_close(self, number: int) -> bool:
        """Closes a file; closing it again does nothing."""
        descriptor = self._descriptors.pop(number, None)
        if descriptor is not None:
            os.close(descriptor)
        return True

    def _descriptor(self, number: int) -> int:
        return self._descriptors.get(number, -1)  # a closed file: the system answers EBADF
