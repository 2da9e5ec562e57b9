"""The kernel as Jupyter sees it: one method for each kind of request, and the wiring behind them.

Everything here runs on the main loop and waits for nothing but futures, except where a method says otherwise.
"""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Awaitable, Mapping
from typing import TYPE_CHECKING, Any, cast

import zmq
from ipykernel._version import kernel_protocol_version
from ipykernel.kernelbase import Kernel

from . import __version__
from ._comms import Comms
from ._frontend import Message, Request
from ._subshells import COMM_KINDS, CONTROL_REQUESTS, Subshells
from ._widgets import Widgets

if TYPE_CHECKING:
    from ._history import Row
    from ._workbench import Workbench

LUA_VERSION = "5.4"
# The first thing a front end waits for is kernel_info. Lua starts when that has been answered, or when nobody
# has asked for so long: starting it keeps the main loop busy for some 50 ms.
WARM_UP_S = 0.5
# Then come the parts that most cells do without: a person who types is not there yet, and when the user's
# sockets have taken every file descriptor, Python can import nothing any more.
WARM_REST_S = 0.5

BANNER = f"""\
Lua {LUA_VERSION} with the ba.socket API of the Barracuda App Server (ba-lua-kernel {__version__}).
print writes below its cell. trace writes into the trace area, also between cells. %help lists the rest."""

HELP_LINKS = (
    ("Barracuda App Server: Lua API", "https://realtimelogic.com/ba/doc/en/lua/lua.html"),
    ("Socket API", "https://realtimelogic.com/ba/doc/en/lua/SockLib.html"),
    ("Lua 5.4 manual", "https://www.lua.org/manual/5.4/"),
)


WAITS = "Lua runs one cell at a time, and another one is running. This cell starts when that one has ended.\n"


