"""The lab's NTP servers: the packet in memory, and the documentation's exchange over UDP."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator

import pytest

from ba_runtime.lab import Clock, Lab
from ba_runtime.lab._ntp import ntp_answer

NOON = "2026-01-01T12:00:00Z"
NOON_UNIX_S = 1_767_268_800
# What the documentation's client sends: version 3, mode 3, the rest zero.
REQUEST = bytes([27]) + bytes(47)


@pytest.fixture
def lab() -> Iterator[Lab]:
    """A running lab at noon."""
    lab = Lab(Clock.fixed(NOON))
    lab.start()
    yield lab
    lab.stop()


def answered(request: bytes) -> bytes:
    answer = ntp_answer(Clock.fixed(NOON), request)
    assert answer is not None
    return answer


@pytest.mark.parametrize("version", [1, 2, 3, 4])
def test_the_first_byte_is_leap_0_the_clients_version_and_mode_4(version: int) -> None:
    """RFC 5905 section 7.3: a server answers in the version it was asked in."""
    assert answered(bytes([version << 3 | 3]) + bytes(47))[0] == version << 3 | 4


def test_the_transmit_time_is_at_byte_41() -> None:
    """The documentation's client reads a 32-bit integer there and subtracts 2,208,988,800."""
    (seconds,) = struct.unpack_from(">I", answered(REQUEST), 40)
    assert seconds - 2_208_988_800 == NOON_UNIX_S


def test_the_origin_timestamp_is_the_clients_transmit_timestamp() -> None:
    """By it a client recognizes the answer to its own request."""
    request = REQUEST[:40] + b"my stamp"
    assert answered(request)[24:32] == b"my stamp"


def test_the_server_is_a_primary_one_that_calls_itself_an_experiment() -> None:
    """Stratum 1, and a reference identifier that begins with X."""
    answer = answered(REQUEST)
    assert answer[1] == 1
    assert answer[12:16] == b"XLAB"


def test_the_poll_interval_is_the_clients() -> None:
    """A server has none of its own to say."""
    assert answered(bytes([27, 0, 6]) + bytes(45))[2] == 6


def test_the_three_server_timestamps_are_those_of_the_clock() -> None:
    """Reference, receive and transmit time of a clock that stands still are the same."""
    answer = answered(REQUEST)
    assert answer[16:24] == answer[32:40] == answer[40:48]


def test_what_follows_the_header_is_ignored() -> None:
    """A request with a MAC gets the plain answer, no longer than the header."""
    assert answered(REQUEST + bytes(20)) == answered(REQUEST)


@pytest.mark.parametrize(
    "request_",
    [b"", REQUEST[:47], bytes(48), bytes([5 << 3 | 3]) + bytes(47), bytes([4 << 3 | 4]) + bytes(47)],
    ids=["empty", "short", "version 0", "version 5", "from a server"],
)
def test_what_is_no_clients_request_is_not_answered(request_: bytes) -> None:
    """Silence, as from a real server; above all to servers, or two would talk for ever."""
    assert ntp_answer(Clock.fixed(NOON), request_) is None


@pytest.mark.parametrize("host", ["pool.ntp.org", "time.nist.gov"])
def test_an_ntp_host_answers_over_udp(lab: Lab, host: str) -> None:
    """The documentation's exchange: 48 bytes out, 48 bytes in, and it is noon."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(20)
        client.connect(lab.routes[host, 123, "udp"])
        client.send(b"not NTP")
        client.send(REQUEST)
        assert client.recv(1000) == answered(REQUEST)
    served = {(status.host, status.port): status.served for status in lab.status()}
    assert served[host, 123] == 1
