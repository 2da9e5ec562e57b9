"""`display` of what was made to do harm, or by mistake: markup, cycles, sizes, bytes, code that fails."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ba_runtime import Displayed

from ._programs import Session, session

MARKUP = "<script>alert(1)</script><img src=x onerror='alert(1)'>&\"'"
MIB = 1 << 20


@pytest.fixture
def here() -> Iterator[Session]:
    """A session."""
    with session() as fresh:
        yield fresh


def displayed(here: Session, source: str) -> dict[str, bytes]:
    """Runs a program that displays one thing, and returns its forms."""
    result = here.run(source)
    assert result.error is None, result.error
    (event,) = (event for event in here.recorder.events if isinstance(event, Displayed))
    return dict(event.forms)


@pytest.mark.parametrize(
    "value",
    [
        "{{[m] = 1}, {[m] = 2}}",
        "{{a = m}, {a = m}}",
        "{{a = {[m] = m}}, {a = function() end}}",
        "{{a = setmetatable({}, {__tostring = function() return m end})}}",
        "{{a = setmetatable({}, {__name = m})}}",
        "{[m] = m}",
    ],
)
def test_markup_in_keys_and_values_is_text(here: Session, value: str) -> None:
    """In a table of records, and wherever else it may get."""
    forms = displayed(here, f"local m = [=[{MARKUP}]=] display({value})")
    html = forms.get("text/html", b"")
    assert b"<script" not in html
    assert b"<img" not in html
    assert (b"&lt;script&gt;" in html) == (b"text/html" in html or bool(html))


@pytest.mark.parametrize("call", ["display.svg('<svg/>', m)", "display.plot{title = m, [m] = {1, 2}}"])
def test_markup_in_the_words_beside_an_image_is_text(here: Session, call: str) -> None:
    """The image itself is data."""
    html = displayed(here, f"local m = [=[{MARKUP}]=] {call}")["text/html"]
    assert b"<script" not in html
    assert html.count(b"<") == 1


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("t", b"<cycle>"),
        ("{t, t}", b"<cycle>"),
        ("{{a = t}, {a = t}}", b"<cycle>"),
        ("setmetatable({}, {__index = t, __display = function() return display end})", b"error in"),
    ],
)
def test_cycles_end(here: Session, value: str, text: bytes) -> None:
    """Also where tables lead to each other."""
    forms = displayed(here, f"local t, u = {{}}, {{}} t.u, u.t, t.t = u, t, t display({value})")
    assert text in forms["text/plain"]
    assert sum(map(len, forms.values())) < 10_000


@pytest.mark.parametrize("call", ["display.json(t)", "display{['application/json'] = t}"])
def test_a_cycle_is_null_in_json(here: Session, call: str) -> None:
    """As `ba.json` writes it."""
    assert displayed(here, f"local t = {{}} t.t = t\n{call}")["application/json"] == b'{"t":null}'


@pytest.mark.parametrize(
    ("program", "most_bytes"),
    [
        ("display(('x'):rep(10 << 20))", 10_000_100),
        ("local t = {} for i = 1, 2e5 do t[i] = {a = i, b = 'x'} end display(t)", 2 * MIB),
        ("local x = ('<'):rep(10 << 20) display{{a = x}, {a = x}}", MIB),
        ("local x, t = ('<'):rep(10 << 20), {} t[1] = {[x] = 1, a = 1} display(t)", MIB),
        ("local t = {} for i = 1, 1e5 do t['key' .. i] = i end display{t, t}", MIB),
        ("local t = {} for i = 1, 1e6 do t[i] = i end display(t)", MIB),
        ("display(setmetatable({}, {__display = function() return ('x'):rep(10 << 20) end}))", 10_000_100),
        ("display(setmetatable({}, {__display = function() error(('x'):rep(10 << 20)) end}))", 1_000),
        ("display(setmetatable({}, {__tostring = function() return ('x'):rep(10 << 20) end}))", 10_000),
    ],
)
def test_ten_megabytes_are_cut(here: Session, program: str, most_bytes: int) -> None:
    """What is shown is bounded, whatever the value."""
    assert sum(map(len, displayed(here, program).values())) <= most_bytes


@pytest.mark.parametrize(
    "program",
    [
        "display.html(('x'):rep(11 << 20))",
        "display.svg('<svg>' .. ('x'):rep(11 << 20) .. '</svg>')",
        "display.png('\\x89PNG\\r\\n\\x1a\\n\\0\\0\\0\\rIHDR' .. ('x'):rep(11 << 20))",
        "display{['text/plain'] = ('x'):rep(6 << 20), ['text/html'] = ('x'):rep(6 << 20)}",
        "local t = {} for i = 1, 2e6 do t[i] = 'text' end display.json(t)",
    ],
)
def test_more_than_ten_megabytes_are_refused(here: Session, program: str) -> None:
    """A cut picture is none."""
    error = here.run(program).error
    assert error is not None
    assert b"the limit is 10,000,000" in error.message


@pytest.mark.parametrize(
    "body",
    [
        "error()",
        "error(nil)",
        "error(setmetatable({}, {__tostring = function() error 'again' end}))",
        "return self.no.such",
        "display(self)",  # until the stack is full
        "return {['text/html'] = self}",
        "coroutine.yield()",
        "return nil",
        "self[1] = self return tostring(self):rep(3)",
    ],
)
def test_a_display_that_raises_stops_neither_the_cell_nor_the_next(here: Session, body: str) -> None:
    """It is shown as it would be without, or with what it says."""
    here.run(f"display(setmetatable({{7}}, {{__display = function(self) {body} end}}))")
    assert here.value("1 + 1") == "2"


def test_a_display_that_never_ends_in_the_background_stops_nobody(here: Session) -> None:
    """A cosocket that shows such a value waits, and the cells go on."""
    here.run(
        "local function wait() trace 'in' while true do ba.sleep(1) end end "
        "local slow = setmetatable({}, {__display = wait}) "
        "ba.socket.event(function(s) s:read(1) display(slow) end)"
    )
    here.run("ba.sleep(5)")
    here.recorder.wait_for_trace("in")
    assert here.value("1 + 1") == "2"


def test_a_display_that_never_ends_in_a_call_is_stopped(here: Session) -> None:
    """As any code of the cell."""
    cell = here.start(
        "display(setmetatable({}, {__display = function() trace 'on' while true do pcall(error) end end}))"
    )
    here.recorder.wait_for_trace("on")
    here.runtime.interrupt()
    error = cell().error
    assert error is not None
    assert error.kind == "interrupt"


@pytest.mark.parametrize(
    "program",
    [
        "display '\\xff\\xfe'",
        "display.html '\\xff'",
        "display.svg('<svg>\\xff</svg>', '\\xff')",
        "display{{['\\xff'] = '\\xc3'}, {['\\xff'] = '\\xed\\xa0\\x80'}}",
        "display.plot{['\\xff'] = {1, 2}, title = '\\xfe'}",
        "display.progress(2, '\\xff')",
        "display.json{'\\xff'}",
    ],
)
def test_bytes_that_are_no_text_are_taken_as_they_are(here: Session, program: str) -> None:
    """What a front end gets is the kernel's to say."""
    assert displayed(here, program)["text/plain"] is not None


@pytest.mark.parametrize(
    "data",
    [
        "",
        "\\x89PNG",
        "\\x89PNG\\r\\n\\x1a\\n",
        "\\x89PNG\\r\\n\\x1a\\n\\0\\0\\0\\rIHDR",
        "\\x89PNG\\r\\n\\x1a\\n\\0\\0\\0\\rIHDX\\0\\0\\0\\1\\0\\0\\0\\1",
        "\\x89PNG\\n\\x1a\\n\\0\\0\\0\\rIHDR\\0\\0\\0\\1\\0\\0\\0\\1",
        "GIF89a",
        "\\xff\\xd8\\xff\\xe0",
    ],
)
def test_a_png_that_is_none_is_refused(here: Session, data: str) -> None:
    """A picture in another format, half a head, line ends that a transfer has changed."""
    error = here.run(f"display.png('{data}')").error
    assert error is not None
    assert error.message == b"program:1: bad argument #1 to 'png' (not a PNG image)"
