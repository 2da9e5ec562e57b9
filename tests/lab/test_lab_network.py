"""The lab as a whole: what it opens, how it is bounded, and that nothing is left of it."""

from __future__ import annotations

import asyncio
import errno
import gc
import os
import queue
import socket
import subprocess
import sys
import threading
from typing import cast

import pytest

from ba_runtime._resolver import Answer, Resolver
from ba_runtime.lab import Clock, Lab, LabError
from ba_runtime.lab._echo import EchoConversation
from ba_runtime.lab._service import Host, Turn
from ba_runtime.lab._stream import StreamService

HOSTS = {
    ("pool.ntp.org", 123, "udp"),
    ("time.nist.gov", 123, "udp"),
    ("time.nist.gov", 37, "tcp"),
    ("time.nist.gov", 37, "udp"),
    ("simplemq.com", 80, "tcp"),
    ("www.google.com", 80, "tcp"),
    ("example.com", 80, "tcp"),
    ("realtimelogic.com", 80, "tcp"),
    ("simplemq.com", 443, "tcp"),
    ("www.google.com", 443, "tcp"),
    ("example.com", 443, "tcp"),
    ("realtimelogic.com", 443, "tcp"),
    ("expired.lab.test", 443, "tcp"),
    ("self-signed.lab.test", 443, "tcp"),
    ("wrong-name.lab.test", 443, "tcp"),
    ("ws.postman-echo.com", 80, "tcp"),
    ("ws.postman-echo.com", 443, "tcp"),
    ("echo.lab.test", 7, "tcp"),
    ("echo.lab.test", 7, "udp"),
    ("silent.lab.test", 9, "tcp"),
    ("silent.lab.test", 9, "udp"),
}
BROADCAST = ("255.255.255.255", 0, "udp")
PATIENCE_S = 20


def lab_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "ba-lab"]


def open_files() -> set[str]:
    gc.collect()  # what other tests left must not go away in the middle of this one
    # The listing has a descriptor of its own, which is closed by the time it is looked at.
    return {number for number in os.listdir("/proc/self/fd") if os.path.lexists(f"/proc/self/fd/{number}")}


def test_a_lab_is_off_until_it_is_started() -> None:
    """No thread, no routes, nothing to report; stopping it is no mistake."""
    lab = Lab()
    lab.stop()
    assert lab_threads() == []
    assert dict(lab.routes) == {}
    assert lab.status() == ()


def test_a_lab_answers_for_the_documentations_hosts(lab: Lab) -> None:
    """Each has a route to a port of its own on loopback, and one thread serves them all."""
    assert set(lab.routes) == HOSTS | {BROADCAST}
    assert {ip for ip, _ in lab.routes.values()} == {"127.0.0.1"}
    assert len({(kind, port) for (_, _, kind), (_, port) in lab.routes.items()}) == len(HOSTS) + 1
    assert len(lab_threads()) == 1


def test_the_status_describes_every_host(lab: Lab) -> None:
    """What it is called, where it really is, what it is, and that nobody has asked yet."""
    status = lab.status()
    assert {(host.host, host.port, host.kind) for host in status} == HOSTS
    assert all(host.address == lab.routes[host.host, host.port, host.kind] for host in status)
    assert all(host.what for host in status)
    assert {host.served for host in status} == {0}


def test_the_resolver_finds_the_lab(lab: Lab) -> None:
    """Routes and resolver fit together: a name of the documentation leads to an answer."""
    answers: queue.Queue[Answer] = queue.Queue()
    resolver = Resolver()
    resolver.set_routes(lab.routes)
    resolver.lookup("Echo.Lab.Test", 7, "tcp", False, answers.put)
    ((family, address),) = answers.get_nowait().addresses
    with socket.socket(family) as client:
        client.settimeout(PATIENCE_S)
        client.connect(address)
        client.sendall(b"hello")
        assert client.recv(5, socket.MSG_WAITALL) == b"hello"
    resolver.close()


def test_starting_twice_changes_nothing(lab: Lab) -> None:
    """The second start finds everything open."""
    routes = dict(lab.routes)
    lab.start()
    assert dict(lab.routes) == routes
    assert len(lab_threads()) == 1


