"""Lets Python read a long Lua string where it is, without the copy that an argument is.

Theory of operation. lupa makes `bytes` of every string argument; of 100 MB that takes as long as their
SHA-256, most of it for memory that is touched for the first time. So Lua puts the string into its registry
and says which coroutine it is on, and Lua's own C functions tell where the string is. It stays there until we
return, for the registry holds it, and Lua does not run.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import TypeAlias

from . import _lua

REGISTRY_KEY = -20  # lupa and Lua's library use those above 0
_REGISTRY_INDEX = -1_001_000  # LUA_REGISTRYINDEX of Lua 5.4
_READ_ONLY = 0x100  # PyBUF_READ of CPython

Read: TypeAlias = Callable[[Callable[[memoryview], object], int], None]


def reader() -> Read | None:
    """Returns `read(use, coroutine)`, None on a platform whose wheel does not export Lua.

    `read` calls `use` with the bytes of the string at REGISTRY_KEY, which are valid only during that call. It
    must be called from Lua, in the coroutine at that address.
    """
    try:
        library = ctypes.PyDLL(_lua.LIBRARY_FILE)
        rawgeti, tolstring, settop = library.lua_rawgeti, library.lua_tolstring, library.lua_settop
    except (OSError, AttributeError):
        return None
    rawgeti.argtypes = (ctypes.c_void_p, ctypes.c_int, ctypes.c_longlong)
    tolstring.argtypes = (ctypes.c_void_p, ctypes.c_int, ctypes.POINTER(ctypes.c_size_t))
    tolstring.restype = ctypes.c_void_p
    settop.argtypes = (ctypes.c_void_p, ctypes.c_int)
    settop.restype = None
    view = ctypes.pythonapi.PyMemoryView_FromMemory
    view.argtypes = (ctypes.c_void_p, ctypes.c_ssize_t, ctypes.c_int)
    view.restype = ctypes.py_object

    def read(use: Callable[[memoryview], object], coroutine: int) -> None:
        size = ctypes.c_size_t()
        rawgeti(coroutine, _REGISTRY_INDEX, REGISTRY_KEY)
        try:
            with view(tolstring(coroutine, -1, ctypes.byref(size)), size.value, _READ_ONLY) as data:
                use(data)
        finally:
            settop(coroutine, -2)

    return read
