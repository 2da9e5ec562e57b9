"""Completion, inspection, and whether a cell is finished."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from ba_kernel._asking import ANSWER_S
from ba_kernel._complete import complete, is_complete
from ba_kernel._inspect import Help, _add_cards, inspect
from ba_runtime.docs import Entry
from ba_runtime.looking import Path

from ._fakes import Desk, play

NAMES: dict[Path, tuple[str, ...]] = {
    (): ("ba", "print", "string", "counter", "_secret"),
    ("ba",): ("socket", "sleep"),
    ("ba", "socket"): ("connect", "bind"),
    ("server",): ("read", "write", "close"),
}


def completed(code: str, *, cursor: int | None = None, is_busy: bool = False) -> dict[str, Any]:
    """Returns the reply for a cursor at the end of `code`; replies are nested JSON."""
    replies: list[dict[str, Any]] = []

    async def scene(desk: Desk) -> None:
        desk.runtime.names.update(NAMES)
        desk.runtime.is_busy = is_busy
        replies.append(await complete(desk.bench.engine, code, len(code) if cursor is None else cursor))

    play(scene)
    return replies[0]


def inspected(code: str, *, values: dict[Path, str] | None = None, detail: int = 0) -> dict[str, Any]:
    """Returns the reply for a cursor at the end of `code`."""
    replies: list[dict[str, Any]] = []

    async def scene(desk: Desk) -> None:
        desk.runtime.values.update(values or {})
        replies.append(await inspect(desk.bench.engine, desk.bench.sources, code, len(code), detail))

    play(scene)
    return replies[0]


@pytest.mark.parametrize(
    ("code", "matches"),
    [
        ("ba.sl", ["sleep"]),
        ("x = ba.socket.con", ["connect"]),
        ("server:", ["close", "read", "write"]),
        ("cou", ["counter"]),
        ("whi", ["while"]),
        ("local counted = 1\ncou", ["counted", "counter"]),
        ("_s", ["_secret"]),
        ("%lab o", ["%lab off", "%lab on"]),
        ("%trace\n%re", ["%reset"]),
        ("-- ba.so", []),
        ("'ba.so", []),
        ("5.", []),
    ],
)
def test_names_are_those_that_fit(code: str, matches: list[str]) -> None:
    """Globals, fields, methods, keywords, locals, magics; nothing in comments and strings."""
    assert completed(code)["matches"] == matches


def test_private_names_are_hidden_until_asked_for() -> None:
    """An underscore says that a name is nobody's business."""
    assert "_secret" not in completed("")["matches"]


def test_the_whole_word_is_replaced() -> None:
    """The cursor may stand inside a word; letters are counted, not bytes."""
    reply = completed("'€' .. ba.socket.conx", cursor=20)
    assert (reply["matches"], reply["cursor_start"], reply["cursor_end"]) == (["connect"], 17, 21)


@pytest.mark.parametrize(
    ("code", "cursor", "start", "end"),
    [
        ("%la", 3, 0, 3),
        ("%la", 1, 0, 3),
        ("%lab off", 2, 0, 4),
        ("%lab o", 6, 0, 6),
        ("%lab ofx", 6, 0, 8),
        ("  %la\nx = 1", 5, 2, 5),
        ("%time\n%tra", 9, 6, 10),
    ],
)
def test_a_magic_replaces_its_line_up_to_the_end_of_the_word(
    code: str, cursor: int, start: int, end: int
) -> None:
    """What comes behind the word stays."""
    reply = completed(code, cursor=cursor)
    assert reply["matches"]
    assert (reply["cursor_start"], reply["cursor_end"]) == (start, end)


def test_each_match_says_what_it_is() -> None:
    """Front ends show it beside the name."""
    types = completed("server:r")["metadata"]["_jupyter_types_experimental"]
    assert types == [{"start": 7, "end": 8, "text": "read", "type": "method"}]


def test_a_local_has_the_methods_of_what_it_was_given() -> None:
    """Its value exists only while the cell runs; where the text does not tell, nothing is offered."""
    assert "peername" in completed("local server = ba.socket.getsock()\nserver:p")["matches"]
    assert completed("local server = f()\nserver:p")["matches"] == []
    assert completed("f():acc")["matches"] == completed("f().acc")["matches"] == []


def test_a_busy_lua_does_not_keep_completion_waiting() -> None:
    """The documentation and the text alone give an answer."""
    assert "connect" in completed("ba.socket.c", is_busy=True)["matches"]
    assert completed("local counted\ncou", is_busy=True)["matches"] == ["counted"]


def _delays(monkeypatch: pytest.MonkeyPatch, loop: asyncio.AbstractEventLoop) -> list[float]:
    """Returns the delays, in seconds, that the loop is asked for from now on."""
    delays: list[float] = []
    call_later = loop.call_later

    def noted(delay: float, *rest: Any) -> asyncio.TimerHandle:  # Any: what `call_later` takes besides
        delays.append(delay)
        return call_later(delay, *rest)

    monkeypatch.setattr(loop, "call_later", noted)
    return delays


