"""What a watcher hears of a program's sockets: every byte of the wire, what it means above it, and when."""

from __future__ import annotations

import socket
from collections import defaultdict
from collections.abc import Iterator
from types import BuiltinMethodType
from typing import Any

import pytest
from tests.lua._programs import TIMEOUT_S, Session, session
from tests.lua._tls import tls_session
from tests.web._site import client, request, site
from tests.websocket._lua import lua, serve

from ba_runtime import Runtime
from ba_runtime._reactor import Reactor
from ba_runtime.sockets.channel import Layer, Receive, ReceiveFrom, Send, SendTo, StreamChannel
from ba_runtime.sockets.stream import Stream


class Ear:
    """Keeps what it hears."""

    is_told = False

    def __init__(self) -> None:
        """Has heard nothing."""
        self.came: dict[int, bytes] = defaultdict(bytes)
        self.went: dict[int, bytes] = defaultdict(bytes)
        self.addresses: list[tuple[str, int]] = []
        self.above: list[tuple[Layer, bytes, bool]] = []

    def receiving(self, number: int, receive: Receive) -> Receive:
        """Keeps what comes."""

        def heard(size: int) -> bytes:
            data = receive(size)
            self.came[number] += data
            return data

        return heard

    def sending(self, number: int, send: Send) -> Send:
        """Keeps what the system takes."""

        def heard(data: bytes | memoryview) -> int:
            sent = send(data)
            self.went[number] += data[:sent]
            return sent

        return heard

    def receiving_from(self, number: int, receive_from: ReceiveFrom) -> ReceiveFrom:
        """Keeps datagrams and their senders."""

        def heard(size: int) -> tuple[bytes, Any]:
            data, address = receive_from(size)
            self.came[number] += data
            self.addresses.append(address)
            return data, address

        return heard

    def sending_to(self, number: int, send_to: SendTo) -> SendTo:
        """Keeps datagrams and where they go."""

        def heard(data: bytes, address: Any) -> int:
            sent = send_to(data, address)
            self.went[number] += data
            self.addresses.append(address)
            return sent

        return heard

    def passed(self, number: int, layer: Layer, data: bytes, is_ours: bool) -> None:
        """Keeps what passed above the wire."""
        self.above.append((layer, data, is_ours))

    @property
    def conversation(self) -> list[tuple[bytes, bytes]]:
        """What came over and what went over each connection that carried anything."""
        numbers = sorted({*self.came, *self.went})
        return [(self.came[number], self.went[number]) for number in numbers]


def watch(runtime: Runtime, ear: Ear) -> None:
    """Lets it listen; returns when it does."""
    runtime._thread.watch(ear).result(TIMEOUT_S)


def unwatch(runtime: Runtime, ear: Ear) -> None:
    """Lets it listen no more; returns when it does not."""
    runtime._thread.unwatch(ear).result(TIMEOUT_S)


def well(here: Session, source: str) -> None:
    """Runs a cell that ends without an error."""
    result = here.run(source)
    assert result.error is None, result.error


@pytest.fixture
def here() -> Iterator[Session]:
    """A runtime."""
    with session() as fresh:
        yield fresh


def functions(here: Session) -> list[object]:
    """What Lua and the reactor call directly for every stream there is."""
    network, reactor = here.runtime._thread._network, here.runtime._thread._reactor
    streams = [one for one in network._endpoints.values() if isinstance(one, Stream)]
    direct: list[object] = [network.sender(one.number)[0] for one in streams]
    return direct + [reactor._receivers[one.channel.fileno()][1] for one in streams]


def test_with_nobody_listening_the_sockets_own_functions_are_called(here: Session) -> None:
    """Before anybody listened, and again after."""
    well(here, "a, b = pair()")
    before = functions(here)
    ear = Ear()
    watch(here.runtime, ear)
    between = functions(here)
    unwatch(here.runtime, ear)
    assert [type(one) for one in before] == [BuiltinMethodType] * 4
    assert not any(isinstance(one, BuiltinMethodType) for one in between)
    assert functions(here) == before


