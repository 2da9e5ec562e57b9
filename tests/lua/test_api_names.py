"""The name that trace tells of the function that called it: none where C calls it on the server."""

from __future__ import annotations

import pytest

from ba_runtime import Traced

from ._programs import run_well

CALLED_BY_C = {
    "timer": "ba.timer(f):set(1)",
    "timer at once": "ba.timer(f):set(1, false, true)",
    "job": "ba.thread.run(f)",
    "job of one's own": "ba.thread.create():run(f)",
    "cosocket": "ba.socket.event(f)",
    "listener": "ba.socket.bind(0):event(f)",
    "error handler": "ba.seterrh(f) ba.socket.event(error)",
    "message handler": "xpcall(error, f)",
    "comparison": "table.sort({2, 1}, f)",
    "replacement": "string.gsub('x', 'x', f)",
    "coroutine": "coroutine.wrap(f)()",
    "sink": "h:download{url = url, fp = {write = f, close = f}}",
    "source": "h:upload{url = url, fp = {read = f, close = f}, size = 1}",
    "progress": "h:download{url = url, fp = {write = function() end}, func = f}",
}
NAMED = {
    "global": ("g()", "g"),
    "local": ("f()", "f"),
    "field": ("t.field()", "field"),
    "method": ("t:method()", "method"),
    "metamethod": ("local _ = setmetatable({}, {__index = f}).x", "index"),
}
PROGRAM = """
    local dir = ba.create.dir "names"
    dir:setfunc(function(_ENV) response:write "page" return true end)
    dir:insert()
    local h, url = require "httpm".create(), "http://127.0.0.1:" .. mako.port .. "/names/"
    local done
    local function f()
      if not done then
        done = true
        trace "called"
      end
    end
    g = f
    local t = {field = f, method = f}
"""


def _names(call: str) -> list[str]:
    program = f"{PROGRAM}\n{call}\nwhile not done do ba.sleep(1) end dir:unlink() h:close()"
    return [event.name for event in run_well(program).events if isinstance(event, Traced)]


@pytest.mark.parametrize("call", CALLED_BY_C.values(), ids=CALLED_BY_C)
def test_what_c_calls_has_no_name(call: str) -> None:
    """Though much of what is C there is Lua here."""
    assert _names(call) == [""]


@pytest.mark.parametrize(("call", "name"), NAMED.values(), ids=NAMED)
def test_what_lua_calls_has_the_name_it_was_called_by(call: str, name: str) -> None:
    """As Lua's debug information has it."""
    assert _names(call) == [name]
