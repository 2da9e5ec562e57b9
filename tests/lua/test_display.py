"""`display`: what programs show beside their text, as events."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from ba_runtime import Displayed, OutputCleared

from ._programs import Session, session

PNG = rb"\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR\x00\x00\x02\x80\x00\x00\x01\xe0"


@pytest.fixture
def here() -> Iterator[Session]:
    """A session."""
    with session() as fresh:
        yield fresh


def shown(here: Session) -> list[Displayed]:
    """Returns what was displayed so far."""
    return [event for event in here.recorder.events if isinstance(event, Displayed)]


def only(here: Session, source: str) -> dict[str, str]:
    """Runs a program that displays one thing and returns its forms."""
    result = here.run(source)
    assert result.error is None, result.error
    (event,) = shown(here)
    assert not event.is_update
    return {name: data.decode("latin-1") for name, data in event.forms}


def message(here: Session, source: str) -> str:
    """Runs a program that fails and returns why."""
    result = here.run(source)
    assert result.error is not None
    return result.error.message.decode()


# ---------------------------------------------------------------- what a value looks like


@pytest.mark.parametrize(
    ("value", "text"),
    [("'two\\nlines'", "two\nlines"), ("1/0", "Inf"), ("{1, x = 2}", "{1, x = 2}"), ("nil", "nil")],
)
def test_a_plain_value_is_its_text(here: Session, value: str, text: str) -> None:
    """A string as it is, all else as a cell shows it."""
    assert only(here, f"display({value})") == {"text/plain": text}


def test_a_table_of_mime_types_is_what_it_says(here: Session) -> None:
    """Data of any bytes; JSON may be a table."""
    forms = only(
        here,
        "display{['text/html'] = '<b>x</b>', ['text/plain'] = 'x', ['image/png'] = '\\0\\xff', "
        "['application/json'] = {a = 1}}",
    )
    assert forms == {
        "application/json": '{"a":1}',
        "image/png": "\0\xff",
        "text/html": "<b>x</b>",
        "text/plain": "x",
    }


def test_something_always_stands_where_only_text_is_shown(here: Session) -> None:
    """Markdown is readable as it is; of a picture, its type and size."""
    here.run("display.markdown '**x**' display{['image/gif'] = ('x'):rep(12345)} display.html '<hr>'")
    texts = [dict(event.forms)["text/plain"] for event in shown(here)]
    assert texts == [b"**x**", b"[image/gif, 12,345 bytes]", b"[text/html, 4 bytes]"]


def test_a_list_of_records_is_a_table(here: Session) -> None:
    """Its columns are all names, its numbers stand at the right, and what a program chose is escaped."""
    html = only(here, "display{{name = '<b>', n = 1}, {n = 2.5, ['a&b'] = true, name = '\\0x'}}")["text/html"]
    assert re.findall("<th [^>]*>(.*?)</th>", html) == ["n", "name", "a&amp;b"]
    rows = [re.findall("<td[^>]*>(.*?)</td>", row) for row in html.split("<tr>")[2:]]
    assert rows == [["1", "&lt;b&gt;", ""], ["2.5", "\\x00x", "true"]]
    assert html.count("text-align:right") == 2


def test_a_table_is_bounded_and_says_so(here: Session) -> None:
    """200 rows, 20 columns, 200 bytes in a cell."""
    html = only(
        here,
        """
        local list = {}
        for i = 1, 1000 do
          local record = {}
          for j = 1, 25 do record["c" .. j] = ("x"):rep(500) end
          list[i] = record
        end
        display(list)
        """,
    )["text/html"]
    assert html.endswith("<div>… 800 more rows, 5 more columns</div>".encode().decode("latin-1"))
    assert html.count("<tr>") == 201
    assert html.count("<th ") == 20
    assert len(html) < 2_000_000


@pytest.mark.parametrize(
    "value",
    [
        "{}",
        "{1, 2}",
        "{{}}",
        "{{1}}",
        "{{a = {}}}",
        "{{a = 1}, 2}",
        "{{a = 1}, x = 2}",
        "{setmetatable({a = 1}, {})}",
        "setmetatable({{a = 1}}, {})",
        "{{a = 1}, nil, {a = 2}}",
    ],
)
def test_what_is_no_list_of_records_is_text(here: Session, value: str) -> None:
    """Lists of other things, and tables that are objects."""
    assert list(only(here, f"display({value})")) == ["text/plain"]


def test_a_value_says_what_it_looks_like(here: Session) -> None:
    """By `__display`: MIME types or a text; it may wait."""
    here.run("""
        local function show(f) display(setmetatable({}, {__display = f})) end
        show(function(self) ba.sleep(1) return {["text/latex"] = "$x$"} end)
        show(function(self) return "just text" end)
    """)
    assert [dict(event.forms) for event in shown(here)] == [
        {"text/latex": b"$x$", "text/plain": b"$x$"},
        {"text/plain": b"just text"},
    ]


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("error 'no'", "program:1: no"),
        ("error {}", "the error is a table value"),
        ("return 5", "returned number"),
        ("return {x = 1}", "returned a table whose keys are not all MIME types"),
        ("return {['text/html'] = {}}", "text/html must be a string, got table"),
        (
            "return {['text/html'] = ('x'):rep(10000001)}",
            "10,000,001 bytes are too many, the limit is 10,000,000",
        ),
    ],
)
def test_a_display_that_fails_says_why_beside_the_value(here: Session, body: str, why: str) -> None:
    """Nothing is raised: the value is shown as it would be without."""
    forms = only(here, f"display(setmetatable({{7}}, {{__display = function() {body} end}}))")
    assert forms == {"text/plain": f"{{7}}\n<error in __display: {why}>"}


def test_a_display_that_never_ends_is_stopped(here: Session) -> None:
    """As any code of the cell."""
    cell = here.start("trace 'on' return setmetatable({}, {__display = function() while true do end end})")
    here.recorder.wait_for_trace("on")
    here.runtime.interrupt()
    result = cell()
    assert result.error is not None
    assert result.error.kind == "interrupt"
    assert here.value("1 + 1") == "2"


def test_a_cells_only_value_is_shown_richly(here: Session) -> None:
    """Its text is there as well; of several values there is only text, and of the next cell only its own."""
    result = here.run("return {{a = 1}}")
    assert result.values == (b"{{a = 1}}",)
    assert [name for name, _ in result.forms] == ["text/plain", "text/html"]
    assert here.run("return {{a = 1}}, 2").forms == ()
    assert here.run("return 1").forms == ()
    failed = here.run("setmetatable(_G, {__display = function() end}) local t <close> = setmetatable({}, "
                      "{__close = function() error 'late' end}) return {{a = 1}}")  # fmt: skip
    assert failed.forms == ()


# ---------------------------------------------------------------- showing anew


def test_an_output_is_shown_anew_in_its_place(here: Session) -> None:
    """By what `display` returns, one for each value; from another cell too."""
    here.run("first, second = display('a', 'b')")
    assert here.value("tostring(first) .. type(second)") == '"output 1userdata"'
    here.run("second:update{['text/html'] = '<i>c</i>'} first:clear()")
    events = [
        (event.cell, event.output, event.is_update, dict(event.forms)["text/plain"]) for event in shown(here)
    ]
    assert events == [
        (1, 1, False, b"a"),
        (1, 2, False, b"b"),
        (3, 2, True, b"[text/html, 8 bytes]"),
        (3, 1, True, b""),
    ]


def test_what_display_returns_is_no_value_of_the_cell(here: Session) -> None:
    """It has been shown: a cell that ends with it shows nothing more."""
    assert here.run("return display('a', 'b')").values == ()
    assert here.run("return display.progress(2)").values == ()
    assert here.run("return 1, display 'a'").values == (b"1", b"output 4")


def test_a_cosocket_displays_for_its_cell(here: Session) -> None:
    """Long after the cell has ended."""
    here.run("ba.socket.event(function(s) s:read(20) display 'late' trace 'done' end)")
    assert here.run("ba.sleep(0)").error is None
    here.recorder.wait_for_trace("done")
    assert [(event.cell, event.forms) for event in shown(here)] == [(1, (("text/plain", b"late"),))]


def test_a_progress_bar_ends_as_text(here: Session) -> None:
    """However many steps there are, about a thousand states are shown."""
    here.run("""
        local bar <close> = display.progress(100000, "<work>")
        for i = 1, 100000 do bar:step() end
        bar:step() bar:set(3)
    """)
    first, *between, last = shown(here)
    assert dict(first.forms)["text/plain"] == b"[..............................] <work>: 0 of 100000"
    assert "&lt;work&gt;: 0 of 100000" in dict(first.forms)["text/html"].decode()
    assert last.forms == (("text/plain", b"<work>: 100000 of 100000"),)
    assert 900 < len(between) < 1200
    assert all(event.is_update and event.output == first.output for event in (*between, last))


def test_a_progress_bar_that_is_closed_early_says_how_far_it_came(here: Session) -> None:
    """At the end of its block, and only once."""
    here.run("do local bar <close> = display.progress(8) bar:set(3) bar:close() end")
    texts = [dict(event.forms)["text/plain"] for event in shown(here)]
    assert texts[1:] == [b"[###########...................] 3 of 8", b"3 of 8"]


def test_clear_output_is_told(here: Session) -> None:
    """With or without waiting for what comes."""
    here.run("clear_output() clear_output(true)")
    cleared = [event for event in here.recorder.events if isinstance(event, OutputCleared)]
    assert cleared == [OutputCleared(1, False), OutputCleared(1, True)]


# ---------------------------------------------------------------- single types


def test_svg_is_an_image(here: Session) -> None:
    """Which cannot run scripts; its text is the image's description."""
    forms = only(here, """display.svg('<svg xmlns="x"/>', '"a" & <b>')""")
    assert forms["text/html"] == (
        '<img alt="&quot;a&quot; &amp; &lt;b&gt;" style="max-width:100%" '
        'src="data:image/svg+xml;base64,PHN2ZyB4bWxucz0ieCIvPg==">'
    )
    assert forms["text/plain"] == '"a" & <b>'


