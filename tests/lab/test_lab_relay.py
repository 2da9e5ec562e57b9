"""The way on from the lab to a server of the user's, on real sockets."""

from __future__ import annotations

import contextlib
import os
import socket
import struct
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from tests.lab._site import site, until

from ba_runtime.lab import Conditions, Lab, LabError

DEVICE = "device.lab.test"
PATIENCE_S = 20
RESET = struct.pack("ii", 1, 0)


@contextmanager
def server() -> Iterator[socket.socket]:
    """A listener of the user's."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(PATIENCE_S)
        yield listener


@contextmanager
def connected(lab: Lab, listener: socket.socket) -> Iterator[tuple[socket.socket, socket.socket]]:
    """A client and what the server accepted of it, through the lab."""
    port = listener.getsockname()[1]
    lab.add_host(DEVICE, port)
    with socket.create_connection(lab.routes[DEVICE, port, "tcp"], timeout=PATIENCE_S) as client:
        accepted, _ = listener.accept()
        with accepted:
            accepted.settimeout(PATIENCE_S)
            yield client, accepted


def received(sock: socket.socket) -> bytes:
    """Everything up to the end."""
    with sock.makefile("rb") as stream:
        return stream.read()


def test_a_program_reaches_its_own_server_through_the_lab() -> None:
    """By a name and the port that it listens at, over TCP and UDP, and the lab counts it."""
    with site() as here:
        port = int(
            here.values("""
          local listener = ba.socket.bind(0)
          local _, port = listener:sockname()
          listener:event(function(l)
            local s = l:accept()
            s:write("you said " .. s:read())
          end)
          udp = ba.socket.udpcon{port = port}
          udp:event(function(s)
            local data, ip, from = s:read(20000, true)
            s:sendto("you sent " .. data, ip, from)
          end)
          return port
        """)[0]
        )
        here.lab.add_host("Device.Lab.Test.", port)
        here.session.runtime.use_lab(here.lab)
        here.under(Conditions(delay_s=0.05), DEVICE)
        took, *answers = here.values(f"""
          local began = ba.clock()
          local s = ba.socket.connect("{DEVICE}", {port})
          s:write "hello"
          local answer = s:read(20000)
          local u = ba.socket.udpcon("{DEVICE}", {port})
          u:write "a word"
          local again = u:read(20000)
          return ba.clock() - began, answer, again
        """)
        assert answers == ['"you said hello"', '"you sent a word"']
        assert float(took) >= 299
        assert [(one.host, one.what, one.served) for one in here.lab.status() if one.port == port] == [
            (DEVICE, f"your own server at 127.0.0.1:{port}", 1)
        ] * 2


def test_every_byte_gets_through_in_both_directions(lab: Lab) -> None:
    """More than fits on the way, at once in both, on a line that is slow, shaky and lossy."""
    there, back = os.urandom(1_000_000), os.urandom(700_000)
    with server() as listener, connected(lab, listener) as (client, accepted):
        lab.set_conditions(DEVICE, Conditions(0.002, 0.002, 0.0005, 100_000_000))
        senders = [
            threading.Thread(target=_send_all, args=pair) for pair in ((client, there), (accepted, back))
        ]
        for thread in senders:
            thread.start()
        gets: list[bytes] = []
        getter = threading.Thread(target=lambda: gets.append(received(client)))
        getter.start()
        assert received(accepted) == there
        for thread in (*senders, getter):
            thread.join()
        assert gets == [back]


def _send_all(sock: socket.socket, data: bytes) -> None:
    sock.sendall(data)
    sock.shutdown(socket.SHUT_WR)


@pytest.mark.parametrize("first", ["client", "server"])
def test_either_side_can_end_first_and_still_hear_the_other(lab: Lab, first: str) -> None:
    """Half a connection is carried as long as it is open."""
    with server() as listener, connected(lab, listener) as ends:
        one, other = ends if first == "client" else reversed(ends)
        one.sendall(b"last word")
        one.shutdown(socket.SHUT_WR)
        assert received(other) == b"last word"
        other.sendall(b"a late answer")
        other.shutdown(socket.SHUT_WR)
        assert received(one) == b"a late answer"


@pytest.mark.parametrize("first", ["client", "server"])
def test_a_reset_is_carried_to_the_other_side(lab: Lab, first: str) -> None:
    """In both directions, and not turned into a good end."""
    with server() as listener, connected(lab, listener) as ends:
        one, other = ends if first == "client" else reversed(ends)
        one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        one.close()
        with pytest.raises(ConnectionResetError):
            other.recv(1)


@pytest.mark.parametrize("sender", ["client", "server"])
def test_conditions_reset_both_sides(lab: Lab, sender: str) -> None:
    """After exactly so many bytes in whichever direction they went."""
    with server() as listener, connected(lab, listener) as ends:
        lab.set_conditions(DEVICE, Conditions(reset_after=1000))
        one, other = ends if sender == "client" else reversed(ends)
        one.sendall(bytes(1000))
        got = b""
        while len(got) < 1000:
            got += other.recv(1000)
        one.sendall(b"x")
        for end in ends:
            with pytest.raises(ConnectionResetError):
                end.recv(1)


def test_a_reset_by_conditions_reaches_a_server_that_ended_first(lab: Lab) -> None:
    """The bytes that still come the other way are counted too."""
    with server() as listener, connected(lab, listener) as (client, accepted):
        lab.set_conditions(DEVICE, Conditions(reset_after=3))
        accepted.shutdown(socket.SHUT_WR)
        assert client.recv(1) == b""
        client.sendall(b"four")
        assert accepted.recv(10) == b"fou"
        with pytest.raises(ConnectionResetError):
            accepted.recv(1)


def test_a_server_that_does_not_listen_refuses() -> None:
    """As it would without the lab, after the delay; and is reached as soon as it listens."""
    with site() as here, server() as listener:
        port = listener.getsockname()[1]
        here.lab.add_host(DEVICE, port)
        here.session.runtime.use_lab(here.lab)
        here.under(Conditions(delay_s=0.05), DEVICE)
        connecting = f"""
          local began = ba.clock()
          local s, reason = ba.socket.connect("{DEVICE}", {port})
          return ba.clock() - began >= 99, s and "connected", reason
        """
        assert here.values(connecting) == ["true", '"connected"', "nil"]
        listener.close()
        assert here.values(connecting) == ["true", "nil", '"cannotconnect"']
        with socket.create_server(("127.0.0.1", port)):
            assert here.values(connecting) == ["true", '"connected"', "nil"]


def test_only_a_server_that_listens_is_there(lab: Lab) -> None:
    """On whatever interface; old connections do not count, and the lab's own hosts are always there."""
    for interface in ("127.0.0.1", "0.0.0.0"):
        with socket.create_server((interface, 0)) as listener:
            port = listener.getsockname()[1]
            lab.add_host(DEVICE, port)
            assert lab.is_there(DEVICE, port)
            with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S):
                accepted, _ = listener.accept()
                accepted.close()  # before the client, so that its end of the port is what lingers
        assert not lab.is_there(DEVICE, port) or sys.platform != "linux"
    assert lab.is_there("example.com", 80)
    lab.stop()
    assert lab.is_there(DEVICE, port)