def test_both_ends_of_a_conversation_are_heard_whole(here: Session) -> None:
    """Also what the system does not take at once, and what cosockets write to their queues."""
    ear = Ear()
    watch(here.runtime, ear)
    well(
        here,
        """
        local port = select(2, listen(function(s)
          s:event(function(s)
            local n = 0
            while n < 3000000 do
              n = n + #s:read()
            end
            for i = 1, 100 do
              s:write(("y"):rep(30000))
            end
            s:read()
          end, "s")
        end))
        local s = ba.socket.connect("127.0.0.1", port)
        assert(s:write(("x"):rep(3000000)))
        local n = 0
        while n < 3000000 do
          n = n + #s:read(5000)
        end
        s:close()
        """,
    )
    here.run("collectgarbage()")
    up, down = b"x" * 3_000_000, b"y" * 3_000_000
    assert sorted(ear.conversation) == [(up, down), (down, up)]


def test_listening_begins_and_ends_between_two_bytes(here: Session) -> None:
    """On connections that stand: Lua keeps a socket's `send`, and the reactor its `recv`."""
    ear = Ear()
    well(
        here,
        """a, b = pair() a:write "1" assert(b:read(5000) == "1") b:write "2" assert(a:read(5000) == "2")""",
    )
    watch(here.runtime, ear)
    well(here, """a:write "3" assert(b:read(5000) == "3") b:write "4" assert(a:read(5000) == "4")""")
    unwatch(here.runtime, ear)
    well(here, """a:write "5" assert(b:read(5000) == "5") b:write "6" assert(a:read(5000) == "6")""")
    assert sorted(ear.conversation) == [(b"3", b"4"), (b"4", b"3")]


def test_a_cell_is_heard_from_its_beginning(here: Session) -> None:
    """When it was run after the call that lets somebody listen, however soon."""
    ear = Ear()
    listening = here.runtime._thread.watch(ear)
    well(here, """a, b = pair() a:write "hello" assert(b:read(5000) == "hello")""")
    listening.result(TIMEOUT_S)
    assert sorted(ear.conversation) == [(b"", b"hello"), (b"hello", b"")]


def test_several_listen_at_once(here: Session) -> None:
    """One that ends leaves the other where it is."""
    first, second = Ear(), Ear()
    watch(here.runtime, first)
    watch(here.runtime, second)
    well(here, """a, b = pair() a:write "1" assert(b:read(5000) == "1")""")
    unwatch(here.runtime, first)
    well(here, """a:write "2" assert(b:read(5000) == "2")""")
    assert sorted(first.conversation) == [(b"", b"1"), (b"1", b"")]
    assert sorted(second.conversation) == [(b"", b"12"), (b"12", b"")]


def test_a_dial_and_a_handshake_go_on_when_somebody_begins_to_listen() -> None:
    """Neither takes it for an event of its own."""
    with tls_session() as here:
        ear = Ear()
        well(
            here,
            """
            local listener, port = listen(function(s) raw = s end)
            ba.thread.create():run(function()
              c = assert(ba.socket.connect("127.0.0.1", port, {shark = client_context()}))
            end)
            await(function() return raw end, "accept")
            """,
        )
        watch(here.runtime, ear)
        well(
            here,
            """
            assert(raw:upgrade(server_context()))
            await(function() return c end, "connect")
            c:write "secret"
            assert(raw:read(5000) == "secret")
            """,
        )
    assert [data for layer, data, _ in ear.above] == [b"secret"] * 2


def test_inside_tls_plain_data_is_heard_and_the_wire_below() -> None:
    """Both ends of the connection: each says once, and hears once, what was written."""
    with tls_session() as here:
        ear = Ear()
        watch(here.runtime, ear)
        well(here, """c, s = tls_pair() c:write(("x"):rep(300000)) assert(read_all(s, 300000))""")
        plain = {
            (is_ours, letter): b"".join(data for _, data, ours in ear.above if ours == is_ours).count(letter)
            for is_ours in (True, False)
            for letter in (b"x", b"s", b"c")
        }
        assert plain == {
            **dict.fromkeys([(True, b"x"), (False, b"x")], 300_000),
            **dict.fromkeys([(ours, letter) for ours in (True, False) for letter in (b"s", b"c")], 1),
        }
        assert {layer for layer, _, _ in ear.above} == {Layer.PLAIN}
        (one, other) = ear.conversation
        assert one == other[::-1]
        assert [raw[:2] for raw in one] == [b"\x16\x03"] * 2  # a handshake's record, RFC 8446 section 5.1


