"""Lua's warnings reach whoever sees the cell's output."""

from __future__ import annotations

import pytest

from ba_runtime import Printed

from ._programs import message_of, session


def _warnings(code: str) -> list[str]:
    with session() as lua:
        assert lua.run(code).error is None
        return [
            e.text.decode() for e in lua.recorder.events if isinstance(e, Printed) and e.stream == "stderr"
        ]


def test_warnings_are_off_until_they_are_turned_on() -> None:
    """As in Lua; a control message alone is one, and unknown ones mean nothing."""
    words = ("'a'", "'@on'", "'b ', 1, ' c'", "'@off'", "'d'", "'@on'", "'@what'", "'e', '@off'")
    assert _warnings(" ".join(f"warn({word})" for word in words)) == [
        "Lua warning: b 1 c\n",
        "Lua warning: e@off\n",
    ]


def test_a_warning_with_no_cell_running_is_a_note() -> None:
    """It appears in the trace."""
    with session() as lua:
        lua.run("warn '@on' ba.timer(function() warn 'late' end):set(20, true)")
        lua.recorder.wait(lambda: bool(lua.recorder.notes))
        assert lua.recorder.notes == ["Lua warning: late"]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("warn()", "bad argument #1 to 'warn' (string expected, got no value)"),
        ("warn('a', nil)", "bad argument #2 to 'warn' (string expected, got nil)"),
        ("warn({})", "bad argument #1 to 'warn' (string expected, got table)"),
    ],
)
def test_a_warning_is_made_of_strings(call: str, message: str) -> None:
    """Numbers count; anything else is the caller's mistake."""
    assert message_of(call) == f"program:1: {message}"
