"""Owns the lab network: the table of its hosts, and the one thread on which all of them run.

Theory of operation. `Lab.start` makes a daemon thread with an asyncio loop of its own, which opens every
service on an ephemeral port of the loopback interface and then waits to be stopped. The lab changes nothing
outside itself: `routes` says what name, port and kind answers where, `ca_pem` whom to trust, and
`Runtime.use_lab` takes both. The lab must never touch the Lua thread or a socket of the user's.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType

from ba_runtime._resolver import Endpoint, Kind, Route

from ._authority import EXPIRED, Authority, Leaf
from ._clock import Clock
from ._datagram import DatagramService
from ._echo import EchoConversation, echo_answer
from ._errors import LabError
from ._http import HttpConversation
from ._ntp import ntp_answer
from ._service import Conversation, Host, Service
from ._silent import SilentService, no_answer
from ._stream import StreamService
from ._time import TimeConversation, time_answer
from ._tls import TlsConversation
from ._websocket import WebSocketConversation

_NTP_HOSTS = ("pool.ntp.org", "time.nist.gov")
_WEB_HOSTS = ("simplemq.com", "www.google.com", "example.com", "realtimelogic.com")
_WEBSOCKET_HOST = "ws.postman-echo.com"
# What these hosts show, web hosts in order; the numbers are serial numbers, 1 and 2 the CA's.
_LEAVES = {
    **{name: Leaf(name, number) for number, name in enumerate(_WEB_HOSTS, 11)},
    _WEBSOCKET_HOST: Leaf(_WEBSOCKET_HOST, 15),
    "expired.lab.test": Leaf("expired.lab.test", 21, EXPIRED),
    "self-signed.lab.test": Leaf("self-signed.lab.test", 22, is_self_signed=True),
    "wrong-name.lab.test": Leaf("right-name.lab.test", 23),
}
# What is broadcast reaches this computer and no other: every port of this "name" is the same port here.
_BROADCAST: Route = ("255.255.255.255", 0, "udp")
# People read between two cells: a connection that they hold must be there after a long paragraph.
_LESSON_IDLE_S = 600.0


def _services(clock: Clock, authority: Authority) -> tuple[Service, ...]:
    """Every host of the lab. A new protocol is one more line here."""
    ntp = (
        DatagramService(Host(name, 123, "udp", "NTP (RFC 5905)"), partial(ntp_answer, clock))
        for name in _NTP_HOSTS
    )
    web = (
        StreamService(Host(name, 80, "tcp", "HTTP/1.1, one page"), partial(HttpConversation, name, clock))
        for name in _WEB_HOSTS
    )

    def secure_page(name: str) -> Conversation:
        return TlsConversation(authority.context(_LEAVES[name]), HttpConversation(name, clock))

    secure_web = (
        StreamService(
            Host(name, 443, "tcp", "HTTP/1.1 over TLS, the same page"),
            partial(secure_page, name),
            idle_s=_LESSON_IDLE_S,
        )
        for name in _LEAVES
        if name != _WEBSOCKET_HOST
    )

    def secure_websocket() -> Conversation:
        return TlsConversation(authority.context(_LEAVES[_WEBSOCKET_HOST]), WebSocketConversation(clock))

    websocket = (
        StreamService(Host(_WEBSOCKET_HOST, port, "tcp", what), converse, idle_s=_LESSON_IDLE_S)
        for port, what, converse in (
            (80, "echo over WebSocket, /raw", partial(WebSocketConversation, clock)),
            (443, "the same over TLS", secure_websocket),
        )
    )
    return (
        *ntp,
        StreamService(Host("time.nist.gov", 37, "tcp", "TIME (RFC 868)"), partial(TimeConversation, clock)),
        DatagramService(Host("time.nist.gov", 37, "udp", "TIME (RFC 868)"), partial(time_answer, clock)),
        *web,
        *secure_web,
        *websocket,
        StreamService(
            Host("echo.lab.test", 7, "tcp", "echo (RFC 862)"), EchoConversation, idle_s=_LESSON_IDLE_S
        ),
        DatagramService(Host("echo.lab.test", 7, "udp", "echo (RFC 862)"), echo_answer),
        SilentService(Host("silent.lab.test", 9, "tcp", "never accepts a connection")),
        DatagramService(Host("silent.lab.test", 9, "udp", "never answers"), no_answer),
    )


@dataclass(frozen=True, slots=True)
class HostStatus:
    """One simulated host: what it is called, where it really is, and how many requests it has answered.

    `served` counts requests; connections at the echo host, datagrams over UDP.
    """

    host: str
    port: int
    kind: Kind
    address: Endpoint
    what: str
    served: int


class Lab:
    """The lab network. It is off until `start`; every method may be called from any thread.

    `clock` is what its servers believe the time to be, the real time when it is None.
    """

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or Clock()
        self._authority = Authority()
        self._lock = threading.Lock()
        self._running: _Run | None = None

    def start(self) -> None:
        """Opens every host; does nothing if they are open. Raises LabError if the computer cannot."""
        with self._lock:
            if self._running is not None:
                return
            try:
                self._running = _Run(_services(self._clock, self._authority))
            except (OSError, RuntimeError, asyncio.TimeoutError) as exc:
                raise LabError(f"the lab network could not start: {exc}") from exc

    def stop(self) -> None:
        """Closes every host and connection and joins the thread; does nothing if the lab is off."""
        with self._lock:
            running, self._running = self._running, None
            if running is not None:
                running.stop()

    @property
    def ca_pem(self) -> bytes:
        """The root that this lab's TLS hosts can be trusted by; the same before, during and after a run.

        The first look takes a few milliseconds, as it makes the root.
        """
        return self._authority.root_pem

    @property
    def routes(self) -> Mapping[Route, Endpoint]:
        """Where each (host, port, kind) answers; empty when the lab is off."""
        running = self._running
        if running is None:
            return MappingProxyType({})
        return MappingProxyType({**running.routes, _BROADCAST: ("127.0.0.1", 0)})

    def status(self) -> tuple[HostStatus, ...]:
        """Describes every host; empty when the lab is off."""
        running = self._running
        return running.status() if running is not None else ()


class _Run:
    """The lab's thread with everything on it, from one start to one stop."""

    def __init__(self, services: tuple[Service, ...]) -> None:
        """Returns when every host is open. Raises what kept one of them from it, with nothing left open."""
        self._services = services
        self._stopping = asyncio.Event()
        self._opened: Future[dict[Route, Endpoint]] = Future()
        # Not new_event_loop and asyncio.run: in a process with Jupyter the first may give uvloop's, and the
        # second may be nest_asyncio's, which knows no loop but the main thread's.
        self._loop = asyncio.SelectorEventLoop()
        self._thread = threading.Thread(target=self._work, name="ba-lab", daemon=True)
        try:
            self._thread.start()
        except RuntimeError:
            self._loop.close()
            raise
        try:
            self.routes: Mapping[Route, Endpoint] = MappingProxyType(self._opened.result())
        except BaseException:  # a host would not open, or somebody interrupted the waiting
            self.stop()
            raise

    def stop(self) -> None:
        # A loop that has closed has nothing left to stop.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join()

    def status(self) -> tuple[HostStatus, ...]:
        return tuple(map(self._status_of, self._services))

    def _status_of(self, service: Service) -> HostStatus:
        host = service.host
        address = self.routes[host.name, host.port, host.kind]
        return HostStatus(host.name, host.port, host.kind, address, host.what, service.served)

    def _work(self) -> None:
        with contextlib.closing(self._loop):
            try:
                self._loop.run_until_complete(self._live())
            except Exception as exc:
                if self._opened.done():
                    raise  # a bug in the closing; the thread's hook reports it
                self._opened.set_exception(exc)

    async def _live(self) -> None:
        async with contextlib.AsyncExitStack() as closing:
            routes: dict[Route, Endpoint] = {}
            for service in self._services:
                closing.push_async_callback(service.close)
                host = service.host
                routes[host.name, host.port, host.kind] = await service.open()
            self._opened.set_result(routes)
            await self._stopping.wait()
