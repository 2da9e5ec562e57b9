"""The lab's conditions as a whole: where they are in force, who is told, and that nothing is left of them."""

from __future__ import annotations

import asyncio
import gc
import os
import socket
import sys
import threading
import time

import pytest
from tests.lab._site import until

from ba_runtime.lab import Conditions, Incident, Lab, LabError
from ba_runtime.lab._datagram import Mailbox
from ba_runtime.lab._door import Door, Manner
from ba_runtime.lab._echo import EchoConversation
from ba_runtime.lab._link import Link
from ba_runtime.lab._service import Host
from ba_runtime.lab._stream import StreamService

ECHO = "echo.lab.test"
PATIENCE_S = 20


def test_conditions_are_those_of_a_host_by_any_port(lab: Lab) -> None:
    """They are shown with each of its ports, and a name is the same in capitals and with a dot."""
    lab.set_conditions("WWW.Google.com.", Conditions(delay_s=0.1))
    assert lab.conditions("www.google.com") == Conditions(delay_s=0.1)
    shown = {(one.host, one.port): one.conditions for one in lab.status()}
    assert shown["www.google.com", 80] == shown["www.google.com", 443] == Conditions(delay_s=0.1)
    assert list(shown.values()).count(Conditions()) == len(shown) - 3
    assert shown["silent.lab.test", 9] is None
    lab.set_conditions("www.google.com", Conditions(loss=0.1))
    assert lab.conditions("www.google.com") == Conditions(loss=0.1)


def test_conditions_are_cleared_at_one_host_or_at_all(lab: Lab) -> None:
    """Clearing what has none is no mistake."""
    for host in (ECHO, "example.com", "pool.ntp.org"):
        lab.set_conditions(host, Conditions(loss=0.1))
    lab.clear(ECHO)
    lab.clear(ECHO)
    assert {one.host for one in lab.status() if one.conditions not in (None, Conditions())} == {
        "example.com",
        "pool.ntp.org",
    }
    lab.clear()
    assert {one.conditions for one in lab.status()} == {None, Conditions()}


def test_a_lab_that_is_started_again_has_no_conditions(lab: Lab) -> None:
    """Nor hosts of the user's."""
    lab.set_conditions(ECHO, Conditions(is_refusing=True))
    lab.add_host("device.lab.test", 8080)
    lab.stop()
    lab.start()
    assert {one.conditions for one in lab.status()} == {None, Conditions()}
    assert "device.lab.test" not in {one.host for one in lab.status()}


@pytest.mark.parametrize(
    ("host", "conditions", "message"),
    [
        ("ecko.lab.test", Conditions(), "the lab has no host 'ecko.lab.test'; did you mean echo.lab.test?"),
        ("nowhere", Conditions(), "the lab has no host 'nowhere'"),
        ("255.255.255.255", Conditions(), "the lab has no host '255.255.255.255'"),
        (
            "silent.lab.test",
            Conditions(),
            "silent.lab.test never answers, so conditions would have no effect there",
        ),
        (
            "example.com",
            Conditions(duplicate=0.1),
            "example.com only uses TCP, which hides duplicates and reordering from programs; "
            "set them for a host that takes datagrams, such as echo.lab.test",
        ),
        ("example.com", Conditions(reorder=0.1), "example.com only uses TCP"),
    ],
)
def test_conditions_that_cannot_be_are_refused(
    lab: Lab, host: str, conditions: Conditions, message: str
) -> None:
    """With a sentence that says why; nothing has changed."""
    with pytest.raises(ValueError, match=message):
        lab.set_conditions(host, conditions)
    assert {one.conditions for one in lab.status()} == {None, Conditions()}


