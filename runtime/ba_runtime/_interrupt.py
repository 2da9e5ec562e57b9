"""Stops Lua code that does not wait: a hook is planted in the running coroutine from outside, when needed.

Theory of operation. A permanent count hook would slow every program 1.4 to 2.5 times, and coroutines do not
inherit one. So nothing is installed while all is well. To interrupt, a hook is planted in the coroutine that
runs now, counting every instruction (`_hook_fields.py` says why not by `lua_sethook`). The hook has to be a C
function, and there is no C here: it is `lua_getglobal`, which takes a state and a name. Lua passes the event,
a record that begins with the number 3, so the hook looks up the global with that byte as its name; and Lua's
own idea of the globals, in its registry, is a table of ours whose `__index` answers that name by raising an
error in the user's code (`lua/tasks/interrupt.lua`). So a coroutine needs no preparation to be interrupted,
which keeps making one cheap. A `pcall` may catch the error, and the coroutine may hand over to another one;
so planting is repeated until the interrupt is over (`_watchdog.py`).

Which coroutine runs. Lua keeps it in a table of one element, the slot (`lua/tasks/interrupt.lua`). Lua code
may run and collect garbage while this thread looks, and nothing may be written to a coroutine that has been
freed meanwhile. So it is read as a hazard pointer is: a coroutine of our own, the scout, has the slot on
its stack; what the slot holds is pushed there as well, which makes it reachable for the collector, and then
the slot is read again. If it still holds the same coroutine, that was reachable all the time and will be
until it is popped. Nothing here allocates Lua memory, raises a Lua error, or touches a stack but the
scout's, which has room, and which Lua itself never runs. The slot always holds a coroutine, so that a value
read halfway through a store has the right type in any case.

Where hooks do not count. While a hook or a finalizer runs, Lua calls no hooks (`allowhook` in its state),
so a loop in one would go on forever. `lua_State` keeps that flag in a byte. At start it is looked at inside
a hook, where it has to be 0, and outside, where it is 1; `plant` sets it where it is asked to. That is for
code that has not called the hook for a while: in our own hook it would only call that again. Where the byte
is not as expected, such loops cannot be stopped, and nothing else changes.

A `pcall` in a finalizer brings the byte back to what it was when that was entered, for an error that it
catches, and a loop around it would go on as if nothing had happened. But then Lua closes the variables that
the error leaves behind, and the hook has one for this purpose: there `allow_hooks` sets the byte again, and
the next error is raised outside that `pcall`.

What remains is a loop that is nearly always inside a C function that fails. Its own instructions, between
two calls, are some tenths of a microsecond, in which the byte has to be set. So where that has not helped no
hook is planted for a while, and the byte is set again and again, until the code has come by there.

Where no call is left. Lua allows 200 calls that go through C, and a function that calls itself by `pcall`
goes on at the last one forever. Our hook needs a call itself: it would fail there, which ends that one
function, and outside of finalizers, where hooks stay allowed, the next one has room. In a finalizer the one
below would only call it again. So there the hook is at first a function of Python's, which Lua calls without
a call of its own; it has Lua count some calls less, and plants the usual hook for the next instruction. Lua
counts right again when a `pcall` catches the error, and when the finalizer is over.

A finalizer that is stopped is followed by the next, and there may be thousands: `_pending_finalizers.py`.
"""

from __future__ import annotations

import ctypes
import threading
from enum import IntEnum
from time import monotonic, sleep
from typing import TypeAlias

from . import _hook_fields, _lua
from ._pending_finalizers import PendingFinalizers

