"""Applications: their loader, their end, and pages that only other pages can ask for."""

from __future__ import annotations

from pathlib import Path

import pytest

from ba_runtime import LatePrint, Runtime
from tests.lua._programs import TIMEOUT_S, Recorder

from ._site import folder, get, write

Files = dict[str, str | bytes]


# ---------------------------------------------------------------- the loader


def test_a_preload_creates_its_loader(tmp_path: Path) -> None:
    """As nearly every example does; once more makes no difference, and another io gives more modules."""
    write(tmp_path, {"more/.lua/two.lua": "return 'two'"})
    files: Files = {
        ".lua/one.lua": "return 'one'",
        ".preload": f"""
            mako.createloader(io) mako.createloader(io)
            mako.createloader(ba.mkio(ba.openio "disk", [[{tmp_path}/more]]))
            words = require "one" .. " " .. require "two"
        """,
        "index.lsp": "<?lsp=app.words?>",
    }
    with folder(tmp_path / "app", files) as here:
        assert get(here.port, "/").body == b"one two"
        message = here.value("select(2, pcall(mako.createloader, 1))")
        assert "IOINTF expected, got number" in message


# ---------------------------------------------------------------- the end


def test_an_application_hears_of_its_end(tmp_path: Path) -> None:
    """When its runtime closes, also while a cell is busy; once, and with time to wait."""
    write(tmp_path, {".preload": "function onunload() ba.sleep(1) trace 'over' end"})
    recorder = Recorder()
    with Runtime(recorder) as runtime:
        runtime.serve(str(tmp_path)).result(TIMEOUT_S)
        runtime.run_cell(b"trace 'busy' while true do end", name="busy", cell=1)
        recorder.wait_for_trace("busy")
    assert recorder.traced == ["busy", "over"]


def test_another_application_ends_the_one_before_and_not_again(tmp_path: Path) -> None:
    """Each hears of its own end."""
    for name in ("one", "two"):
        write(tmp_path / name, {".preload": f"function onunload() trace '{name}' end"})
    recorder = Recorder()
    with Runtime(recorder) as runtime:
        for name in ("one", "two"):
            runtime.serve(str(tmp_path / name)).result(TIMEOUT_S)
    assert recorder.traced == ["one", "two"]


def test_what_programs_want_at_the_end_is_done_whatever_fails(tmp_path: Path) -> None:
    """The last wish first; nothing keeps the runtime from closing."""
    recorder = Recorder()
    code = b"""
        mako.onexit(function() trace "first" end)
        mako.onexit(function() error "second" end)
        mako.onexit(function() coroutine.yield() end)
        mako.onexit(function() while true do ba.sleep(100) end end)
        mako.onexit(function() trace "last" end)
    """
    with Runtime(recorder) as runtime:
        assert runtime.run_cell(code, name="program", cell=3).result(TIMEOUT_S).error is None
    assert recorder.traced == ["last", "first"]
    assert "program:3: second" in recorder.faults[0]


def test_no_cell_begins_at_the_end() -> None:
    """One that waits for its turn hears that the runtime is closed."""
    recorder = Recorder()
    with Runtime(recorder) as runtime:
        runtime.run_cell(b"mako.onexit(function() end)", name="first", cell=1).result(TIMEOUT_S)
        runtime.run_cell(b"trace 'busy' while true do end", name="busy", cell=2)
        waiting = runtime.run_cell(b"trace 'never'", name="last", cell=3)
        recorder.wait_for_trace("busy")
    assert waiting.exception(TIMEOUT_S) is not None
    assert recorder.traced == ["busy"]


def test_what_an_application_prints_belongs_to_no_cell(tmp_path: Path) -> None:
    """Its jobs go on when `.preload` has ended; no program has ended by that."""
    files: Files = {".preload": "ba.thread.run(function() ba.sleep(1) print 'later' trace 'done' end)"}
    with folder(tmp_path, files) as here:
        here.recorder.wait_for_trace("done")
        (late,) = [event for event in here.recorder.events if isinstance(event, LatePrint)]
    assert (late.cell, late.text) == (0, b"later\n")


# ---------------------------------------------------------------- hidden pages

HIDDEN: Files = {
    "index.lsp": "<?lsp title = 'shared' response:include '.head.lsp' print(word, response:isinclude()) ?>",
    ".head.lsp": "<?lsp print(title, response:isinclude(), response:isforward()) word = 'set' ?>",
    "onward.lsp": "lost<?lsp word = 'kept' response:forward '.target.lsp' trace 'never' ?>",
    ".target.lsp": "<?lsp print(word, response:isinclude(), response:isforward()) ?>",
    "sub/up.lsp": "<?lsp title = 'up' response:include '../.parts/./x.lsp' ?>",
    ".parts/x.lsp": "<?lsp=title?>",
    ".secret": "secret",
    "peek.lsp": "<?lsp response:include '.secret' ?>",
    "out.lsp": "<?lsp response:include '/../../out.lsp' ?>",
}


