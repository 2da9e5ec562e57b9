"""Owns the table of the lab's hosts: what answers at which name, port and kind."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from ._authority import EXPIRED, Authority, Leaf
from ._clock import Clock
from ._datagram import DatagramService
from ._echo import EchoConversation, echo_answer
from ._http import HttpConversation
from ._link import Link
from ._ntp import ntp_answer
from ._relay import DatagramRelay, StreamRelay
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
# People read between two cells: a connection that they hold must be there after a long paragraph.
LESSON_IDLE_S = 600.0


def services(clock: Clock, authority: Authority, link: Callable[[str], Link]) -> tuple[Service, ...]:
    """Makes every host of the lab. `link` gives the way to the host of a name, one for all its ports."""

    def stream(host: Host, converse: Callable[[], Conversation], idle_s: float = 60.0) -> Service:
        return StreamService(host, converse, link=link(host.name), idle_s=idle_s)

    def datagrams(host: Host, answer: Callable[[bytes], bytes | None]) -> Service:
        return DatagramService(host, answer, link=link(host.name))

    ntp = (
        datagrams(Host(name, 123, "udp", "NTP (RFC 5905)"), partial(ntp_answer, clock)) for name in _NTP_HOSTS
    )
    web = (
        stream(Host(name, 80, "tcp", "HTTP/1.1, one page"), partial(HttpConversation, name, clock))
        for name in _WEB_HOSTS
    )

    def secure_page(name: str) -> Conversation:
        return TlsConversation(authority.context(_LEAVES[name]), HttpConversation(name, clock))

    secure_web = (
        stream(
            Host(name, 443, "tcp", "HTTP/1.1 over TLS, the same page"),
            partial(secure_page, name),
            LESSON_IDLE_S,
        )
        for name in _LEAVES
        if name != _WEBSOCKET_HOST
    )

    def secure_websocket() -> Conversation:
        return TlsConversation(authority.context(_LEAVES[_WEBSOCKET_HOST]), WebSocketConversation(clock))

    websocket = (
        stream(Host(_WEBSOCKET_HOST, port, "tcp", what), converse, LESSON_IDLE_S)
        for port, what, converse in (
            (80, "echo over WebSocket, /raw", partial(WebSocketConversation, clock)),
            (443, "the same over TLS", secure_websocket),
        )
    )
    return (
        *ntp,
        stream(Host("time.nist.gov", 37, "tcp", "TIME (RFC 868)"), partial(TimeConversation, clock)),
        datagrams(Host("time.nist.gov", 37, "udp", "TIME (RFC 868)"), partial(time_answer, clock)),
        *web,
        *secure_web,
        *websocket,
        stream(Host("echo.lab.test", 7, "tcp", "echo (RFC 862)"), EchoConversation, LESSON_IDLE_S),
        datagrams(Host("echo.lab.test", 7, "udp", "echo (RFC 862)"), echo_answer),
        # Nothing gets to this one or comes from it, so there is no link that could have conditions.
        SilentService(Host("silent.lab.test", 9, "tcp", "never accepts a connection")),
        DatagramService(Host("silent.lab.test", 9, "udp", "never answers"), no_answer),
    )


def own_services(name: str, port: int, link: Link) -> tuple[Service, ...]:
    """Makes a host of the user's own: what comes to this port is carried on to the same port of loopback."""
    what = f"your own server at 127.0.0.1:{port}"
    return (
        StreamRelay(Host(name, port, "tcp", what), port, link=link, idle_s=LESSON_IDLE_S),
        DatagramRelay(Host(name, port, "udp", what), port, link=link),
    )
