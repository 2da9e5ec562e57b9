"""Whoever asks the runtime something hears of it, also when answering fails."""

from __future__ import annotations

from typing import cast

import pytest
from tests.lua._programs import TIMEOUT_S, Session, session

from ba_runtime._cells import Cells
from ba_runtime.errors import RequestFailed


def _goes_on(lua: Session) -> bool:
    return lua.value("6 * 7") == "42" and any("loop failed" in text for text in lua.recorder.faults)


def test_a_question_that_cannot_be_answered_fails() -> None:
    """Here there is nothing that Lua could begin to watch."""
    with session() as lua:
        with pytest.raises(RequestFailed, match="please report this"):
            lua.runtime._thread.ask("watch").result(TIMEOUT_S)
        assert _goes_on(lua)


def test_a_cell_that_cannot_be_started_fails() -> None:
    """Those behind it run."""
    with session() as lua:
        nameless = lua.runtime._thread.run_cell(b"return 1", cast(bytes, None), 7)
        behind = lua.start("return 2")
        error = nameless.result(TIMEOUT_S).error
        assert error is not None
        assert error.kind == "runtime"
        assert behind().values == (b"2",)
        assert _goes_on(lua)


def test_an_end_that_could_not_be_told_is_told_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """The loop that failed over it is entered again, and knows of whose end it was about to tell."""
    failing: list[bool] = []
    done = Cells._done

    def fail(cells: Cells, number: int, *values: bytes) -> None:
        if failing:
            failing.clear()
            raise ValueError("the test's own")
        done(cells, number, *values)

    monkeypatch.setattr(Cells, "_done", fail)
    with session() as lua:
        failing.append(True)
        error = lua.run("return 'told'").error
        assert error is not None  # its values may be what could not be told
        assert error.kind == "memory"
        assert _goes_on(lua)
