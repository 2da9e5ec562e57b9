"""The lab's WebSocket host: the conversation in memory, the client of websockets, and Lua programs."""

from __future__ import annotations

import random
import socket
import ssl
from collections.abc import Iterator, Sequence

import pytest
from websockets.exceptions import ConnectionClosedError, InvalidStatus
from websockets.sync.client import ClientConnection, connect
from wsproto import ConnectionType, WSConnection
from wsproto.events import (
    AcceptConnection,
    BytesMessage,
    CloseConnection,
    Event,
    Ping,
    Pong,
    Request,
    TextMessage,
)
from wsproto.frame_protocol import CloseReason

from ba_runtime import Runtime
from ba_runtime.lab import Clock, Lab
from ba_runtime.lab._service import Turn
from ba_runtime.lab._websocket import _MAX_MESSAGE, WebSocketConversation

NOON = "2026-01-01T12:00:00Z"
HOST = "ws.postman-echo.com"
PATIENCE_S = 20
UPGRADE = (
    b"GET /raw HTTP/1.1\r\nHost: ws.postman-echo.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)

# ---- in memory


class Client:
    """wsproto's client, which talks to a conversation without a network."""

    def __init__(self, server: WebSocketConversation) -> None:
        self.server = server
        self.connection = WSConnection(ConnectionType.CLIENT)
        self.turn = server.opened()
        assert self.exchange(Request(host=HOST, target="/raw")) == [AcceptConnection()]

    def exchange(self, *events: Event) -> list[Event]:
        """Sends events in one go; returns those that come back."""
        return self.say(b"".join(map(self.connection.send, events)))

    def say(self, data: bytes) -> list[Event]:
        """Sends bytes; returns the events that come back."""
        self.turn = self.server.received(data)
        self.connection.receive_data(self.turn.data)
        return list(self.connection.events())


@pytest.fixture
def server() -> WebSocketConversation:
    """The server's side of one connection, at noon."""
    return WebSocketConversation(Clock.fixed(NOON))


@pytest.fixture
def client(server: WebSocketConversation) -> Client:
    """The other side, after the handshake."""
    return Client(server)


def status_of(turn: Turn) -> int:
    return int(turn.data.split(b" ", 2)[1])


def test_the_handshake_is_that_of_the_rfc(server: WebSocketConversation) -> None:
    """With the token of RFC 6455 section 1.3, and counted once."""
    turn = server.received(UPGRADE)
    assert status_of(turn) == 101
    assert b"\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n" in turn.data
    assert (turn.served, turn.is_last) == (1, False)


def test_a_handshake_in_pieces_is_a_handshake(server: WebSocketConversation) -> None:
    """TCP may cut anywhere; nothing is said before the end."""
    turns = [server.received(bytes([byte])) for byte in UPGRADE]
    assert turns[:-1] == [Turn()] * (len(UPGRADE) - 1)
    assert status_of(turns[-1]) == 101


def test_frames_right_behind_the_request_are_answered(server: WebSocketConversation) -> None:
    """Although a client should wait: masked with zeros, "hi" stands there plainly."""
    turn = server.received(UPGRADE + b"\x81\x82\0\0\0\0hi")
    assert turn.data.endswith(b"\r\n\r\n\x81\x02hi")


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65535, 65536, _MAX_MESSAGE])
def test_a_message_comes_back_with_its_type(client: Client, size: int) -> None:
    """Of every form of length."""
    assert client.exchange(TextMessage("x" * size)) == [TextMessage("x" * size)]
    assert client.exchange(BytesMessage(b"\xff" * size)) == [BytesMessage(bytearray(b"\xff" * size))]
    assert (client.turn.served, client.turn.is_last) == (0, False)


def test_a_message_in_pieces_comes_back_whole(client: Client) -> None:
    """In one frame, however its frames and the network cut it, with a ping answered in the middle."""
    parts = [TextMessage("größer ", message_finished=False), Ping(b"you?"), TextMessage("als Ÿ")]
    sent = b"".join(map(client.connection.send, parts))
    came = [event for byte in sent for event in client.say(bytes([byte]))]
    assert came == [Pong(b"you?"), TextMessage("größer als Ÿ")]


