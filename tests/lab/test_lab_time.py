"""The lab's TIME server: four bytes, in memory and on real sockets."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from ba_runtime.lab import Clock, Lab
from ba_runtime.lab._service import Turn
from ba_runtime.lab._time import TimeConversation, time_answer

NOON = "2026-01-01T12:00:00Z"
NOON_BYTES = (2_208_988_800 + 1_767_268_800).to_bytes(4, "big")


@pytest.fixture
def lab() -> Iterator[Lab]:
    """A running lab at noon."""
    lab = Lab(Clock.fixed(NOON))
    lab.start()
    yield lab
    lab.stop()


def test_the_time_is_said_to_whoever_connects() -> None:
    """The client sends nothing; the server says four bytes and ends."""
    conversation = TimeConversation(Clock.fixed(NOON))
    assert conversation.opened() == Turn(NOON_BYTES, served=1, is_last=True)


@pytest.mark.parametrize("request_", [b"", b"what time is it?"])
def test_the_time_is_said_to_any_datagram(request_: bytes) -> None:
    """RFC 868 wants it empty; what it holds makes no difference."""
    assert time_answer(Clock.fixed(NOON), request_) == NOON_BYTES


def test_the_time_host_answers_over_tcp_and_closes(lab: Lab) -> None:
    """Four bytes, then the end of the connection."""
    address = lab.routes["time.nist.gov", 37, "tcp"]
    with socket.create_connection(address, timeout=20) as client, client.makefile("rb") as stream:
        assert stream.read() == NOON_BYTES


def test_the_time_host_answers_over_udp(lab: Lab) -> None:
    """An empty datagram is a request."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(20)
        client.connect(lab.routes["time.nist.gov", 37, "udp"])
        client.send(b"")
        assert client.recv(1000) == NOON_BYTES
