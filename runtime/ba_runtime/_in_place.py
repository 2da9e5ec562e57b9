"""Lets Python read a long Lua string where it is, without the copy that an argument is.

Theory of operation. lupa makes `bytes` of every string argument; of 100 MB that takes as long as their
SHA-256, most of it for memory that is touched for the first time. So the Lua function that calls us keeps the
string in its first local, and Lua's own debug interface, asked through C, tells what that is. It stays where
it is until we return: the local refers to it, we hold it on the stack too, and no Lua code runs meanwhile.

Rules, since a mistake here would end the process:

 - Nothing is shared. A finalizer may run at any moment before us, and may hash a long string itself; a place
   in a table that both use would then be empty, or hold another string.
 - No call used here allocates Lua memory or raises a Lua error: `lua_checkstack` says no instead, and
   `lua_tolstring` converts nothing because the type has been looked at.
 - Whatever is not as expected is answered by False before anything is read; the caller then copies.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import TypeAlias

from . import _lua

LOCAL_NAME = b"data"  # what the caller's first local is called
_CALLER = 1  # its level; 0 is the C function by which it calls us
_SLOTS = 2  # one for the string, one to spare
_STRING = 4  # LUA_TSTRING
_RECORD_BYTES = 1024  # many times a lua_Debug
_READ_ONLY = 0x100  # PyBUF_READ of CPython

Read: TypeAlias = Callable[[Callable[[memoryview], object], int], bool]


def reader() -> Read | None:
    """Returns `read(use, coroutine)`, None on a platform whose wheel does not export Lua.

    `read` calls `use` with the bytes of its caller's first local, which are valid only during that call, and
    returns True; or False, and does nothing, when that local is no string or Lua's stack is full. It must be
    called from a Lua function, and not as its last act, in the coroutine at that address.
    """
    try:
        library = ctypes.PyDLL(_lua.LIBRARY_FILE)  # which keeps the GIL
        checkstack, getstack, getlocal = library.lua_checkstack, library.lua_getstack, library.lua_getlocal
        typeof, tolstring, settop = library.lua_type, library.lua_tolstring, library.lua_settop
    except (OSError, AttributeError):
        return None
    state, size_pointer = ctypes.c_void_p, ctypes.POINTER(ctypes.c_size_t)
    checkstack.argtypes = (state, ctypes.c_int)
    getstack.argtypes = (state, ctypes.c_int, ctypes.c_char_p)
    getlocal.argtypes = (state, ctypes.c_char_p, ctypes.c_int)
    getlocal.restype = ctypes.c_char_p
    typeof.argtypes = (state, ctypes.c_int)
    tolstring.argtypes = (state, ctypes.c_int, size_pointer)
    tolstring.restype = ctypes.c_void_p
    settop.argtypes = (state, ctypes.c_int)
    settop.restype = None
    view = ctypes.pythonapi.PyMemoryView_FromMemory
    view.argtypes = (ctypes.c_void_p, ctypes.c_ssize_t, ctypes.c_int)
    view.restype = ctypes.py_object

    def read(use: Callable[[memoryview], object], coroutine: int) -> bool:
        size, record = ctypes.c_size_t(), ctypes.create_string_buffer(_RECORD_BYTES)
        if not checkstack(coroutine, _SLOTS) or not getstack(coroutine, _CALLER, record):
            return False
        name = getlocal(coroutine, record, 1)
        if name is None:  # and nothing was pushed
            return False
        try:
            if name != LOCAL_NAME or typeof(coroutine, -1) != _STRING:
                return False
            address = tolstring(coroutine, -1, ctypes.byref(size))
            if address is None:
                return False
            with view(address, size.value, _READ_ONLY) as data:
                use(data)
            return True
        finally:
            settop(coroutine, -2)

    return read
