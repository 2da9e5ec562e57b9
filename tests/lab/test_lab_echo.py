"""The lab's echo host, in memory and on real sockets."""

from __future__ import annotations

import socket

import pytest

from ba_runtime.lab import Lab
from ba_runtime.lab._echo import EchoConversation, echo_answer
from ba_runtime.lab._service import Turn


def test_echo_says_what_it_hears_until_the_peer_ends() -> None:
    """The end of the peer is the end of the conversation."""
    conversation = EchoConversation()
    assert conversation.opened() == Turn(served=1)
    assert conversation.received(b"hello") == Turn(b"hello")
    assert conversation.received(b"") == Turn(is_last=True)
    assert echo_answer(b"hello") == b"hello"


def test_the_echo_host_returns_every_byte_over_tcp(lab: Lab) -> None:
    """Also what was still on its way when the client had ended its side."""
    sent = bytes(range(256)) * 200
    with socket.create_connection(lab.routes["echo.lab.test", 7, "tcp"], timeout=20) as client:
        client.sendall(sent)
        client.shutdown(socket.SHUT_WR)
        with client.makefile("rb") as stream:
            assert stream.read() == sent


@pytest.mark.parametrize("datagram", [b"", b"hello", bytes(60_000)], ids=["empty", "short", "long"])
def test_the_echo_host_returns_a_datagram_over_udp(lab: Lab, datagram: bytes) -> None:
    """One datagram for one datagram, whatever its size."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(20)
        client.connect(lab.routes["echo.lab.test", 7, "udp"])
        client.send(datagram)
        assert client.recv(65_535) == datagram