def test_pages_share_their_globals_with_hidden_ones(tmp_path: Path) -> None:
    """Those of one request, whether it includes the other page or forwards to it."""
    with folder(tmp_path, HIDDEN) as here:
        assert get(here.port, "/index.lsp").body == b"shared\ttrue\tfalse\nset\tfalse\n"
        assert get(here.port, "/onward.lsp").body == b"kept\tfalse\ttrue\n"
        assert get(here.port, "/sub/up.lsp").body == b"up"
        assert get(here.port, "/index.lsp").body.startswith(b"shared")
        assert here.value("title") == "nil"
        assert here.recorder.traced == []


@pytest.mark.parametrize(
    "path", ["/.head.lsp", "/.parts/x.lsp", "/sub/../.head.lsp", "/%2ehead.lsp", "/.secret"]
)
def test_clients_cannot_ask_for_hidden_pages(tmp_path: Path, path: str) -> None:
    """By no spelling."""
    with folder(tmp_path, HIDDEN) as here:
        assert get(here.port, path).status == 404


def test_what_is_hidden_and_no_page_is_for_no_page_either(tmp_path: Path) -> None:
    """Nor is what is outside of the folder."""
    write(tmp_path, {"out.lsp": "outside"})
    with folder(tmp_path / "a" / "b", HIDDEN) as here:
        assert b"Error pagenotfound: .secret" in get(here.port, "/peek.lsp").body
        assert b"too deeply" in get(here.port, "/out.lsp").body  # it is itself


# ---------------------------------------------------------------- resource readers


def test_an_io_is_served_by_a_reader(tmp_path: Path) -> None:
    """Below its name, with its headers, and with pages once it has a filter."""
    write(
        tmp_path, {"a.txt": "text", "p.lsp": "<?lsp=app and app.word?>", "sub/index.html": "index", ".x": "x"}
    )
    with folder(tmp_path / "app", {"a.txt": "app"}) as here:
        assert (
            here.run(f"""
            reader = ba.create.resrdr("files", 1, ba.mkio(ba.openio "disk", [[{tmp_path}]]))
            reader:header{{["X-One"] = "1", ["Cache-Control"] = "max-age=5"}}
            trace(reader:insert(), reader:baseuri())
        """).error
            is None
        )
        answer = get(here.port, "/files/a.txt")
        assert (answer.body, answer.headers["x-one"]) == (b"text", "1")
        assert answer.headers["cache-control"] == "max-age=5"
        assert answer.headers["content-length"] == "4"
        assert get(here.port, "/files/p.lsp").body == b"<?lsp=app and app.word?>"
        here.run("reader:lspfilter{word = 'run'}")
        answer = get(here.port, "/files/p.lsp")
        assert (answer.body, answer.headers["x-one"]) == (b"run", "1")
        assert get(here.port, "/files").headers["location"] == "http://localhost/files/"
        assert get(here.port, "/files/sub/").body == b"index"
        assert [get(here.port, f"/files/{name}").status for name in (".x", "no", "../a.txt")] == [
            404,
            404,
            200,
        ]
        assert get(here.port, "/a.txt").body == b"app"
        here.run("reader:unlink()")
        assert get(here.port, "/files/a.txt").status == 404
        assert here.recorder.traced == ["true\t/files/"]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("ba.create.resrdr()", "bad argument #1 to 'resrdr' (IOINTF expected, got no value)"),
        ("ba.create.resrdr('x', 0)", "bad argument #2 to 'resrdr' (IOINTF expected, got no value)"),
        (
            "ba.create.resrdr('x', 200, ba.openio'home')",
            "bad argument #2 to 'resrdr' (priority out of range)",
        ),
        ("ba.create.dir():header{}", "only a directory of ba.create.resrdr has headers"),
        ("ba.create.dir():lspfilter{}", "only a directory of ba.create.resrdr has pages"),
        (
            "ba.create.resrdr(ba.openio'home'):header(1)",
            "bad argument #1 to 'header' (table expected, got number)",
        ),
        (
            "ba.create.resrdr(ba.openio'home'):header{a='b\\n'}",
            "bad argument #1 to 'header' (invalid header)",
        ),
    ],
)
def test_a_reader_says_what_it_needs(tmp_path: Path, call: str, message: str) -> None:
    """At the line of the program."""
    with folder(tmp_path, {}) as here:
        error = here.run(call).error
        assert error is not None
        assert error.message.decode().startswith(f"program:1: {message}")
