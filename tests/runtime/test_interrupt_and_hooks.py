"""The stop button together with hooks of the user's, many times: each cell ends, and nothing is lost."""

from __future__ import annotations

import pytest
from tests.lua._programs import Session, session

ROUNDS = 40

# What the hook does, and what it is called for. The count is prime: a hook that falls into code of the API is
# not called, and if the instructions of a loop divided the count it might fall there every time.
HOOKS = {
    "a count hook": "debug.sethook(function() hit() end, '', 1)",
    "a slow count hook": "debug.sethook(function() hit() end, '', 997)",
    "a line hook": "debug.sethook(function() hit() end, 'l')",
    "a call hook": "debug.sethook(function() hit() end, 'cr')",
    "a count hook that raises": "debug.sethook(function() hit() debug.sethook() error 'limit' end, '', 50)",
    "a line hook that raises": """
        debug.sethook(function() hit() if math.random(7) == 1 then debug.sethook() error({}) end end, 'l')
    """,
    "a hook that computes": "debug.sethook(function() hit() for _ = 1, 1e4 do f() end end, '', 100)",
    "a hook that waits": "debug.sethook(function() hit() ba.sleep(1) end, '', 997)",
    "a hook that sets another": "debug.sethook(function() debug.sethook(hit, 'l') end, '', 9)",
}

BEGIN = """
    kept = 'kept'
    function f() end
    function hit() if not told then told = true trace 'ready' end end
    c, peer = pair()
    c:event(function(s)
      while true do
        local d = s:read()
        if not d then return end
        s:write(d:upper())
      end
    end)
"""

WORK = {
    "a loop": "HOOK while true do f() end",
    "a coroutine": "while true do coroutine.wrap(function() HOOK while true do f() end end)() end",
    "sleep": "HOOK while true do f() ba.sleep(1) end",
}


def _is_well(lua: Session) -> None:
    assert lua.value("kept") == '"kept"'
    assert lua.value("peer:write 'hello' and peer:read(5000)") == '"HELLO"'
    assert not [text for text in lua.recorder.faults if "loop failed" in text], lua.recorder.faults


@pytest.mark.parametrize("work", WORK)
@pytest.mark.parametrize("hook", HOOKS)
def test_a_cell_with_a_hook_stops_every_time(hook: str, work: str) -> None:
    """The program catches the hook's errors and the interrupt's; still the cell ends."""
    with session() as lua:
        lua.run(BEGIN)
        for round_ in range(1, ROUNDS + 1):
            finish = lua.start(f"""
                told = false
                while true do
                  pcall(function() {WORK[work].replace("HOOK", HOOKS[hook])} end)
                end
            """)
            lua.recorder.wait_for_trace("ready", round_)
            lua.runtime.interrupt()
            error = finish().error
            assert error is not None
            assert error.kind == "interrupt", error
        _is_well(lua)
