"""How an error of Lua's reads."""

from __future__ import annotations

import re

import pytest

from ba_kernel._errors import Failure, Sources, failure, own_failure, unattended
from ba_runtime.events import ErrorReport

SOURCE = "local t = {}\nlocal function f()\n  return t.x.y\nend\nf()"


def plain(what: Failure) -> str:
    """Returns a traceback without its colours."""
    return re.sub(r"\x1b\[\d+m", "", "\n".join(what.traceback))


def sources() -> Sources:
    """Remembers the text of cell 3."""
    kept = Sources()
    kept.keep("cell[3]", SOURCE)
    return kept


def test_an_error_shows_its_line_in_its_surroundings() -> None:
    """Name, message, place, the source around it with an arrow, and the stack."""
    report = ErrorReport(
        "runtime",
        b"cell[3]:3: attempt to index a nil value (field 'x')",
        "cell[3]",
        3,
        (b"cell[3]:3: in local 'f'", b"cell[3]:5: in main chunk"),
    )
    assert plain(failure(report, sources())).split("\n") == [
        "LuaError: cell[3]:3: attempt to index a nil value (field 'x')  (cell [3], line 3)",
        "      1 local t = {}",
        "      2 local function f()",
        "----> 3   return t.x.y",
        "      4 end",
        "      5 f()",
        "stack traceback:",
        "  cell[3]:3: in local 'f'",
        "  cell[3]:5: in main chunk",
    ]


@pytest.mark.parametrize(
    ("line", "shown"), [(1, "1 2 3"), (3, "1 2 3 4 5"), (5, "3 4 5 6 7"), (8, "6 7 8 9"), (9, "7 8 9")]
)
def test_two_lines_on_either_side_are_shown(line: int, shown: str) -> None:
    """As far as there are any."""
    kept = Sources()
    kept.keep("cell[1]", "\n".join("abcdefghi"))
    text = plain(failure(ErrorReport("runtime", b"x", "cell[1]", line), kept))
    assert " ".join(re.findall(r"\d", text.split("\n", 1)[1])) == shown
    assert text.count("---->") == 1


def test_an_error_of_unknown_source_shows_what_there_is() -> None:
    """A file's text is not ours to read."""
    report = ErrorReport("runtime", b"server.lua:7: boom", "server.lua", 7)
    assert plain(failure(report, sources())) == "LuaError: server.lua:7: boom  (server.lua, line 7)"


def test_each_kind_of_error_has_a_name() -> None:
    """Front ends show the name, and programs look at it."""
    reports = (
        (ErrorReport("syntax", b"x"), "SyntaxError"),
        (ErrorReport("interrupt", b"x"), "Interrupted"),
        (ErrorReport("memory", b"x"), "OutOfMemory"),
        (ErrorReport("exit", b"x", exit_code=3), "Exit"),
    )
    assert [failure(report, Sources()).ename for report, _ in reports] == [name for _, name in reports]


def test_os_exit_says_what_to_do_instead() -> None:
    """The kernel goes on, and a fresh state is a magic away."""
    assert "%reset" in failure(ErrorReport("exit", b"", exit_code=3), Sources()).evalue


def test_control_characters_in_a_message_are_written_out() -> None:
    """An error message is user text too."""
    assert failure(ErrorReport("runtime", b"a\x1b[2Jb\xff"), Sources()).evalue == "a\\x1b[2Jb\\xff"


def test_old_sources_are_forgotten() -> None:
    """A kernel that runs for weeks keeps the newest only."""
    kept = Sources()
    for number in range(501):
        kept.keep(f"cell[{number}]", "x")
    assert list(kept.around("cell[0]", 1)) == []
    assert list(kept.around("cell[1]", 1)) != []


def test_the_line_to_blame_is_the_one_in_the_message() -> None:
    """`error(message, 2)` blames its caller, which may be in another cell than the call of error."""
    kept = sources()
    kept.keep("cell[4]", "-- a\n-- b\nf('bad')")
    frames = (b"[C]: in function 'error'", b"cell[3]:2: in function 'f'", b"cell[4]:3: in main chunk")
    shown = plain(failure(ErrorReport("runtime", b"cell[4]:3: bad", "cell[3]", 2, frames), kept))
    assert "(cell [4], line 3)" in shown
    assert "----> 3 f('bad')" in shown


def test_a_file_in_the_message_is_blamed_if_it_is_on_the_stack() -> None:
    """Anything else that looks like a position may be a part of somebody's text."""
    frames = (b"cell[3]:2: in function 'f'", b"module.lua:7: in main chunk")
    for message, place in (
        (b"module.lua:7: bad", "(module.lua, line 7)"),
        (b"GET:80: bad", "(cell [3], line 2)"),
    ):
        assert place in plain(failure(ErrorReport("runtime", message, "cell[3]", 2, frames), sources()))


def test_a_line_or_a_frame_of_any_length_is_cut() -> None:
    """A cell may be one line of a megabyte, and so may the name of a field that is called."""
    kept = Sources()
    kept.keep("cell[1]", "local s = '" + "y" * 10**6 + "'")
    frames = (b"cell[1]:1: in field '" + b"z" * 10**6 + b"'",)
    what = failure(ErrorReport("runtime", b"cell[1]:1: bad", "cell[1]", 1, frames), kept)
    assert len(plain(what)) < 3000
    assert "more characters" in plain(what)
    assert "bytes omitted" in plain(what)


def test_a_message_of_the_kernels_own_is_cut() -> None:
    """It may quote a mistyped magic of any length."""
    what = own_failure("MagicError", "unknown magic " + "x" * 10**6)
    assert len(what.evalue) < 2100
    assert what.evalue.endswith("… (998,014 more characters)")


def test_a_hint_is_the_last_line_and_its_word_is_bold() -> None:
    """Printable, whatever is in it."""
    frames = (b"cell[3]:3: in main chunk",)
    report = ErrorReport("runtime", b"cell[3]:3: bad", "cell[3]", 3, frames, hint="use\x07 it")
    what = failure(report, sources())
    assert what.traceback[-1] == "\x1b[1mhint:\x1b[0m use\\x07 it"
    assert "hint" not in what.evalue
    assert list(unattended(report, sources()))[-1] == "hint: use\\x07 it"
