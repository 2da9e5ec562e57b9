"""The file descriptors that programs leave alone.

A program may open sockets until the process is out of descriptors, and learns so from `nil` and a reason. But
this runtime and the kernel around it need a few for moments of their own: a module that is imported when it
is first used, a host name that is looked up, a file that the user saves something to. If programs could take
the last ones, the kernel would fail at the very moment when it has to say what is wrong.

The system always gives out the lowest number that is free. So a number near the limit means that nearly all
are taken, and what has got it goes back; a program sees what it would have seen a few sockets later.
"""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import sys
from collections.abc import Iterator
from typing import Protocol, TypeVar

# Enough for a chain of imports with an extension module in it, and a name that is looked up meanwhile.
RESERVED = 16

if sys.platform == "win32":  # which bounds neither sockets nor files this way

    def _limit() -> int:
        return sys.maxsize

else:
    import resource

    def _limit() -> int:
        soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        return sys.maxsize if soft == resource.RLIM_INFINITY else soft


def is_reserved(descriptor: int) -> bool:
    """Tells whether a program may not keep this descriptor: it is one of the last 16, or the last eighth."""
    limit = _limit()
    return descriptor >= limit - min(RESERVED, limit // 8)


def new_socket(family: int, kind: int) -> socket.socket:
    """Makes a socket for a program. Raises OSError when the process is out of descriptors."""
    sock = socket.socket(family, kind)
    if is_reserved(sock.fileno()):
        sock.close()
        raise exhausted()
    return sock


class Closable(Protocol):
    """Something that holds a descriptor."""

    def close(self) -> None: ...


Held = TypeVar("Held", bound=Closable)


@contextlib.contextmanager
def closed_on_error(held: Held) -> Iterator[Held]:
    """Gives back the descriptor of what is being made, if the block raises: nobody would own it."""
    try:
        yield held
    except BaseException:
        held.close()
        raise


def check_next() -> None:
    """Raises OSError if the next descriptor is one that a program may not keep."""
    descriptor = os.open(os.devnull, os.O_RDONLY)
    os.close(descriptor)
    if is_reserved(descriptor):
        raise exhausted()


def exhausted() -> OSError:
    """Returns the system's own error for a process that is out of descriptors."""
    return OSError(errno.EMFILE, os.strerror(errno.EMFILE))
