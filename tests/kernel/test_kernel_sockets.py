"""`%sockets`: the table, its closing of sockets, and what is said when that cannot be."""

from __future__ import annotations

import pytest

from ba_kernel._complete import complete
from ba_runtime.events import SocketInfo

from ._fakes import Desk, play
from .test_kernel_magics import failing


def udp(number: int, cell: int = 1) -> SocketInfo:
    """Returns the row of a UDP socket."""
    return SocketInfo(number, "udp", "notcon", f"127.0.0.1:{number}", "", 0, 0, 1.0, cell, doing="open")


async def matches(desk: Desk, line: str) -> object:
    """Returns what may follow at the end of a line."""
    return (await complete(desk.bench.engine, line, len(line)))["matches"]


def test_sockets_is_a_table() -> None:
    """As text and as HTML, in the place where it was asked for."""

    async def scene(desk: Desk) -> None:
        await desk.run("%sockets")
        assert desk.front.text() == "There are no sockets.\n"
        await desk.run("listen on")
        await desk.run("%sockets\nprint after")
        *_, table, after = desk.front.sent
        assert "waiting for a client" in table.content["data"]["text/plain"]
        assert table.content["data"]["text/html"].count("<td") == 9
        assert after.content["text"] == "after\n"

    play(scene)


def test_a_silent_request_for_sockets_shows_nothing() -> None:
    """Front ends ask silently for what they do not want to show."""

    async def scene(desk: Desk) -> None:
        await desk.run("listen on")
        before = len(desk.front.sent)
        for line in ("%sockets", "%sockets live"):
            assert (await desk.run(line, is_silent=True))["status"] == "ok"
        assert [kind for kind in desk.front.kinds()[before:] if kind != "status"] == []
        assert not desk.bench.live.is_on

    play(scene)


def test_a_console_gets_a_live_table_once() -> None:
    """It ignores updates, and is told so; the table has what the cell's Lua has opened."""

    async def scene(desk: Desk) -> None:
        await desk.run("%sockets live\nlisten on", is_console=True)
        assert "update_display_data" not in desk.front.kinds()
        assert "waiting for a client" in desk.front.of_kind("display_data")[0]["data"]["text/plain"]
        assert "A console cannot update a table" in desk.front.text()
        assert not desk.bench.live.is_on

    play(scene)


@pytest.mark.parametrize("line", ["%sockets", "%sockets live", "%sockets close all"])
def test_sockets_does_not_hang_when_lua_is_busy(monkeypatch: pytest.MonkeyPatch, line: str) -> None:
    """It says that Lua does not answer."""
    monkeypatch.setattr("ba_kernel._magic_sockets.ANSWER_S", 0.01)

    async def scene(desk: Desk) -> None:
        desk.runtime.is_busy = True
        assert "Lua is busy" in await failing(desk, line)

    play(scene)


def test_close_says_what_was_closed() -> None:
    """By number, by cell, with the brackets of its prompt or without, and all."""

    async def scene(desk: Desk) -> None:
        desk.runtime.open += [udp(1), udp(2, 2), udp(3, 3), udp(4, 4)]
        await desk.run("%sockets close 1\n%sockets close cell 2\n%sockets close cell [3]\n%sockets close all")
        assert desk.front.text().splitlines() == [
            f"Closed {number}: udp 127.0.0.1:{number} of cell [{number}]" for number in range(1, 5)
        ]
        assert desk.runtime.open == []

    play(scene)


def test_many_closed_sockets_are_counted() -> None:
    """A thousand lines would help nobody."""

    async def scene(desk: Desk) -> None:
        desk.runtime.open += [udp(number) for number in range(1, 1001)]
        await desk.run("%sockets close all")
        assert len(desk.front.text().splitlines()) == 21
        assert desk.front.text().endswith("Closed 980 more\n")

    play(scene)


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("%sockets close 7", "there is no socket 7; %sockets lists all"),
        ("%sockets close 0", "there is no socket 0; %sockets lists all"),
        ("%sockets close cell 7", "cell [7] has no open sockets; %sockets lists all"),
        (f"%sockets close {'9' * 400}", "there is no number 999999999…; %sockets lists all sockets"),
    ],
)
def test_a_number_that_is_none_gets_a_sentence(line: str, sentence: str) -> None:
    """It says what the user meant and where the right numbers are; nothing is closed."""

    async def scene(desk: Desk) -> None:
        desk.runtime.open.append(udp(1))
        assert await failing(desk, line) == f"%sockets close: {sentence}"
        assert len(desk.runtime.open) == 1

    play(scene)


def test_closing_all_of_nothing_is_no_error() -> None:
    """What was wanted is the case."""

    async def scene(desk: Desk) -> None:
        await desk.run("%sockets close all")
        assert desk.front.text() == "There are no sockets.\n"

    play(scene)


def test_ids_and_cells_are_completed() -> None:
    """Those that there are now; no question is asked for any other magic."""

    async def scene(desk: Desk) -> None:
        desk.runtime.open += [udp(3, 1), udp(31, 2), udp(4, 2)]
        assert await matches(desk, "%sockets close 3") == ["%sockets close 3", "%sockets close 31"]
        assert await matches(desk, "%sockets close cell ") == [
            "%sockets close cell 1",
            "%sockets close cell 2",
        ]
        desk.runtime.is_busy = True
        assert await matches(desk, "%sockets l") == ["%sockets live"]

    play(scene)


def test_completion_of_ids_does_not_wait_for_a_busy_lua(monkeypatch: pytest.MonkeyPatch) -> None:
    """What needs no answer is offered."""
    monkeypatch.setattr("ba_kernel._magic_sockets.COMPLETION_S", 0.01)

    async def scene(desk: Desk) -> None:
        desk.runtime.is_busy = True
        assert await matches(desk, "%sockets close ") == ["%sockets close all", "%sockets close cell"]

    play(scene)
