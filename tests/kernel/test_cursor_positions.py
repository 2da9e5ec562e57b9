"""Recorded cursor positions (`_cursor_positions.txt`), completed with a real Lua state; what that costs."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ba_kernel._complete import complete
from ba_kernel._engine import Engine
from ba_kernel._errors import Sources
from ba_kernel._inspect import inspect
from ba_runtime import Runtime

from ._positions import STATE, make_files, position, recorded


@dataclass
class Desk:
    """A kernel's engine with a real runtime, and a loop to ask it on."""

    engine: Engine
    loop: asyncio.AbstractEventLoop

    def complete(self, text: str, cursor: int | None = None) -> dict[str, Any]:
        """Returns a complete_reply; replies are nested JSON."""
        return self.loop.run_until_complete(
            complete(self.engine, text, len(text) if cursor is None else cursor)
        )

    def inspect(self, text: str) -> dict[str, Any]:
        """Returns an inspect_reply."""
        return self.loop.run_until_complete(inspect(self.engine, Sources(), text, len(text)))

    def run(self, source: bytes) -> tuple[bytes, ...]:
        """Runs a cell."""
        result = self.engine.runtime.run_cell(source, name="cell[1]", cell=1).result(30)
        assert result.error is None, result.error
        return result.values


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files to be named."""
    folder = tmp_path_factory.mktemp("cursor")
    make_files(folder)
    return folder


@pytest.fixture(scope="module")
def desk() -> Iterator[Desk]:
    """One state for all positions: none of them changes it."""
    engine, loop = Engine(lambda event: None, Runtime), asyncio.new_event_loop()
    desk = Desk(engine, loop)
    desk.run(STATE)
    yield desk
    engine.close()
    loop.run_until_complete(loop.shutdown_default_executor())
    loop.close()


@pytest.fixture(autouse=True)
def _there(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    monkeypatch.delenv("BA_LUA_PATH", raising=False)


@pytest.mark.parametrize("line", recorded())
def test_what_can_follow_is_offered(desk: Desk, line: str) -> None:
    """Each position as it is recorded."""
    there = position(line)
    matches = set(desk.complete(there.text, there.cursor)["matches"])
    if there.is_all:
        assert matches == there.some
    assert matches >= there.some
    assert not matches & there.none


def test_there_are_enough_positions() -> None:
    """Eighty were asked for."""
    assert len(set(recorded())) >= 80


def test_what_is_offered_can_be_put_in(desk: Desk) -> None:
    """Every offer for a table with odd keys is Lua, and leads to a value."""
    reply = desk.complete("odd.")
    start, end = reply["cursor_start"], reply["cursor_end"]
    for match in reply["matches"]:
        text = "odd."[:start] + match + "odd."[end:]
        assert desk.run(f"return {text} ~= nil".encode()) == (b"true",)


def test_no_code_of_the_program_runs(desk: Desk) -> None:
    """Metamethods that would never end have not been called, neither by completion nor by inspection."""
    for text in ("trap.", "trap:", "trap.real.", "trap['", "trap.missing.x", "local t = trap\nt.", "trap()."):
        desk.complete(text)
    for text in ("trap", "trap.real", "trap.missing", "trap:method", "trap(", "loop.loop.loop"):
        desk.inspect(text)
    assert desk.run(b"return #ran") == (b"0",)


def test_huge_tables_and_texts_are_bounded(desk: Desk) -> None:
    """Of 100,000 keys some are offered; of 10 megabytes the end is read."""
    desk.run(b"huge = {} for i = 1, 100000 do huge['key' .. i] = i end")
    assert 0 < len(desk.complete("huge.")["matches"]) <= 2000
    assert "key77777" in desk.complete("huge.key7777")["matches"]
    assert desk.complete("x = 1\n" * 1_700_000 + "config.")["matches"] == ["host", "port"]
    assert desk.complete("x" * 10_000_000 + " config.")["matches"] == ["host", "port"]
    assert desk.complete('x = "' + "y" * 10_000_000)["matches"] == []
    desk.run(b"huge = nil")


@pytest.mark.parametrize(
    "text", ["'\ud83d' .. config.", "\udcff = config.", "config.\ud83d", "%lab \ud83d", "--\udc80"]
)
def test_half_a_character_does_no_harm(desk: Desk, text: str) -> None:
    """Whatever JSON can carry is answered."""
    assert desk.complete(text)["status"] == "ok"
    assert desk.inspect(text)["status"] == "ok"


def test_names_of_any_bytes_and_any_length_are_offered_or_left_out(desk: Desk) -> None:
    """Bytes become escapes; a key of a megabyte is nothing to choose from."""
    desk.run(
        b"strange = {['\\xf0\\x9f\\x92'] = 1, [('k'):rep(1 << 20)] = 2, ['\\n\\0'] = 3, ['\xc3\xa9'] = 4}"
    )
    matches = desk.complete("strange.")["matches"]
    assert set(matches) == {'["\\xf0\\x9f\\x92"]', '["\\n\\u{0}"]', '["é"]'}


def test_completion_takes_few_questions(desk: Desk) -> None:
    """Each is a round trip to the Lua thread: that is what completion costs."""
    asked = []
    members = type(desk.engine.runtime).members

    def count(runtime: Any, *arguments: Any, **options: Any) -> Any:
        asked.append(arguments)
        return members(runtime, *arguments, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(desk.engine.runtime), "members", count)
        for line in recorded():
            asked.clear()
            there = position(line)
            desk.complete(there.text, there.cursor)
            assert len(asked) <= 3, line
