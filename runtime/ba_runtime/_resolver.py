"""Owns the way from a host name to addresses; must never make the Lua thread wait for a name server.

Theory of operation. `Resolver.lookup` answers in one of two ways:

- At once, on the calling thread, when nothing has to be asked: numeric addresses, names that cannot exist
  (empty, too long, not ASCII), and the names that the lab network has taken over (`set_routes`). The latest
  of these answers are remembered for datagrams, because a program that answers them asks for each; `known`
  has them without a `done`.
- Later, from one of a few worker threads, which call getaddrinfo; nothing else in the runtime does. Or from
  the lab network, which holds the answer up for whoever wants to connect, when connecting to that host is
  to take time.

Invariants: `done` is called exactly once for each lookup, whatever happens; no failure is an exception, each
is an `Answer` with the system's own words, because Lua programs are shown these words. The workers are daemon
threads of our own and not a `concurrent.futures` pool: that one is joined when Python exits, and getaddrinfo
can take half a minute when the name server is silent.
"""

from __future__ import annotations

import errno
import functools
import logging
import socket
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Literal, Protocol, TypeAlias

Kind: TypeAlias = Literal["tcp", "udp"]
SocketAddress: TypeAlias = tuple[str, int] | tuple[str, int, int, int]
Address: TypeAlias = tuple[int, SocketAddress]
Route: TypeAlias = tuple[str, int, Kind]
Endpoint: TypeAlias = tuple[str, int]

# The words of glibc, given on every platform where this module itself says no: programs may have seen them.
_UNKNOWN = "Name or service not known"
_OTHER_FAMILY = "Address family for hostname not supported"
_BUSY = "Temporary failure in name resolution"
_CANCELED = "Request canceled"

