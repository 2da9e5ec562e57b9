"""From errno to what the documentation says went wrong.

Lua gets small numbers as events and maps them to the documented strings (lua/sockets/reasons.lua has the same
numbers; a test compares the two). What the original does not tell apart, this does not either: a reset and an
orderly end are both `socketreadfailed`, every failed connect is `cannotconnect`.
"""

from __future__ import annotations

import errno
import os
from enum import IntEnum


class Signal(IntEnum):
    """What an event's number means; a value of type bytes is data, and empty bytes are the end."""

    CONNECTED = 0
    READABLE = 1
    DRAINED = 2
    SEND_FAILED = 3
    RESOLVED = 4
    TLS_FAILED = 5
    HANDSHAKING = 6
    CANNOT_CONNECT = -1
    CANNOT_RESOLVE = -2
    CANNOT_BIND = -3
    NO_RESOURCES = -4


TEXT = {
    Signal.CANNOT_CONNECT: "cannotconnect",
    Signal.CANNOT_RESOLVE: "cannotresolve",
    Signal.CANNOT_BIND: "bind",
    Signal.NO_RESOURCES: "malloc",
}

# Out of descriptors, buffers or memory: the program's or the system's, in any case not the peer's doing.
EXHAUSTED = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})

_OUT_OF_DESCRIPTORS = frozenset({errno.EMFILE, errno.ENFILE})


def in_words(fault: OSError) -> str:
    """Returns what the system says is wrong, without Python's number, for messages that users read."""
    if fault.errno in _OUT_OF_DESCRIPTORS:
        return "the process is out of file descriptors"
    return os.strerror(fault.errno) if fault.errno is not None and fault.errno > 0 else str(fault)
