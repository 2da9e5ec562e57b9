"""Hears everything that a program's sockets do, and gives it to the recordings that are under way.

There is a recorder only while something is recorded: `Reactor.journal` then, which whoever has something to
tell looks at first, and a watcher of the channels. Every method runs on the Lua thread, unless it says
otherwise, and none raises.

Theory of operation. What a program's sockets move costs no event object, for most events are dropped unread:

 - What the reactor receives for plain streams is in the tuple that every poll returns to Lua (`arrived`). The
   tuple is kept, with one time; so these streams keep the system's own `recv` (`is_told`).
 - What Lua sends for plain streams, and who waits, is noted by Lua and stays there (lua/recorded.lua) until
   somebody reads (`handed`).
 - What Python sends becomes a small tuple, made by a closure around the system's `send`.
 - Everything else is told one by one, and is rare or costs much more than an event.

All that Python notes is in one list in the order in which it happened, each with the number of Lua's entries
before it, so that there is one order of all. Once there is enough of it, a poll makes a turn of the list
(recording.py); so does a list that grows long, because a program may write without end before the next poll.
No note holds more than the heads of what moved, so a bound on the number of events bounds their memory.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from dataclasses import replace
from time import monotonic
from typing import TYPE_CHECKING, Any, cast

from ba_runtime._reactor import Value
from ba_runtime._resolver import Answer
from ba_runtime.sockets.channel import Layer, Receive, ReceiveFrom, Send, SendTo
from ba_runtime.sockets.secure import SecureStream

from . import events
from ._entries import Value as Entered
from .events import HEAD_BYTES, Address, Closer, Event, Moved, Opened, SocketKind
from .recording import Note, Recording, Turn, events_in, size_of

if TYPE_CHECKING:
    from ba_runtime.lab import Incident

LONG = 1000  # notes, or events, in one turn
PARTS = 8  # of what a recording keeps, so that it can let go of a part: a turn is not larger
NOBODY = (None, None)


class Recorder:
    """What the recordings of one Lua state have in common."""

    is_told = True  # a plain stream's data is in what `arrived` is given, or known to Lua

    def __init__(self, counted: Callable[[], int] = int) -> None:
        """Nothing is recorded yet. `counted` returns the number of entries that Lua has ever made."""
        self._counted = counted
        self._turn_from = counted(), monotonic()
        self.recordings: tuple[Recording, ...] = ()
        self._notes: list[Note] = []
        self._polled, self._polled_bytes = 0, 0  # events and bytes of the polls among them
        self._most_events, self._most_bytes = LONG, 0  # of a turn
        self._above: set[int] = set()  # whose data in a poll's tuple is not what came over the wire
        self._broken: set[int] = set()  # whose connection was reset
        self._reasons: dict[int, str] = {}  # why it failed
        self._open: dict[int, Opened] = {}  # each is opened once and closed once, whoever it is handed to
        self._numbers: dict[Address, int] = {}  # of sockets by their local address
        self._addresses: dict[int, Address] = {}

    # ------------------------------------------------------------ recordings

    @property
    def most_events(self) -> int:
        """Returns how many events somebody wants to keep."""
        return max((one.most_events for one in self.recordings), default=0)

    def begin(self, recording: Recording) -> None:
        """Gives this one everything from now on, and before it what is known to be open."""
        self._turn()
        first, now = self._turn_from
        there_are: list[Note] = [(first, replace(one, at_s=now), 0, 0, b"") for one in self._open.values()]
        with recording.lock:
            recording.begin(first)
            recording.add(Turn(len(there_are), 0, first, first, now, now, tuple(there_are)))
            recording.pending = self._notes
        self._record_for((*self.recordings, recording))

    def _record_for(self, recordings: tuple[Recording, ...]) -> None:
        self.recordings = recordings
        self._most_events = min((LONG, *(one.most_events // PARTS for one in recordings)))
        self._most_bytes = min((one.most_bytes // PARTS for one in recordings), default=0)

    def end(self, recording: Recording) -> None:
        """Gives it nothing any more."""
        self._turn()
        with recording.lock:
            recording.over()
        self._record_for(tuple(one for one in self.recordings if one is not recording))

    def end_all(self) -> None:
        """Ends every recording with the runtime."""
        for recording in self.recordings:
            self.end(recording)

    def handed(self, first: int, values: Sequence[Entered]) -> None:
        """Takes what Lua has recorded: see `Recording.take`."""
        for recording in self.recordings:
            with recording.lock:
                recording.take(first, values)

    def _turn(self) -> None:
        """Makes a turn of the notes, and gives it to every recording."""
        notes, recordings = self._notes, self.recordings
        upto, at_s = self._counted(), monotonic()
        first, since_s = self._turn_from
        self._turn_from = upto, at_s
        for recording in recordings:
            recording.lock.acquire()
        try:
            count = sum(map(events_in, notes)) + upto - first
            turn = Turn(count, sum(map(size_of, notes)), first, upto, since_s, at_s, tuple(notes))
            notes.clear()
            self._polled = self._polled_bytes = 0
            for recording in recordings:
                recording.add(turn)
        finally:
            for recording in recordings:
                recording.lock.release()

    def _tell(self, event: Event, head: bytes = b"") -> None:
        self._notes.append((self._counted(), event, 0, 0, head))
        if len(self._notes) > LONG:
            self._turn()

    # ------------------------------------------------------------ what moves

    def arrived(self, polled: tuple[Value, ...]) -> None:
        """Takes what a poll has returned."""
        data = polled[1::2]
        try:
            size = len(b"".join(cast("tuple[bytes, ...]", data)))  # the fastest way to learn both
        except TypeError:  # there are signals among it
            size = -1
        is_plain = size >= 0 and all(data) and (not self._above or self._above.isdisjoint(polled[::2]))
        at_s = monotonic()
        if is_plain and size <= HEAD_BYTES * len(data):
            place = self._counted()
            self._notes.append((place, polled, at_s, size, b""))
            self._polled += len(data)
            self._polled_bytes += size
            events = self._polled + len(self._notes) + place - self._turn_from[0]
            if events >= self._most_events or self._polled_bytes >= self._most_bytes:
                self._turn()
            return
        for number, value in zip(polled[::2], data, strict=True):
            if type(value) is bytes and number not in self._above:
                assert isinstance(number, int)
                if value:
                    self._moved(at_s, number, value, is_ours=False)
        self._turn()

    def _moved(
        self, at_s: float, number: int, data: bytes | memoryview, *, is_ours: bool, peer: Any = None
    ) -> None:
        head = bytes(data[:HEAD_BYTES])
        address = None if peer is None else Address(peer[0], peer[1])
        self._tell(Moved(at_s, number, is_ours, "wire", len(data), head, address), head)

    def receiving(self, number: int, receive: Receive) -> Receive:
        """Returns what receives where it is not the reactor that does: for TLS, WebSockets, pages."""

        def heard(size: int) -> bytes:
            data = receive(size)
            if data:
                self._moved(monotonic(), number, data, is_ours=False)
            return data

        return heard

    def sending(self, number: int, send: Send) -> Send:
        """Returns what sends for a stream, or a connected datagram socket."""
        notes, note, turn, clock, counted = (
            self._notes,
            self._notes.append,
            self._turn,
            monotonic,
            self._counted,
        )

        def heard(data: bytes | memoryview) -> int:
            sent = send(data)
            if sent == len(data) <= HEAD_BYTES and type(data) is bytes:
                note((counted(), clock(), number, sent, data))
            else:  # a view would keep all that it is a view of
                note((counted(), clock(), number, sent, bytes(data[: min(sent, HEAD_BYTES)])))
            if len(notes) > LONG:
                turn()
            return sent

        return heard

    def receiving_from(self, number: int, receive_from: ReceiveFrom) -> ReceiveFrom:
        """Returns what receives datagrams."""

        def heard(size: int) -> tuple[bytes, Any]:
            data, address = receive_from(size)
            self._moved(monotonic(), number, data, is_ours=False, peer=address)
            return data, address

        return heard

    def sending_to(self, number: int, send_to: SendTo) -> SendTo:
        """Returns what sends datagrams to addresses."""

        def heard(data: bytes, address: Any) -> int:
            sent = send_to(data, address)
            self._moved(monotonic(), number, data[:sent], is_ours=True, peer=address)
            return sent

        return heard

    def passed(self, number: int, layer: Layer, data: bytes, is_ours: bool) -> None:
        """Hears what passed above the wire."""
        head = data[:HEAD_BYTES]
        self._tell(Moved(monotonic(), number, is_ours, layer.value, len(data), head), head)

    # ------------------------------------------------------------ the life of a socket

    def opened(
        self,
        number: int,
        kind: SocketKind,
        cell: int,
        sock: socket.socket | None,
        parent: int = 0,
        *,
        is_secure: bool = False,
    ) -> None:
        """There is a socket. Does nothing when that is known."""
        if number in self._open:
            return
        local, peer = NOBODY if sock is None else (_address(sock.getsockname), _address(sock.getpeername))
        self._know(number, local)
        if is_secure:
            self._above.add(number)
        self._open[number] = opened = Opened(monotonic(), number, kind, cell, parent, local, peer)
        self._tell(opened)

    def _know(self, number: int, local: Address | None) -> None:
        if local is not None:
            self._numbers[local] = number
            self._addresses[number] = local

    def layered(self, number: int) -> None:
        """What a poll has for this socket from now on is not what came over the wire."""
        self._above.add(number)

    def resolved(self, number: int, name: str, answer: Answer) -> None:
        """A name was looked up."""
        addresses = tuple(dict.fromkeys(str(address[0]) for _, address in answer.addresses))
        if addresses != (name,):  # else it was an address
            socket_number = number if number in self._open else 0
            self._tell(events.Resolved(monotonic(), socket_number, name, addresses, answer.error))

    def connecting(self, number: int, name: str, address: Sequence[Any], is_in_lab: bool) -> None:
        """A connect begins."""
        self._tell(events.Connecting(monotonic(), number, name, Address(address[0], address[1]), is_in_lab))

    def connected(self, number: int, sock: socket.socket) -> None:
        """The connection is there."""
        local, peer = _address(sock.getsockname), _address(sock.getpeername)
        self._know(number, local)
        if number in self._open:
            self._open[number] = replace(self._open[number], local=local, peer=peer)
        if local is not None and peer is not None:  # else it is gone again already
            self._tell(events.Connected(monotonic(), number, local, peer))

    def secured(self, stream: SecureStream) -> None:
        """A handshake has ended well."""
        suite, version = stream.cipher() or (b"", b"")
        doubt = "" if stream.host is None else (stream.doubt(None) or b"trusted").decode()
        self._tell(
            events.Secured(
                monotonic(),
                stream.number,
                version.decode(),
                suite.decode(),
                stream.host or "",
                stream.engine.alpn or "",
                doubt,
                stream.is_resumed,
            )
        )

    def failed(self, number: int, reason: str, words: str = "") -> None:
        """A connect, a handshake or a bind did not work out."""
        if number:
            self._reasons[number] = reason
        self._tell(events.Failed(monotonic(), number, reason, words))

    def broken(self, number: int) -> None:
        """The system has said that the connection is gone."""
        self._broken.add(number)

    def closed(self, number: int, by: bytes | None, reason: bytes | None = None) -> None:
        """A socket is gone. `by` is what Lua knows of whose doing it is."""
        if number not in self._open:
            return
        closer = cast(Closer, "us" if by is None else by.decode())
        if closer == "peer" and number in self._broken:
            closer = "reset"
        elif closer == "peer" and number in self._reasons:
            closer = "error"
        self._reasons.pop(number, None)
        self._tell(events.Closed(monotonic(), number, closer, (reason or b"").decode("utf-8", "replace")))
        del self._open[number]
        self._above.discard(number)
        self._broken.discard(number)
        local = self._addresses.pop(number, None)
        if local is not None and self._numbers.get(local) == number:
            del self._numbers[local]

    # ------------------------------------------------------------ what goes wrong

    def erred(self, cell: int, text: str) -> None:
        """Code of a cell has raised an error in the background."""
        self._tell(events.Erred(monotonic(), 0, cell, text))

    def misbehaved(self, incident: Incident) -> None:
        """The lab's network did something on purpose."""
        number = self._numbers.get(Address(*incident.peer), 0)
        is_ours = incident.direction is not None and incident.direction.name == "TO_HOST"
        self._tell(
            events.Misbehaved(incident.at_s, number, incident.what, incident.host, is_ours, incident.size)
        )


def _address(ask: Callable[[], Any]) -> Address | None:
    try:
        address = ask()
    except OSError:
        return None
    return Address(address[0], address[1]) if isinstance(address, tuple) else None