def test_a_stopped_lab_can_be_started_again(lab: Lab) -> None:
    """With new ports, and its counts at zero."""
    lab.stop()
    lab.start()
    assert set(lab.routes) == HOSTS | {BROADCAST}
    assert {host.served for host in lab.status()} == {0}


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_nothing_is_left_after_stop() -> None:
    """No thread and no file descriptor, although clients were connected; a second stop is no mistake."""
    before = open_files()
    lab = Lab(Clock.fixed("2026-01-01T12:00:00Z"))
    lab.start()
    names = ["example.com", "echo.lab.test", "time.nist.gov", "silent.lab.test"]
    clients = [socket.socket() for _ in names for _ in range(3)]
    endpoints = [end for (name, _, kind), end in lab.routes.items() if name in names and kind == "tcp"]
    for number, client in enumerate(clients):
        client.setblocking(False)
        client.connect_ex(endpoints[number % len(endpoints)])
    lab.stop()
    for client in clients:
        client.close()
    lab.stop()
    assert lab_threads() == []
    assert dict(lab.routes) == {}
    assert lab.status() == ()
    assert open_files() == before


def test_an_open_connection_ends_when_the_lab_stops(lab: Lab) -> None:
    """The client reads the end instead of waiting for ever."""
    with socket.create_connection(lab.routes["echo.lab.test", 7, "tcp"], timeout=PATIENCE_S) as client:
        client.sendall(b"x")
        assert client.recv(1) == b"x"
        lab.stop()
        assert client.recv(1) == b""


def test_a_stopped_lab_refuses(lab: Lab) -> None:
    """Its ports are free again."""
    endpoints = [end for (_, _, kind), end in lab.routes.items() if kind == "tcp"]
    lab.stop()
    for endpoint in endpoints:
        with socket.socket() as client:
            client.settimeout(PATIENCE_S)
            with pytest.raises(ConnectionRefusedError):
                client.connect(endpoint)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("spare", [3, 6, 15])
def test_a_lab_that_cannot_open_its_sockets_is_an_error_and_leaves_nothing(spare: int) -> None:
    """File descriptors run out at different moments of the start; each time everything is closed again."""
    import resource  # there is none on Windows

    lab = Lab()
    before = open_files()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    # The lowest free numbers are what the system gives next.
    free = [number for number in range(len(before) + 50) if str(number) not in before]
    resource.setrlimit(resource.RLIMIT_NOFILE, (free[spare], hard))
    try:
        with pytest.raises(LabError, match=r"could not start: the process is out of file descriptors$"):
            lab.start()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert lab_threads() == []
    assert lab.status() == ()
    assert open_files() == before
    lab.start()
    lab.stop()


def test_labs_do_not_know_of_each_other(lab: Lab) -> None:
    """Two can run side by side, each on ports of its own."""
    other = Lab()
    other.start()
    assert other.routes != lab.routes
    other.stop()
    with socket.create_connection(lab.routes["echo.lab.test", 7, "tcp"], timeout=PATIENCE_S) as client:
        client.sendall(b"x")
        assert client.recv(1) == b"x"


