"""What a peer from `websockets` does in these tests: a conversation of many messages, both ways at once."""

from __future__ import annotations

import asyncio
import hashlib
import random
from collections.abc import Awaitable, Callable

from websockets.asyncio.client import ClientConnection
from websockets.asyncio.server import ServerConnection

from ._wire import pattern

MESSAGES = 10_000
# Where the form of a frame's length changes, and past every buffer in between.
BORDERS = (0, 1, 125, 126, 127, 8191, 8192, 8193, 65535, 65536, 65537, 1 << 20)
ECHO_BYTES = 0xFFFF  # what one write of the program takes

Connection = ClientConnection | ServerConnection
Message = str | bytes
PATTERN = pattern(1 << 20) + bytes(251)


def messages(count: int, seed: int) -> list[Message]:
    """Messages of 0 bytes to 1 MB, most of them small, the borders among them; the same for a seed."""
    chance = random.Random(seed)
    sizes = [chance.randrange(200) for _ in range(count - 4 * len(BORDERS))]
    sizes += [*BORDERS * 4]
    for at in range(0, count, 100):
        sizes[at % len(sizes)] = chance.randrange(70_000)
    chance.shuffle(sizes)
    return [_message(size, chance) for size in sizes]


def _message(size: int, chance: random.Random) -> Message:
    if chance.random() < 0.5:
        start = chance.randrange(251)
        return PATTERN[start : start + size]
    return "a" * (size % 10) + "Aé€😀" * (size // 10)  # 10 bytes each


def answer(message: Message) -> Message:
    """What the program answers (`converse` in `_helpers.lua`)."""
    raw = message.encode() if isinstance(message, str) else message
    if not raw:
        reply = "empty"
    elif len(raw) <= ECHO_BYTES:
        return message
    else:
        reply = f"{len(raw)}:{hashlib.sha1(raw).hexdigest()}"
    return reply if isinstance(message, str) else reply.encode()


async def converse(peer: Connection, count: int = MESSAGES, seed: int = 1) -> None:
    """Sends, some messages in fragments, with pings in between, and checks every answer and its order."""
    sent = messages(count, seed)
    assert len(sent) == count
    pongs: list[Awaitable[float]] = []

    async def send() -> None:
        chance = random.Random(seed)
        for at, message in enumerate(sent):
            if at % 10 == 0 and len(message) > 1:
                await peer.send(_parts(message, chance))
            else:
                await peer.send(message)
            if at % 97 == 0:
                pongs.append(await peer.ping())

    sending = asyncio.ensure_future(send())
    for at, message in enumerate(sent):
        received = await peer.recv()
        assert received == answer(message), (at, len(message), received[:60])
    await sending
    assert len(pongs) > count // 100
    await asyncio.gather(*pongs)


def _parts(message: Message, chance: random.Random) -> list[str] | list[bytes]:
    cuts = sorted(chance.randrange(len(message) + 1) for _ in range(chance.randrange(1, 6)))
    spans = list(zip([0, *cuts], [*cuts, len(message)], strict=True))
    if isinstance(message, str):
        return [message[a:b] for a, b in spans]
    return [message[a:b] for a, b in spans]


def within(seconds: float, work: Callable[[], Awaitable[None]]) -> None:
    """Runs `work` in an event loop of its own."""

    async def bounded() -> None:
        await asyncio.wait_for(work(), seconds)

    asyncio.run(bounded())
