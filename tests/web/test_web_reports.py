"""Error reports of pages: in the server's words, to the handler too, and without a trace of our own code."""

from __future__ import annotations

from ba_runtime import Traced

from ._site import get, site

PROGRAM = """
local dir = ba.create.dir("boom")
dir:setfunc(function(_ENV, path)
  trace("asked")
  error("no such luck")
end)
dir:insert()
"""


def test_a_directory_function_has_no_name_in_reports() -> None:
    """C calls it on the server, so neither trace nor traceback know a name for it."""
    with site() as here:
        assert here.run(PROGRAM, name="own.lua").error is None
        response = get(here.port, "/boom/x")
        problem = "own.lua:5: no such luck\nstack traceback:\n\t[C]: in function 'error'\n"
        problem += "\town.lua:5: in function <own.lua:3>"
        assert response.status == 500
        assert response.body.decode() == "\n\n-------- Lua error:\n" + problem + "\n"
        assert here.recorder.faults == ["Lua error in LSP: " + problem]
        assert [event.name for event in here.recorder.events if isinstance(event, Traced)] == [""]


def test_the_handler_gets_the_environment_of_a_page() -> None:
    """As its second argument, so that it can tell whose request it was."""
    with site() as here:
        here.run("ba.seterrh(function(text, env) trace(text:match 'LSP: ([^\\n]*)', env.request:uri()) end)")
        here.run(PROGRAM, name="own.lua")
        get(here.port, "/boom/y")
        assert here.recorder.traced == ["asked", "own.lua:5: no such luck\t/boom/y"]