_MAX_NAME = 255  # octets of a whole name, RFC 1035 section 2.3.4
_REMEMBERED = 512  # answers that needed no asking; a server answers about as many peers in a while
_MAX_WORKERS = 4  # a lookup is nearly all waiting; four slow ones at a time are plenty for one notebook
_MAX_WAITING = 256  # a loop that looks names up without end gets an error instead of all the memory

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a lookup found.

    `addresses` holds (family, socket address with the port) in the order to try. `error` is why there are
    none, in the words of the system's resolver, and empty when there are some.
    """

    addresses: tuple[Address, ...] = ()
    error: str = ""


Done: TypeAlias = Callable[[Answer], None]
AskSystem: TypeAlias = Callable[[bytes, int, Kind, socket.AddressFamily], tuple[Address, ...]]


class Gate(Protocol):
    """What stands between a program that connects and the hosts that have routes. Names are in lower case."""

    def is_there(self, name: str, port: int) -> bool:
        """Tells whether there is anybody to connect to; asked on the thread that looks the name up."""
        ...

    def hold(self, name: str, ready: Callable[[], None]) -> bool:
        """Holds a connection up: returns True, and calls `ready` once, later, on another thread; or False."""
        ...


class _OpenGate:
    def is_there(self, name: str, port: int) -> bool:
        return True

    def hold(self, name: str, ready: Callable[[], None]) -> bool:
        return False


def ask_system(name: bytes, port: int, kind: Kind, family: socket.AddressFamily) -> tuple[Address, ...]:
    """Asks the system's resolver, which may take long; raises OSError when it has no address.

    The name goes as bytes, because Python would encode text as IDNA, which the C library does not do.
    """
    socket_type = socket.SOCK_STREAM if kind == "tcp" else socket.SOCK_DGRAM
    found = socket.getaddrinfo(name, port, family, socket_type)
    return tuple((family, _checked(address)) for family, _, _, _, address in found)


def _checked(address: SocketAddress | tuple[int, bytes]) -> SocketAddress:
    if isinstance(address[0], int) or isinstance(address[1], bytes):
        # A Python that was built without IPv6 gives its addresses as (number, bytes): no use to anybody.
        raise OSError(errno.EAFNOSUPPORT, _OTHER_FAMILY)
    return address


class Resolver:
    """Turns host names into addresses. Every method may be called from any thread."""

    def __init__(self, ask: AskSystem = ask_system) -> None:
        self._workers = _Workers(ask)
        self._override = _Override({}, _OpenGate())

    def lookup(self, host: str, port: int, kind: Kind, ipv6: bool, done: Done) -> None:
        """Looks `host` up and calls `done` exactly once with the answer.

        `port` (0 to 65535) becomes part of the addresses. Only IPv4 addresses are looked for, or only IPv6
        ones when `ipv6` is true. `done` runs before this returns or, if a name server has to be asked, later
        on another thread; it must return at once and must not raise.
        """
        answer = self.known(host, port, kind, ipv6)
        if answer is not None:
            is_for_connection = kind == "tcp" and port != 0 and answer.addresses != ()
            if not (is_for_connection and self._override.is_held(host, partial(done, answer))):
                done(answer)
            return
        family = socket.AF_INET6 if ipv6 else socket.AF_INET
        error = self._workers.submit(_Question(host.encode("ascii"), port, kind, family, done))
        if error:
            done(Answer(error=error))

    def known(self, host: str, port: int, kind: Kind, ipv6: bool) -> Answer | None:
        """Returns what `lookup` answers at once; None when it would ask a name server."""
        family = socket.AF_INET6 if ipv6 else socket.AF_INET
        return self._override.known(host, port, kind, family)

    def has_route(self, host: str) -> bool:
        """Tells whether the lab answers for this name."""
        return self._override.has(host)

    def route_of(self, endpoint: Endpoint, kind: Kind) -> Route | None:
        """Returns which route of the lab leads to this address and port, if one does."""
        override = self._override
        return None if override is None else override.route_of(endpoint, kind)

    def set_routes(self, routes: Mapping[Route, Endpoint] | None, gate: Gate | None = None) -> None:
        """Makes `routes` answer instead of the internet; `None` removes them.

        A route is (host name, port, kind). A name that has any route belongs to the lab as a whole: on every
        other port it is 127.0.0.1, where a connection is refused, so that nothing leaves the computer.
        Port 0, a lookup of the bare address, gives the address of the name's first route. An address written
        in numbers can be a route's name too, as the lab's broadcast address is.

        `gate` is asked about every connection to a name that has a route. If nobody is there, the name is
        127.0.0.1 on that port too. It may hold the answer up.
        """
        # One assignment, so a lookup on another thread sees the old routes or the new ones, never a mixture.
        self._override = _Override(routes or {}, gate or _OpenGate())

    def close(self) -> None:
        """Answers every open lookup with an error and lets the workers end; does not wait for getaddrinfo.

        Numeric addresses and lab names still resolve afterwards, and what the lab holds up comes when it
        does. A `done` that had begun on a worker may still be running when this returns.
        """
        self._workers.close()


def _without_asking(host: str, port: int, family: socket.AddressFamily) -> Answer | None:
    """The answer for a host that is an address already, or cannot be a name; None if it must be looked up."""
    # Spaces are sorted out here because glibc's inet_aton, unlike its getaddrinfo, ignores what follows one.
    if host.split() != [host] or "\0" in host or not host.isascii() or len(host) > _MAX_NAME:
        return Answer(error=_UNKNOWN)
    if ":" in host:
        return _ipv6_literal(host, port, family)
    try:
        # Not inet_pton: "127.1" is an address for the C library, and so for the original.
        packed = socket.inet_aton(host)
    except OSError:
        return None
    if family != socket.AF_INET:
        return Answer(error=_OTHER_FAMILY)
    return Answer(((family, (socket.inet_ntoa(packed), port)),))


def _ipv6_literal(host: str, port: int, family: socket.AddressFamily) -> Answer:
    """A host name has no colon, so this is an IPv6 address (a zone such as %eth0 included) or nothing."""
    try:
        found = socket.getaddrinfo(
            host.encode("ascii"), port, family, socket.SOCK_STREAM, 0, socket.AI_NUMERICHOST
        )
        return Answer(tuple((family, _checked(address)) for family, _, _, _, address in found))
    except OSError as exc:
        return Answer(error=exc.strerror or _UNKNOWN)


class _Override:
    """The lab's routes at one moment; never changed once made, so that its answers can be remembered."""

    def __init__(self, routes: Mapping[Route, Endpoint], gate: Gate) -> None:
        self._gate = gate
        self._endpoints = {(_canonical(host), port, kind): end for (host, port, kind), end in routes.items()}
        self._host_ips: dict[str, str] = {}
        for (host, _, _), (ip, _) in self._endpoints.items():
            self._host_ips.setdefault(host, ip)
        self._remembered = functools.lru_cache(_REMEMBERED)(self._known)

    def route_of(self, endpoint: Endpoint, kind: Kind) -> Route | None:
        """Returns the route that leads to this address and port, if one does."""
        routes = (route for route, end in self._endpoints.items() if end == endpoint and route[2] == kind)
        return next(routes, None) if endpoint[1] else None

    def known(self, host: str, port: int, kind: Kind, family: socket.AddressFamily) -> Answer | None:
        """The answer that needs no asking, the lab's or another; None if there is none."""
        # Not what is too long for a name, for a program can make it as long as its memory allows; nor an
        # address with a zone, for the system's interfaces come and go; nor what the gate has a say in.
        is_kept = kind == "udp" and len(host) <= _MAX_NAME and "%" not in host
        return (self._remembered if is_kept else self._known)(host, port, kind, family)

    def _known(self, host: str, port: int, kind: Kind, family: socket.AddressFamily) -> Answer | None:
        return self.answer(host, port, kind, family) or _without_asking(host, port, family)

    def answer(self, host: str, port: int, kind: Kind, family: socket.AddressFamily) -> Answer | None:
        """The lab's answer, or None for a name that is not the lab's."""
        name = _canonical(host)
        if name not in self._host_ips:
            return None
        if port == 0:
            ip = self._host_ips[name]
        else:
            endpoint = self._endpoints.get((name, port, kind))
            if endpoint is None or (kind == "tcp" and not self._gate.is_there(name, port)):
                endpoint = "127.0.0.1", port
            ip, port = endpoint
        # Even if an endpoint were no address, a name of the lab's must not be asked for on the internet.
        return _without_asking(ip, port, family) or Answer(error=_UNKNOWN)

    def has(self, host: str) -> bool:
        """Tells whether the name is the lab's."""
        return _canonical(host) in self._host_ips

    def is_held(self, host: str, ready: Callable[[], None]) -> bool:
        """Tells whether `ready` will be called later, because connecting takes time."""
        name = _canonical(host)
        return name in self._host_ips and self._gate.hold(name, ready)


