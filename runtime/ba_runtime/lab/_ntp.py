"""Owns the NTP answer, one packet for one packet (RFC 5905); does no I/O.

The lab is a primary server (stratum 1) whose reference clock calls itself XLAB: reference identifiers that
begin with X are for experiments (RFC 5905 figure 12), so the packet says that it is not a real time server.
"""

from __future__ import annotations

import struct

from ._clock import Clock

_MODE_CLIENT = 3
_MODE_SERVER = 4
# RFC 5905 figure 8: leap and version and mode, stratum, poll, precision, root delay, root dispersion,
# reference identifier; then the reference, origin, receive and transmit timestamps.
_HEADER = struct.Struct(">BBbbII4sQQQQ")
_PRECISION = -20  # as a power of two: about a microsecond, what the operating system's clock gives


def ntp_answer(clock: Clock, request: bytes) -> bytes | None:
    """Answers a client's packet, or gives None for what a server does not answer.

    That is anything too short, of a version that RFC 5905 does not know (1 to 4), or not from a client.
    Extension fields and a MAC after the header are ignored: the lab shares no keys with anybody.
    """
    if len(request) < _HEADER.size:
        return None
    first, _, poll, _, _, _, _, _, _, _, client_transmit = _HEADER.unpack_from(request)
    version, mode = first >> 3 & 7, first & 7
    if mode != _MODE_CLIENT or not 1 <= version <= 4:
        return None
    now = clock.ntp_timestamp()
    leap_version_mode = version << 3 | _MODE_SERVER  # leap indicator 0: no leap second is coming
    # The origin timestamp is the client's own transmit time, by which it knows its answer.
    return _HEADER.pack(leap_version_mode, 1, poll, _PRECISION, 0, 0, b"XLAB", now, client_transmit, now, now)