def test_a_failing_listener_to_incidents_is_logged(lab: Lab, caplog: pytest.LogCaptureFixture) -> None:
    """The lab goes on, and tells the next one."""
    told: list[Incident] = []

    def fail(incident: Incident) -> None:
        told.append(incident)
        raise RuntimeError("a bug")

    lab.on_incident = fail
    lab.set_conditions(ECHO, Conditions(loss=0.5))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(PATIENCE_S)
        client.connect(lab.routes[ECHO, 7, "udp"])
        before = time.monotonic()
        for _ in range(40):
            client.send(b"hello")
        client.recv(100)
        until(lambda: len(told) > 5)
        address = client.getsockname()
    assert "the listener to incidents failed" in caplog.text
    assert {(one.host, one.port, one.kind, one.what, one.size, one.peer) for one in told} == {
        (ECHO, 7, "udp", "lost", 5, address)
    }
    assert all(before <= one.at_s <= time.monotonic() for one in told)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize(
    "conditions",
    [
        Conditions(delay_s=60),
        Conditions(is_cut=True),
        Conditions(is_refusing=True),
        Conditions(loss=1),
        Conditions(delay_s=60, reorder=1),
    ],
    ids=str,
)
def test_nothing_is_left_of_a_lab_that_stops_under_conditions(conditions: Conditions) -> None:
    """Neither a thread nor a descriptor, whatever was on its way; and those who connect are let go."""
    before = open_files()
    lab = Lab()
    lab.start()
    with server() as listener:
        port = listener.getsockname()[1]
        lab.add_host(ECHO, port)
        clients = [socket.create_connection(lab.routes[ECHO, each, "tcp"], PATIENCE_S) for each in (7, port)]
        accepted, _ = listener.accept()
        lab.set_conditions(ECHO, conditions)
        for client in clients:
            client.sendall(bytes(100_000))
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        udp.sendto(b"hello", lab.routes[ECHO, 7, "udp"])
        held = threading.Event()
        is_held = lab.hold(ECHO, held.set)
        lab.stop()
        assert is_held == held.is_set() == bool(conditions.delay_s or conditions.loss)
        for sock in (*clients, accepted, udp):
            sock.close()
    assert not [thread for thread in threading.enumerate() if thread.name == "ba-lab"]
    assert open_files() == before


def server() -> socket.socket:
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(PATIENCE_S)
    return listener


def open_files() -> set[str]:
    gc.collect()  # what other tests left must not go away in the middle of this one
    return {number for number in os.listdir("/proc/self/fd") if os.path.lexists(f"/proc/self/fd/{number}")}


def test_an_open_connection_is_reset_and_not_just_closed(lab: Lab) -> None:
    """The system tells the program the difference, even if Lua does not."""
    with socket.create_connection(lab.routes[ECHO, 7, "tcp"], PATIENCE_S) as client:
        client.sendall(b"x")
        assert client.recv(1) == b"x"
        lab.set_conditions(ECHO, Conditions(reset_after=0))
        with pytest.raises(ConnectionResetError):
            client.recv(1)


def test_a_connection_that_has_ended_leaves_nothing_with_its_link() -> None:
    """And while it lasts, the system adds no delay of its own to small pieces."""

    async def scene() -> None:
        link = Link("echo.test")
        service = StreamService(Host("echo.test", 7, "tcp", "echo"), EchoConversation, link=link)
        address = await service.open()
        before = dict(link._watchers)
        reader, writer = await asyncio.open_connection(*address)
        writer.write(b"x")
        assert await reader.readexactly(1) == b"x"
        ((task, (connection, _)),) = service._connections.items()
        assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        assert link._watchers != before
        writer.write_eof()
        assert await reader.read() == b""
        await asyncio.wait({task})
        await asyncio.sleep(0)
        assert link._watchers == before
        writer.close()
        await writer.wait_closed()
        await service.close()

    asyncio.run(asyncio.wait_for(scene(), PATIENCE_S))


def test_a_peer_is_not_dropped_while_the_lab_holds_things_up() -> None:
    """Idle is who does nothing, not who waits for what is on its way."""

    async def scene() -> bytes:
        link = Link("echo.test")
        service = StreamService(Host("echo.test", 7, "tcp", "echo"), EchoConversation, link=link, idle_s=0.02)
        address = await service.open()
        link.set(Conditions(is_cut=True))
        link.set(Conditions())
        reader, writer = await asyncio.open_connection(*address)
        link.set(Conditions(delay_s=0.1))
        writer.write(b"hello")
        answer = await reader.readexactly(5)
        link.set(Conditions(is_cut=True))
        await asyncio.sleep(0.1)
        assert service._connections
        link.set(Conditions())
        writer.write(b" again")
        answer += await reader.readexactly(6)
        assert await reader.read() == b""  # now it is idle
        writer.close()
        await writer.wait_closed()
        await service.close()
        return answer

    assert asyncio.run(asyncio.wait_for(scene(), PATIENCE_S)) == b"hello again"


