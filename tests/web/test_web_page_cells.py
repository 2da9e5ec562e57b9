"""LSP pages as cells: the parser, what a page's environment holds, and how its result is told."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ba_runtime import Note, PageResult
from tests.lua._programs import TIMEOUT_S

from ._site import Site, get, site


@pytest.fixture
def here() -> Iterator[Site]:
    """A fresh site."""
    with site() as fresh:
        yield fresh


def run(here: Site, source: str | bytes, path: str | None = None) -> PageResult:
    """Runs a page as cell 7."""
    text = source.encode() if isinstance(source, str) else source
    return here.runtime.run_page(text, name="page", cell=7, path=path).result(TIMEOUT_S)


def body(here: Site, source: str | bytes) -> bytes:
    """What a page that does not fail has written."""
    result = run(here, source)
    assert result.error is None, result.error
    return result.body


# ---------------------------------------------------------------- the parser


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("", ""),
        ("plain\ntext\n", "plain\ntext\n"),
        ("a<?lsp=1?>b", "a1b"),
        ("<?lsp= nil ?>|<?lsp=true?>|<?lsp=1/0?>|<?lsp='a','b'?>", "nil|true|Inf|a"),
        ("<?lsp local x=2 ?>\n<?lsp=x?>\ny", "2y"),
        ("<?lsp local x=2 ?>\r\n<?lsp=x?>\r\ny\r\n", "2y\r\n"),
        ("<?lsp for i=1,3 do ?>[<?lsp=i?>]<?lsp end ?>", "[1][2][3]"),
        ('say "hi" \\ \\n %d ]] \t', 'say "hi" \\ \\n %d ]] \t'),
        ("<?lsp --[[ c ]] ?>\nx", "x"),
        ("<?lspx='y'?><?lsp=x?><?LSP no ?><?xml version='1' ?>", "y<?LSP no ?><?xml version='1' ?>"),
        ("\ufeff<p>", "<p>"),
        ("<?lsp\nprint('a')\n?>\n\n<b>", "a\n\n<b>"),
    ],
)
def test_a_page_writes_its_text_and_what_its_code_writes(here: Site, source: str, expected: str) -> None:
    """The newline behind a tag is not part of the text."""
    assert body(here, source) == expected.encode()


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("A\n<?lsp local x=1 -- comment ?>\nB<?lsp=x?>\n", b"page:3: syntax error near ']'"),
        ("<?lsp -- comment ?>x\n<p>", b"page:2: unexpected symbol near '<'"),
        ("<?lsp -- comment ?>a]]\n]=] b", b"page:2: unexpected symbol near ']'"),
    ],
)
def test_a_comment_hides_the_text_behind_its_tag(here: Site, source: str, message: bytes) -> None:
    """As on the server, where the rest of that text is then read as code; a remark says why."""
    result = run(here, source)
    assert result.error is not None
    assert (result.error.kind, result.error.message) == ("syntax", message)
    (note,) = [event.text for event in here.recorder.events if isinstance(event, Note)]
    assert note.startswith("a comment before `?>` also hides the text behind it")


def test_what_only_looks_like_a_comment_hides_nothing(here: Site) -> None:
    """In a string, or one that has ended, whatever is in the text."""
    text = "x ]] ]=] \\ \n\ty"
    for code in ("local s = '--'", "--[[ c ]]"):
        assert body(here, f"<?lsp {code} ?>{text}") == text.encode()
        assert body(here, f"<?lsp {code} ?>\n{text}") == text.encode()
        assert body(here, f"<?lsp {code} ?>\r\n\0\r\n") == b"\0\r\n"


def test_any_bytes_are_text(here: Site) -> None:
    """Controls, NULs and what is no UTF-8."""
    every = bytes(range(256)) * 2
    assert body(here, every + b"<?lsp=1?>" + every) == every + b"1" + every


@pytest.mark.parametrize(
    ("source", "line"),
    [
        ("<?lsp error'x' ?>", 1),
        ("a\nb\n<?lsp error'x' ?>", 3),
        ("a\r\nb\r\n<?lsp error'x' ?>", 3),
        ("<?lsp local a = 1 ?>\n<?lsp=a?>\n\n<?lsp error'x' ?>", 4),
        ("<?lsp\n\n\nerror'x'\n?>", 4),
        ("<?lsp --[[ c ]] ?>x\ny\n<?lsp error'x' ?>", 3),
        ("<?lsp --[[ c ]] ?>\ny\n<?lsp error'x' ?>", 3),
    ],
)
def test_errors_tell_the_line_of_the_page(here: Site, source: str, line: int) -> None:
    """Whatever is before it."""
    error = run(here, source).error
    assert error is not None
    assert (error.kind, error.line, error.message) == ("runtime", line, f"page:{line}: x".encode())
    assert error.traceback[-1] == f"page:{line}: in main chunk".encode()


@pytest.mark.parametrize(
    ("source", "message"),
    [("a\n<?lsp x = ", b"page:2: '<?lsp' without '?>'"), ("a\n<?lsp x = = ?>", b"page:2: unexpected symbol")],
)
def test_a_page_that_does_not_compile_says_where(here: Site, source: str, message: bytes) -> None:
    """As a syntax error."""
    result = run(here, source)
    assert result.error is not None
    assert (result.status, result.error.kind, result.error.line) == (500, "syntax", 2)
    assert result.error.message.startswith(message)


# ---------------------------------------------------------------- the environment


def test_a_page_has_its_environment(here: Site) -> None:
    """Its own four names, what it knows besides, and the globals behind them."""
    here.run("everywhere = 'yes'")
    source = """<?lsp
    local names = {} for name in pairs(_ENV) do names[#names+1] = name end table.sort(names)
    print(table.concat(names, " "))
    print(type(page), type(app), type(io), type(dir), pathname, relpath, everywhere)
    own = 1
    ?>"""
    assert (
        body(here, source) == b"_emit print request response\ntable\ttable\tuserdata\tnil\tpage\tnil\tyes\n"
    )
    assert here.value("own") == "nil"


def test_a_page_that_runs_as_a_cell_has_a_request_but_no_client(here: Site) -> None:
    """So there is no socket in it."""
    source = """<?lsp
    print(request:method(), request:uri(), request:header"x", request:data"x", request:peername())
    print(ba.socket.req2sock(request))
    ?>"""
    assert body(here, source) == b"GET\t/page\tnil\tnil\tnil\tfailed\nnil\tinvalidsocketcon\n"


# ---------------------------------------------------------------- the result


def test_the_result_has_what_the_page_answered(here: Site) -> None:
    """Status, headers and body; trace and print of other code are the cell's."""
    here.run("function elsewhere() print'cell' end")
    result = run(
        here, "<?lsp response:setstatus(201) response:setcontenttype'text/plain' elsewhere() print'x' ?>"
    )
    headers = ((b"Content-Type", b"text/plain"),)
    assert result == PageResult(7, 201, "text/plain", b"x\n", headers=headers)
    assert here.recorder.printed == b"cell\n"


def test_a_failed_page_keeps_what_it_had_written(here: Site) -> None:
    """With status 500 and the error."""
    result = run(here, "a\n<?lsp error'boom' ?>")
    assert (result.status, result.body) == (500, b"a\n")
    assert here.recorder.faults == []


def test_a_deferred_response_is_part_of_the_result(here: Site) -> None:
    """The cell waits for it."""
    source = """kept<?lsp
    local d = response:deferred()
    ba.timer(function() d:write"x" d:close() end):set(20)
    ?>lost"""
    assert body(here, source) == b"keptx"


def test_a_page_that_stops_itself_has_not_failed(here: Site) -> None:
    """A redirect is an answer."""
    result = run(here, "<?lsp response:sendredirect'/x' trace'never' ?>")
    assert (result.status, result.error, result.headers[-1]) == (302, None, (b"Location", b"/x"))
    assert here.recorder.traced == []


@pytest.mark.parametrize("code", ["while true do end", "ba.sleep(60000)", "local d = response:deferred()"])
def test_a_page_can_be_interrupted_like_a_cell(here: Site, code: str) -> None:
    """Busy, blocked, or waiting for its deferred response."""
    page = here.runtime.run_page(f"<?lsp trace'in' {code} ?>".encode(), name="page", cell=7)
    here.recorder.wait_for_trace("in")
    while not page.done():
        here.runtime.interrupt()
        here.recorder.wait_briefly()
    error = page.result().error
    assert error is not None
    assert error.kind == "interrupt"
    assert body(here, "well") == b"well"


def test_output_without_end_is_bounded(here: Site) -> None:
    """With words that say so."""
    result = run(here, "<?lsp while true do print(('x'):rep(99999)) end ?>")
    assert result.error is not None
    assert b"the most that a cell can show" in result.error.message


def test_a_page_with_a_path_is_put_there(here: Site) -> None:
    """Later requests run it again with the same `page`; a new cell takes its place."""
    source = "<?lsp page.n = (page.n or 0) + 1 print(page.n, request:data'x', pathname) trace'run' ?>"
    result = run(here, source, "a b/p.lsp")
    assert result.url == f"http://127.0.0.1:{here.port}/a%20b/p.lsp"
    assert result.body == b"1\tnil\ta b/p.lsp\n"
    assert get(here.port, "/a%20b/p.lsp?x=1").body == b"2\t1\ta b/p.lsp\n"
    assert run(here, "<?lsp=page.n?>", "/a b/p.lsp").body == b"2"
    assert get(here.port, "/a%20b/p.lsp").body == b"2"


def test_cells_and_pages_take_turns(here: Site) -> None:
    """In the order in which they were started."""
    first = here.runtime.run_page(b"<?lsp ba.sleep(20) trace'1' ?>", name="page", cell=1)
    second = here.runtime.run_cell(b"ba.sleep(10) trace'2'", name="cell", cell=2)
    third = here.runtime.run_page(b"<?lsp trace'3' ?>", name="page", cell=3)
    assert first.result(TIMEOUT_S).cell == 1
    assert second.result(TIMEOUT_S).cell == 2
    assert third.result(TIMEOUT_S).cell == 3
    assert here.recorder.traced == ["1", "2", "3"]