def _canonical(host: str) -> str:
    """Host names know no case (RFC 4343), and a dot at the end only says that the name is complete."""
    return host.lower().removesuffix(".")


@dataclass(frozen=True, slots=True, eq=False)
class _Question:
    name: bytes
    port: int
    kind: Kind
    family: socket.AddressFamily
    done: Done

    def answered_by(self, ask: AskSystem) -> Answer:
        try:
            addresses = ask(self.name, self.port, self.kind, self.family)
        except OSError as exc:
            return Answer(error=exc.strerror or _UNKNOWN)
        except Exception:
            # An answer is owed even if the mistake is ours; without it a cosocket would wait forever.
            _log.exception("looking up %r failed", self.name)
            return Answer(error=_UNKNOWN)
        return Answer(addresses) if addresses else Answer(error=_UNKNOWN)


class _Workers:
    """A few daemon threads, started when there is work for them, that take questions from a bounded queue.

    `_open` holds the questions that still await their answer, queued or being asked. Who takes a question out
    of it, under the lock, is the one to call its `done`: a worker, or `close`.
    """

    def __init__(self, ask: AskSystem) -> None:
        self._ask = ask
        self._changed = threading.Condition()
        self._queue: deque[_Question] = deque()
        self._open: set[_Question] = set()
        self._threads = 0
        self._idle = 0
        self._is_closed = False

    def submit(self, question: _Question) -> str:
        """Queues a question; returns why not, or an empty string."""
        with self._changed:
            if self._is_closed:
                return _CANCELED
            # An idle worker that was notified but has not woken up yet is balanced by its entry in the queue.
            if self._idle <= len(self._queue) and self._threads < _MAX_WORKERS:
                self._start_worker()
            if self._threads == 0 or len(self._queue) >= _MAX_WAITING:
                return _BUSY
            self._queue.append(question)
            self._open.add(question)
            self._changed.notify()
        return ""

    def close(self) -> None:
        with self._changed:
            self._is_closed = True
            canceled = tuple(self._open)
            self._open.clear()
            self._queue.clear()
            self._changed.notify_all()
        for question in canceled:
            _deliver(question, Answer(error=_CANCELED))

    def _start_worker(self) -> None:
        worker = threading.Thread(target=self._work, name="ba-resolver", daemon=True)
        try:
            worker.start()
        except RuntimeError:
            # The system has no thread left; those that run, if any, will come to it.
            _log.warning("no thread for looking up names")
        else:
            self._threads += 1

    def _work(self) -> None:
        while (question := self._next()) is not None:
            answer = question.answered_by(self._ask)
            with self._changed:
                is_open = question in self._open
                self._open.discard(question)
            if is_open:
                _deliver(question, answer)

    def _next(self) -> _Question | None:
        with self._changed:
            self._idle += 1
            while not self._queue and not self._is_closed:
                self._changed.wait()
            self._idle -= 1
            return None if self._is_closed else self._queue.popleft()


def _deliver(question: _Question, answer: Answer) -> None:
    try:
        question.done(answer)
    except Exception:
        # Whoever asked broke the promise not to raise; the others in the queue must not pay for it.
        _log.exception("the receiver of an answer for %r failed", question.name)
