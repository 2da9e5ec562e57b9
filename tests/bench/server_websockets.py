"""A WebSocket echo server on `websockets`, as its documentation begins."""

from __future__ import annotations

import asyncio

from websockets.asyncio.server import ServerConnection, serve


async def echo(connection: ServerConnection) -> None:
    """Sends back every message."""
    async for message in connection:
        await connection.send(message)


async def main() -> None:
    """Prints the port, and serves until the process is ended."""
    async with serve(echo, "127.0.0.1", 0) as server:
        print(next(iter(server.sockets)).getsockname()[1], flush=True)
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
