"""The packets of a capture: what was heard of sockets, as IP packets that could have carried it. No I/O.

Theory of operation. A program's socket gives and takes bytes; it never sees a packet. So the packets are made
up, but so that they add up: a handshake before the first byte, sequence numbers that count every byte,
acknowledgements before a window is full, a FIN for each side that ended, an RST where there was one.

 - **A conversation is known by its two ends**, (address, port) each. When both ends are the program's own, as
   they are over loopback, two sockets tell of the same bytes. Each direction is then written from what its
   sender tells, which is always first, and what its receiver tells is ignored.
 - **A datagram** between two sockets of the program is told of twice as well: it is remembered when it is
   sent, and the same one is not written again when it is received. What is lost is never received, so no more
   than `MOST_REMEMBERED` are remembered; beyond that, the oldest may be written twice.
 - **What the capture had to drop** (`Lost`) still counts in the sequence numbers, so that whoever reads the
   capture is told of the gap.
"""

from __future__ import annotations

import socket
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from dpkt.ip import IP
from dpkt.ip6 import IP6
from dpkt.tcp import TCP, TH_ACK, TH_FIN, TH_PUSH, TH_RST, TH_SYN
from dpkt.udp import UDP

from ._heard import Datagram, End, Ended, Gone, Heard, Lost, Moved, Opened, Refused

SEGMENT_BYTES = 32 << 10
WINDOW_BYTES = 0xFFFF  # without window scaling (RFC 9293, 3.1)
HOP_LIMIT = 64  # as Linux sends
MOST_REMEMBERED = 4096

_Key: TypeAlias = tuple[End, End, int]


@dataclass(slots=True)
class _Side:
    """One direction of a conversation, from its sender's point of view."""

    end: End
    next_number: int  # of the byte that comes next
    acknowledged: int  # by the other side
    is_ours: bool = False  # the sender is a socket of the program, which tells of every byte
    has_ended: bool = False


@dataclass(slots=True)
class _Conversation:
    client: _Side
    server: _Side
    is_over: bool = False
    sockets: set[int] = field(default_factory=set)

    def sides(self, sender: End) -> tuple[_Side, _Side]:
        """Returns the side that sends, and the other."""
        return (self.client, self.server) if sender == self.client.end else (self.server, self.client)