def test_messages_come_back_in_order(client: Client) -> None:
    """Many at once."""
    messages = [TextMessage(str(number)) for number in range(100)]
    assert client.exchange(*messages) == messages


@pytest.mark.parametrize("frames", [1, 3])
def test_a_message_that_is_too_long_is_refused(client: Client, frames: int) -> None:
    """As soon as it is, in one frame or several."""
    size = (_MAX_MESSAGE + frames) // frames
    parts = [BytesMessage(bytes(size), message_finished=number == frames - 1) for number in range(frames)]
    (end,) = client.exchange(*parts)
    assert isinstance(end, CloseConnection)
    assert (end.code, client.turn.is_last) == (CloseReason.MESSAGE_TOO_BIG, True)


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        (b"\x81\x02hi", CloseReason.PROTOCOL_ERROR),  # no mask
        (b"\x83\x80\0\0\0\0", CloseReason.PROTOCOL_ERROR),  # no such opcode
        (b"\x80\x80\0\0\0\0", CloseReason.PROTOCOL_ERROR),  # nothing to continue
        (b"\x81\x81\0\0\0\0\xff", CloseReason.INVALID_FRAME_PAYLOAD_DATA),  # not UTF-8
    ],
)
def test_what_breaks_the_protocol_is_the_end(client: Client, frame: bytes, code: CloseReason) -> None:
    """With the code that says why."""
    (end,) = client.say(frame)
    assert isinstance(end, CloseConnection)
    assert (end.code, client.turn.is_last) == (code, True)


def test_a_close_is_answered_with_its_code(client: Client) -> None:
    """What came before it is answered first, what comes behind it is not."""
    sent = [TextMessage("last"), CloseConnection(4001, "enough")]
    assert client.exchange(*sent) == sent
    assert client.turn.is_last


def test_the_end_of_the_peer_is_the_end(server: WebSocketConversation) -> None:
    """Before the handshake and after it."""
    assert server.received(b"") == Turn(is_last=True)
    assert Client(server).server.received(b"") == Turn(is_last=True)


