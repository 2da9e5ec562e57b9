"""Asking the Lua thread about its state on behalf of somebody who waits at a keyboard."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

from ba_runtime.docs import kind_of
from ba_runtime.errors import BaError
from ba_runtime.looking import Members
from ba_runtime.syntax import Path, Reading

from ._engine import Engine, within

T = TypeVar("T")
U = TypeVar("U")

# A person who typed a dot waits this long and no longer.
ANSWER_S = 0.5
# Lua that has not answered the question before is still busy: hardly worth waiting for.
BUSY_S = 0.02
# What a text makes of a value depends on others, which depend on others: more rounds are hardly ever needed.
ROUNDS = 3
MOST_ASKED = 20
# An object of ours has fewer methods than this, which tell its kind.
MOST_METHODS = 80


class Asker:
    """Puts the questions that one request leads to, which share one time limit: Lua may be busy."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._kinds: dict[Path, str] = {}
        self._until = asyncio.get_running_loop().time() + ANSWER_S

    async def answer(self, question: Callable[[], Future[T]], instead: U) -> T | U:
        """Returns what the Lua thread answers, or `instead` if it is busy, is gone or cannot be started."""
        left_s = self._until - asyncio.get_running_loop().time()
        if self.engine.unanswered is not None and not self.engine.unanswered.done():
            left_s = min(left_s, BUSY_S)
        if left_s > 0:
            with contextlib.suppress(asyncio.TimeoutError, BaError, OSError):
                self.engine.unanswered = asked = question()
                return await within(asked, left_s)
        return instead

    async def members(self, path: Path, prefix: str = "") -> Members | None:
        """Returns the names below a path that begin with `prefix`; None if Lua does not answer."""
        return await self.answer(lambda: self.engine.runtime.members(path, prefix), None)

    async def _methods(self, path: Path) -> Members | None:
        return await self.answer(lambda: self.engine.runtime.members(path, most=MOST_METHODS), None)

    async def settle(self, reading: Reading, read: Callable[[], T]) -> T:
        """Returns what `read` finds in a text, once the kinds of the values that it depends on are known."""
        kinds = self._kinds
        for _ in range(ROUNDS):
            answer = read()
            unknown = [path for path in reading.values.asked if path not in kinds][:MOST_ASKED]
            if not unknown:
                return answer
            for path in unknown:
                members = await self._methods(path)
                names = () if members is None else (name for name, _ in members.names)
                kinds[path] = "" if members is None else kind_of(members.type, names)
            reading.know(kinds)
        return read()
