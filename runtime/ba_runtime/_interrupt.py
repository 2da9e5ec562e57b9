"""Stops Lua code that does not wait: a hook is planted in the running coroutine from outside, when needed.

Theory of operation. A permanent count hook would slow every program 1.4 to 2.5 times, and coroutines do not
inherit one. So nothing is installed while all is well. To interrupt, `lua_sethook` installs a hook on the
coroutine that runs now, counting every instruction; Lua documents that call as safe from a signal handler.
The hook has to be a C function, and there is no C here: it is `lua_getglobal`, which takes a state and a
name. Lua passes the event, a record that begins with the number 3, so the hook looks up the global with
that byte as its name; and Lua's own idea of the globals, in its registry, is a table of ours whose
`__index` answers that name by raising an error in the user's code (`lua/tasks/interrupt.lua`). So a
coroutine needs no preparation to be interrupted, which keeps making one cheap. A `pcall` may catch the
error, and the coroutine may hand over to another one; so planting is repeated until the interrupt is over
(`_watchdog.py`).

Which coroutine runs. Lua keeps it in a table of one element, the slot (`lua/tasks/interrupt.lua`). Lua code
may run and collect garbage while this thread looks, and nothing may be written to a coroutine that has been
freed meanwhile. So it is read as a hazard pointer is: a coroutine of our own, the scout, has the slot on
its stack; what the slot holds is pushed there as well, which makes it reachable for the collector, and then
the slot is read again. If it still holds the same coroutine, that was reachable all the time and will be
until it is popped. Nothing here allocates Lua memory, raises a Lua error, or touches a stack but the
scout's, which has room, and which Lua itself never runs. The slot always holds a coroutine, so that a value
read halfway through a store has the right type in any case.

Where hooks do not count. While a hook or a finalizer runs, Lua calls no hooks (`allowhook` in its state),
so a loop in one would go on for ever. `lua_State` keeps that flag in a byte whose place is found by
looking, at start, which byte is 0 inside a hook and 1 outside; `plant` sets it where it is asked to insist.
That is for code that has not called the hook for a while: in our own hook it would only call that again.
Where the byte is not found, such loops cannot be stopped, and nothing else changes.

A `pcall` in a finalizer undoes that: for an error that it catches it brings back what was when it was
entered, and a loop around it goes on as if nothing had happened. Only one that is entered while hooks are
allowed leaves them so. Between two of them are a few instructions, some tenths of a microsecond, in which
the byte has to be set. So no hook is planted at first, and the byte is set again and again, until the code
has come by there; then the hook is, and the error that it raises reaches the loop.
"""

from __future__ import annotations

import ctypes
import threading
from time import monotonic
from typing import TypeAlias

from . import _lua

LUA_MASKCOUNT = 1 << 3
_TABLE, _THREAD = 5, 8  # LUA_TTABLE, LUA_TTHREAD
_FUNCTION, _SLOT = 1, 2  # the scout's stack: its function, and the slot that is the function's upvalue
_STATE_BYTES = slice(8, 40)  # the head of a lua_State behind the collector's link; allowhook is in there
_RECORD_BYTES = 1024  # many times a lua_Debug
_STORES = 100  # between two looks at which coroutine runs, some microseconds
_ATTEMPTS = 3  # the slot changes at every resume; whoever is unlucky so often tries again a tick later


_Function: TypeAlias = "ctypes._NamedFuncPointer"


class _Record(ctypes.Structure):
    """The beginning of a lua_Debug."""

    _fields_ = (
        ("event", ctypes.c_int),
        ("name", ctypes.c_char_p),
        ("namewhat", ctypes.c_char_p),
        ("what", ctypes.c_char_p),
        ("rest", ctypes.c_char * _RECORD_BYTES),
    )


