"""Puts off the finalizers (`__gc`) that Lua is about to call, so that an interrupt need not end each of them.

Theory of operation. A cycle of the collector ends with the finalizers of what it has found, one after the
other; a generational one, or a full one, may call a hundred thousand before the program gets to its next
instruction. Each that loops would have to be found out and stopped by itself. What waits for its finalizer is
in a list of its own (`tobefnz`); what will have one when it is no longer used, in another (`finobj`). Both
are marked alike. So the whole list goes to the front of the other, which is where Lua itself puts an object
that is given a finalizer (`luaC_checkfinalizer`). Lua finds that nothing is left to call, and the next cycle
finds these objects again.

This happens on Lua's own thread, within a finalizer or just after one. Lua sweeps no list then, and what is
in either has been swept; the collector's state is looked at all the same.

The structure is Lua 5.4's (lstate.h). Before it is used, `learn` looks for what it has to show.
"""

from __future__ import annotations

import ctypes

from . import _hook_fields

_TABLE, _USERDATA, _STRING = 5, 7, 4  # LUA_TTABLE, LUA_TUSERDATA, LUA_TSTRING
_TYPE_BITS = 0x0F
_HAS_FINALIZER = 1 << 6  # FINALIZEDBIT in an object's marks
_SWEEPING = range(3, 7)  # GCSswpallgc to GCSswpend


class _Object(ctypes.Structure):
    """The beginning of a GCObject."""

    _fields_ = (("next", ctypes.c_void_p), ("tt", ctypes.c_ubyte), ("marked", ctypes.c_ubyte))


class _Global(ctypes.Structure):
    """The beginning of a global_State."""

    _fields_ = (
        ("frealloc", ctypes.c_void_p),
        ("ud", ctypes.c_void_p),
        ("totalbytes", ctypes.c_ssize_t),
        ("GCdebt", ctypes.c_ssize_t),
        ("GCestimate", ctypes.c_size_t),
        ("lastatomic", ctypes.c_size_t),
        ("strt_hash", ctypes.c_void_p),
        ("strt_nuse", ctypes.c_int),
        ("strt_size", ctypes.c_int),
        ("l_registry", ctypes.c_longlong * 2),
        ("nilvalue", ctypes.c_longlong * 2),
        ("seed", ctypes.c_uint),
        ("currentwhite", ctypes.c_ubyte),
        ("gcstate", ctypes.c_ubyte),
        ("gckind", ctypes.c_ubyte),
        ("gcstopem", ctypes.c_ubyte),
        ("genminormul", ctypes.c_ubyte),
        ("genmajormul", ctypes.c_ubyte),
        ("gcstp", ctypes.c_ubyte),
        ("gcemergency", ctypes.c_ubyte),
        ("gcpause", ctypes.c_ubyte),
        ("gcstepmul", ctypes.c_ubyte),
        ("gcstepsize", ctypes.c_ubyte),
        ("allgc", ctypes.c_void_p),
        ("sweepgc", ctypes.c_void_p),
        ("finobj", ctypes.c_void_p),
        ("gray", ctypes.c_void_p),
        ("grayagain", ctypes.c_void_p),
        ("weak", ctypes.c_void_p),
        ("ephemeron", ctypes.c_void_p),
        ("allweak", ctypes.c_void_p),
        ("tobefnz", ctypes.c_void_p),
        ("fixedgc", ctypes.c_void_p),
    )


class PendingFinalizers:
    """The objects of one Lua state whose finalizers are about to be called. Belongs to the Lua thread."""

    def __init__(self) -> None:
        """Knows no state yet, and puts nothing off until it does."""
        self._global: _Global | None = None

    @property
    def is_known(self) -> bool:
        """Whether they can be put off."""
        return self._global is not None

    def learn(self, coroutine: int, newest: int) -> None:
        """Takes a coroutine whose fields are known, and the last table that has got a finalizer."""
        address = _hook_fields.global_state(coroutine)
        if not address:
            return
        state = _Global.from_address(address)
        if (state.finobj, state.tobefnz) != (newest, None) or not state.fixedgc:
            return
        table, fixed = _Object.from_address(newest), _Object.from_address(state.fixedgc)
        if _waits(table) and table.tt & _TYPE_BITS == _TABLE and fixed.tt & _TYPE_BITS == _STRING:
            self._global = state

    def put_off(self) -> None:
        """Leaves them to the next cycle. Called within a finalizer, or in the warning of one."""
        state = self._global
        if state is None or not state.tobefnz or state.gcstate in _SWEEPING:
            return
        last = _last(state.tobefnz)
        if last is not None:
            last.next, state.finobj, state.tobefnz = state.finobj, state.tobefnz, None


def _waits(thing: _Object) -> bool:
    is_of_a_kind = thing.tt & _TYPE_BITS in (_TABLE, _USERDATA)
    return is_of_a_kind and bool(thing.marked & _HAS_FINALIZER)


def _last(address: int) -> _Object | None:
    """Returns the last of a list, None if one in it is not what it should be."""
    while True:
        thing = _Object.from_address(address)
        if not _waits(thing):
            return None
        if not thing.next:
            return thing
        address = thing.next
