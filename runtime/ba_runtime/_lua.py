"""The one door between Python and lupa: states are made, sealed and loaded here, and nowhere else.

A state is sealed before the first line of user code: lupa's `python` table leaves the globals, every
attribute access from Lua to a Python object is refused, and `eval` and `builtins` were never registered.
Lua strings are `bytes` in both directions.

lupa holds its lock for as long as Lua runs, and our Lua runs until the runtime ends. So no other thread may
call into a `LuaState`; it would wait for ever. `Compiler` has a state of its own for that reason.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterable, Mapping
from importlib import resources
from typing import Any, NoReturn, TypeAlias

# lupa's stubs are out of date (they lack `encoding`), so LuaRuntime is Any here.
import lupa.lua54 as _lupa

LIBRARY_FILE: str = _lupa.__file__
LuaError: type[Exception] = _lupa.LuaError
LuaMemoryError: type[Exception] = _lupa.LuaMemoryError

# What our own code still needs when a program has used up its allowance, to clean up after it; at most an
# eighth of that allowance. A quarter of this is what every cell gets that starts without any left.
RESERVE_BYTES = 32 << 20

# What a call of ours may need for results of a usual size, and Lua for its stack and its tables.
MARGIN_BYTES = 256 << 10


# The main loop. After an error it is called again, with what to report and whether it was for want of memory.
Main: TypeAlias = Callable[[bytes | None, bool], None]


class _Handle:
    """What a Lua full userdata stands on: an object with nothing to see and nothing to call."""

    __slots__ = ()


def _refuse(*_: object) -> NoReturn:
    raise AttributeError("Lua has no access to Python objects")


class LuaState:
    """A sealed Lua 5.4 state with the modules of `ba_runtime/lua`.

    Owned by the thread that makes it, and used by that thread alone.
    """

    def __init__(self, max_memory: int) -> None:
        """Makes the state. `max_memory` bounds what Lua may allocate, in bytes."""
        self._lua: Any = _lupa.LuaRuntime(
            encoding=None,
            unpack_returned_tuples=True,
            register_eval=False,
            register_builtins=False,
            attribute_handlers=(_refuse, _refuse),
            max_memory=max_memory,
        )
        # Bytes that Lua has allocated now; asked so often that there is no method of ours around it.
        self.memory_used: Callable[[], int] = self._lua.get_memory_used
        self._max_memory = max_memory
        self._reserve = min(RESERVE_BYTES, max_memory // 8)
        self.tight_bytes = max_memory - self._reserve  # with less in use there is room, and no need to count
        self._bound = max_memory  # what programs may use now; raised only by `make_room`
        self._granted = max_memory  # the same, with the reserve while that is open
        self._limit = max_memory  # what lupa knows: more where way had to be made
        self.is_raised = False  # that limit, beyond what is granted
        # lupa frees a state by closing it, and closing runs finalizers; one that calls Python then finds a
        # runtime that is half gone, and the process dies. So a state is emptied (boot.lua) and kept: about
        # 1.5 MB for each runtime that a process makes.
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(self._lua))
        self._lua.execute(b"python = nil; package.loaded.python = nil")

    def boot(
        self,
        host: Mapping[str, object],
        plain: Iterable[str],
        modest: Iterable[str],
        guarded: Iterable[str],
    ) -> Main:
        """Loads the Lua side over the crossing table `host` and returns its main loop.

        `plain`, `modest` and `guarded` name functions as `_crossing.Table` does. Raises LuaError when one
        of our own files does not load.
        """
        table = self._lua.table_from({name.encode(): value for name, value in host.items()})
        groups = (plain, modest, guarded)
        names = [self._lua.table_from([name.encode() for name in group]) for group in groups]
        tight_kb = self.tight_bytes >> 10
        start = self._lua.eval(b"load")(_BOOT, b"=ba:start")()  # by that name our own code is known
        main: Main = start(module_source, _Handle, table, *names, tight_kb)
        return main

    def counter(self) -> tuple[object, Callable[[], int]]:
        """Returns a table in which Lua counts, for the crossing table, and what adds its indices 1 and 2.

        Reading is possible in the middle of a call from Lua, and allocates nothing there; only the thread of
        this state may do it.
        """
        reached: list[Any] = []
        table, self._bystander = self._lua.eval(_COUNTER)(reached.append)
        read = reached[0].__getitem__
        return table, lambda: read(1) + read(2)

    def is_short_of_memory(self) -> bool:
        """Tells whether the bound is near."""
        return self.memory_used() >= self.tight_bytes

    def has_room(self, size: int = 0) -> bool:
        """Tells whether a program may have so many bytes more, and a call of ours its results besides."""
        return self.memory_used() + size + MARGIN_BYTES <= self._granted

    def has_place_for(self, size: int) -> bool:
        """Tells whether Lua can allocate a result of so many bytes now."""
        return self.memory_used() + size + MARGIN_BYTES // 2 <= self._limit

    def make_way(self, size: int = 0) -> None:
        """Sees to it that so many bytes can be allocated, and a little more, whatever the bound is.

        For what the loop hands to Lua, where nobody is to be told that there is no memory. It is bounded by
        what one poll brings: a program that is short of memory gets no further with its next call
        (`has_room`).
        """
        needed = self.memory_used() + size + MARGIN_BYTES
        if needed > self._limit:
            self._set_limit(needed)

    def take_back(self) -> None:
        """Undoes `make_way` once what is used allows for it."""
        if self.is_raised and self.memory_used() + MARGIN_BYTES <= self._granted:
            self._set_limit(self._granted)

    def _set_limit(self, limit: int) -> None:
        self._limit = limit
        self.is_raised = limit > self._granted
        self._lua.set_max_memory(limit)

    def _grant(self, limit: int) -> None:
        self._granted = limit
        self._set_limit(max(limit, self.memory_used() + MARGIN_BYTES) if limit < self._limit else limit)

    def open_reserve(self) -> None:
        """Lets our own code go on while memory is short."""
        self._grant(self._bound + self._reserve)

    def open_last_reserve(self) -> None:
        """Lets our own code clean up after an allocation that failed."""
        self._set_limit(max(self.memory_used(), self._bound + self._reserve) + self._reserve)

    def make_room(self) -> None:
        """Raises the bound so that a little can be allocated: enough to give things back."""
        self._bound = max(self._max_memory, self.memory_used() + self._reserve // 4 - self._reserve)
        self.open_reserve()

    def restore_bound(self) -> None:
        """Closes the reserve again."""
        self._bound = self._max_memory
        self._grant(self._max_memory)


# lupa reaches a table by way of the coroutine that it was handed over in, and takes all that is on that
# coroutine's stack for the answer. So the counter comes from one that has ended, whose stack is always empty.
_COUNTER = b"""
function(hand_over)
  local count = {0, 0}
  local bystander = coroutine.create(function() hand_over(count) end)
  coroutine.resume(bystander)
  return count, bystander