@pytest.mark.parametrize(
    ("request_head", "status"),
    [
        (UPGRADE.replace(b"/raw", b"/"), 404),
        (UPGRADE.replace(b"/raw", b"/raw/more"), 404),
        (UPGRADE.replace(b"Upgrade: websocket\r\n", b""), 400),
        (UPGRADE.replace(b"Version: 13", b"Version: 8"), 400),
        (UPGRADE.replace(b"GET", b"POST"), 400),
        (UPGRADE.replace(b"Host: ws.postman-echo.com\r\n", b""), 400),
        (UPGRADE.replace(b"\r\n\r\n", b"\r\nContent-Length: 1\r\n\r\nx"), 400),
        (b"GET /raw HTTP/1.1\r\nHost: ws.postman-echo.com\r\n\r\n", 400),
        (b"GET /raw HTTP/1.1\r\nX: " + b"x" * 9000, 431),
        (b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03\r\n\r\n", 400),
    ],
)
def test_what_is_no_websocket_is_refused(
    server: WebSocketConversation, request_head: bytes, status: int
) -> None:
    """In plain words of the right length, and that is the end."""
    turn = server.received(request_head)
    head, _, body = turn.data.partition(b"\r\n\r\n")
    assert (status_of(turn), turn.served, turn.is_last) == (status, 0, True)
    assert b"Server: ba-lua lab (simulated)" in head.split(b"\r\n")
    assert b"Content-Length: %d" % len(body) in head.split(b"\r\n")
    assert body.startswith(b"This simulated host ")


def test_head_gets_no_body(server: WebSocketConversation) -> None:
    """RFC 9110 section 9.3.2."""
    turn = server.received(b"HEAD / HTTP/1.1\r\nHost: ws.postman-echo.com\r\n\r\n")
    assert status_of(turn) == 404
    assert turn.data.endswith(b"\r\n\r\n")


def test_noise_never_fails(server: WebSocketConversation) -> None:
    """A conversation may not raise, whatever comes, before the handshake and after it."""
    dice = random.Random(1)
    for number in range(500):
        conversation = WebSocketConversation(Clock.fixed(NOON))
        if number % 2:
            conversation.received(UPGRADE)
        turn = Turn()
        for _ in range(5):
            if not turn.is_last:
                turn = conversation.received(dice.randbytes(dice.randint(1, 40)))


# ---- another client


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    """A running lab at noon."""
    lab = Lab(Clock.fixed(NOON))
    lab.start()
    yield lab
    lab.stop()


def connected(lab: Lab, scheme: str, path: str = "/raw") -> ClientConnection:
    """Returns a WebSocket to the host; with TLS only if it can be trusted."""
    is_secure = scheme == "wss"
    address = lab.routes[HOST, 443 if is_secure else 80, "tcp"]
    trust = ssl.create_default_context(cadata=lab.ca_pem.decode()) if is_secure else None
    there = socket.create_connection(address, PATIENCE_S)
    return connect(f"{scheme}://{HOST}{path}", sock=there, ssl=trust, proxy=None, open_timeout=PATIENCE_S)


SCHEMES: Sequence[str] = ("ws", "wss")


@pytest.mark.parametrize("scheme", SCHEMES)
def test_another_client_hears_its_echo(lab: Lab, scheme: str) -> None:
    """With TLS and without, in order, and the closing handshake ends well."""
    with connected(lab, scheme) as client:
        messages: list[str | bytes] = ["", "hello", b"\0\xff", "x" * 200_000, b"y" * 70_000]
        for message in messages:
            client.send(message)
        assert [client.recv(PATIENCE_S) for _ in messages] == messages
        assert client.ping().wait(PATIENCE_S)
    assert client.close_code == 1000


def test_another_client_is_told_that_its_message_is_too_long(lab: Lab) -> None:
    """1009, and no more."""
    with connected(lab, "ws") as client:
        client.send(bytes(1024 * 1024))
        assert len(client.recv(PATIENCE_S)) == 1024 * 1024
        client.send(bytes(1024 * 1024 + 1))
        with pytest.raises(ConnectionClosedError) as end:
            client.recv(PATIENCE_S)
    assert end.value.rcvd is not None
    assert end.value.rcvd.code == 1009


def test_other_paths_are_not_found(lab: Lab) -> None:
    """As 404."""
    with pytest.raises(InvalidStatus) as refusal:
        connected(lab, "wss", "/")
    assert refusal.value.response.status_code == 404


def test_the_status_counts_websockets() -> None:
    """Not their messages, and not the requests that were refused."""
    lab = Lab(Clock.fixed(NOON))
    lab.start()
    try:
        with connected(lab, "ws") as client:
            client.send("one")
            client.send("two")
            assert (client.recv(PATIENCE_S), client.recv(PATIENCE_S)) == ("one", "two")
        with pytest.raises(InvalidStatus):
            connected(lab, "ws", "/")
        served = {host.port: host.served for host in lab.status() if host.host == HOST}
        assert served == {80: 1, 443: 0}
    finally:
        lab.stop()


# ---- Lua programs

ECHO = """
local http = require "httpc".create()
assert(http:request{url = "%s://ws.postman-echo.com/raw"})
assert(http:status() == 101)
local s = ba.socket.http2sock(http)
assert(s:websocket() and s:write("hello", true))
local data, is_text = s:read(5000)
return data, is_text, (s:trusted())
"""


@pytest.mark.parametrize(("scheme", "trusted"), [("ws", "nil"), ("wss", "true")])
def test_a_lua_program_hears_its_echo(lab: Lab, scheme: str, trusted: str) -> None:
    """The documentation's example; by wss the host is trusted like the others."""
    with Runtime(lambda event: None) as runtime:
        runtime.use_lab(lab)
        result = runtime.run_cell((ECHO % scheme).encode(), name="cell[1]", cell=1).result(PATIENCE_S)
    assert result.error is None, result.error
    assert [value.decode() for value in result.values] == ['"hello"', "true", trusted]
