"""The prompt: asks for cells, runs them, and shows what a notebook would show.

Lua has a thread of its own, so cosockets go on while a line is being typed. Ctrl-C ends that line, or stops
the cell that runs; Ctrl-D or `exit` leaves.
"""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
from collections.abc import Mapping
from typing import Protocol

from ba_kernel._frontend import Request
from ba_runtime.command import CtrlC, Writer

from ._bench import CONSOLE, Bench
from ._lines import Lines

NO_LINE = b"io.read: a line is being typed at the prompt, so io.read returns end of file\n"
MISSING = "-- There is no history and no completion without prompt_toolkit: pip install prompt_toolkit"
HINT = "Ctrl-D or exit leaves. %help lists what there is besides Lua."
_COLOUR = re.compile(r"\x1b\[[\d;]*m")


class Typing(Protocol):
    """Where cells come from, and where output goes."""

    out: Writer
    err: Writer
    proposal: str  # what the next cell may begin with

    async def cell(self, number: int, bench: Bench) -> str:
        """Returns the next cell. Raises EOFError at the end, KeyboardInterrupt for a line that was given
        up.
        """

    async def line(self) -> bytes | None:
        """Returns a line for a program that reads, None at the end. Raises KeyboardInterrupt."""


class Prompt:
    """The prompt of one process."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._typing = _typing(loop)
        self.out, self.err = self._typing.out, self._typing.err
        self._bench: Bench | None = None
        self._is_running = True  # the program before the first prompt, or a cell
        self._answering: asyncio.Task[None] | None = None

    def attach(self, bench: Bench) -> None:
        """Sets what runs the cells."""
        self._bench = bench

    def ask(self) -> None:
        """Asks for a line that a program wants. On the Lua thread."""
        self._loop.call_soon_threadsafe(self._ask)

    async def run(self, first: int) -> int:
        """Runs cell after cell, numbered from `first`, and returns the exit code."""
        bench, number = self._bench, first
        assert bench is not None
        bench.on_error = self._show_error
        bench.names_cells = True
        # Between a cell and the next line there is nothing to stop, and nothing that should end.
        before = signal.signal(signal.SIGINT, lambda *_: None)
        try:
            return await self._run_all(bench, number)
        finally:
            signal.signal(signal.SIGINT, before)

    async def _run_all(self, bench: Bench, number: int) -> int:
        while True:
            await self._stop_asking(bench)
            try:
                text = await self._typing.cell(number, bench)
            except EOFError:
                return 0
            except KeyboardInterrupt:
                bench.interrupt()  # code in the background that never waits
                continue
            if text.strip():
                code = await self._run(bench, text, number)
                if code is not None:
                    return code
                number += 1

    async def _run(self, bench: Bench, text: str, number: int) -> int | None:
        bench.take_error()
        self._is_running = True
        with CtrlC(lambda: self._stop(bench), ends=False):
            request = Request(CONSOLE, [], number, allow_stdin=True)
            reply = await bench.cells.run(text, request, expressions={})
        await self._stop_asking(bench)
        if self._follow(bench, reply):
            return 0
        error = bench.take_error()
        return error.exit_code if error is not None and error.kind == "exit" else None

    def _follow(self, bench: Bench, reply: Mapping[str, object]) -> bool:
        """Does what front ends do with a reply's payload: shows help, and proposes the next cell. Returns
        whether to leave.
        """
        payload = reply.get("payload")
        for item in payload if isinstance(payload, list) else ():
            if item.get("source") == "page":
                bench.output.write(f"{item['data']['text/plain']}\n".encode("utf-8", "surrogateescape"))
            elif item.get("source") == "set_next_input":
                self._typing.proposal = str(item["text"])
            elif item.get("source") == "ask_exit":
                return True
        return False

    def _stop(self, bench: Bench) -> None:
        """Stops the cell, on any thread; the terminal has written ^C where its cursor was."""
        if sys.stdin is not None and sys.stdin.isatty():
            self.err.write(b"\n")
            self.err.flush()
        bench.interrupt()

    async def _stop_asking(self, bench: Bench) -> None:
        """Nothing runs any more: a question is taken off the screen, before the prompt is there."""
        self._is_running = False
        answering, self._answering = self._answering, None
        if answering is not None and not answering.done():
            answering.cancel()
            await asyncio.wait({answering})
            bench.engine.reply_input(None)

    def _ask(self) -> None:
        assert self._bench is not None
        if not self._is_running:
            self.err.write(NO_LINE)
            self._bench.engine.reply_input(None)
        else:
            self._answering = self._loop.create_task(self._answer(self._bench))

    async def _answer(self, bench: Bench) -> None:
        try:
            line = await self._typing.line()
        except KeyboardInterrupt:
            bench.interrupt()
        else:
            bench.engine.reply_input(line)

    def _show_error(self, content: Mapping[str, object]) -> None:
        lines = content["traceback"]
        if content["ename"] == "Exit" or not isinstance(lines, list):
            return
        text = "\n".join(lines) + "\n"
        plain = not sys.stderr.isatty() or "NO_COLOR" in os.environ
        self.err.write((_COLOUR.sub("", text) if plain else text).encode("utf-8", "surrogateescape"))
        self.err.flush()


def _typing(loop: asyncio.AbstractEventLoop) -> Typing:
    if not (sys.stdin is not None and sys.stdin.isatty() and sys.stdout.isatty()):
        return Lines(loop)
    print(HINT, flush=True)
    try:
        from ._terminal import Terminal
    except ImportError:
        print(MISSING, file=sys.stderr, flush=True)
        return Lines(loop)
    return Terminal(loop)