end
"""

# The loader: a module is a chunk that gets `import`, and is run once. It is called by its path below `lua/`.
# `=ba:name` marks our own code, so that tracebacks leave it out and an interrupt never cuts it (ours.lua).
# The globals are named because Lua's own idea of them is about to change (tasks/interrupt.lua).
_BOOT = b"""
return function(source_of, handle, host, plain, modest, guarded, tight_kb)
  local modules = {host = host, handle = {new = handle}}
  local function import(name)
    local module = modules[name]
    if module == nil then
      module = assert(load(source_of(name), "=ba:" .. name, "t", _G))(import)
      modules[name] = module
    end
    return module
  end
  import "crossing".guard(plain, modest, guarded, tight_kb)
  return import "boot"
end
"""


def module_source(name: bytes) -> bytes:
    """Returns the text of one of our own modules, by its path below `lua/`."""
    return resources.files(__package__).joinpath("lua", f"{name.decode()}.lua").read_bytes()


class Compiler:
    """Compiles Lua text and never runs it; usable from any one thread at a time."""

    def __init__(self) -> None:
        """Makes a small state of its own."""
        lua: Any = _lupa.LuaRuntime(
            encoding=None,
            unpack_returned_tuples=True,
            register_eval=False,
            register_builtins=False,
            attribute_handlers=(_refuse, _refuse),
            max_memory=256 << 20,
        )
        lua.execute(b"python = nil; package.loaded.python = nil")
        self._check: Callable[[bytes, bytes], bytes | None] = lua.eval(
            b"function(source, name)"
            b" local chunk, message = load(source, '=' .. name, 't')"
            b" return not chunk and message or nil end"
        )
        self._dump: Callable[[bytes], bytes | None] = lua.eval(
            b"function(source) local chunk = load(source, '=', 't')"
            b" return chunk and string.dump(chunk, true) end"
        )

    def check(self, source: bytes, name: bytes) -> bytes | None:
        """Returns None when `source` compiles, else Lua's message, with `name` as the chunk's name."""
        return self._check(source, name)

    def dump(self, source: bytes) -> bytes | None:
        """Returns the stripped bytecode of `source`, None when it does not compile."""
        return self._dump(source)
