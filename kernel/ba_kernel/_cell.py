"""One execute request from end to end: magics, Lua, values or an error, and the reply."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
from collections.abc import Awaitable
from concurrent.futures import Future
from dataclasses import replace
from typing import Any, TypeVar

from ba_runtime.errors import BaError, RuntimeClosed
from ba_runtime.events import CellResult, ErrorReport
from ba_runtime.text import printable, readable
from ba_runtime.trace import position

from ._devices import DeviceFailed, Devices, Where
from ._display import Displays, to_data
from ._engine import Engine, within
from ._errors import Failure, Sources, failure, own_failure
from ._faults import Faults
from ._flow import Flow
from ._frontend import Publish, Request
from ._history import History
from ._input import Input
from ._leaving import ASK_EXIT, is_leaving
from ._live_sockets import LiveSockets
from ._magic_table import find, misplaced, split
from ._magics import After, Body, LuaFailed, MagicError, Split, Tools
from ._output import Output
from ._panel import Panel
from ._questions import Question
from ._trace_area import TraceArea
from ._window import Window

T = TypeVar("T")

_log = logging.getLogger("ba_kernel")

OUT_OF_DESCRIPTORS = (
    "the process is out of file descriptors, and this cell needs one; "
    "close sockets and files, run %reset, or start Jupyter with a higher limit (ulimit -n)"
)
# A Lua thread that is busy for longer at the end of a cell is not waited for.
BACKGROUND_S = 0.25
# A front end evaluates expressions to fill a panel of its own, such as a list of variables.
EXPRESSION_S = 1.0
# What a hint shows of a magic that is not at the top of its cell.
MAGIC_CHARACTERS = 60
# Socket states with no coroutine behind them: nothing will happen there by itself.
IDLE_STATES = frozenset(("notcon", "terminated"))


class _Failed(Exception):
    """Carries a failure out of the part of a cell where it happened."""

    def __init__(self, what: Failure) -> None:
        super().__init__(what.evalue)
        self.what = what


class Cells:
    """Runs one cell after the other. On the main loop, except for `interrupt`."""

    def __init__(
        self,
        engine: Engine,
        publish: Publish,
        output: Output,
        area: TraceArea,
        flow: Flow,
        live: LiveSockets,
        asking: Input,
        faults: Faults,
        displays: Displays,
        sources: Sources,
        history: History,
        window: Window,
        devices: Devices,
        panel: Panel,
    ) -> None:
        self._devices = devices
        self._window = window
        self._panel = panel
        self._engine = engine
        self._publish = publish
        self._output = output
        self._area = area
        self._flow = flow
        self._live = live
        self._input = asking
        self._faults = faults
        self._displays = displays
        self.sources = sources
        self._task: asyncio.Task[Any] | None = None  # whatever a magic returns
        self._is_stopped = False  # somebody has, since this cell began
        self._has_run_lua = False
        self.history = history

    async def run(self, code: str, request: Request, *, expressions: dict[str, str]) -> dict[str, object]:
        """Runs a cell and returns the content of its execute_reply."""
        if request.is_stored:
            self._engine.remember(request.cell, code)
        self._begin(request)
        ended = CellResult(request.origin)
        failed: Failure | None = None
        payloads: list[dict[str, object]] = []
        try:
            if await is_leaving(code, request, self._engine):
                payloads.append(ASK_EXIT)
            else:
                cell = split(code)
                ended = await self._run_parts(cell, self._tools(code, request, payloads))
                payloads += await self._answers(cell.questions)
        except _Failed as error:
            failed = error.what
        except Exception as fault:  # without a reply the front end would wait forever
            failed = _of_ours(fault)
        finally:
            await self._end()
        result = _shown(ended.values)
        if request.is_stored:
            self.history.add(request.cell, code, result)
        if failed:
            return self._reply_error(failed, request)
        if result is not None and not request.is_silent:
            data = {"text/plain": result, **to_data(ended.forms)}
            content = {"execution_count": request.cell, "data": data, "metadata": {}}
            self._publish("execute_result", content, request.parent)
        evaluated = {name: await self._evaluate(text, request) for name, text in expressions.items()}
        return {
            "status": "ok",
            "execution_count": request.cell,
            "payload": payloads,
            "user_expressions": evaluated,
        }

    def interrupt(self) -> None:
        """Stops what the kernel itself is waiting for, or is about to; stopping Lua is the engine's part."""
        self._is_stopped = True
        if self._task is not None:
            self._task.cancel()

    # ---- the parts of a cell

    def _tools(self, code: str, request: Request, payloads: list[dict[str, object]]) -> Tools:
        return Tools(
            self._engine,
            self._area,
            self._live,
            self._output,
            self._publish,
            request,
            self._flow,
            self._window,
            self._devices,
            self._input.secret,
            self._panel,
            self.sources,
            self._of_a_magic,
            self._page_about,
            code,
            payloads=payloads,
        )

    async def _run_parts(self, cell: Split, tools: Tools) -> CellResult:
        tools = replace(tools, is_page=cell.body is Body.PAGE)
        ended = CellResult(tools.request.origin)
        afterwards: list[After] = []
        try:
            for call in cell.calls:
                work = find(call.name).run(replace(tools, line=call.line), call.rest)
                after = await self._stoppable(work)
                if after:
                    afterwards.append(after)
            if self._is_stopped:  # between a magic and Lua
                raise _Failed(_interrupted(self.sources))
            if tools.is_page:
                self._area.expect()
                await self._page(cell, tools)
            elif cell.body is Body.LUA and cell.has_body:
                self._area.expect()
                ended = await self._lua(cell.lua, tools)
            for after in afterwards:
                await self._stoppable(after())
        except MagicError as error:
            raise _Failed(own_failure("MagicError", str(error))) from error
        except LuaFailed as error:
            raise _Failed(failure(error.report, self.sources)) from error
        return ended

    async def _answers(self, questions: tuple[Question, ...]) -> list[dict[str, object]]:
        """Returns what the front end's pager shows about what the cell asks."""
        try:
            return [await self._page_about(*questions)] if questions else []
        except MagicError as error:
            raise _Failed(own_failure("HelpError", str(error))) from error

    async def _page_about(self, *questions: Question) -> dict[str, object]:
        from ._answers import page_about

        return await page_about(self._engine, self.sources, questions)

    async def _of_a_magic(self, future: Future[T]) -> T:
        """Waits for Lua code that a magic runs, which ends by an interrupt as a cell's does: by itself."""
        self._has_run_lua = True
        self._area.expect()
        task, self._task = self._task, None
        try:
            return await self._told(future)
        finally:
            self._task = task

    async def _lua(self, lua: str, tools: Tools) -> CellResult:
        request = tools.request
        name = request.chunk_name
        self.sources.keep(name, lua)
        self._has_run_lua = True
        if self._devices.where is not Where.HERE:
            result = await self._stoppable(self._elsewhere(lua, tools))
        else:
            result = await self._submit(self._engine.chunk(lua), name, request)
        if result.error:
            if self._engine.is_closed:  # which has interrupted it
                raise RuntimeClosed("the kernel is shutting down")
            raise _Failed(self._explained(result.error, lua))
        return result

    async def _page(self, cell: Split, tools: Tools) -> None:
        from ._page import head, problem, shown

        if not cell.has_body:
            raise MagicError("the page is empty; write it on the lines below %%lsp")
        request = tools.request
        name = request.chunk_name
        self.sources.keep(name, cell.lua)
        self._has_run_lua = True
        source = cell.page.encode("utf-8", "surrogatepass")
        path = cell.calls[-1].rest or None
        result = await self._told(
            self._engine.runtime.run_page(source, name=name, cell=request.origin, path=path)
        )
        unusual = head(result)
        if unusual:
            tools.say(unusual)
        data = shown(result)
        if data and not request.is_silent:
            tools.show(data)
        if result.url:
            tools.say_link("Served at", result.url)
        if result.error:
            raise _Failed(failure(result.error, self.sources))
        bad_status = problem(result.status)
        if bad_status:
            raise _Failed(own_failure("PageError", bad_status))

    def _explained(self, report: ErrorReport, lua: str) -> Failure:
        if report.kind in ("syntax", "runtime"):
            magic = misplaced(lua, position(report, self.sources.has)[1], is_syntax=report.kind == "syntax")
            if magic:
                line = printable(magic[:MAGIC_CHARACTERS])
                report = replace(report, hint=f"magics come before the cell's Lua; move {line} to the top")
        return failure(report, self.sources)

    async def _elsewhere(self, lua: str, tools: Tools) -> CellResult:
        """Runs a cell's Lua on the device, or here and there."""
        request = tools.request
        source, name = self._engine.chunk(lua), request.chunk_name
        try:
            if self._devices.where is Where.THERE:
                return await self._devices.there(source, name, request.origin)
            here, there = await self._devices.both(
                source, name, request.origin, lambda: self._submit(source, name, request)
            )
        except DeviceFailed as error:
            raise _Failed(own_failure("DeviceError", str(error))) from error
        from ._both import data

        tools.show(data(here, there, self._devices.name))
        return replace(here.result, values=(), forms=())

    async def _submit(self, source: bytes, name: str, request: Request) -> CellResult:
        return await self._told(self._engine.runtime.run_cell(source, name=name, cell=request.origin))

    async def _told(self, future: Future[T]) -> T:
        try:
            return await asyncio.wrap_future(future)
        except BaError as error:
            raise _Failed(own_failure(type(error).__name__, str(error))) from error

    async def _stoppable(self, work: Awaitable[T]) -> T:
        self._task = task = asyncio.ensure_future(work)
        if self._is_stopped:  # before there was anything to cancel
            task.cancel()
        try:
            return await task
        except asyncio.CancelledError:
            if not task.cancelled():
                raise
            raise _Failed(_interrupted(self.sources)) from None
        finally:
            self._task = None

    async def _evaluate(self, expression: str, request: Request) -> dict[str, object]:
        source = b"return " + expression.encode("utf-8", "surrogatepass")
        try:
            future = self._engine.runtime.run_cell(source, name="expression", cell=request.origin)
            result = await self._soon(future)
        except asyncio.TimeoutError:
            failed = own_failure("Timeout", f"the expression took longer than {EXPRESSION_S:g} s")
        except Exception as fault:
            failed = _of_ours(fault)
        else:
            if not result.error:
                return {"status": "ok", "data": {"text/plain": _joined(result.values)}, "metadata": {}}
            failed = failure(result.error, self.sources)
        return {"status": "error", **failed.content()}

    async def _soon(self, future: Future[T]) -> T:
        """Returns what Lua answers in time; what takes longer is stopped, as nobody sees that it runs."""
        try:
            return await within(future, EXPRESSION_S)
        except asyncio.TimeoutError:
            self._engine.interrupt()
            await asyncio.wait({asyncio.wrap_future(future)}, timeout=EXPRESSION_S)
            raise

    # ---- before and after

    def _begin(self, request: Request) -> None:
        self._has_run_lua = self._is_stopped = False
        self._output.begin(request)
        self._faults.begin(request)
        self._displays.begin(request)
        self._area.begin(request)
        self._flow.begin(request)
        self._live.begin(request)
        self._input.begin(request)
        self._devices.begin()

    async def _end(self) -> None:
        has_background = await self._has_background()
        self._input.end()
        self._faults.end()
        self._output.end()
        self._displays.end()
        await self._flow.end()
        self._area.end(has_background=has_background)
        self._live.end()

    async def _has_background(self) -> bool:
        """Whether a cosocket goes on after this cell: its traces will want a place to appear."""
        if self._area.is_shown or not self._has_run_lua:
            return False
        with contextlib.suppress(Exception):  # Lua is busy, gone, or could not be started: the reply says so
            sockets = await within(self._engine.runtime.sockets(), BACKGROUND_S)
            return any(info.state not in IDLE_STATES for info in sockets)
        return False

    def _reply_error(self, failed: Failure, request: Request) -> dict[str, object]:
        if not request.is_silent:
            self._publish("error", failed.content(), request.parent)
        return {
            "status": "error",
            "execution_count": request.cell,
            **failed.content(),
            "user_expressions": {},
        }


def _interrupted(sources: Sources) -> Failure:
    return failure(ErrorReport("interrupt", b""), sources)


def _of_ours(fault: Exception) -> Failure:
    """Returns what to show for an exception that is not an error of Lua's."""
    if isinstance(fault, BaError):
        return own_failure(type(fault).__name__, str(fault))
    if isinstance(fault, OSError) and fault.errno in (errno.EMFILE, errno.ENFILE):
        return own_failure("OutOfDescriptors", OUT_OF_DESCRIPTORS)
    _log.error("a cell failed in the kernel itself", exc_info=fault)
    return own_failure("InternalFault", f"{type(fault).__name__}: {fault}; please report this")


def _shown(values: tuple[bytes, ...]) -> str | None:
    """Returns what a notebook shows of a cell's values: nothing for none, and nothing for nil alone."""
    return None if values in ((), (b"nil",)) else _joined(values)


def _joined(values: tuple[bytes, ...]) -> str:
    texts = [readable(value) for value in values]
    return ("\n" if any("\n" in text for text in texts) else ", ").join(texts)