def test_a_lua_that_stays_busy_is_hardly_waited_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not before it has answered what was asked first; then it is asked as before."""

    async def scene(desk: Desk) -> None:
        engine, loop = desk.bench.engine, asyncio.get_running_loop()
        desk.runtime.names.update(NAMES)
        desk.runtime.is_busy = True
        assert (await complete(engine, "counter", 7))["matches"] == []
        waits = _delays(monkeypatch, loop)
        assert (await complete(engine, "counter", 7))["matches"] == []
        assert 0 < sum(waits) < ANSWER_S / 2
        desk.runtime.is_busy = False
        assert (await complete(engine, "counter", 7))["matches"] == ["counter"]

    play(scene)


def plain(card: Entry) -> str:
    """Returns what is shown of a card, as plain text."""
    shown = Help([], [])
    _add_cards(shown, (card,))
    return shown.data()["text/plain"]


def test_text_has_a_paragraph_for_each_part() -> None:
    """Parts that are empty leave no trace."""
    assert plain(Entry("f", "f()", "Does it.")) == "f()\n\nDoes it."
    full = plain(Entry("f", "f()", "Does it.", "true.", "None."))
    assert full == "f()\n\nDoes it.\n\nReturns: true.\n\nErrors: None."


def test_inspection_shows_documentation_and_value() -> None:
    """As plain text and as Markdown."""
    reply = inspected("ba.socket.connect", values={("ba", "socket", "connect"): "mine"})
    assert reply["found"]
    for text in reply["data"].values():
        assert "ba.socket.connect(host, port [, op])" in text
        assert "Returns:" in text
        assert "string: mine" in text
    assert reply["data"]["text/markdown"].startswith("```lua\nba.socket.connect(")


def test_inspection_inside_a_call_is_about_the_function() -> None:
    """Help appears while arguments are typed."""
    assert "connect(host" in inspected('ba.socket.connect("x", ')["data"]["text/plain"]


def test_inspection_of_a_method_needs_no_value() -> None:
    """Whatever stands before the colon is nearly always a socket."""
    assert "peername()" in inspected("f():peername")["data"]["text/plain"]
    assert "peername()" in inspected("local s = f()\ns:peername")["data"]["text/plain"]


def test_inspection_of_a_variable_shows_its_value() -> None:
    """With nothing documented about it, and control characters written out."""
    data = inspected("counter", values={("counter",): "5\x1b"})["data"]
    assert data["text/plain"] == "string: 5\\x1b"


def test_inspection_while_lua_is_busy_says_so() -> None:
    """What is documented is shown all the same."""

    async def scene(desk: Desk) -> None:
        desk.runtime.is_busy = True
        known = await inspect(desk.bench.engine, desk.bench.sources, "ba.socket.connect", 17)
        unknown = await inspect(desk.bench.engine, desk.bench.sources, "counter", 7)
        for reply, text in ((known, "connect(host"), (known, "Lua is busy"), (unknown, "Lua is busy")):
            assert text in str(reply["data"])

    play(scene)


def test_inspection_shows_two_thousand_characters_of_a_value() -> None:
    """A longer one is cut visibly."""
    for length, shown in ((1992, "1" * 1992), (1993, "1" * 1992 + "…")):
        data = inspected("x", values={("x",): "1" * length})["data"]
        assert data["text/plain"] == f"string: {shown}"


@pytest.mark.parametrize("code", ["", "nothing", "5", "-- print", "local print = 1\nprint2"])
def test_inspection_of_nothing_finds_nothing(code: str) -> None:
    """The reply says so."""
    assert inspected(code) == {"status": "ok", "found": False, "data": {}, "metadata": {}}


@pytest.mark.parametrize(
    ("code", "reply"),
    [
        ("x = 1", {"status": "complete"}),
        ("6 * 7", {"status": "complete"}),
        ("%trace here", {"status": "complete"}),
        ("if x then", {"status": "incomplete", "indent": "  "}),
        ("%flow", {"status": "incomplete", "indent": ""}),
        ("%flow wait 1", {"status": "incomplete", "indent": ""}),
        ("%time", {"status": "incomplete", "indent": ""}),
        ("%flow\n", {"status": "complete"}),
        ("%flow on", {"status": "complete"}),
        ("%flow\nx = 1", {"status": "complete"}),
        ("%time\nfor i = 1, 2 do", {"status": "incomplete", "indent": "  "}),
        ("x = = 1", {"status": "invalid"}),
    ],
)
def test_a_console_knows_whether_a_cell_is_finished(code: str, reply: dict[str, str]) -> None:
    """Magics count as nothing, but one that is about the Lua below it waits for Lua or an empty line."""

    async def scene(desk: Desk) -> None:
        assert is_complete(desk.bench.engine, code) == reply

    play(scene)