LUA_MASKCOUNT = 1 << 3
_TABLE, _THREAD = 5, 8  # LUA_TTABLE, LUA_TTHREAD
_FUNCTION, _SLOT = 1, 2  # the scout's stack: its function, and the slot that is the function's upvalue
_RECORD_BYTES = 1024  # many times a lua_Debug
_STORES = 100  # between two looks at which coroutine runs, some microseconds
_ATTEMPTS = 3  # the slot changes at every resume; whoever is unlucky so often tries again a tick later
_LOOKS, _LOOK_S = 20, 0.001  # a loop around a short C function is seen outside of it sooner or later
_LENT_CALLS = 4  # what our hook needs, with some to spare; a finalizer is never so near the first call
_MOST_LOANS = 100  # in an interrupt: each lets the stack of C get a little deeper than Lua would have it
DRAIN_S = 0.3  # of the second that an interrupt may take
_ADDRESS_BYTES = ctypes.sizeof(ctypes.c_void_p)


class Reach(IntEnum):
    """Where a planted hook is called."""

    CALLS = 0  # by the next Lua function that is called
    LOOPS = 1  # in the running one too, for code that has not called the hook for a while
    EVERYWHERE = 2  # even in finalizers and hooks


_Function: TypeAlias = "ctypes._NamedFuncPointer"
_Hook = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p)


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
        self._allows: dict[bool, int] = {}  # in a hook and outside
        self._knows_fields = self._knows_allowhook = False
        self._lock = threading.Lock()
        self._pending = PendingFinalizers()
        self._loans = 0
        self._draining_since = 0.0  # when the first finalizer of this interrupt was over by itself
        self._lend = _Hook(self._lend_calls)
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
            most = _function(library.lua_setcstacklimit, integer, pointer, ctypes.c_uint)
            self._most_calls = most(None, 0)  # which sets nothing any more, and returns the bound
        except (OSError, AttributeError):  # a platform whose wheel does not export Lua
            self.counts_instructions = True
            return
        self.counts_instructions = False

    def learn(self, scout: int, main: int, newest: int) -> None:
        """Takes the scout, a coroutine that has not begun, whose function has the slot as first upvalue; the
        coroutine that calls this, in which no hook has been set yet; and the last table that has got a
        finalizer.
        """
        calls, hook = (self._call_record(main, 0), self._call_record(main, 1)), self._hook.value or 0
        self._knows_fields = _hook_fields.agrees(main, calls, hook, LUA_MASKCOUNT, self._sethook)
        if self._knows_fields:
            self._pending.learn(main, newest)
        self._getupvalue(scout, _FUNCTION, 1)
        if self._type(scout, _SLOT) == _TABLE:
            self._scout = scout

    def note_state(self, coroutine: int, in_hook: bool) -> None:
        """Looks at a coroutine's state, inside a hook and outside, to see where Lua allows hooks."""
        self._allows[in_hook] = _hook_fields.allows_hooks(coroutine)
        self._knows_allowhook = self._knows_fields and self._allows == {True: 0, False: 1}

    def plant(self, reach: Reach = Reach.CALLS, *, insist_s: float = 0) -> None:
        """Makes the Lua code that runs now call the hook. On any thread.

        `reach` tells where; with `insist_s` everywhere, and the code has that many seconds to get where an
        error helps, which this takes as long.
        """
        if self._scout is None or not self._lock.acquire(blocking=False):  # else somebody is at it
            return
        try:
            coroutine = self._running()
            if coroutine is not None and insist_s and self._knows_allowhook:
                self._sethook(coroutine, None, 0, 0)
                coroutine = self._keep_allowing(coroutine, insist_s)
            if coroutine is not None:
                self._set_hook(coroutine, Reach.EVERYWHERE if insist_s else reach)
        finally:
            self._settop(self._scout, _SLOT)
            self._lock.release()

    def _set_hook(self, coroutine: int, reach: Reach) -> None:
        if not self._knows_fields:
            self._sethook(coroutine, self._hook, LUA_MASKCOUNT, 1)
        else:
            hook = self._lend if reach == Reach.EVERYWHERE and self._is_deep(coroutine) else self._hook
            _hook_fields.plant(coroutine, ctypes.cast(hook, ctypes.c_void_p).value or 0, LUA_MASKCOUNT, 1)
            if reach >= Reach.LOOPS:
                _hook_fields.press(coroutine)
        if reach == Reach.EVERYWHERE and self._knows_allowhook:
            _hook_fields.allow(coroutine)

    def _is_deep(self, coroutine: int) -> bool:
        return bool(_hook_fields.c_calls(coroutine) + _LENT_CALLS > self._most_calls)

    def _lend_calls(self, coroutine: int, _: object) -> None:
        """The hook where Lua has no call left for ours. On the Lua thread."""
        if self._is_deep(coroutine) and self._loans < _MOST_LOANS:
            self._loans += 1
            _hook_fields.lend_c_calls(coroutine, _LENT_CALLS)
        _hook_fields.plant(coroutine, self._hook.value or 0, LUA_MASKCOUNT, 1)

    def begin(self) -> None:
        """Begins an interrupt. Safe in a signal handler."""
        self._loans = 0
        self._draining_since = 0.0

    def put_off_finalizers(self, is_over: bool) -> None:
        """Leaves the finalizers that are about to be called to the collector's next cycle. On the Lua thread,
        in a finalizer or in the warning of one.

        One that is over by itself (`is_over`), because its wait has ended or it has failed, costs little. So
        the next ones may follow for DRAIN_S: put off at once, all would wait again in the cells to come.
        """
        if is_over:
            now = monotonic()
            self._draining_since = self._draining_since or now
            if now - self._draining_since < DRAIN_S:
                return
        self._pending.put_off()

    def allow_hooks(self) -> None:
        """Lets the coroutine that calls this be hooked again, in a finalizer too. On the Lua thread."""
        if self._scout is None or not self._knows_allowhook:
            return
        with self._lock:
            coroutine = self._running()
            if coroutine is not None:
                if self._is_deep(coroutine):  # the planted hook is called at once, in what has called this
                    self._set_hook(coroutine, Reach.EVERYWHERE)
                _hook_fields.allow(coroutine)
            self._settop(self._scout, _SLOT)

    def _keep_allowing(self, coroutine: int, duration_s: float) -> int | None:
        """Keeps the byte set for as long as this coroutine runs; returns the one that runs then.

        It is looked at again and again which that is: a collection empties the unused part of every stack,
        the scout's too if it comes at the wrong instruction, and a coroutine that nothing holds is freed.
        """
        running: int | None = coroutine
        end = monotonic() + duration_s
        while running == coroutine and monotonic() < end:
            _hook_fields.allow(coroutine, _STORES)
            running = self._running()
        return running

    def _call_record(self, coroutine: int, level: int) -> int | None:
        """Returns where Lua keeps a call that is under way: the only thing that it notes in the record."""
        record = (ctypes.c_void_p * (ctypes.sizeof(_Record) // _ADDRESS_BYTES))()
        if not self._getstack(coroutine, level, ctypes.byref(record)):
            return None
        found = [address for address in record if address]
        return found[0] if len(found) == 1 else None

    def running_call(self) -> str:
        """Returns the name of the C function in which the running coroutine is, "" for none or unknown.

        For a coroutine that is known to have been stuck in one call for long: it is read while it runs. One
        that only has not been heard of may leave its calls meanwhile; so it is watched first.
        """
        if self._scout is None or not self._lock.acquire(blocking=False):
            return ""
        try:
            coroutine, record = self._running_in_one_call(), _Record()
            if coroutine is None or not self._getstack(coroutine, 0, ctypes.byref(record)):
                return ""
            if not self._getinfo(coroutine, b"nS", ctypes.byref(record)) or record.what != b"C":
                return ""
            return (record.name or b"").decode("utf-8", "replace")
        finally:
            self._settop(self._scout, _SLOT)
            self._lock.release()

    def _running_in_one_call(self) -> int | None:
        """Returns the running coroutine if it is in the same C function for some time, else None."""
        coroutine = self._running()
        if coroutine is None or not self._knows_fields:
            return coroutine
        call = _hook_fields.c_call(coroutine)
        for _ in range(_LOOKS):
            if call is None:
                return None
            sleep(_LOOK_S)
            if self._running() != coroutine or _hook_fields.c_call(coroutine) != call:
                return None
        return coroutine

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
