"""Which lines of a cell ask for help, and what is left to run."""

from __future__ import annotations

import pytest

from ba_kernel._magic_table import split
from ba_kernel._questions import MOST_CHARACTERS, Question, questions_in


@pytest.mark.parametrize(
    ("line", "topic", "detail"),
    [
        ("print?", "print", 0),
        ("?print", "print", 0),
        ("print??", "print", 1),
        ("??print", "print", 1),
        ("  ba.socket.connect ? ", "ba.socket.connect", 0),
        ("s:read?", "s:read", 0),
        ("rows[1].name?", "rows[1].name", 0),
        ("t['odd key']?", "t['odd key']", 0),
        ("%lab?", "%lab", 0),
        ("?%%lsp", "%%lsp", 0),
        ("print?;\r", "print", 0),
        ("?", "", 0),
    ],
)
def test_a_line_that_ends_or_begins_with_a_question_mark_asks(line: str, topic: str, detail: int) -> None:
    """The mark may stand on either side; two of them ask for the source."""
    assert questions_in(line) == ((Question(topic, detail),), "")


@pytest.mark.parametrize(
    "text",
    ["x = 1 ?", "f(x)?", "-- why?", "'why?'", "[[\nwhy?\n]]", "--[[\nwhy?\n]]", "a b?", "???", "a???", "?a?"],
)
def test_other_lines_do_not_ask(text: str) -> None:
    """A string or a comment may have such a line; what is not a name is an error of Lua's."""
    assert questions_in(text) == ((), text)


def test_questions_leave_the_lines_where_they_are() -> None:
    """Errors name the right line."""
    asked, lua = questions_in("a = 1\na?\n?b\nb = 2")
    assert [question.topic for question in asked] == ["a", "b"]
    assert lua == "a = 1\n\n\nb = 2"


def test_questions_may_stand_among_magics() -> None:
    """They are none themselves, though one may be about a magic."""
    cell = split("%lab on\n%lab?\nprint?\n%trace on\nx = 1")
    assert [call.name for call in cell.calls] == ["%lab", "%trace"]
    assert [question.topic for question in cell.questions] == ["%lab", "print"]
    assert cell.lua == "\n\n\n\nx = 1"


def test_a_page_asks_nothing() -> None:
    """It is any text."""
    cell = split("%%lsp\nwhy?\n")
    assert cell.questions == ()
    assert cell.page.endswith("\nwhy?\n")


def test_a_huge_cell_is_not_searched() -> None:
    """Looking would take longer than running it."""
    text = "x = 1\n" * (MOST_CHARACTERS // 6) + "x?\n"
    assert questions_in(text) == ((), text)