@pytest.mark.skipif(sys.platform != "linux", reason="limits descriptors")
def test_a_server_is_believed_in_when_there_is_no_descriptor_to_find_out(lab: Lab) -> None:
    """Looking a name up must not fail."""
    import resource  # there is none on Windows

    lab.add_host(DEVICE, 9)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
    try:
        is_there = lab.is_there(DEVICE, 9)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert is_there


def test_a_connection_to_a_server_that_has_just_gone_is_reset(lab: Lab) -> None:
    """What has no good beginning has no good end."""
    with server() as listener:
        port = listener.getsockname()[1]
    lab.add_host(DEVICE, port)
    with socket.socket() as client:
        client.settimeout(PATIENCE_S)
        with contextlib.suppress(ConnectionResetError):
            client.connect(lab.routes[DEVICE, port, "tcp"])
            client.recv(1)
            pytest.fail("it was not reset")


def test_a_stopped_lab_resets_what_it_carried() -> None:
    """Neither side may take it for a good end."""
    lab = Lab()
    lab.start()
    with server() as listener, connected(lab, listener) as (_, accepted):
        lab.stop()
        with pytest.raises(ConnectionResetError):
            accepted.recv(1)


@contextmanager
def udp_server() -> Iterator[tuple[socket.socket, int]]:
    """A UDP socket of the user's, and its port."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        sock.settimeout(PATIENCE_S)
        yield sock, sock.getsockname()[1]


def test_the_server_can_send_more_than_it_was_asked_for(lab: Lab) -> None:
    """What it sends unasked meets the conditions; what answers does not meet them twice."""
    lost: list[int] = []
    lab.on_incident = lambda incident: lost.append(incident.size)
    with udp_server() as (own, port), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        lab.add_host(DEVICE, port)
        client.settimeout(PATIENCE_S)
        client.connect(lab.routes[DEVICE, port, "udp"])
        client.send(b"subscribe")
        _, peer = own.recvfrom(100)
        lab.set_conditions(DEVICE, Conditions(loss=1))
        own.sendto(b"answer", peer)
        assert client.recv(100) == b"answer"
        own.sendto(b"news", peer)
        own.sendto(b"more news", peer)
        until(lambda: len(lost) == 2)
        lab.clear()
        own.sendto(b"at last", peer)
        assert client.recv(100) == b"at last"
    assert lost == [4, 9]


def test_the_peers_of_a_udp_relay_are_bounded(lab: Lab) -> None:
    """The one that was silent for the longest is forgotten; when it speaks again, it is a new one."""
    clients = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(65)]
    with contextlib.ExitStack() as closing:
        for client in clients:
            closing.enter_context(client).settimeout(PATIENCE_S)
        own, port = closing.enter_context(udp_server())
        lab.add_host(DEVICE, port)

        def seen_from(client: socket.socket) -> object:
            client.sendto(b"hello", lab.routes[DEVICE, port, "udp"])
            data, peer = own.recvfrom(100)
            own.sendto(data, peer)
            assert client.recv(100) == b"hello"
            return peer

        first, second = seen_from(clients[0]), seen_from(clients[1])
        for client in clients[2:64]:
            seen_from(client)
        assert seen_from(clients[0]) == first  # there are 64 now, and the second is the one to go
        seen_from(clients[64])
        assert seen_from(clients[0]) == first
        assert seen_from(clients[1]) != second


def test_a_datagram_to_nobody_is_lost(lab: Lab) -> None:
    """The refusal is the lab's to hear, and changes nothing."""
    with udp_server() as (_, port):
        pass
    lab.add_host(DEVICE, port)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(PATIENCE_S)
        client.connect(lab.routes[DEVICE, port, "udp"])
        for _ in range(3):
            client.send(b"anybody?")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as own:
            own.bind(("127.0.0.1", port))
            own.settimeout(PATIENCE_S)
            answered = threading.Thread(target=lambda: own.sendto(b"here", own.recvfrom(100)[1]))
            answered.start()
            # Of the first, the system may still report the refusal of the one before.
            client.send(b"anybody?")
            client.send(b"anybody?")
            assert client.recv(100) == b"here"
            answered.join()