def test_an_upgrade_stays_the_same_channel() -> None:
    """The words before TLS and the records after them are one conversation."""
    with tls_session() as here:
        ear = Ear()
        watch(here.runtime, ear)
        well(
            here,
            """
            local a, b = pair()
            a:write "starttls"
            assert(b:read(5000) == "starttls")
            ba.thread.create():run(function() assert(a:upgrade(client_context())) done = true end)
            assert(b:upgrade(server_context()))
            await(function() return done end, "upgrade")
            """,
        )
        (one, other) = ear.conversation
        assert one == other[::-1]
        assert max(one).startswith(b"starttls\x16\x03")


def test_a_websockets_messages_and_control_frames_are_heard() -> None:
    """On both ends, above a wire that carries the page's request first."""
    with lua() as here:
        port = serve(here, "local d, t = s:read() s:write(d, t) s:read() trace 'over'")
        ear = Ear()
        watch(here.runtime, ear)
        well(
            here,
            f"""
            local s = dial("ws://127.0.0.1:{port}/ws/")
            s:write("grüße", true)
            assert(s:read(5000) == "grüße")
            s:ping "p"
            s:close()
            """,
        )
        here.recorder.wait_for_trace("over")
        said = [item for item in ear.above if item[2]]
        heard = [item[:2] for item in ear.above if not item[2]]
        text, ping, pong = (Layer.TEXT, "grüße".encode()), (Layer.PING, b"p"), (Layer.PONG, b"p")
        close = (Layer.CLOSE, (1000).to_bytes(2, "big"))
        assert [item[:2] for item in said] == [text, text, ping, close, pong, close]
        assert heard == [text, text, ping, close]
        assert all(any(b"GET /ws/" in way for way in ways) for ways in ear.conversation)


def test_the_page_servers_clients_are_heard() -> None:
    """Those that were there before as well."""
    with site() as here, client(here.port) as browser:
        here.page("print 'hello'")
        browser.send(request("/page/"))
        assert browser.response().status == 200
        ear = Ear()
        watch(here.runtime, ear)
        browser.send(request("/page/"))
        assert browser.response().status == 200
        here.run("")  # its thread may still be on its way back from the system
        ((came, went),) = ear.conversation
        assert came == request("/page/")
        assert went.startswith(b"HTTP/1.1 200 OK\r\n")


def test_datagrams_are_heard_with_their_addresses(here: Session) -> None:
    """Sent to a peer, or to an address."""
    ear = Ear()
    watch(here.runtime, ear)
    well(
        here,
        """
        local a, port = udp()
        local b = ba.socket.udpcon("127.0.0.1", port)
        _, theirs = b:sockname()
        b:write "question"
        assert(a:read(5000) == "question")
        assert(a:sendto("answer", "127.0.0.1", theirs))
        assert(b:read(5000) == "answer")
        """,
    )
    assert ear.conversation == [(b"question", b"answer"), (b"answer", b"question")]
    theirs = int(here.value("theirs"))
    assert ear.addresses.count(("127.0.0.1", theirs)) == 2


def test_what_is_received_into_a_buffer_is_heard() -> None:
    """As TLS does once a large transfer is under way."""
    ours, theirs = socket.socketpair()
    ear = Ear()
    with theirs:
        channel = StreamChannel(1, ours, (ear,))
        theirs.sendall(b"hello")
        buffer = memoryview(bytearray(10))
        assert channel.receive_into(buffer) == 5
        assert bytes(buffer) == b"hello" + bytes(5)
        channel.close()
    assert ear.conversation == [(b"hello", b"")]


def test_a_receiver_that_was_put_in_stays_when_somebody_begins_to_listen() -> None:
    """It is a WebSocket's, and receives from the channel by itself."""
    ours, theirs = socket.socketpair()
    reactor = Reactor()
    with theirs:
        stream = Stream(StreamChannel(1, ours), 0, reactor)

        def receive(size: int) -> bytes:
            return stream.channel.receive(size).upper()

        stream.receive_by(receive)
        ear = Ear()
        stream.watch((ear,))
        stream.arm()
        theirs.sendall(b"hello")
        assert reactor.poll(0) == (1, b"HELLO")
        stream.close()
    reactor.close()
    assert ear.conversation == [(b"hello", b"")]
