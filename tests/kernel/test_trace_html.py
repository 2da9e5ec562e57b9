"""How the trace area looks, and that its HTML is safe and survives in an untrusted notebook."""

from __future__ import annotations

import re
import time
from html.parser import HTMLParser

import pytest

from ba_kernel._trace_html import View, to_html, to_text
from ba_kernel._trace_settings import Only, Settings
from ba_runtime.trace import Kind, Line, Snapshot

LINES = (
    Line(Kind.TRACE, "[3]:12", "reader", "got 5 bytes"),
    Line(Kind.TRACE, "[3]:7", "", "<b>&"),
    Line(Kind.PRINT, "[3]", "", "late", "print after cell [3] ended"),
    Line(Kind.FAULT, "[2]", "", "Lua error in Cosocket: boom"),
    Line(Kind.FAULT, "", "", "stack traceback:"),
    Line(Kind.NOTE, "", "", "listens on all interfaces"),
)
VIEW = View(Snapshot(LINES, 1234, 34))


class Reader(HTMLParser):
    """Collects tags, attributes and text, and checks that every tag is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.styles: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Remembers a tag and what it carries."""
        self.open.append(tag)
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.styles += [value or "" for name, value in attrs if name == "style"]

    def handle_endtag(self, tag: str) -> None:
        """Expects the tag that was opened last."""
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Collect text."""
        self.text += data


def read(view: View) -> Reader:
    """Parse the HTML of a view."""
    reader = Reader()
    reader.feed(to_html(view))
    reader.close()
    assert reader.open == []
    return reader


def test_the_text_is_aligned_and_complete() -> None:
    """Places and names form a column, remarks and counts follow."""
    assert to_text(VIEW).split("\n") == [
        "[3]:12 reader  got 5 bytes",
        "[3]:7          <b>&",
        "[3]            late  (print after cell [3] ended)",
        "[2]            Lua error in Cosocket: boom",
        "               stack traceback:",
        "               listens on all interfaces",
        "trace: 1,234 lines, last 6 shown, 34 dropped",
    ]


def test_html_and_text_say_the_same() -> None:
    """Nothing is only in one of them."""
    assert "".join(read(VIEW).text.split()) == "".join(to_text(VIEW).split())


def test_only_what_survives_sanitizing_is_used() -> None:
    """No scripts, style sheets, ids or handlers, and no `var()` with a hex colour."""
    reader = read(VIEW)
    assert reader.tags <= {"div", "pre", "span"}
    assert reader.attributes <= {"class", "style"}
    for style in reader.styles:
        assert re.fullmatch(r"[-\w:;.,%() ]+", style)
        assert re.findall(r"var\(([^)]*)\)", style) == re.findall(r"var\((--[\w-]+,[a-z]+)\)", style)


def test_the_newest_line_is_in_view_without_a_script() -> None:
    """A box in reverse order scrolls from its end."""
    frame, *_ = read(VIEW).styles
    assert "flex-direction:column-reverse" in frame
    assert "max-height:320px" in frame


def test_a_name_that_is_too_long_does_not_move_the_others() -> None:
    """The column has a limit; who is longer pushes only itself."""
    lines = (Line(Kind.TRACE, "[1]:1", "f" * 60, "a"), Line(Kind.TRACE, "[1]:2", "g", "b"))
    first, second, _ = to_text(View(Snapshot(lines, 2, 0))).split("\n")
    assert first.endswith("f  a")
    assert second.index("b") == 30


def test_an_empty_area_says_so() -> None:
    """An area that waits for its first line is no empty box."""
    assert to_text(View(Snapshot())) == "trace: no lines yet"
    assert read(View(Snapshot())).text == "trace: no lines yet"


def test_a_paused_area_says_so() -> None:
    """Nobody should wait for an area that stands still."""
    assert to_text(View(Snapshot(LINES[:1], 1, 0), is_paused=True)).endswith(
        "trace: 1 line, paused (%trace resume)"
    )


def test_hidden_lines_are_counted_with_what_hides_them() -> None:
    """And only where there are any; the last lines are counted among those that are shown."""
    settings = Settings(3, Only(socket=7))
    view = View(Snapshot(LINES[:1], 12, 2, hidden=9), settings=settings)
    assert view.footer == "trace: 12 lines, 9 hidden (only socket 7, level 3), last 1 shown, 2 dropped"
    all_hidden = View(Snapshot((), 4, hidden=4), settings=Settings(only=Only(cell=3)))
    assert all_hidden.footer == "trace: 4 lines, 4 hidden (only cell 3)"
    assert View(Snapshot(LINES[:1], 1), settings=settings).footer == "trace: 1 line"


def test_times_are_shown_on_demand_and_once_for_a_text(monkeypatch: pytest.MonkeyPatch) -> None:
    """In local time, with milliseconds."""
    monkeypatch.setattr(time, "localtime", time.gmtime)
    lines = (Line(Kind.TRACE, "[1]:1", "", "a"), Line(Kind.TRACE, "", "", "b"))
    snapshot = Snapshot(lines, 2, times=(3_661.0625, 0.0))
    timed = View(snapshot, settings=Settings(is_timed=True))
    assert to_text(timed).split("\n")[:2] == ["01:01:01.062  [1]:1  a", " " * 21 + "b"]
    assert "01:01:01.062" in to_html(timed)
    assert "01:01" not in to_text(View(snapshot)) + to_html(View(snapshot))


def test_the_footer_counts_errors_and_names_the_last() -> None:
    """In the colour of errors, so that they are seen when their lines have scrolled away."""
    view = View(Snapshot(LINES[:1], 1, 0, 2, "[11]:2"))
    assert to_text(view).endswith("\ntrace: 1 line, 2 errors, last in [11]:2")
    assert "crimson" in to_html(view)
    assert view.errors in read(view).text
    assert View(Snapshot(LINES[:1], 1, 0, 1, "[11]:2")).footer == "trace: 1 line, 1 error in [11]:2"
    assert View(Snapshot(LINES[:1], 1, 0, 2)).footer == "trace: 1 line, 2 errors"
