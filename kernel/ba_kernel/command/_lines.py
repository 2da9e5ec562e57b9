"""Cells from standard input, where there is no terminal or nothing that could edit a line on it."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import threading

from ba_kernel._complete import is_complete
from ba_runtime.command import CtrlC, LineReader, standard_input

from ._bench import Bench


class Lines:
    """Reads line by line, with a prompt before each, as `lua -i` does."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._lines = LineReader(standard_input)
        self._coming: asyncio.Future[bytes] | None = None
        self.proposal = ""  # which nobody could edit
        self.out, self.err = sys.stdout.buffer, sys.stderr.buffer

    async def cell(self, number: int, bench: Bench) -> str:
        """Returns the lines of a cell as soon as it is complete."""
        prompt = f"[{number}]> "
        text = await self._asked(prompt)
        with contextlib.suppress(EOFError):  # then the cell is what there is of it
            while is_complete(bench.engine, text)["status"] == "incomplete":
                text += "\n" + await self._asked(">> ".rjust(len(prompt)))
        return text

    async def line(self) -> bytes | None:
        """Returns the next line, None at the end of the input."""
        return await self._next() or None

    async def _asked(self, prompt: str) -> str:
        with CtrlC(lambda: None, ends=False) as ctrl_c:
            self.out.write(prompt.encode())
            self.out.flush()
            line = asyncio.ensure_future(self._next())
            pressed = asyncio.wrap_future(ctrl_c.pressed)
            await asyncio.wait((line, pressed), return_when=asyncio.FIRST_COMPLETED)
            if not line.done():
                line.cancel()
                self.out.write(b"\n")
                raise KeyboardInterrupt
        if not line.result():
            self.out.write(b"\n")
            self.out.flush()
            raise EOFError
        return line.result().decode("utf-8", "surrogateescape").rstrip("\r\n")

    async def _next(self) -> bytes:
        """Returns the next line; one that nobody waited for until it came is the next."""
        if self._coming is None:
            self._coming = self._loop.create_future()
            threading.Thread(target=self._read, args=(self._coming,), daemon=True).start()
        line = await asyncio.shield(self._coming)
        self._coming = None
        return line

    def _read(self, coming: asyncio.Future[bytes]) -> None:
        line = self._lines.read_line()
        try:
            self._loop.call_soon_threadsafe(coming.set_result, line)
        except RuntimeError:  # the loop is closed: the process ends
            return
