"""Keeps what goes wrong in a Python function inside Python: Lua hears of it in Lua's words.

Two things must not happen while a result crosses to Lua. An exception would arrive there as a Python
object. And when Lua's memory is used up, Lua leaves the push of the result by a long jump, past the place
where lupa gives the interpreter's lock back: the process would stand still forever. So every function that
can raise, or whose result takes memory, is called through here. What it raises, and a result that Lua has
no room for, is kept; the function returns FAILED, a number that takes no memory, and `lua/crossing.lua`
raises what is kept.

That there is room for little results is seen to in Lua before the call; the loop's own functions, which
must not fail, make way instead (`LuaState.make_way`).
"""

from __future__ import annotations

import functools
import secrets
from collections.abc import Callable
from typing import Protocol

from .sockets.reasons import EXHAUSTED, in_words

# Nothing a program computes is this by chance, and it cannot be found out.
FAILED = secrets.randbits(62)

SMALL_BYTES = 4096  # there is room for as much, and for the values of a flat tuple
VALUE_BYTES = 64  # what a value takes besides its bytes: a string's head, a place on the stack

NO_MEMORY = b"not enough memory"  # Lua's own words, by which the error is known

_PLAIN = frozenset({"None", "bool", "int", "float"})


class Memory(Protocol):
    """What the guard asks of the Lua state."""

    def has_place_for(self, size: int) -> bool: ...


class Guard:
    """Wraps the functions of one crossing table."""

    def __init__(self, memory: Callable[[], Memory]) -> None:
        """`memory` tells the state, which does not exist yet when the table is made."""
        self._memory = memory
        self._failure = b""

    def failure(self) -> bytes:
        """Returns why the last call failed."""
        return self._failure

    def wrap(self, name: str, function: Callable[..., object], is_modest: bool) -> Callable[..., object]:
        """Returns `function`, which never raises and never returns more than Lua can take.

        A modest one never returns more than there is room for anyway, so nothing is measured.
        """

        @functools.wraps(function)
        def caught(*arguments: object) -> object:
            try:
                return function(*arguments)
            except Exception as fault:
                return self._fail(_explained(name, fault))

        @functools.wraps(function)
        def guarded(*arguments: object) -> object:
            try:
                result = function(*arguments)
            except Exception as fault:
                return self._fail(_explained(name, fault))
            if isinstance(result, (bytes, tuple)):
                size = _size(result)
                if size > SMALL_BYTES and not self._memory().has_place_for(size):
                    return self._fail(NO_MEMORY)
            return result

        return caught if is_modest else guarded

    def _fail(self, reason: bytes) -> int:
        self._failure = reason
        return FAILED


def _size(result: bytes | tuple[object, ...]) -> int:
    if isinstance(result, bytes):
        return len(result)
    return sum(VALUE_BYTES + (len(value) if isinstance(value, bytes) else 0) for value in result)


def _explained(name: str, fault: Exception) -> bytes:
    if isinstance(fault, MemoryError):
        return NO_MEMORY
    if isinstance(fault, OSError) and fault.errno in EXHAUSTED:
        return in_words(fault).encode()
    text = f"{type(fault).__name__}: {fault}" if str(fault) else type(fault).__name__
    return f"{name} failed ({text}); please report this".encode()


def takes_no_memory(function: Callable[..., object]) -> bool:
    """Tells whether all that a function returns is nothing, numbers or booleans, by its annotation."""
    returned = getattr(function, "__annotations__", {}).get("return")
    return isinstance(returned, str) and {part.strip() for part in returned.split("|")} <= _PLAIN
