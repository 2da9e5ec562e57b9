"""Cells from a terminal: several lines, history, colours and completion, by prompt_toolkit."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncGenerator, Callable, Iterable

from prompt_toolkit import PromptSession
from prompt_toolkit.application import run_in_terminal
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.enums import DEFAULT_BUFFER
from prompt_toolkit.filters import Condition, has_focus
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.lexers import PygmentsLexer
from pygments.lexers.scripting import LuaLexer

from ba_kernel._complete import complete, is_complete
from ba_kernel._engine import Engine
from ba_runtime.command import Writer

from ._bench import Bench
from ._history import history
from ._screen import Screen, ScreenWriter

INDENT = "  "


class Terminal:
    """The terminal of the process."""

    out: Writer
    err: Writer

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._screen = Screen(loop, sys.stdout, _above)
        self.out = ScreenWriter(self._screen)
        self.err = ScreenWriter(self._screen) if sys.stderr.isatty() else sys.stderr.buffer
        self.proposal = ""
        self._engine: Engine | None = None
        self._cells: PromptSession[str] = PromptSession(
            history=history(),
            completer=_Names(lambda: self._engine),
            complete_while_typing=False,
            lexer=PygmentsLexer(LuaLexer),
            multiline=True,
            prompt_continuation=lambda width, line, wraps: ">> ".rjust(width),
            key_bindings=self._keys(),
            enable_suspend=True,
        )
        self._lines: PromptSession[str] = PromptSession()

    async def cell(self, number: int, bench: Bench) -> str:
        """Returns the next cell, which the return key ends where it is complete."""
        self._engine = bench.engine
        proposal, self.proposal = self.proposal, ""
        return await self._typed(self._cells, f"[{number}]> ", proposal)

    async def line(self) -> bytes | None:
        """Returns a line for a program that reads."""
        try:
            line = await self._typed(self._lines, "")
        except EOFError:
            return None
        return line.encode("utf-8", "surrogateescape") + b"\n"

    async def _typed(self, session: PromptSession[str], prompt: str, proposal: str = "") -> str:
        self._screen.begin_typing()
        try:
            return await session.prompt_async(prompt, default=proposal, handle_sigint=False)
        finally:
            self._screen.end_typing()

    def _keys(self) -> KeyBindings:
        keys = KeyBindings()
        is_cell = has_focus(DEFAULT_BUFFER)  # and not the line in which history is searched

        @Condition
        def is_indenting() -> bool:
            return not self._cells.default_buffer.document.current_line_before_cursor.strip()

        @keys.add("enter", filter=is_cell)
        def _(event: KeyPressEvent) -> None:
            self._enter(event.current_buffer)

        @keys.add("tab", filter=is_cell & is_indenting)
        def _(event: KeyPressEvent) -> None:
            event.current_buffer.insert_text(INDENT)

        return keys

    def _enter(self, buffer: Buffer) -> None:
        if buffer.complete_state is not None:
            buffer.complete_state = None
            return
        assert self._engine is not None
        found = is_complete(self._engine, buffer.text)
        if not buffer.document.is_cursor_at_the_end and "\n" in buffer.text:
            buffer.newline()
        elif found["status"] == "incomplete":
            buffer.insert_text(f"\n{found['indent']}")
        else:
            buffer.validate_and_handle()


class _Names(Completer):
    """Completes as notebooks do."""

    def __init__(self, engine: Callable[[], Engine | None]) -> None:
        self._engine = engine

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:
        """Returns nothing: names are found below, because Lua is asked for them."""
        return ()

    async def get_completions_async(
        self, document: Document, complete_event: CompleteEvent
    ) -> AsyncGenerator[Completion, None]:
        """Yields the names that may stand at the cursor."""
        engine = self._engine()
        if engine is None:
            return
        reply = await complete(engine, document.text, document.cursor_position)
        start, matches = reply["cursor_start"], reply["matches"]
        assert isinstance(start, int)
        assert isinstance(matches, list)
        for match in matches:
            yield Completion(match, start_position=start - document.cursor_position)


def _above(write: Callable[[], None]) -> None:
    run_in_terminal(write)
