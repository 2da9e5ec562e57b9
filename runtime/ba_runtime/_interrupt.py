"""Stops Lua code that does not wait: a hook is planted in the coroutines from outside, only when needed.

Theory of operation. A permanent count hook would slow every program 1.4 to 2.5 times, and coroutines do not
inherit one. So nothing is installed while all is well. Lua's own `debug.sethook` is asked once for its C
hook function, whose address `lua_gethook` tells; to interrupt, `lua_sethook` puts that function, counting
every instruction, on all coroutines that we know. Lua documents that call as safe from a signal handler,
and so it is from another thread. The C function then calls what Lua's hook table holds for the coroutine
that runs: `interrupt.lua`, which raises. It goes on raising after a `pcall`, until the task is out.

Which coroutine runs only Lua knows, so all are planted: each registers its address when it is made, and
leaves before its memory is freed (a finalizer that keeps it alive until then, see `interrupt.lua`). One
lock around both keeps a freed address from ever being written.

Invariants: `track` and `untrack` are called on the Lua thread; `plant` and `lift` on any. Nothing is
planted when `lift` has returned and no newer `plant` has begun.
"""

from __future__ import annotations

import ctypes
import threading

from . import _lua

LUA_MASKCOUNT = 1 << 3


class Interrupter:
    """Plants the hook in all known coroutines, and lifts it."""

    def __init__(self) -> None:
        """Looks for Lua's C functions in lupa's library; without them `is_instant` is False."""
        self._lock = threading.Lock()
        self._coroutines: set[int] = set()
        self._planted = False
        self._c_hook: int | None = None
        try:
            # PyDLL keeps the GIL: the two calls are short, and giving it up would cost more.
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

    def learn(self, coroutine: bytes) -> None:
        """Takes the address of Lua's C hook from `coroutine`, where `debug.sethook` has just installed it."""
        if self.is_instant:
            address = int(coroutine, 16)
            self._c_hook = self._gethook(address)
            self._sethook(address, None, 0, 0)

    def track(self, coroutine: bytes) -> None:
        """Registers a new coroutine by its address, as `%p` prints it."""
        address = int(coroutine, 16)
        with self._lock:
            self._coroutines.add(address)
            if self._planted:
                self._set(address, self._c_hook)

    def untrack(self, coroutine: bytes) -> None:
        """Forgets a coroutine that is about to be freed."""
        with self._lock:
            self._coroutines.discard(int(coroutine, 16))

    def plant(self) -> None:
        """Makes whatever Lua code runs now, or next, call the hook at its next instruction."""
        with self._lock:
            self._planted = True
            for address in self._coroutines:
                self._set(address, self._c_hook)

    def lift(self) -> None:
        """Takes the hook away again everywhere."""
        with self._lock:
            if self._planted:
                self._planted = False
                for address in self._coroutines:
                    self._set(address, None)

    def _set(self, address: int, hook: int | None) -> None:
        if self.is_instant:
            mask, count = (LUA_MASKCOUNT, 1) if hook else (0, 0)
            self._sethook(address, hook, mask, count)