class Interrupter:
    """Plants the hook in the coroutine that runs. `learn` and `note_state` belong to the Lua thread."""

    def __init__(self) -> None:
        """Looks for Lua's C functions in lupa's library; without them `counts_instructions` is True."""
        self._scout: int | None = None
        self._states: dict[bool, bytes] = {}
        self._allowhook: int | None = None
        self._lock = threading.Lock()
        try:
            # PyDLL keeps the GIL: one planting thread at a time, and no switch in the middle of a call.
            library = ctypes.PyDLL(_lua.LIBRARY_FILE)
            pointer, integer = ctypes.c_void_p, ctypes.c_int
            self._sethook = _function(library.lua_sethook, None, pointer, pointer, integer, integer)
            self._hook = ctypes.cast(library.lua_getglobal, pointer)
            self._type = _function(library.lua_type, integer, pointer, integer)
            self._getupvalue = _function(library.lua_getupvalue, pointer, pointer, integer, integer)
            self._rawgeti = _function(library.lua_rawgeti, integer, pointer, integer, ctypes.c_longlong)
            self._tothread = _function(library.lua_tothread, pointer, pointer, integer)
            self._settop = _function(library.lua_settop, None, pointer, integer)
            self._getstack = _function(library.lua_getstack, integer, pointer, integer, pointer)
            self._getinfo = _function(library.lua_getinfo, integer, pointer, ctypes.c_char_p, pointer)
        except (OSError, AttributeError):  # a platform whose wheel does not export Lua
            self.counts_instructions = True
            return
        self.counts_instructions = False

    def learn(self, scout: int) -> None:
        """Takes the scout: a coroutine that has not begun, whose function has the slot as first upvalue."""
        self._getupvalue(scout, _FUNCTION, 1)
        if self._type(scout, _SLOT) == _TABLE:
            self._scout = scout

    def note_state(self, coroutine: int, in_hook: bool) -> None:
        """Looks at a coroutine's state, inside a hook and outside, to find where Lua allows hooks."""
        self._states[in_hook] = ctypes.string_at(coroutine, _STATE_BYTES.stop)
        if len(self._states) == 2:
            inside, outside = self._states[True], self._states[False]
            places = range(_STATE_BYTES.start, _STATE_BYTES.stop)
            found = [i for i in places if (inside[i], outside[i]) == (0, 1)]
            self._allowhook = found[0] if len(found) == 1 else None

    def plant(self, *, insist_s: float = 0) -> None:
        """Makes the Lua code that runs now call the hook at its next instruction. On any thread.

        With `insist_s` also where Lua does not call hooks: in a finalizer, and in another hook. The code has
        that many seconds to get where an error helps, and this takes as long.
        """
        if self._scout is None or not self._lock.acquire(blocking=False):  # else somebody is at it
            return
        try:
            coroutine = self._running()
            if coroutine is not None:
                if insist_s and self._allowhook is not None:
                    self._sethook(coroutine, None, 0, 0)
                    coroutine = self._allow_hooks(coroutine, self._allowhook, insist_s)
                if coroutine is not None:
                    self._sethook(coroutine, self._hook, LUA_MASKCOUNT, 1)
        finally:
            self._settop(self._scout, _SLOT)
            self._lock.release()

    def _allow_hooks(self, coroutine: int, allowhook: int, duration_s: float) -> int | None:
        """Keeps the byte set for as long as this coroutine runs; returns the one that runs then.

        It is looked at again and again which that is: a collection empties the unused part of every stack,
        the scout's too if it comes at the wrong instruction, and a coroutine that nothing holds is freed.
        """
        flag, end = ctypes.c_ubyte.from_address(coroutine + allowhook), monotonic() + duration_s
        running: int | None = coroutine
        while running == coroutine and monotonic() < end:
            for _ in range(_STORES):
                flag.value = 1
            running = self._running()
        return running

    def running_call(self) -> str:
        """Returns the name of the C function in which the running coroutine is, "" for none or unknown.

        For a coroutine that is known to have been stuck in one call for long: it is read while it runs.
        """
        if self._scout is None or not self._lock.acquire(blocking=False):
            return ""
        try:
            coroutine, record = self._running(), _Record()
            if coroutine is None or not self._getstack(coroutine, 0, ctypes.byref(record)):
                return ""
            if not self._getinfo(coroutine, b"nS", ctypes.byref(record)) or record.what != b"C":
                return ""
            return (record.name or b"").decode("utf-8", "replace")
        finally:
            self._settop(self._scout, _SLOT)
            self._lock.release()

    def _running(self) -> int | None:
        """Returns the running coroutine, which lives for as long as it is on the scout's stack."""
        for _ in range(_ATTEMPTS):
            self._settop(self._scout, _SLOT)
            self._rawgeti(self._scout, _SLOT, 1)
            first: int | None = self._tothread(self._scout, -1)
            self._rawgeti(self._scout, _SLOT, 1)
            if first is not None and first == self._tothread(self._scout, -1):
                return first
        return None


def _function(function: _Function, result: type | None, *arguments: type) -> _Function:
    function.restype = result
    function.argtypes = arguments
    return function
