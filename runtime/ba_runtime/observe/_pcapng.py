"""The blocks of a pcapng file (draft-ietf-opsawg-pcapng).

dpkt has those of a section, an interface and a packet; names (section 4.5) and decryption secrets (4.7) are
ours.
"""

from __future__ import annotations

import struct

from dpkt.pcapng import EnhancedPacketBlockLE, InterfaceDescriptionBlockLE, SectionHeaderBlockLE

from ._packets import packed

LINKTYPE_RAW = 101  # packets begin with their IP header
_SNAP_BYTES = 0x40000
_NAMES, _SECRETS = 4, 10  # block types
_IPV4, _IPV6, _LAST = 1, 2, 0  # record types of a block of names
_TLS_KEY_LOG = 0x544C534B


def beginning() -> bytes:
    """Returns the blocks that a file begins with."""
    interface = InterfaceDescriptionBlockLE(snaplen=_SNAP_BYTES, linktype=LINKTYPE_RAW)
    return bytes(SectionHeaderBlockLE()) + bytes(interface)


def packet_block(packet: bytes, time_us: int) -> bytes:
    """Returns the block of an IP packet; the time counts microseconds of Unix time."""
    block = EnhancedPacketBlockLE(
        ts_high=time_us >> 32,
        ts_low=time_us & 0xFFFFFFFF,
        caplen=len(packet),
        pkt_len=len(packet),
        pkt_data=packet,
    )
    return bytes(block)


def names_block(address: str, name: str) -> bytes:
    """Returns the block that names an address."""
    value = packed(address) + name.encode("utf-8", "replace") + b"\0"
    kind = _IPV6 if ":" in address else _IPV4
    record = struct.pack("<HH", kind, len(value)) + _padded(value)
    return _block(_NAMES, record + struct.pack("<HH", _LAST, 0))


def secrets_block(lines: bytes) -> bytes:
    """Returns the block that holds lines of a TLS key log."""
    return _block(_SECRETS, struct.pack("<II", _TLS_KEY_LOG, len(lines)) + _padded(lines))


def _block(kind: int, body: bytes) -> bytes:
    length = len(body) + 12  # the body between type and length, and the length again
    return struct.pack("<II", kind, length) + body + struct.pack("<I", length)


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)