def test_python_exits_while_the_lab_runs() -> None:
    """A program that forgets to stop it ends all the same, and says nothing."""
    program = "from ba_runtime.lab import Lab; lab = Lab(); lab.start()"
    done = subprocess.run([sys.executable, "-c", program], timeout=60, capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


ECHO = Host("echo.test", 7, "tcp", "echo")


async def end_of(address: tuple[str, int]) -> bytes:
    """Connects, says nothing, and reads until the end."""
    reader, writer = await asyncio.open_connection(*address)
    try:
        return await asyncio.wait_for(reader.read(), PATIENCE_S)
    finally:
        writer.close()
        await writer.wait_closed()


async def echoed(stream: tuple[asyncio.StreamReader, asyncio.StreamWriter]) -> bytes:
    reader, writer = stream
    writer.write(b"x")
    return await reader.readexactly(1)


async def connections_of(service: StreamService) -> None:
    """Waits until the connections that are in the queue by now have ended on the server's side."""
    assert service._door.listener is not None
    service._door.accept(service._door.listener)
    await asyncio.wait(service._connections)


def test_a_silent_peer_is_dropped() -> None:
    """Nobody holds a connection for ever by saying nothing."""

    async def scenario() -> bytes:
        service = StreamService(ECHO, EchoConversation, idle_s=0.01)
        address = await service.open()
        try:
            return await end_of(address)
        finally:
            await service.close()

    assert asyncio.run(scenario()) == b""


def test_a_peer_that_takes_nothing_is_dropped() -> None:
    """Nor by never reading the answer."""

    class Talkative:
        def opened(self) -> Turn:
            return Turn(bytes(50_000_000), served=1)

        def received(self, data: bytes) -> Turn:
            return Turn(is_last=True)

    async def scenario() -> int:
        service = StreamService(ECHO, Talkative, idle_s=0.01)
        address = await service.open()
        loop = asyncio.get_running_loop()
        with socket.socket() as client:
            client.setblocking(False)
            await loop.sock_connect(client, address)
            await connections_of(service)
            received = 0
            while chunk := await loop.sock_recv(client, 1_000_000):
                received += len(chunk)
        await service.close()
        return received

    assert asyncio.run(scenario()) < 50_000_000


def test_connections_beyond_the_bound_are_closed_at_once() -> None:
    """Those before it go on, and there is room again when one of them ends."""

    async def scenario() -> None:
        service = StreamService(ECHO, EchoConversation, max_connections=2)
        address = await service.open()
        first, second = [await asyncio.open_connection(*address) for _ in range(2)]
        assert await end_of(address) == b""
        assert await echoed(first) == await echoed(second) == b"x"
        task_of_first = next(iter(service._connections))
        first[1].write_eof()
        assert await first[0].read() == b""
        await asyncio.wait({task_of_first})
        third = await asyncio.open_connection(*address)
        assert await echoed(second) == await echoed(third) == b"x"
        for _, writer in (first, second, third):
            writer.close()
            await writer.wait_closed()
        await service.close()

    asyncio.run(asyncio.wait_for(scenario(), PATIENCE_S))


def test_a_service_closes_what_was_only_just_accepted() -> None:
    """A connection whose task has not run yet is closed like the others, with no warning from Python."""

    async def scenario() -> bytes:
        service = StreamService(ECHO, EchoConversation)
        address = await service.open()
        loop = asyncio.get_running_loop()
        with socket.socket() as client:
            client.setblocking(False)
            await loop.sock_connect(client, address)
            assert service._door.listener is not None
            service._door.accept(service._door.listener)
            await service.close()
            return await asyncio.wait_for(loop.sock_recv(client, 1), PATIENCE_S)

    assert asyncio.run(scenario()) == b""


class Exhausted:
    """A listener that the system has no descriptor for, once."""

    def __init__(self, listener: socket.socket) -> None:
        self.asked = 0
        self._listener = listener

    def accept(self) -> tuple[socket.socket, object]:
        self.asked += 1
        if self.asked == 1:
            raise OSError(errno.EMFILE, "Too many open files")
        return self._listener.accept()

    def fileno(self) -> int:
        return self._listener.fileno()


async def exhausted(service: StreamService) -> Exhausted:
    """Lets the service meet one, in place of its own listener."""
    assert service._door.listener is not None
    listener = Exhausted(service._door.listener)
    service._door.accept(cast(socket.socket, listener))
    return listener


def test_a_listener_without_a_descriptor_pauses_and_asks_again() -> None:
    """Not at once, which would spin; the client waits in the queue until then."""

    async def scenario() -> int:
        service = StreamService(ECHO, EchoConversation)
        address = await service.open()
        listener = await exhausted(service)
        stream = await asyncio.open_connection(*address)
        assert listener.asked == 1
        assert await echoed(stream) == b"x"
        stream[1].close()
        await stream[1].wait_closed()
        await service.close()
        return listener.asked

    assert asyncio.run(asyncio.wait_for(scenario(), PATIENCE_S)) == 2


def test_a_service_that_is_closed_in_a_pause_asks_no_more() -> None:
    """Its number may be somebody else's by then."""

    async def scenario() -> bool:
        service = StreamService(ECHO, EchoConversation)
        await service.open()
        await exhausted(service)
        await service.close()
        assert service._door.pause is not None
        return service._door.pause.cancelled()

    assert asyncio.run(scenario())


def test_a_broadcast_stays_on_this_computer() -> None:
    """With the lab on, 255.255.255.255 is the loopback address, whatever the port."""
    answers: list[Answer] = []
    resolver = Resolver()
    lab = Lab()
    lab.start()
    try:
        resolver.set_routes(lab.routes)
        resolver.lookup("255.255.255.255", 45738, "udp", False, answers.append)
        resolver.set_routes(None)
        resolver.lookup("255.255.255.255", 45738, "udp", False, answers.append)
    finally:
        lab.stop()
        resolver.close()
    assert [answer.addresses[0][1] for answer in answers] == [
        ("127.0.0.1", 45738),
        ("255.255.255.255", 45738),
    ]
