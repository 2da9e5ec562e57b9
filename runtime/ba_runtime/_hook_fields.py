"""Sets Lua's hook from another thread without walking the calls that are under way.

Theory of operation. `lua_sethook` stores four fields of the coroutine and then visits every call on its
stack, to tell each Lua function in it that there is a hook (`trap`). In a signal handler that is safe,
because Lua stands still meanwhile. From another thread it is not: Lua goes on, leaves calls, and frees their
records while they are visited. After a deep recursion there are some 200,000, and a visit takes milliseconds.

So only the four fields are stored here, in a coroutine that is known to live. Lua looks at them whenever a
Lua function is called. A loop that calls none looks at its own record alone, and `press` marks that: the
innermost Lua function's. It is for code that has called no hook for a while, so that it stays in this
function for many times as long as the two stores take. The hook itself, which runs on Lua's own thread,
then has Lua mark all the others (`lua/tasks/interrupt.lua`).

The structures are Lua 5.4's (lstate.h), for the platforms where their members have these sizes. Before they
are used, `agrees` looks at a coroutine of which it is known what they have to show.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable

_IS_C = 1 << 1  # CIST_C in a call's status
_MOST_C_CALLS = 5  # on top of the innermost Lua function: `pcall` of a C function is two
_COUNT = 1 << 30  # a hook that is never reached, for a look
_C_CALLS = 0xFFFF  # the part of nCcalls that counts them


class _Call(ctypes.Structure):
    """A CallInfo."""

    _fields_ = (
        ("func", ctypes.c_void_p),
        ("top", ctypes.c_void_p),
        ("previous", ctypes.c_void_p),
        ("next", ctypes.c_void_p),
        ("savedpc", ctypes.c_void_p),  # from here the part of Lua functions in a union
        ("trap", ctypes.c_int),
        ("nextraargs", ctypes.c_int),
        ("rest", ctypes.c_void_p),
        ("transferred", ctypes.c_int),
        ("nresults", ctypes.c_short),
        ("callstatus", ctypes.c_ushort),
    )


class _State(ctypes.Structure):
    """A lua_State."""

    _fields_ = (
        ("next", ctypes.c_void_p),
        ("tt", ctypes.c_ubyte),
        ("marked", ctypes.c_ubyte),
        ("status", ctypes.c_ubyte),
        ("allowhook", ctypes.c_ubyte),
        ("nci", ctypes.c_ushort),
        ("top", ctypes.c_void_p),
        ("l_G", ctypes.c_void_p),
        ("ci", ctypes.c_void_p),
        ("stack_last", ctypes.c_void_p),
        ("stack", ctypes.c_void_p),
        ("openupval", ctypes.c_void_p),
        ("tbclist", ctypes.c_void_p),
        ("gclist", ctypes.c_void_p),
        ("twups", ctypes.c_void_p),
        ("errorJmp", ctypes.c_void_p),
        ("base_ci", _Call),
        ("hook", ctypes.c_void_p),
        ("errfunc", ctypes.c_ssize_t),
        ("nCcalls", ctypes.c_uint),
        ("oldpc", ctypes.c_int),
        ("basehookcount", ctypes.c_int),
        ("hookcount", ctypes.c_int),
        ("hookmask", ctypes.c_int),
    )


def plant(coroutine: int, hook: int, mask: int, count: int) -> None:
    """Has the hook called by whatever Lua function this coroutine calls next."""
    state = _State.from_address(coroutine)
    state.hook = hook
    state.basehookcount = state.hookcount = count
    state.hookmask = mask


def press(coroutine: int) -> None:
    """Has the planted hook called by the innermost Lua function too, which may be in a loop."""
    address = _State.from_address(coroutine).ci
    for _ in range(_MOST_C_CALLS):
        if not address:
            return
        call = _Call.from_address(address)
        if not call.callstatus & _IS_C:
            call.trap = 1
            return
        address = call.previous


def c_call(coroutine: int) -> int | None:
    """Returns the record of the C function that runs in this coroutine, None if it is in a Lua function."""
    address: int | None = _State.from_address(coroutine).ci
    return address if address and _Call.from_address(address).callstatus & _IS_C else None


def allows_hooks(coroutine: int) -> int:
    """Returns 1 where Lua calls hooks in this coroutine now, 0 where it does not."""
    return int(_State.from_address(coroutine).allowhook)


def allow(coroutine: int, times: int = 1) -> None:
    """Has Lua call hooks in this coroutine, wherever it is."""
    flag = ctypes.c_ubyte.from_address(coroutine + _State.allowhook.offset)
    for _ in range(times):
        flag.value = 1


def global_state(coroutine: int) -> int | None:
    """Returns where Lua keeps what all coroutines have in common."""
    address: int | None = _State.from_address(coroutine).l_G
    return address


def c_calls(coroutine: int) -> int:
    """Returns how many calls of C functions, and of Lua functions by those, are under way."""
    return int(_State.from_address(coroutine).nCcalls) & _C_CALLS


def lend_c_calls(coroutine: int, count: int) -> None:
    """Has Lua count that many calls less. On its own thread, and there must be as many."""
    _State.from_address(coroutine).nCcalls -= count


def agrees(
    coroutine: int,
    calls: tuple[int | None, int | None],
    hook: int,
    mask: int,
    sethook: Callable[[int, int | None, int, int], None],
) -> bool:
    """Tells whether a coroutine looks as the structures have it. On its own thread, before it has a hook.

    `calls` are the records of the C function that runs there and of the Lua function that has called it, None
    where they are not known; `sethook` is Lua's own.
    """
    state, (first, second) = _State.from_address(coroutine), calls
    if first is None or second is None or state.ci != first:
        return False
    inner, outer = _Call.from_address(first), _Call.from_address(second)
    if inner.previous != second or not inner.callstatus & _IS_C or outer.callstatus & _IS_C or outer.trap:
        return False
    sethook(coroutine, hook, mask, _COUNT)
    planted = (state.hook, state.basehookcount, state.hookcount, state.hookmask, outer.trap)
    sethook(coroutine, None, 0, 0)
    return planted == (hook, _COUNT, _COUNT, mask, 1) and (state.hook, state.hookmask) == (None, 0)
