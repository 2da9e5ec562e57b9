"""Loads single modules of `ba_runtime/lua` into a fresh Lua state, without the runtime around them."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources
from typing import Any

# A leaf module needs Lua and the few functions it imports, so these tests go around the runtime's one door.
import lupa.lua54 as lupa  # noqa: TID251

# As the runtime's own loader, but for the global `import`.
_BOOT = b"""
function(source_of, handle, host)
  local modules = {host = host, handle = {new = handle}}
  function import(name)
    if modules[name] == nil then
      modules[name] = assert(load(source_of(name), "=ba:" .. name, "t"))(import)
    end
    return modules[name]
  end
end
"""


class _Handle:
    """What a userdata stands on."""


def _source_of(name: bytes) -> bytes:
    return (resources.files("ba_runtime") / "lua" / f"{name.decode()}.lua").read_bytes()


class Chunks:
    """A Lua state whose global `import` loads the modules; `host` is the table of Python functions."""

    def __init__(self, host: Mapping[str, object] | None = None) -> None:
        """Makes the state."""
        self._lua: Any = lupa.LuaRuntime(
            encoding=None, unpack_returned_tuples=True
        )  # lupa's stubs are out of date
        table = self._lua.table_from({name.encode(): value for name, value in (host or {}).items()})
        self._lua.eval(_BOOT)(_source_of, _Handle, table)
        self._pcall: Any = self._lua.eval(
            b"function(source) return select(2, pcall(assert(load(source, '=test')))) end"
        )

    def run(self, source: str) -> Any:
        """Returns what the Lua code returns (several values as a tuple), or raises lupa's LuaError."""
        return self._lua.execute(source.encode())

    def error(self, source: str) -> bytes:
        """Returns the message that the Lua code raises, with `test:LINE:` for a fault of its own."""
        message = self._pcall(source.encode())
        assert isinstance(message, bytes)
        return message
