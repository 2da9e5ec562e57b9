"""Error reports of the functions behind directories: in the server's words, and without a trace of our own code."""

from __future__ import annotations

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
        report = "Lua error in LSP: own.lua:5: no such luck\nstack traceback:\n\town.lua:5: in function <own.lua:3>"
        assert response.status == 500
        assert response.body.decode() == report + "\n"
        assert here.recorder.faults == [report]
        assert [event.name for event in here.recorder.events if hasattr(event, "priority")] == [""]