def test_an_own_host_can_be_added_again(lab: Lab) -> None:
    """A cell that is run again changes nothing, and its conditions stay."""
    lab.add_host(DEVICE, 8080)
    lab.set_conditions(DEVICE, Conditions(delay_s=0.1))
    routes = dict(lab.routes)
    lab.add_host(DEVICE, 8080)
    assert dict(lab.routes) == routes
    assert lab.conditions(DEVICE) == Conditions(delay_s=0.1)


def test_a_host_has_its_conditions_at_a_port_that_comes_later(lab: Lab) -> None:
    """Also one of the lab's own hosts, which gets another port."""
    lab.set_conditions("example.com", Conditions(is_refusing=True))
    with server() as listener:
        port = listener.getsockname()[1]
        lab.add_host("example.com", port)
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(lab.routes["example.com", port, "tcp"], timeout=PATIENCE_S)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.settimeout(PATIENCE_S)
            client.connect(lab.routes["example.com", port, "udp"])
            client.send(b"hello")
            with pytest.raises(ConnectionRefusedError):
                client.recv(100)


@pytest.mark.parametrize(
    ("name", "port", "message"),
    [
        ("", 80, "'' cannot be a host name"),
        ("a b", 80, "'a b' cannot be a host name"),
        ("-a.test", 80, "'-a.test' cannot be a host name"),
        ("größe.test", 80, "'größe.test' cannot be a host name"),
        ("a" * 64, 80, "cannot be a host name"),
        ("127.0.0.1", 80, "'127.0.0.1' is an address; a host needs a name, such as device.lab.test"),
        ("127.1", 80, "is an address"),
        (DEVICE, 0, "0 is not a port; ports are 1 to 65535"),
        (DEVICE, 65536, "65536 is not a port"),
        ("example.com", 80, "example.com:80 is already a host of the lab; choose another name or port"),
        ("silent.lab.test", 9, "silent.lab.test:9 is already a host of the lab"),
    ],
)
def test_what_cannot_be_a_host_is_refused(lab: Lab, name: str, port: int, message: str) -> None:
    """With a sentence that says why."""
    with pytest.raises(ValueError, match=message):
        lab.add_host(name, port)


def test_own_hosts_are_bounded(lab: Lab) -> None:
    """Each takes two sockets."""
    for port in range(8000, 8032):
        lab.add_host(DEVICE, port)
    with pytest.raises(LabError, match=r"^the lab already has 32 servers of your own, its limit$"):
        lab.add_host("other.lab.test", 8000)
    lab.add_host(DEVICE, 8031)
