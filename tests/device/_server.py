"""`ba-lua --serve` in a process of its own: the device of those who have none."""

from __future__ import annotations

import asyncio
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from ba_runtime.device import new_secret, page_with

PATIENCE_S = 30


@dataclass(frozen=True, slots=True)
class Served:
    """A device that answers: its process, the URL of its page, and the page's secret."""

    process: subprocess.Popen[bytes]
    url: str
    secret: str


@contextmanager
def served(folder: Path, *options: str) -> Iterator[Served]:
    """Serves a page in a folder, with a secret of its own."""
    secret = new_secret()
    (folder / "cells.lsp").write_text(page_with(secret), encoding="utf-8")
    program = (
        "print(mako.port) io.stdout:flush() ba.socket.event(function() while true do ba.sleep(60000) end end)"
    )
    command = [
        sys.executable,
        "-m",
        "ba_kernel.command",
        "--serve",
        str(folder),
        "--stay",
        *options,
        "-e",
        program,
    ]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        yield Served(process, f"http://127.0.0.1:{port}/cells.lsp", secret)
    finally:
        process.kill()
        process.communicate()


@contextmanager
def tls_in_front_of(device: Served) -> Iterator[str]:
    """Serves a device's page by https, with the lessons' certificate, which nobody trusts; yields its URL."""
    certificates = Path(__file__).parents[2] / "notebooks" / "certs"
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates / "localhost.pem", certificates / "localhost.key")
    loop = asyncio.new_event_loop()
    port = urlsplit(device.url).port

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.wait(
            [asyncio.ensure_future(pump(reader, back)), asyncio.ensure_future(pump(there, writer))],
            return_when=asyncio.FIRST_COMPLETED,
        )
        for one in (writer, back):
            one.close()

    server = loop.run_until_complete(asyncio.start_server(serve, "127.0.0.1", 0, ssl=context))
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield f"https://localhost:{server.sockets[0].getsockname()[1]}/cells.lsp"
    finally:
        loop.call_soon_threadsafe(server.close)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()
