"""`%who` and `%whos`: the user's globals."""

from __future__ import annotations

import pytest

from ba_kernel import _magic_names
from ba_runtime import GlobalName, GlobalNames

from ._fakes import Desk, play

SOME = GlobalNames(
    3,
    (
        GlobalName("greet", "function", "function: greet defined at cell[1]:1"),
        GlobalName("n", "number", "5"),
        GlobalName("x", "number", "6\x1b[31m"),
    ),
)


def test_names_are_listed_in_lines() -> None:
    """As many as fit."""

    async def scene(desk: Desk) -> None:
        desk.runtime.names_made = SOME
        await desk.run("%who")
        assert desk.front.text() == "greet  n  x\n"
        desk.runtime.names_made = GlobalNames(
            700, tuple(GlobalName(f"name{i}", "nil", "") for i in range(500))
        )
        desk.front.sent.clear()
        await desk.run("%who")
        *lines, more = desk.front.text().splitlines()
        assert max(map(len, lines)) <= 80
        assert more == "… 200 more"

    play(scene)


def test_types_and_values_stand_in_columns() -> None:
    """And control characters are visible."""

    async def scene(desk: Desk) -> None:
        desk.runtime.names_made = SOME
        await desk.run("%whos")
        assert desk.front.text().splitlines() == [
            "Name   Type      Value",
            "greet  function  function: greet defined at cell[1]:1",
            "n      number    5",
            "x      number    6\\x1b[31m",
        ]

    play(scene)


def test_types_choose_among_them() -> None:
    """One or several."""

    async def scene(desk: Desk) -> None:
        desk.runtime.names_made = SOME
        await desk.run("%who number string")
        assert desk.front.text() == "n  x\n"
        desk.front.sent.clear()
        await desk.run("%whos table")
        assert desk.front.text() == "There are no global variables of type table.\n"

    play(scene)


def test_no_names_are_explained() -> None:
    """A newcomer's variables may all be local."""

    async def scene(desk: Desk) -> None:
        await desk.run("%whos")
        assert desk.front.text() == f"{_magic_names.NONE}\n"

    play(scene)


def test_a_busy_lua_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """The message says what to do."""
    monkeypatch.setattr(_magic_names, "ANSWER_S", 0.0)

    async def scene(desk: Desk) -> None:
        desk.runtime.is_busy = True
        reply = await desk.run("%who")
        assert reply["evalue"] == "%who: Lua is busy in the background; interrupt the kernel and try again"

    play(scene)


def test_cells_are_told_before_they_run() -> None:
    """Also those that were run before Lua was there, and all but what is not stored."""

    async def scene(desk: Desk) -> None:
        await desk.run("%lab status")
        await desk.run("value 1")
        await desk.run("value 2", store_history=False)
        assert desk.runtime.remembered == [(1, b"%lab status"), (2, b"value 1")]
        await desk.run("%reset")
        await desk.run("value 4 \ud83d")
        assert desk.runtime.remembered == [(5, b"value 4 ?")]

    play(scene)