def test_png_tells_its_size(here: Session) -> None:
    """Where it cannot be shown."""
    assert only(here, f"display.png('{PNG.decode()}')")["text/plain"] == "[PNG image, 640 x 480]"


def test_json_is_a_table_or_a_text(here: Session) -> None:
    """The text beside it is what a reader would write."""
    here.run("display.json{a = {1, 2}} display.json '[1, null]'")
    assert [dict(event.forms) for event in shown(here)] == [
        {"application/json": b'{"a":[1,2]}', "text/plain": b"{a = {1, 2}}"},
        {"application/json": b"[1, null]", "text/plain": b"[1, null]"},
    ]


@pytest.mark.parametrize(
    ("call", "why"),
    [
        ("display.png 'no'", "bad argument #1 to 'png' (not a PNG image)"),
        ("display.svg '<p>'", "bad argument #1 to 'svg' (not an SVG image)"),
        ("display.html()", "bad argument #1 to 'html' (string expected, got no value)"),
        ("display.html('', {})", "bad argument #2 to 'html' (string expected, got table)"),
        ("display.json 'x'", "bad argument #1 to 'json' (not JSON)"),
        (
            "local t = {} for _ = 1, 2000 do t = {t} end display.json(t)",
            "application/json cannot be encoded: malloc",
        ),
        ("display.progress()", "bad argument #1 to 'progress' (number expected, got no value)"),
        ("display.progress(0)", "bad argument #1 to 'progress' (total must be a positive number)"),
        ("display.progress(1):set(0/0)", "bad argument #1 to 'set' (not a number)"),
        ("display(1).update(2)", "bad argument #1 to 'update' (output expected, got number)"),
        ("display{['text/html'] = print}", "text/html must be a string, got function"),
        ("display.html(('x'):rep(10000001))", "10,000,001 bytes are too many, the limit is 10,000,000"),
        ("display.plot 'x'", "bad argument #1 to 'plot' (table expected, got string)"),
        ("display.plot{}", "there is no series of numbers to plot"),
        ("display.plot{1, 'x'}", "the series must be a list of numbers, but value 2 is a string"),
        ("display.plot{a = {1}, b = 2}", "series 'b' must be a list of numbers, got number"),
        ("display.plot{x = {1}, y = {1, 2}}", "there are 1 values for x and 2 for y"),
        ("display.plot{1, kind = 'pie'}", "kind must be 'lines', 'points' or 'bars'"),
        ("display.plot{1, title = {}}", "title must be a string, got table"),
        ("display.plot{1, labels = {print}}", "label 1 is a function"),
    ],
)
def test_what_cannot_be_shown_raises_at_the_callers_line(here: Session, call: str, why: str) -> None:
    """Nothing is displayed."""
    assert message(here, f"\n{call}").startswith(f"program:2: {why}")


def test_a_plot_is_an_image_and_a_line_of_text(here: Session) -> None:
    """A line for each series, in the order of their names."""
    forms = only(here, "display.plot{title = 'Echo', b = {1, 2, 3}, a = {5, 5, 0/0, 5}}")
    assert forms["text/html"].startswith('<img alt="Echo')
    lines = forms["text/plain"].encode("latin-1").decode().split("\n")
    assert lines[0] == "Echo"
    assert lines[1].startswith("a  ▄▄▄  3 values, 5 to 5")
    assert lines[2].startswith("b  ▁▅█  3 values, 1 to 3")


def test_a_plot_of_too_much_is_refused(here: Session) -> None:
    """A hundred thousand values, twenty series."""
    assert message(here, "local t = {} for i = 1, 100001 do t[i] = i end display.plot(t)").endswith(
        "the series has 100001 values, the limit is 100000"
    )
    assert message(here, "local t = {} for i = 1, 21 do t[i] = {i} end display.plot(t)").endswith(
        "there are too many series, the limit is 20"
    )