class BaLuaKernel(Kernel):  # type: ignore[misc]  # ipykernel ships no types
    """Answers one front end's requests about Lua. `Any` in signatures is what ipykernel passes untyped."""

    implementation = "ba-lua-kernel"
    implementation_version = __version__
    banner = BANNER
    language_info = {  # noqa: RUF012 - ipykernel declares it as this plain class attribute
        "name": "lua",
        "version": LUA_VERSION,
        "mimetype": "text/x-lua",
        "file_extension": ".lua",
        "pygments_lexer": "lua",
        # The first of these that a front end knows: the language of our own extension, or any for Lua.
        "codemirror_mode": {"name": "ba-lua", "mime": "text/x-lua"},
        "nbconvert_exporter": "ba-lua",
    }
    help_links = [{"text": text, "url": url} for text, url in HELP_LINKS]  # noqa: RUF012 - likewise

    _made: Workbench | None = None
    _is_warm = False
    _is_stopping = False
    _unstored = 0

    def __init__(self, **parts: Any) -> None:
        """Takes the parts that `_app.py` has made."""
        super().__init__(**parts)
        self._aborted: set[str] = set()
        self._turn = asyncio.Lock()  # of the cells that run Lua
        self._running: Message | None = None  # the request of the cell that has it
        self._tasks: set[asyncio.Future[None]] = set()
        self._subshells = Subshells(
            self.session, self._serve_beside, self._refuse, self._turn.locked, self._start_task
        )
        self.control_handlers.update(dict.fromkeys(CONTROL_REQUESTS, self.subshell_request))
        self.comm_manager = Comms(self._publish_comm)  # ipykernel answers comm_info from it
        self._widgets = Widgets(self.comm_manager)
        self.shell_handlers.update({kind: getattr(self.comm_manager, kind) for kind in COMM_KINDS})

    def start(self) -> None:
        """Begins to answer; called once, before the main loop runs."""
        self.shell_stream.divert(self._subshells.take)
        super().start()
        self.io_loop.call_later(WARM_UP_S, self._warm_up)

    def stop(self) -> None:
        """Ends Lua and the lab network. From any thread."""
        self._is_stopping = True
        if self._made is not None:
            self._made.close()

    def interrupt(self) -> None:
        """Stops what runs, in a cell or in the background. From any thread and from a signal handler."""
        if self._made is not None:
            self._made.interrupt()

    # ---- requests

    @property
    def kernel_info(self) -> dict[str, object]:
        """What this kernel is; ipykernel's own answer would promise a debugger."""
        return {
            "protocol_version": kernel_protocol_version,
            "implementation": self.implementation,
            "implementation_version": self.implementation_version,
            "language_info": self.language_info,
            "banner": self.banner,
            "help_links": self.help_links,
            "supported_features": ["kernel subshells"],
        }

    async def kernel_info_request(self, stream: Any, ident: list[bytes], parent: Message) -> None:
        """Says what this kernel is, and then starts Lua: the next request is a cell."""
        await super().kernel_info_request(stream, ident, parent)
        self.io_loop.add_callback(self._warm_up)

    async def execute_request(self, stream: Any, ident: list[bytes], parent: Message) -> None:
        """Runs a cell and answers it, or says that it has been aborted.

        This takes the place of ipykernel's own way with a cell: that counts cells which are not stored, and
        aborts cells that were sent because of an error's reply.
        """
        async with self._turn:
            self._running = parent
            try:
                await self._execute(stream, ident, parent)
            finally:
                self._running = None

    async def _execute(
        self, stream: Any, ident: list[bytes], parent: Message, *, is_beside: bool = False
    ) -> None:
        message_id, start = parent["header"]["msg_id"], time.perf_counter()
        self.shell_stream.begin(message_id)
        if self._is_stopping or message_id in self._aborted:
            self._aborted.discard(message_id)
            self._send_abort_reply(stream, parent, ident)
            return
        metadata = self.init_metadata(parent)
        request = self._request(ident, parent)
        cells = self._bench.beside() if is_beside else self._bench.cells
        expressions = parent["content"].get("user_expressions") or {}
        reply = await cells.run(parent["content"]["code"], request, expressions=expressions)
        if (
            reply["status"] == "error"
            and not request.is_silent
            and parent["content"].get("stop_on_error", True)
        ):
            self._aborted |= await self._rest(parent, start)
        metadata = self.finish_metadata(parent, metadata, reply)
        self.session.send(stream, "execute_reply", reply, parent, metadata=metadata, ident=ident)

    async def _rest(self, parent: Message, start: float) -> set[str]:
        """Returns the cells that wait behind one that has failed, in its own order."""
        subshell = parent["header"].get("subshell_id")
        if not subshell:
            rest: set[str] = await self.shell_stream.take_rest(start)
            return rest
        await self.shell_stream.catch_up(start)
        return self._subshells.waiting_cells(subshell)

    def _request(self, ident: list[bytes], parent: Message) -> Request:
        """Returns what a request asks for, counted if it is to be stored, and echoes it to all front ends."""
        content = parent["content"]
        is_silent = bool(content.get("silent", False))
        is_stored = bool(content.get("store_history", True)) and not is_silent
        if is_stored:
            self.execution_count += 1
        else:
            self._unstored += 1
        cell_id = parent.get("metadata", {}).get("cellId")
        allow_stdin = bool(content.get("allow_stdin", False))
        request = Request(
            parent, ident, self.execution_count, cell_id, is_silent, allow_stdin, is_stored, self._unstored
        )
        if not is_silent:
            echo = {"code": content["code"], "execution_count": request.cell}
            self._publish("execute_input", echo, parent)
        return request

    async def do_complete(self, code: str, cursor_pos: int) -> dict[str, object]:
        """Says how the word at the cursor may go on."""
        from ._complete import complete

        return await complete(self._bench.engine, code, cursor_pos)

    async def do_inspect(
        self, code: str, cursor_pos: int, detail_level: int = 0, omit_sections: object = ()
    ) -> dict[str, object]:
        """Says what the name at the cursor is."""
        from ._inspect import inspect

        return await inspect(self._bench.engine, self._bench.sources, code, cursor_pos, detail_level)

    async def do_is_complete(self, code: str) -> dict[str, object]:
        """Says whether the return key should run the cell."""
        from ._complete import is_complete

        return is_complete(self._bench.engine, code)

    async def do_history(
        self,
        hist_access_type: str,
        output: bool,
        raw: bool,
        session: int | None = None,
        start: int | None = None,
        stop: int | None = None,
        n: int | None = None,
        pattern: str | None = None,
        unique: bool = False,
    ) -> dict[str, object]:
        """Returns what was run in this kernel."""
        history = self._bench.cells.history
        rows: list[Row] = []
        if hist_access_type == "tail":
            rows = history.tail(n, output=output)
        elif hist_access_type == "range":
            rows = history.range(session or 0, start, stop, output=output)
        elif hist_access_type == "search":
            rows = history.search(pattern or "*", n, unique=unique, output=output)
        return {"status": "ok", "history": rows}

    async def do_shutdown(self, restart: bool) -> dict[str, object]:
        """Closes everything; on the control thread, so that it works while the main loop does not."""
        self.stop()
        return {"status": "ok", "restart": restart}

    async def interrupt_request(self, stream: Any, ident: list[bytes], parent: Message) -> None:
        """Interrupts by message; ipykernel would signal the whole process group, and nobody on Windows."""
        self.interrupt()
        self.session.send(stream, "interrupt_reply", {"status": "ok"}, parent, ident=ident)

    def pre_handler_hook(self) -> None:
        """Leaves our SIGINT handler in place; ipykernel would raise KeyboardInterrupt here."""

    def post_handler_hook(self) -> None:
        """Leaves our SIGINT handler in place; ipykernel would ignore the signal between cells."""

    # ---- beside the cells

    async def _serve_beside(self, ident: list[bytes], parent: Message) -> None:
        """Answers a request of a subshell, or a question that has come while a cell runs."""
        kind = parent["header"]["msg_type"]
        self._publish_status("busy", "shell", parent)
        try:
            if kind == "execute_request":
                await self._execute_in_subshell(ident, parent)
            elif handler := self.shell_handlers.get(kind):
                answer = handler(self.shell_stream, ident, parent)
                if inspect.isawaitable(answer):
                    await answer
        except Exception:
            self.log.error("a request beside the cells failed", exc_info=True)
        self._publish_status("idle", "shell", parent)
        if self._running is not None:  # front ends that look at no more than the last state see the right one
            self._publish_status("busy", "shell", self._running)
        self.shell_stream.flush(zmq.POLLOUT)

    async def _execute_in_subshell(self, ident: list[bytes], parent: Message) -> None:
        from ._beside import can_run_beside

        content = parent["content"]
        if not content.get("user_expressions") and can_run_beside(content["code"]):
            await self._execute(self.shell_stream, ident, parent, is_beside=True)
            return
        if self._turn.locked() and not content.get("silent", False):
            self._publish("stream", {"name": "stderr", "text": WAITS}, parent)
        await self.execute_request(self.shell_stream, ident, parent)

    def _refuse(self, ident: list[bytes], parent: Message, problem: str) -> None:
        """Answers a request for a subshell that does not exist, and says that it is over."""
        self._publish_status("busy", "shell", parent)
        content = {"status": "error", "ename": "UnknownSubshell", "evalue": problem, "traceback": []}
        kind, is_request, _ = parent["header"]["msg_type"].partition("_request")
        if is_request:  # a message of a comm has no reply
            self.session.send(self.shell_stream, f"{kind}_reply", content, parent, ident=ident)
        self._publish_status("idle", "shell", parent)

    def _start_task(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)  # the loop itself does not keep it
        task.add_done_callback(self._tasks.discard)

    async def subshell_request(self, stream: Any, ident: list[bytes], parent: Message) -> None:
        """Makes, deletes or lists subshells. On the control thread."""
        kind = parent["header"]["msg_type"]
        reply = self._subshells.control(kind, parent["content"])
        self.session.send(stream, kind.replace("_request", "_reply"), reply, parent, ident=ident)

    # ---- wiring

    @property
    def _bench(self) -> Workbench:
        """What runs cells, made when it is first needed, since kernel_info is answered without it."""
        if self._made is None:
            from ._input import StdinChannel
            from ._workbench import Workbench

            stdin = StdinChannel(self.stdin_socket, self.session, self.io_loop)
            loop = self.io_loop.asyncio_loop
            self._made = Workbench(self._publish, loop, stdin.question, widgets=self._widgets)
            stdin.on_answer(self._made.input.answered)
        return self._made

    def _warm_up(self) -> None:
        if not self._is_warm:
            self._is_warm = True
            self._bench.engine.warm_up()
            self.io_loop.call_later(WARM_REST_S, self._warm_rest)

    def _warm_rest(self) -> None:
        from . import _complete, _inspect  # noqa: F401 - to have them loaded

    def _publish(self, kind: str, content: Mapping[str, object], parent: Message) -> None:
        # Kernel._topic names the channel's subscription; no front end uses it, but all kernels send it.
        topic = cast(bytes, self._topic(kind))
        self.session.send(self.iopub_socket, kind, content, parent=parent, ident=topic)

    def _publish_comm(
        self,
        kind: str,
        content: Mapping[str, object],
        parent: Message,
        metadata: Mapping[str, object] | None,
        buffers: list[bytes] | None,
    ) -> None:
        topic = cast(bytes, self._topic(f"comm-{content['comm_id']}"))
        self.session.send(
            *(self.iopub_socket, kind, content),
            **{"parent": parent, "ident": topic, "metadata": metadata, "buffers": buffers},
        )
