"""Stops Lua code that does not wait: a hook is planted in the coroutines from outside, only when needed.

Theory of operation. A permanent count hook would slow every program 1.4 to 2.5 times, and coroutines do not
inherit one. So nothing is installed while all is well. Lua's own `debug.sethook` is asked once for its C
hook function, whose address `lua_gethook` tells; to interrupt, `lua_sethook` puts that function, counting
every instruction, on all coroutines that we know. Lua documents that call as safe from a signal handler,
and so it is from another thread. The C function then calls what Lua's hook table holds for the coroutine
that runs: `interrupt.lua`, which raises. It goes on raising after a `pcall`, until the task is out.

Which coroutine runs only Lua knows, so all are planted: each registers its address when it is made, and
leaves before its memory is freed (a finalizer that keeps it alive until then, see `interrupt.lua`). A freed
address must never be written, so planting is one C loop over the set: nothing in it gives up the GIL, which
the finalizer needs to take an address out. A coroutine made while the hook is planted inherits it from its
maker, as Lua does with C hooks.

Invariants: `track` and `untrack` are called on the Lua thread; `plant` and `lift` on any. Nothing is
planted when `lift` has returned and no newer `plant` has begun.
"""

from __future__ import annotations

import ctypes
from collections import deque
from collections.abc import Callable
from itertools import repeat

from . import _lua

LUA_MASKCOUNT = 1 << 3


class Interrupter:
    """Plants the hook in all known coroutines, and lifts it."""

    def __init__(self) -> None:
        """Looks for Lua's C functions in lupa's library; without them `is_instant` is False."""
        self._coroutines: set[int] = set()
        # Lua calls these two for every coroutine that it makes or frees, so they are the set's own methods.
        self.track: Callable[[int], None] = self._coroutines.add
        self.untrack: Callable[[int], None] = self._coroutines.discard
        self._c_hook: int | None = None
        try:
            # PyDLL keeps the GIL, which is what makes planting safe.
            library = ctypes.PyDLL(_lua.LIBRARY_FILE)
            self._sethook = library.lua_sethook
            self._gethook = library.lua_gethook
        except (OSError, AttributeError):  # a platform whose wheel does not export Lua
            self.is_instant = False
            return
        self._sethook.argtypes = (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int, ctypes.c_int)
        self._sethook.restype = None
        self._gethook.argtypes = (ctypes.c_void_p,)
        self._gethook.restype = ctypes.c_void_p
        self.is_instant = True

    def learn(self, coroutine: int) -> None:
        """Takes the address of Lua's C hook from `coroutine`, where `debug.sethook` has just installed it."""
        self._c_hook = self._gethook(coroutine)
        self._sethook(coroutine, None, 0, 0)

    def plant(self) -> None:
        """Makes whatever Lua code runs now, or next, call the hook at its next instruction."""
        if self._c_hook is not None:
            self._set_all(self._c_hook, LUA_MASKCOUNT, 1)

    def lift(self) -> None:
        """Takes the hook away again everywhere."""
        if self._c_hook is not None:
            self._set_all(None, 0, 0)

    def _set_all(self, hook: int | None, mask: int, count: int) -> None:
        # Consumed in C, without one bytecode in between; a plain loop could lose the GIL.
        deque(map(self._sethook, self._coroutines, repeat(hook), repeat(mask), repeat(count)), maxlen=0)
