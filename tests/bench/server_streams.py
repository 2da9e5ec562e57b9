"""An echo server on asyncio's streams; `--uvloop` runs it on uvloop's event loop."""

from __future__ import annotations

import asyncio
import sys


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Sends back what arrives, until the other side closes."""
    while data := await reader.read(8192):
        writer.write(data)
        await writer.drain()
    writer.close()


async def serve() -> None:
    """Prints the port, and serves until the process is ended."""
    server = await asyncio.start_server(echo, "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


def main() -> None:
    """Chooses the event loop and serves."""
    if "--uvloop" in sys.argv:
        import uvloop

        uvloop.run(serve())
    else:
        asyncio.run(serve())


if __name__ == "__main__":
    main()
