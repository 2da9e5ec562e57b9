"""What is said to a proxy before a connection leads through it: CONNECT, or SOCKS5 (RFC 1928 and 1929).

Bytes in, bytes out, no I/O: `start` is what to send first; `next` takes what has arrived and tells what
follows. The socksio package makes and reads the messages of SOCKS5 but wants each of them whole, so that
their lengths are looked at here. A name is given to the proxy as it is: it may be one that only the proxy
can resolve.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from typing import NamedTuple

from socksio import ProtocolError, socks5

from ba_runtime._h11 import h11

# A proxy's answer; proxies send a few hundred bytes.
MAX_ANSWER_BYTES = 64 << 10

Method = socks5.SOCKS5AuthMethod
METHODS = [Method.NO_AUTH_REQUIRED, Method.USERNAME_PASSWORD]  # the server always offers both
_BY_NAME = 3  # the type of address that begins with its length
_ADDRESS_BYTES = {1: 4, 4: 16}


class Talk(NamedTuple):
    """What follows from what has arrived.

    kind      text
    b"more"   what to send, maybe nothing, before more arrives
    b"open"   the connection leads to the host; what has arrived of it
    b"fault"  the proxy refuses, or is not a proxy: in words
    """

    kind: bytes
    text: bytes


class ConnectProxy:
    """The talk with an HTTP proxy (RFC 9110, 9.3.6), of which the server speaks version 1.0."""

    def __init__(self, host: bytes, port: int, user: bytes | None, password: bytes) -> None:
        """`host` and `port` are where the connection shall lead."""
        target = b"%b:%d" % (b"[%b]" % host if b":" in host else host, port)
        fields = [b"User-Agent: ba-lua-kernel"]
        if user is not None:
            fields.append(b"Proxy-Authorization: Basic " + b64encode(b"%b:%b" % (user, password)))
        self._head = b"CONNECT %b HTTP/1.0\r\n%b\r\n\r\n" % (target, b"\r\n".join(fields))
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=MAX_ANSWER_BYTES)

    def start(self) -> bytes:
        """Returns the request."""
        self._http.send(h11.Request(method=b"CONNECT", target=b"x", headers=[(b"Host", b"x")]))
        return self._head

    def next(self, data: bytes) -> Talk:
        """Takes what has arrived."""
        try:
            self._http.receive_data(data)
            event = self._http.next_event()
            while isinstance(event, h11.InformationalResponse):
                event = self._http.next_event()
        except (h11.ProtocolError, RuntimeError):
            return Talk(b"fault", b"its answer is not HTTP")
        if event is h11.NEED_DATA:
            return Talk(b"more", b"")
        assert isinstance(event, h11.Response)
        if 200 <= event.status_code <= 299:
            return Talk(b"open", self._http.trailing_data[0])
        return Talk(b"fault", b"it answers %d %b" % (event.status_code, bytes(event.reason)))


class SocksProxy:
    """The talk with a SOCKS5 proxy, to which a user and a password are always offered."""

    def __init__(self, host: bytes, port: int, user: bytes | None, password: bytes) -> None:
        """`host` and `port` are where the connection shall lead."""
        self._address = host.decode("ascii"), port
        self._login = user or b"", password
        self._received = b""
        self._next: Callable[[bytes], Talk] = self._method
        self._size_of: Callable[[bytes], int | None] = _short_size

    def start(self) -> bytes:
        """Returns the greeting."""
        return socks5.SOCKS5AuthMethodsRequest(METHODS).dumps()

    def next(self, data: bytes) -> Talk:
        """Takes what has arrived."""
        self._received += data
        size = self._size_of(self._received)
        if size is None or len(self._received) < size:
            return Talk(b"more", b"")
        message, self._received = self._received[:size], self._received[size:]
        try:
            return self._next(message)
        except (ProtocolError, ValueError):  # the latter also for text that is not UTF-8
            return Talk(b"fault", b"its answer is not SOCKS5")

    def _method(self, message: bytes) -> Talk:
        method = socks5.SOCKS5AuthReply.loads(message).method
        if method is Method.NO_AUTH_REQUIRED:
            return self._command()
        if method is not Method.USERNAME_PASSWORD:
            return Talk(b"fault", b"it wants neither no login nor one by user and password")
        self._next = self._verdict
        try:
            return Talk(b"more", socks5.SOCKS5UsernamePasswordRequest(*self._login).dumps())
        except OverflowError:
            return Talk(b"fault", b"a user and a password have at most 255 bytes")

    def _verdict(self, message: bytes) -> Talk:
        if socks5.SOCKS5UsernamePasswordReply.loads(message).success:
            return self._command()
        return Talk(b"fault", b"it refuses the user or the password")

    def _command(self) -> Talk:
        self._next, self._size_of = self._reply, _reply_size
        command = socks5.SOCKS5CommandRequest.from_address(socks5.SOCKS5Command.CONNECT, self._address)
        try:
            return Talk(b"more", command.dumps())
        except OverflowError:
            return Talk(b"fault", b"the name of a host has at most 255 bytes")

    def _reply(self, message: bytes) -> Talk:
        code = socks5.SOCKS5Reply.loads(message).reply_code
        if code is socks5.SOCKS5ReplyCode.SUCCEEDED:
            return Talk(b"open", self._received)
        return Talk(b"fault", b"it says: " + code.name.lower().replace("_", " ").encode())


def _short_size(_: bytes) -> int:
    return 2


def _reply_size(received: bytes) -> int | None:
    """Returns the length of the reply to a command (RFC 1928, section 6), None while it is not known.

    Of a type of address that there is not, what has arrived is all.
    """
    if len(received) < 5:
        return None
    kind = received[3]
    length = 1 + received[4] if kind == _BY_NAME else _ADDRESS_BYTES.get(kind)
    return len(received) if length is None else 4 + length + 2
