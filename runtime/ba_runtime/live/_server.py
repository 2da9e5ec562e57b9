"""The live view's server: a thread of its own with an asyncio loop, and a listener on loopback.

It is not the page server, because that lives in the Lua thread: a cell that computes would freeze the view,
and the view is there to see what a busy program does. Nothing here touches Lua or a socket of the user's; it
knows the feed, the files of the page, and who may ask.

Below `/rtl/tracelogger/` are the page and its WebSocket, `live`; at `/rtl/tracelogger.service/` is the
vendor's protocol.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import threading
from collections.abc import Callable

from ba_runtime._descriptors import closed_on_error
from ba_runtime.web import Access
from ba_runtime.websocket import NotAnUpgrade, accept_upgrade

from . import messages
from ._access import Asked, Lock, Refused
from ._channel import Channel, ChannelClosed, aborted_after, wants_websocket
from ._http import RECEIVE_BYTES, read_request, refusal, response
from ._service import Service
from ._static import static
from .feed import BATCH_S, Feed

_log = logging.getLogger(__name__)

PAGE = "/rtl/tracelogger/"
SOCKET = f"{PAGE}live"
SERVICE = "/rtl/tracelogger.service/"
FILES = {
    "": ("window.html", "text/html; charset=utf-8"),
    "window.js": ("window.js", "text/javascript; charset=utf-8"),
    "tracelogger.js": ("tracelogger.js", "text/javascript; charset=utf-8"),
    "tracelogger.css": ("tracelogger.css", "text/css; charset=utf-8"),
}

MOST_CONNECTIONS = 32  # a page takes five for a moment, and then one
HEAD_S = 10.0
HANG_UP_S = 0.5
STOP_S = 2.0
# What a client may leave in the process beyond what the system holds for it.
UNSENT_BYTES = 256 << 10
FULL = Refused(503, "The TraceLogger has reached its limit of connections. Close a window.")


class Server:
    """The server of one feed, from construction to `stop`."""

    def __init__(self, feed: Feed, port: int = 0, access: Access | None = None) -> None:
        """Listens on 127.0.0.1. Raises OSError if the port is taken."""
        self._feed = feed
        self._lock = Lock(access)
        self._service = Service(feed)
        with closed_on_error(socket.create_server(("127.0.0.1", port))) as listener:
            # Not new_event_loop: in a process with Jupyter that may give somebody else's loop (lab/_run.py).
            self._loop = asyncio.SelectorEventLoop()
        self._listener = listener
        self.port: int = listener.getsockname()[1]
        self._stopping = asyncio.Event()
        self._connections: set[asyncio.Task[None]] = set()
        self._thread = threading.Thread(target=self._work, name="ba-live", daemon=True)
        try:
            self._thread.start()
        except RuntimeError:  # the system has no more threads
            self._loop.close()
            self._listener.close()
            raise

    @property
    def url(self) -> str:
        """The link to the page, with the token in it."""
        return f"http://127.0.0.1:{self.port}{PAGE}?token={self._lock.token}"

    def stop(self) -> None:
        """Closes the listener and every connection, and joins the thread."""
        with contextlib.suppress(RuntimeError):  # the loop has closed
            self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(STOP_S)

    # ------------------------------------------------------------ on the thread

    def _work(self) -> None:
        with contextlib.closing(self._loop):
            self._loop.run_until_complete(self._live())

    async def _live(self) -> None:
        server = await asyncio.start_server(self._enter, sock=self._listener)
        try:
            await self._stopping.wait()
        finally:
            server.close()
            await asyncio.sleep(0)  # whoever has just come in is among the connections then
            while self._connections:
                for task in self._connections:
                    task.cancel()
                await asyncio.wait(self._connections)
            await asyncio.sleep(0)  # the loop closes a socket a turn later than its transport

    async def _enter(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        writer.transport.set_write_buffer_limits(high=UNSENT_BYTES)
        try:
            await self._serve(reader, writer)
        except (ChannelClosed, OSError, asyncio.CancelledError):
            pass  # gone, or the server stops: either way this connection is over
        except Exception:
            _log.exception("a connection of the live view failed")
        finally:
            await _hang_up(reader, writer)
            self._connections.discard(task)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        is_full = len(self._connections) > MOST_CONNECTIONS
        if len(self._connections) > 2 * MOST_CONNECTIONS:  # so many that nobody waits for an explanation
            return
        with aborted_after(HEAD_S, writer):
            received = await read_request(reader)
        if received is None:
            return
        if isinstance(received, Refused) or is_full:
            refused: Refused | None = received if isinstance(received, Refused) else FULL
        else:
            asked, early = received
            refused = self._lock.refusal(asked)
            if refused is None and wants_websocket(asked) and asked.path in (SOCKET, SERVICE):
                refused = await self._converse(asked, early, reader, writer)
            elif refused is None:
                writer.write(self._fetched(asked))
        if refused is not None:
            writer.write(refusal(refused))

    async def _converse(
        self, asked: Asked, early: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> Refused | None:
        """Makes the connection a WebSocket until it ends; returns what is wrong if it cannot be one."""
        try:
            writer.write(accept_upgrade(asked.method.decode("latin-1"), asked.headers))
        except NotAnUpgrade:
            return Refused(400, "This is not a valid WebSocket handshake.")
        channel = Channel(reader, writer, early)
        if asked.path == SOCKET:
            await self._show(channel)
        else:
            await self._service.serve(channel)
        return None

    def _fetched(self, asked: Asked) -> bytes:
        """Returns the response to a request for a file, or about the service."""
        if asked.path == SERVICE:
            status = 204 if self._service.is_free else 503
            return response(status, b"", "text/plain", ("tracelogger", "1.0"))
        found = FILES.get(asked.path.removeprefix(PAGE)) if asked.path.startswith(PAGE) else None
        if found is None:
            return refusal(Refused(404, f"There is nothing here; the TraceLogger is at {PAGE}."))
        name, content_type = found
        body = static(name)
        if name == "window.html":  # its files need the token, too, which needs no escaping in HTML
            body = body.replace(b"{token}", self._lock.token.encode())
        return response(200, b"" if asked.method == b"HEAD" else body, content_type)

    async def _show(self, channel: Channel) -> None:
        """Shows the feed to a page, until it goes."""
        viewer = self._feed.viewer()
        reading = asyncio.ensure_future(_hear(channel, viewer.receive))
        try:
            while not reading.done():
                for message in viewer.due():
                    await channel.send(messages.to_json(message), is_text=True)
                await asyncio.wait({reading}, timeout=BATCH_S)
        finally:
            viewer.close()
            reading.cancel()
            await asyncio.wait({reading})
            channel.close()


async def _hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Closes a connection when what was said has arrived, or soon: the other side may take nothing.

    Closing a socket that has unread data resets the connection, and the reset can overtake the last response
    (RFC 9112, 9.6); so what still arrives is taken and thrown away.
    """
    # The server may stop meanwhile, which leaves just enough time to close.
    with contextlib.suppress(OSError, asyncio.CancelledError), aborted_after(HANG_UP_S, writer):
        if not writer.is_closing():
            writer.write_eof()
        while await reader.read(RECEIVE_BYTES):
            pass
    writer.close()
    try:
        with contextlib.suppress(OSError), aborted_after(HANG_UP_S, writer):
            await writer.wait_closed()
    except asyncio.CancelledError:
        writer.transport.abort()


async def _hear(channel: Channel, receive: Callable[[object], None]) -> None:
    with contextlib.suppress(ChannelClosed):
        while True:
            receive(messages.from_json(await channel.receive()))
