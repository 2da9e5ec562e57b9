"""A wrong hint is worse than none: what is not known has none, and nothing of the program's runs for it."""

from __future__ import annotations

import pytest

from ba_runtime.hints import Hints, _text, _texts
from ba_runtime.hints._near import near
from ba_runtime.hints._texts import Texts

from ._notebook import hint, notebook

ODD = {
    "a name like no other": "frobnicate()",
    "a short name": "x.y = 1",
    "a word that differs by a letter": "text.x = 1",
    "a name with another number": "local data1 = {} return data2.x",
    "a documented name that is no table": "event.x = 1",
    "a parameter of a failed call's name": "local s = ba.socket.connect('127.0.0.1', 1)\n"
    "local function f(s)\n  return s.x\nend\nf()",
    "a loop's variable of that name": "local s = ba.socket.connect('127.0.0.1', 1)\n"
    "for _, s in next, {1}, nil do\n  return s.x.y\nend",
    "a name that something else sets too": "local s = ba.socket.connect('127.0.0.1', 1)\ns = nil\nreturn s.x",
    "a name that something else sets further down": "local d = ba.json.decode '{}'\nfor i = 1, 2 do\n"
    "  if i == 2 then\n    return d.x\n  end\n  d = nil\nend",
    "a call with an alternative": "local s = ba.socket.connect('127.0.0.1', 1) or nil\nreturn s.x",
    "a method of what a call returns": "local s = ba.socket.stat().x\nreturn s.x",
    "a block's local of that name": "do\n  local q = ba.socket.connect('127.0.0.1', 1)\nend\n"
    "local q\nreturn q.x",
    "the words of an error of one's own": "error \"attempt to call a nil value (global 'pirnt')\"",
    "an error that is passed on": "local _, e = pcall(function() pirnt() end) error(e, 0)",
    "an error that comes out of a coroutine": "coroutine.wrap(function() pirnt() end)()",
    "an error object": "error{'pirnt'}",
    "no error object": "error()",
    "a reason that no call has returned": "error('cannotconnect', 0)",
    "an assertion of one's own": "assert(false, 'bind')",
    "two tables compared": "return {} < {}",
    "arithmetic on a table": "return {} + 1",
    "a stack that overflows": "local function f() return 1 + f() end f()",
    "not enough memory": "local s = ('x'):rep(1 << 20) while true do s = s .. s end",
    "a name in brackets": "local t = {} t['pri\\27[31mnt']()",
}  # fmt: skip


@pytest.mark.parametrize("name", ODD)
def test_nothing_is_said_of_what_is_not_known(name: str) -> None:
    """Each in a notebook of its own."""
    assert hint(ODD[name]) == ""


def test_an_interrupted_cell_has_no_hint() -> None:
    """It was not the program's mistake, wherever it was."""
    with notebook() as book:
        future = book.runtime.run_cell(b"while true do pcall(pirnt) end", name="cell[1]", cell=1)
        book.runtime.interrupt()
        error = future.result(30).error
    assert error is not None
    assert (error.kind, error.hint) == ("interrupt", "")


def test_looking_for_a_hint_runs_nothing_of_the_program() -> None:
    """No `__index`, `__name`, `__tostring` or `__pairs`, neither of objects nor of the globals."""
    with notebook() as book:
        book.run(
            """
            ran = 0
            local function run() ran = ran + 1 error "ran" end
            local meta = {__index = function() ran = ran + 1 end, __pairs = run, __tostring = run}
            meta.__metatable, meta.__name, meta.__call = "no", setmetatable({}, {__tostring = run}), run
            object = setmetatable({start = 1}, meta)
            """
        )
        assert book.hint("ran = 0 object.satrt()") == "did you mean start?"
        book.run("assert(ran == 1)")  # what the program has asked for itself
        book.run("setmetatable(_G, {__index = function() ran = ran + 1 end}) ran = 0")
        assert book.hint("pirnt()") == "did you mean print?"
        book.run("assert(rawget(_G, 'ran') == 1)")


