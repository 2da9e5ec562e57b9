"""Recordings made by hand, for the tests of what is made of them."""

from __future__ import annotations

from ba_runtime.observe import (
    Address,
    Closed,
    Connected,
    Connecting,
    Erred,
    Event,
    Failed,
    Misbehaved,
    Moved,
    Opened,
    Resolved,
    Secured,
    Waits,
    WentOn,
)

HERE = Address("127.0.0.1", 45_001)
ECHO = Address("127.0.0.1", 8181)
GOOGLE = Address("127.9.9.9", 443)


def echo() -> list[Event]:
    """A cell asks a cosocket of cell 1, waits for the answer, and then for one that does not come."""
    return [
        Opened(0.0, 1, "listener", 1, local=Address("0.0.0.0", 8181)),
        Waits(0.0, 1, 11, "cosocket", 1, "accept"),
        Opened(1.0, 2, "client", 2),
        Waits(1.0, 2, 12, "cell", 2, "connect"),
        Connecting(1.0, 2, "127.0.0.1", ECHO),
        Connected(1.0001, 2, HERE, ECHO),
        WentOn(1.0001, 2, 12),
        Opened(1.0002, 3, "accepted", 1, parent=1, local=ECHO, peer=HERE),
        WentOn(1.0002, 1, 11),
        Waits(1.0003, 3, 13, "cosocket", 1, "read"),
        Moved(1.0004, 2, True, "wire", 7, b"hello\r\n"),
        Waits(1.0005, 2, 12, "cell", 2, "read", 0.2),
        Moved(1.0006, 3, False, "wire", 7, b"hello\r\n"),
        WentOn(1.0006, 3, 13),
        Moved(1.0007, 3, True, "wire", 7, b"hello\r\n"),
        Moved(1.0008, 2, False, "wire", 7, b"hello\r\n"),
        WentOn(1.0008, 2, 12),
        Waits(1.0009, 3, 13, "cosocket", 1, "read"),
        Waits(1.001, 2, 12, "cell", 2, "read", 0.2),
        WentOn(1.201, 2, 12, "timeout"),
        Closed(1.202, 2, "us"),
        Closed(1.203, 3, "peer"),
        WentOn(1.203, 3, 13, "closed"),
    ]


def secure() -> list[Event]:
    """A TLS connection to a host of the lab, whose bytes on the wire are nobody's business."""
    return [
        Opened(0.0, 4, "client", 2),
        Waits(0.0, 4, 12, "cell", 2, "connect"),
        Resolved(0.0, 4, "www.google.com", ("127.9.9.9",)),
        Connecting(0.001, 4, "www.google.com", GOOGLE, is_in_lab=True),
        Connected(0.002, 4, HERE, GOOGLE),
        Moved(0.0025, 4, True, "wire", 517, b"\x16\x03\x01\x02\x00\x01"),
        Moved(0.003, 4, False, "wire", 1200, b"\x16\x03\x03\x00\x7a\x02"),
        Secured(0.004, 4, "TLSv1.3", "TLS_AES_128_GCM_SHA256", "www.google.com", trust="trusted"),
        WentOn(0.004, 4, 12),
        Moved(0.005, 4, True, "plain", 40, b"GET / HTTP/1.1\r\nHost: www.google.com\r\n\r\n"),
        Moved(0.005, 4, True, "wire", 62, b"\x17\x03\x03\x00\x39"),
        Waits(0.005, 4, 12, "cell", 2, "read", 5.0),
        Moved(0.006, 4, False, "wire", 900, b"\x17\x03\x03\x03\x7f"),
        Moved(0.006, 4, False, "plain", 600, b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"),
        WentOn(0.006, 4, 12),
        Waits(0.006, 4, 12, "cell", 2, "read", 5.0),
        Moved(0.007, 4, False, "plain", 250, b"<html>"),
        WentOn(0.007, 4, 12),
        Closed(0.008, 4, "us"),
    ]


def mishaps() -> list[Event]:
    """Everything that is red: a lost datagram, a refusal, a reset, a fault, and a timeout."""
    to = Address("127.0.0.1", 5353)
    return [
        Opened(0.0, 5, "datagram", 3),
        Opened(0.0, 6, "datagram", 3, local=to),
        Waits(0.0, 6, 21, "cosocket", 3, "read"),
        Moved(0.001, 5, True, "wire", 4, b"one!", peer=to),
        Moved(0.002, 6, False, "wire", 4, b"one!", peer=HERE),
        Resolved(0.002, 5, "dns.lab.test", ("127.9.9.8",)),
        Moved(0.003, 5, True, "wire", 4, b"two!", peer=Address("127.9.9.8", 53)),
        Misbehaved(0.003, 5, "lost", "dns.lab.test", True, 4),
        Opened(0.01, 7, "client", 3),
        Connecting(0.01, 7, "127.0.0.1", Address("127.0.0.1", 99)),
        Failed(0.011, 7, "connectionrefused"),
        Opened(0.02, 8, "client", 3),
        Connecting(0.02, 8, "www.google.com", GOOGLE, is_in_lab=True),
        Connected(0.021, 8, HERE, GOOGLE),
        Closed(0.022, 8, "reset", "socketreadfailed"),
        Erred(2.5, 0, 3, "attempt to index a nil value (local 'x')"),
        Moved(2.6, 8, True, "text", 5, b"<&\"'\x00"),
    ]