class Packets:
    """Makes packets of what is heard, in its order."""

    def __init__(self) -> None:
        """Knows no conversation yet."""
        self._conversations: dict[frozenset[End], _Conversation] = {}
        self._ends: dict[int, tuple[End, End]] = {}
        self._sent: Counter[_Key] = Counter()
        self._sent_in_order: deque[_Key] = deque()
        self._first_number = 0

    def of(self, heard: Heard) -> Iterator[bytes]:
        """Yields the IP packets that carry this."""
        match heard:
            case Opened():
                yield from self._opened(heard)
            case Refused(local, peer):
                yield from self._refused(local, peer)
            case Moved(number, is_ours, data):
                yield from self._moved(number, is_ours, data)
            case Lost(number, is_ours, count):
                self._lost(number, is_ours, count)
            case Ended(number, is_ours, is_reset):
                yield from self._ended(number, is_ours, is_reset)
            case Gone(number):
                self._gone(number)
            case Datagram():
                yield from self._datagram(heard)

    def _first(self) -> int:
        """Returns a sequence number far from those of other conversations."""
        self._first_number = (self._first_number + 0x10000) & 0xFFFFFFFF
        return self._first_number

    def _refused(self, local: End, peer: End) -> Iterator[bytes]:
        """Yields the call, and the reset that answers it (RFC 9293, 3.5.2: its sequence number is zero)."""
        client, server = _Side(local, self._first(), 0), _Side(peer, 0, 0)
        yield _segment(client, server, TH_SYN)
        yield _segment(server, client, TH_ACK | TH_RST)

    def _opened(self, heard: Opened) -> Iterator[bytes]:
        key = frozenset((heard.local, heard.peer))
        self._ends[heard.number] = heard.local, heard.peer
        conversation = self._conversations.get(key)
        if conversation is None:
            client, server = (heard.local, heard.peer) if heard.is_client else (heard.peer, heard.local)
            first = self._first()
            conversation = _Conversation(_Side(client, first, first), _Side(server, first + 1, first + 1))
            self._conversations[key] = conversation
            yield from _handshake(conversation.client, conversation.server)
        conversation.sockets.add(heard.number)
        conversation.sides(heard.local)[0].is_ours = True

    def _sides(self, number: int, is_ours: bool) -> tuple[_Conversation, _Side, _Side] | None:
        """Returns a conversation, who sends and who receives; None when this need not be written."""
        ends = self._ends.get(number)
        if ends is None:
            return None
        conversation = self._conversations[frozenset(ends)]
        sender, receiver = conversation.sides(ends[0] if is_ours else ends[1])
        is_told_by_sender = sender.is_ours and not is_ours
        return None if conversation.is_over or is_told_by_sender else (conversation, sender, receiver)

    def _moved(self, number: int, is_ours: bool, data: bytes) -> Iterator[bytes]:
        found = self._sides(number, is_ours)
        if found is None or found[1].has_ended:
            return
        _, sender, receiver = found
        for start in range(0, len(data), SEGMENT_BYTES):
            piece = data[start : start + SEGMENT_BYTES]
            if sender.next_number - sender.acknowledged + len(piece) >= WINDOW_BYTES:
                yield _segment(receiver, sender, TH_ACK)
            yield _segment(sender, receiver, TH_ACK | TH_PUSH, piece)

    def _lost(self, number: int, is_ours: bool, count: int) -> None:
        found = self._sides(number, is_ours)
        if found is not None:
            found[1].next_number += count

    def _ended(self, number: int, is_ours: bool, is_reset: bool) -> Iterator[bytes]:
        found = self._sides(number, is_ours)
        if found is None or (found[1].has_ended and not is_reset):
            return
        conversation, sender, receiver = found
        yield _segment(sender, receiver, TH_ACK | (TH_RST if is_reset else TH_FIN))
        sender.has_ended = True
        conversation.is_over = is_reset or receiver.has_ended
        if conversation.is_over and not is_reset:
            yield _segment(receiver, sender, TH_ACK)

    def _gone(self, number: int) -> None:
        ends = self._ends.pop(number, None)
        if ends is None:
            return
        conversation = self._conversations[frozenset(ends)]
        conversation.sockets.discard(number)
        if not conversation.sockets:
            del self._conversations[frozenset(ends)]

    def _datagram(self, heard: Datagram) -> Iterator[bytes]:
        key = (heard.source, heard.destination, hash(heard.data))
        if heard.is_ours:
            self._sent[key] += 1
            self._sent_in_order.append(key)
            if len(self._sent_in_order) > MOST_REMEMBERED:
                self._forget(self._sent_in_order.popleft())
        elif key in self._sent:
            self._forget(key)
            self._sent_in_order.remove(key)
            return
        (source, sport), (destination, dport) = heard.source, heard.destination
        datagram = UDP(sport=sport, dport=dport, ulen=8 + len(heard.data), data=heard.data)
        yield _packet(source, destination, datagram, socket.IPPROTO_UDP)

    def _forget(self, key: _Key) -> None:
        self._sent[key] -= 1
        if self._sent[key] <= 0:
            del self._sent[key]


def _handshake(client: _Side, server: _Side) -> Iterator[bytes]:
    yield _segment(client, server, TH_SYN)
    yield _segment(server, client, TH_SYN | TH_ACK)
    yield _segment(client, server, TH_ACK)


def _segment(sender: _Side, receiver: _Side, flags: int, data: bytes = b"") -> bytes:
    segment = TCP(
        sport=sender.end[1],
        dport=receiver.end[1],
        seq=sender.next_number & 0xFFFFFFFF,
        ack=receiver.next_number & 0xFFFFFFFF if flags & TH_ACK else 0,
        flags=flags,
        win=WINDOW_BYTES,
        data=data,
    )
    sender.next_number += len(data) + bool(flags & (TH_SYN | TH_FIN))
    if flags & TH_ACK:
        receiver.acknowledged = receiver.next_number
    return _packet(sender.end[0], receiver.end[0], segment, socket.IPPROTO_TCP)


def _packet(source: str, destination: str, payload: TCP | UDP, protocol: int) -> bytes:
    """Returns an IP packet; dpkt fills in lengths and checksums."""
    if ":" in source:
        v6 = IP6(src=packed(source), dst=packed(destination), nxt=protocol, hlim=HOP_LIMIT, data=payload)
        v6.plen = len(payload)
        return bytes(v6)
    v4 = IP(src=packed(source), dst=packed(destination), p=protocol, ttl=HOP_LIMIT, data=payload)
    v4.len = len(v4)
    return bytes(v4)


def packed(address: str) -> bytes:
    """Returns an address in the form of the wire; the zone of a link-local one is not part of that."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    return socket.inet_pton(family, address.partition("%")[0])
