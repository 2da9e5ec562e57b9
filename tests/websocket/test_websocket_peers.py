"""Programs as WebSocket servers and clients, with `websockets` at the other end."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection
from websockets.asyncio.server import serve as listen
from websockets.exceptions import ConnectionClosed

from tests.lua._programs import Session
from tests.lua._tls import certificates

from ._lua import lua, serve
from ._peers import MESSAGES, converse, within

LIMIT_S = 100


def _server_context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    folder = certificates()
    context.load_cert_chain(folder / "server.pem", folder / "server.key")
    return context


class Peer:
    """A server of `websockets`, for a program as its client."""

    def __init__(self, port: int, scheme: str) -> None:
        """Is reached at `url`."""
        self.url = f"{scheme}://127.0.0.1:{port}/"
        self.arrived: asyncio.Queue[ServerConnection] = asyncio.Queue()
        self.over = asyncio.Event()


@asynccontextmanager
async def peer(context: ssl.SSLContext | None = None) -> AsyncIterator[Peer]:
    """Listens; every client that arrives stays open until the end."""
    found: list[Peer] = []

    async def handle(connection: ServerConnection) -> None:
        found[0].arrived.put_nowait(connection)
        await found[0].over.wait()

    async with listen(handle, "127.0.0.1", 0, ssl=context, max_size=None) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        found.append(Peer(port, "wss" if context else "ws"))
        try:
            yield found[0]
        finally:
            found[0].over.set()


async def dialled(fresh: Session, server: Peer, body: str) -> ServerConnection:
    """Runs `body` as the cosocket of a program's WebSocket to the server; returns the server's end of it."""
    cell = fresh.start(f'dial("{server.url}"):event(function(s) {body} end, "s")')
    connection = await server.arrived.get()
    result = await asyncio.to_thread(cell)
    assert result.error is None, result.error
    return connection


# ------------------------------------------------------------ conversations


@pytest.mark.parametrize("mode", ["s", "r"])
def test_a_server_loses_and_reorders_nothing(mode: str) -> None:
    """10,000 messages each way, 0 to 1 MB, fragments and pings among them; queued and blocking writes."""
    with lua() as fresh:
        port = serve(fresh, "converse(s)", mode)

        async def talk() -> None:
            async with connect(f"ws://127.0.0.1:{port}/ws/", max_size=None) as client:
                await converse(client)

        within(LIMIT_S, talk)
        fresh.recorder.wait_for_trace("end\tsocketclosed\t1000")
        assert fresh.recorder.faults == []


@pytest.mark.parametrize("scheme", ["ws", "wss"])
def test_a_client_loses_and_reorders_nothing(scheme: str) -> None:
    """The same the other way round, and with TLS."""
    with lua() as fresh:

        async def talk() -> None:
            async with peer(_server_context() if scheme == "wss" else None) as server:
                connection = await dialled(fresh, server, "converse(s)")
                await converse(connection, seed=2)
                await connection.close()

        within(LIMIT_S, talk)
        fresh.recorder.wait_for_trace("end\tsocketclosed\t1000")
        assert fresh.recorder.faults == []


def test_many_clients_at_once_get_their_own_answers() -> None:
    """50 connections, each with its own messages."""
    with lua() as fresh:
        port = serve(fresh, "converse(s)")

        async def one(seed: int) -> None:
            async with connect(f"ws://127.0.0.1:{port}/ws/", max_size=None) as client:
                await converse(client, 150, seed)

        async def talk() -> None:
            await asyncio.gather(*(one(seed) for seed in range(50)))

        within(LIMIT_S, talk)
        fresh.recorder.wait_for_trace("end\tsocketclosed\t1000", 50)
        assert fresh.recorder.faults == []


def test_a_blocking_client_makes_ten_thousand_round_trips() -> None:
    """A cell writes and reads; the server is one of `websockets`, and echoes."""
    program = """
      local c = dial("%s")
      for i = 1, %d do
        local text = i %% 2 == 0
        assert(c:write("message " .. i, text) == true)
        local data, kind = c:read(5000)
        assert(data == "message " .. i and kind == text, data)
      end
      assert(c:close())
    """

    async def echo(connection: ServerConnection) -> None:
        async for message in connection:
            await connection.send(message)

    with lua() as fresh:

        async def talk() -> None:
            async with listen(echo, "127.0.0.1", 0) as server:
                port = next(iter(server.sockets)).getsockname()[1]
                url = f"ws://127.0.0.1:{port}/"
                result = await asyncio.to_thread(fresh.run, program % (url, MESSAGES))
                assert result.error is None, result.error

        within(LIMIT_S, talk)


# ------------------------------------------------------------ the end


@pytest.mark.parametrize("code", [1000, 1001, 1008, 3000, 4999])
def test_a_peers_close_code_is_read(code: int) -> None:
    """The answer says 1000, and the connection ends in order."""
    with lua() as fresh:
        port = serve(fresh, "converse(s)")

        async def talk() -> None:
            client = await connect(f"ws://127.0.0.1:{port}/ws/")
            await client.send("one")
            assert await client.recv() == "one"
            await client.close(code, "reason")
            assert client.protocol.close_code == 1000
            assert client.protocol.close_rcvd is not None

        within(LIMIT_S, talk)
        fresh.recorder.wait_for_trace(f"end\tsocketclosed\t{code}")


def test_close_says_1000_and_the_end_of_a_cosocket_says_nothing() -> None:
    """As documented: only `close` sends a close frame."""
    with lua() as fresh:

        async def seen(body: str) -> tuple[int | None, bool]:
            port = await asyncio.to_thread(serve, fresh, body)
            async with connect(f"ws://127.0.0.1:{port}/ws/") as client:
                with pytest.raises(ConnectionClosed) as caught:
                    await client.recv()
            return client.protocol.close_code, caught.value.rcvd is not None

        async def talk() -> None:
            assert await seen("s:read(20) s:close()") == (1000, True)
            assert await seen("s:read(20)") == (1006, False)
            assert await seen('s:read(20) error("ends it too")') == (1006, False)

        within(LIMIT_S, talk)


def test_abrupt_ends_hurt_nobody_else() -> None:
    """Half of 40 clients vanish in the middle of a message; the others lose nothing."""
    with lua() as fresh:
        port = serve(fresh, "converse(s)")

        async def vanish(seed: int) -> None:
            client = await connect(f"ws://127.0.0.1:{port}/ws/", max_size=None)
            await converse(client, 60, seed)
            client.transport.write(b"\x82\xff" + (1 << 20).to_bytes(8, "big") + b"KEY!" + bytes(1000 * seed))
            client.transport.abort()

        async def stay(seed: int) -> None:
            async with connect(f"ws://127.0.0.1:{port}/ws/", max_size=None) as client:
                await converse(client, 120, seed)

        async def talk() -> None:
            await asyncio.gather(*(vanish(n) if n % 2 else stay(n) for n in range(40)))

        within(LIMIT_S, talk)
        fresh.recorder.wait_for_trace("end\tsocketreadfailed\tnil", 20)
        fresh.recorder.wait_for_trace("end\tsocketclosed\t1000", 20)
        assert fresh.recorder.faults == []


def test_a_client_hears_that_its_server_vanished() -> None:
    """In the middle of a frame: what came of it has been read."""
    with lua() as fresh:

        async def talk() -> None:
            async with peer() as server:
                body = "trace('piece', s:read()) trace('end', s:read())"
                connection = await dialled(fresh, server, body)
                connection.transport.write(b"\x81\x0ahalf")
                await asyncio.to_thread(fresh.recorder.wait_for_trace, "piece\thalf\ttrue\t4\t10")
                connection.transport.abort()

        within(LIMIT_S, talk)
        fresh.recorder.wait_for_trace("end\tnil\tsocketreadfailed")


# ------------------------------------------------------------ pings


def test_pings_are_answered_whether_or_not_somebody_reads() -> None:
    """By a program's client that only a cell knows, and that has never been read."""
    with lua() as fresh:

        async def talk() -> None:
            async with peer() as server:
                cell = fresh.start(f'idle = dial("{server.url}")')
                connection = await server.arrived.get()
                await asyncio.to_thread(cell)
                for payload in (b"", b"one", bytes(125)):
                    await (await connection.ping(payload))
                await connection.send("still there")
                await asyncio.to_thread(fresh.run, "trace(idle:read(5000)) idle:close()")
                assert fresh.recorder.traced == ["still there\ttrue"]

        within(LIMIT_S, talk)


def test_a_program_pings_with_what_it_likes() -> None:
    """`websockets` answers up to 125 bytes, and nobody reads of it."""
    with lua() as fresh:
        port = serve(
            fresh,
            """
            assert(s:ping() == true and s:ping("") == true and s:ping(("x"):rep(125)) == true)
            trace(pcall(s.ping, s, ("x"):rep(65536)))
            s:write("now", true)
            converse(s)
            """,
        )

        async def talk() -> None:
            async with connect(f"ws://127.0.0.1:{port}/ws/") as client:
                assert await client.recv() == "now"
                await converse(client, 60)

        within(LIMIT_S, talk)
        fresh.recorder.wait_for_trace("false\tMax len 0xFFFF")
