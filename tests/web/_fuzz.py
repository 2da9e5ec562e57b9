"""What hostile clients send: requests and frames with something done to them, all of it from one seed.

The environment says how long and with what: BA_LUA_FUZZ_S seconds, BA_LUA_FUZZ_SEED a number.
"""

from __future__ import annotations

import contextlib
import os
import random
import socket
import struct
from collections.abc import Callable

from tests.websocket._wire import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, frame

from ._site import Client, request

SECONDS_VARIABLE, SEED_VARIABLE = "BA_LUA_FUZZ_S", "BA_LUA_FUZZ_SEED"
SHORT_S = 2.0

UPGRADE = (
    *("Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13"),
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
)
ODD = (
    *(
        b"\r\n",
        b"\r\n\r\n",
        b"\n",
        b"\0",
        b":",
        b" ",
        b"%",
        b"%00",
        b"/../",
        b"\xff" * 9,
        b"\x80",
        b"?a=b&" * 9,
    ),
    *(b"Content-Length: 5\r\n", b"Content-Length: -1\r\n", b"Transfer-Encoding: chunked\r\n", b"0\r\n\r\n"),
    *(b"Upgrade: websocket\r\n", b"Expect: 100-continue\r\n", b"Connection: close\r\n", b"Host: x\r\n"),
)


def seconds() -> float:
    """For how long to go on."""
    return float(os.environ.get(SECONDS_VARIABLE, "") or SHORT_S)


def seed() -> int:
    """The seed, a new one each time unless the environment gives one; printed for when a test fails."""
    chosen = os.environ.get(SEED_VARIABLE, "") or str(random.SystemRandom().randrange(1 << 32))
    print(f"{SEED_VARIABLE}={chosen}")
    return int(chosen)


def noise(chance: random.Random, most: int) -> bytes:
    """Any bytes."""
    return chance.randbytes(chance.randrange(most))


def mutated(chance: random.Random, data: bytes, times: int) -> bytes:
    """The bytes with so many things done to them."""
    changed = bytearray(data)
    for _ in range(times):
        at = chance.randrange(len(changed) + 1)
        match chance.randrange(6):
            case 0:
                changed[at : at + 1] = chance.randbytes(1)
            case 1:
                del changed[at : at + chance.randrange(20)]
            case 2:
                changed[at:at] = chance.choice(ODD)
            case 3:
                changed[at:at] = changed[: chance.randrange(len(changed) + 1)]
            case 4:
                changed[at:at] = noise(chance, 50)
            case 5:
                del changed[at:]
    return bytes(changed[: 1 << 18])


def http(chance: random.Random) -> bytes:
    """Requests, several at a time, most of them with something wrong."""
    path = chance.choice(["/page/", "/form/?a=%41&b", "/long/", "/late/", "/nothing/", "/ws/", "/%2e%2e/x"])
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in (b"abc", b"x" * 300, b"y"))
    forms = [
        request(path),
        request(path) * chance.randrange(1, 20),
        request(path, "Transfer-Encoding: chunked", method="POST") + chunks + b"0\r\n\r\n",
        request(path, "Expect: 100-continue", method="POST", body=b"a=b&" * chance.randrange(1, 3000)),
        request(path, "Content-Type: application/x-www-form-urlencoded", method="POST", body=b"a=%zz&%"),
        request(path, *UPGRADE),
        request(path, *(f"X-{i}: {'y' * chance.randrange(300)}" for i in range(chance.randrange(120)))),
        request(path, method=chance.choice(["HEAD", "OPTIONS", "BREW", "get", "TRACE"])),
        noise(chance, 2000),
    ]
    return mutated(chance, chance.choice(forms), chance.choice([0, 1, 1, 2, 3, 8]))


def frames(chance: random.Random) -> bytes:
    """WebSocket frames, most of them allowed, so that the others come in the middle of something."""
    pieces = []
    for _ in range(chance.randrange(1, 30)):
        opcode = chance.choice(
            [TEXT, TEXT, BINARY, BINARY, CONTINUATION, PING, PONG, CLOSE, chance.randrange(16)]
        )
        size = chance.choice([0, 1, 125, 126, chance.randrange(200), chance.randrange(70_000)])
        payload = b"a" * size if chance.random() < 0.8 else chance.randbytes(size)
        is_odd = chance.random() < 0.05
        if opcode == CLOSE:
            payload = chance.choice(
                [b"", b"\x03", struct.pack("!H", chance.randrange(1 << 16)) + payload[:100]]
            )
        elif opcode >= CLOSE and not is_odd:
            payload = payload[:125]
        pieces.append(
            frame(
                opcode,
                payload,
                final=chance.random() < 0.8,
                masked=chance.random() < 0.98,
                rsv=chance.randrange(8) if is_odd else 0,
            )
        )
    return mutated(chance, b"".join(pieces), chance.choice([0, 0, 1, 3]))


def _send(browser: Client, data: bytes, chance: random.Random) -> None:
    """Sends whole or in pieces, and reads some of what comes, or nothing, or until the other end hangs up."""
    sock = browser.sock
    sock.settimeout(0.05)
    at = 0
    while at < len(data):
        size = chance.choice([1, 10, 1000, 1 << 20])
        at += sock.send(data[at : at + size])
        if chance.random() < 0.1:
            sock.recv(4096)
    match chance.randrange(4):
        case 0:
            sock.recv(1 << 16)
        case 1:
            sock.shutdown(socket.SHUT_WR)
            while sock.recv(1 << 16):
                pass
        case 2:  # so that closing resets
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def http_client(port: int, chance: random.Random) -> None:
    """One connection with requests."""
    _connect(port, chance, lambda browser: _send(browser, http(chance), chance))


def websocket_client(port: int, chance: random.Random) -> None:
    """One connection that becomes a WebSocket, perhaps, and its frames."""
    upgrade = mutated(chance, request("/ws/", *UPGRADE), chance.choice([0, 0, 0, 0, 1, 2]))

    def work(browser: Client) -> None:
        if chance.random() < 0.3:  # together with the request
            return _send(browser, upgrade + frames(chance), chance)
        browser.send(upgrade)
        browser.sock.settimeout(0.2)
        browser.sock.recv(4096)
        return _send(browser, frames(chance), chance)

    _connect(port, chance, work)


def slow_client(port: int, chance: random.Random) -> None:
    """One connection that sends a part of a request byte by byte, and never the rest."""

    def work(browser: Client) -> None:
        browser.sock.settimeout(0.02)
        for byte in http(chance)[: chance.randrange(1, 40)]:
            browser.sock.send(bytes([byte]))
            with contextlib.suppress(TimeoutError):
                if not browser.sock.recv(4096):
                    return

    _connect(port, chance, work)


def _connect(port: int, chance: random.Random, work: Callable[[Client], None]) -> None:
    with contextlib.suppress(OSError):
        browser = Client(port)
        try:
            work(browser)
        finally:
            browser.close()
