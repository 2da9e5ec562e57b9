"""A UDP echo server on asyncio's datagram endpoints; `--uvloop` runs it on uvloop's event loop."""

from __future__ import annotations

import asyncio
import sys
from typing import Any


class Echo(asyncio.DatagramProtocol):
    """Sends every datagram back."""

    transport: asyncio.DatagramTransport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keeps what sends; uvloop's transport is not derived from asyncio's, so nothing is checked."""
        self.transport = transport  # type: ignore[assignment]

    def datagram_received(self, data: bytes, addr: tuple[str | Any, int]) -> None:
        """Answers the sender."""
        self.transport.sendto(data, addr)


async def serve() -> None:
    """Prints the port, and serves until the process is ended."""
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(Echo, local_addr=("127.0.0.1", 0))
    print(transport.get_extra_info("sockname")[1], flush=True)
    await asyncio.Event().wait()


def main() -> None:
    """Chooses the event loop and serves."""
    if "--uvloop" in sys.argv:
        import uvloop

        uvloop.run(serve())
    else:
        asyncio.run(serve())


if __name__ == "__main__":
    main()