def test_what_a_program_catches_has_no_hint_in_it() -> None:
    """By pcall, by xpcall's handler, and by ba.seterrh."""
    with notebook() as book:
        book.run(
            """
            local function check(message)
              assert(not message:find "did you mean" and not message:find "hint", message)
            end
            check(select(2, pcall(function() pirnt() end)))
            xpcall(function() ba.socket.evnt() end, check)
            check(select(2, pcall(require, "sockets")))
            local heard
            ba.seterrh(function(text) heard = text end)
            ba.socket.event(function() pirnt() end)
            check(heard)
            """
        )


def test_names_in_a_hint_are_short_and_printable() -> None:
    """Whatever the program calls its things, and whatever it connects to."""
    name = "n" * 5000
    with notebook() as book:
        book.run(f"local {name} = 1")
        said = book.hint(f"{name}()")
        assert said.startswith("nnn")
        assert len(said) < 200
        said = book.hint("s = ba.socket.connect('a\\27[31m\\0' .. ('b'):rep(1000), 1)\ns:close()")
    assert said.startswith('s is nil: ba.socket.connect("a\\x1b[31m\\0bbb')
    assert said.isprintable()
    assert len(said) < 300


def test_a_huge_text_is_not_read_for_a_hint() -> None:
    """Its line at fault is, if it is short."""
    with notebook() as book:
        assert book.hint("local x = 1\n" + "x = 1\n" * 100_000 + "ba.socket.evnt()") == "did you mean event?"
        assert book.hint("local t = {" + "1, " * 100_000 + "} ba.socket.evnt()") == ""


def test_a_text_of_any_shape_is_read_in_a_moment() -> None:
    """Also of an earlier cell, which did not compile: deep blocks, endless calls and lists, many locals."""
    with notebook() as book:
        for part in ("do ", "f(", "x = f(", "x, ", "local x ", "function x(", "x.", "if x then else "):
            book.hint("y = (" + part * (_text.READ_CHARACTERS // len(part) - 10))
        assert book.hint("x()") == book.hint("local y = 1 x.y()") == ""


def test_a_fault_in_looking_for_a_hint_is_no_fault_of_the_cell(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The error is reported all the same, and the fault goes to the log."""

    def fail(self: object) -> None:
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr(_text.Text, "lines", property(fail))
    assert hint("pirnt()") == ""
    assert hint("ba.socket.evnt()") == ""
    assert hint("x += 1") == ""
    assert "a fault of ours" in caplog.text


def test_texts_are_bounded_in_number_and_in_bytes() -> None:
    """The oldest go."""
    texts = Texts()
    for number in range(_texts.KEPT_TEXTS + 1):
        texts.keep(f"cell[{number}]", b"local x")
    assert texts.get("cell[0]").tokens == []
    assert len(texts.get("cell[1]").tokens) == 2
    texts.keep("cell[501]", b"x" * _texts.KEPT_BYTES)
    assert texts.get("cell[1]").tokens == []
    texts.keep("cell[502]", b"x" * (_texts.KEPT_BYTES + 1))
    assert [number for number, _ in texts.cells("x")] == []


def test_near_names_are_one_slip_away_or_two_in_longer_ones() -> None:
    """Of several that are as near, two are named, and of more none."""
    assert near("evnt", ["event", "print"]) == ("event",)
    assert near("pirnt", ["print", "paint"]) == ("print",)
    assert near("conect", ["connect"]) == ("connect",)
    assert near("recieve", ["receive", "relieve"]) == ("receive", "relieve")
    assert near("text", ["next", "test"]) == ()
    assert near("readd", ["read", "reads", "readx", "bread"]) == ("read",)
    assert near("cats", ["cat", "cast", "acts"]) == ()
    assert near("x" * 41, ["x" * 40]) == ()
    assert near("ab", ["abc"]) == ()


def test_failed_calls_are_remembered_in_a_bounded_number() -> None:
    """A program may fail to connect for weeks."""
    hints = Hints()
    failed = hints.functions()["hint_failed"]
    for line in range(1000):
        failed(b"ba.socket.connect", b"h" * 10_000, 80, b"cannotconnect", b"cell[1]", line)
    kept = vars(hints)["_failures"]
    assert len(kept) == 100
    assert len(next(iter(kept.values()))[1]) == 200
