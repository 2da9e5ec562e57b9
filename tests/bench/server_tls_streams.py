"""The server of `tls_server.lua` on asyncio's streams: same certificate, same purposes."""

from __future__ import annotations

import asyncio
import ssl

TOTAL = 100_000_000
BLOCK = b"x" * 100_000


async def serve_one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Does what the first message asks for."""
    purpose = await reader.read(8)
    if purpose == b"download":
        for _ in range(TOTAL // len(BLOCK)):
            writer.write(BLOCK)
            await writer.drain()
    else:
        writer.write(b"ready")
        if purpose == b"upload":
            left = TOTAL
            while left > 0:
                left -= len(await reader.read(65536))
            writer.write(b"done")
        else:
            while data := await reader.read(8192):
                writer.write(data)
                await writer.drain()
    await reader.read()
    writer.close()


async def serve() -> None:
    """Prints the port, and serves until the process is ended."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain("tls.pem", "tls.key")
    server = await asyncio.start_server(serve_one, "127.0.0.1", 0, ssl=context, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve())