def test_back_pressure_reaches_the_sender() -> None:
    """Who sends into a line that does not move is stopped, by the lab's bound and the system's buffers."""

    async def scene() -> None:
        link = Link("echo.test")
        service = StreamService(Host("echo.test", 7, "tcp", "echo"), EchoConversation, link=link)
        address = await service.open()
        loop = asyncio.get_running_loop()
        with socket.socket() as client:
            client.setblocking(False)
            await loop.sock_connect(client, address)
            link.set(Conditions(loss=1))
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(loop.sock_sendall(client, bytes(50_000_000)), 0.3)
            ((_, passage),) = service._connections.values()
            assert passage._to_host._size < 300_000
        await service.close()

    asyncio.run(asyncio.wait_for(scene(), PATIENCE_S))


def test_a_port_that_somebody_else_took_stays_refused() -> None:
    """While it refuses, the lab keeps its port; if it lost it in between, that is an error, not a silence."""

    async def scene() -> None:
        door = Door(lambda connection, _: connection.close(), 5)
        address = door.open()
        door.behave(Manner.REFUSING)
        assert door.listener is not None
        door.listener.close()
        door.listener = None
        with socket.create_server(address), pytest.raises(OSError, match="Address already in use"):
            door.behave(Manner.OPEN)
        door.behave(Manner.OPEN)
        with socket.create_connection(address, PATIENCE_S):
            pass
        door.close()

    asyncio.run(scene())


def test_a_port_that_cannot_be_opened_again_is_an_error_of_the_lab(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message says so, and the other ports of the host are open again."""
    lab.set_conditions(ECHO, Conditions(is_refusing=True))

    def taken(door: Door) -> None:
        raise OSError(98, "Address already in use")

    with monkeypatch.context() as patch:
        patch.setattr(Door, "_reopen", taken)
        with pytest.raises(
            LabError, match=r"could not be opened again; turn the lab off and on: .*already in use"
        ):
            lab.clear()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(PATIENCE_S)
        client.connect(lab.routes[ECHO, 7, "udp"])
        client.send(b"hello")
        assert client.recv(100) == b"hello"
    lab.clear()
    with socket.create_connection(lab.routes[ECHO, 7, "tcp"], PATIENCE_S) as stream:
        stream.sendall(b"hello")
        assert stream.recv(5) == b"hello"


def test_a_door_changes_from_any_manner_to_any_other() -> None:
    """And whoever had been let in stays."""

    async def scene() -> None:
        loop = asyncio.get_running_loop()
        accepted: list[socket.socket] = []
        door = Door(lambda connection, _: accepted.append(connection), 5)
        address = door.open()
        for before in Manner:
            for after in Manner:
                door.behave(before)
                door.behave(after)
                with socket.socket() as client:
                    client.setblocking(False)
                    connecting = loop.create_task(_connect(client, address))
                    if after is Manner.SILENT:
                        await asyncio.sleep(0.05)  # loopback takes microseconds
                        assert not connecting.done() or sys.platform != "linux"
                        connecting.cancel()
                        await asyncio.gather(connecting, return_exceptions=True)
                    else:
                        assert await connecting == (after is Manner.OPEN)
                door.behave(Manner.OPEN)
        await asyncio.sleep(0)
        if sys.platform == "linux":
            assert len(accepted) == 3  # one for each change to an open door, and none of the door's own
        for connection in accepted:
            connection.close()
        door.close()

    asyncio.run(asyncio.wait_for(scene(), PATIENCE_S))


async def _connect(client: socket.socket, address: tuple[str, int]) -> bool:
    try:
        await asyncio.get_running_loop().sock_connect(client, address)
    except ConnectionRefusedError:
        return False
    return True


def test_a_mailbox_that_cannot_open_closes_well() -> None:
    """As every service does."""

    async def scene() -> None:
        mailbox = Mailbox(Link("echo.test"), Host("echo.test", 7, "udp", "echo"), lambda datagram: None)
        mailbox.close()

    asyncio.run(scene())
