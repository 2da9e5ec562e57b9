"""LSP pages in a real kernel."""

from __future__ import annotations

import re
import urllib.error
import urllib.request
from html import unescape
from pathlib import Path

import pytest

from ._live import LiveKernel, shows

README = Path(__file__).parents[2] / "README.md"
FRAME = re.compile(
    r'<div style="[^"]*"><iframe sandbox referrerpolicy="no-referrer" title="LSP page" '
    r'srcdoc="([^"]*)" style="[^"]*">[^<]*</iframe></div>'
)


def visit(url: str) -> tuple[int, bytes]:
    """Returns the status and the body of what is at an address."""
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


def test_a_page_is_shown_in_a_frame_that_can_run_nothing(kernel: LiveKernel) -> None:
    """The frame's sandbox is empty, and its text cannot end the attribute that it is in."""
    text = '<p class="x" title=\'y\'>&amp; <script>top.alert(1)</script></p>"></iframe><script>'
    ran = kernel.run(f"%%lsp\n{text}")
    assert ran.kinds() == ["display_data"]
    data = ran.of_kind("display_data")[0]["data"]
    assert data["text/plain"] == text
    frame = FRAME.fullmatch(data["text/html"])
    assert frame
    assert "<" not in frame[1]
    assert unescape(frame[1]) == text


def test_print_is_the_response_and_trace_is_not(kernel: LiveKernel) -> None:
    """As on a server; the variables of cells are there too."""
    kernel.run("greeting = 'hello'")
    ran = kernel.run("%%lsp\n<b><?lsp=greeting?></b><?lsp print(1 + 1) trace 'seen' ?>")
    shown = [content["data"]["text/plain"] for content in ran.of_kind("display_data")]
    assert "<b>hello</b>2" in [text.strip() for text in shown]
    assert ran.text() == ""
    assert "seen" in str(ran.messages)


def test_an_error_names_the_line_of_the_cell(kernel: LiveKernel) -> None:
    """In the form that other cells' errors have, for running code and for its text."""
    ran = kernel.run("%time\n%%lsp\n<p>\n<?lsp\nlocal x = nil + 1\n?>")
    assert ran.status == "error"
    assert ran.reply["ename"] == "LuaError"
    assert "line 5)" in ran.reply["traceback"][0]
    assert "----> 5\x1b[0m local x = nil + 1" in ran.reply["traceback"][1]
    ran = kernel.run("%%lsp\n\n<?lsp local = ?>")
    assert ran.reply["ename"] == "SyntaxError"
    assert "line 3)" in ran.reply["traceback"][0]


def test_an_error_status_is_an_error(kernel: LiveKernel) -> None:
    """Although the page itself ended well."""
    ran = kernel.run("%%lsp\n<?lsp response:setstatus(404) print 'gone' ?>")
    assert (ran.reply["ename"], ran.reply["evalue"]) == ("PageError", "the page answered with status 404")
    assert ran.of_kind("display_data")


def test_what_is_not_html_is_text_only(kernel: LiveKernel) -> None:
    """A browser would not take it for a page either."""
    ran = kernel.run("%%lsp\n<?lsp response:setcontenttype'application/json' print'{}' ?>")
    assert list(ran.of_kind("display_data")[0]["data"]) == ["text/plain"]


@pytest.mark.parametrize("code", ["while true do end", "ba.sleep(60000)", "kept = response:deferred()"])
def test_a_page_can_be_stopped(kernel: LiveKernel, code: str) -> None:
    """Like any cell: busy, blocked, and waiting for its deferred response. What it wrote is shown."""
    request = kernel.send(f"%%lsp\nwritten <?lsp trace 'spins' {code} ?>")
    kernel.until(request, shows("spins"))
    kernel.interrupt()
    ran = kernel.finish(request)
    assert ran.reply["ename"] == "Interrupted"
    assert [content["data"]["text/plain"] for content in ran.of_kind("display_data")][-1:] == ["written "]
    assert kernel.run("%%lsp\nwell").status == "ok"


def test_an_answer_that_is_no_page_shows_its_head(kernel: LiveKernel) -> None:
    """Where a redirect leads, what a page has set; and nothing for a page that wrote nothing."""
    ran = kernel.run("%%lsp /old.lsp\nlost <?lsp response:sendredirect'/new.lsp' ?>")
    assert ran.kinds() == ["stream"]
    assert ran.text().startswith("HTTP 302 Found\nLocation: /new.lsp\nServed at http://")
    ran = kernel.run("%%lsp\nmade<?lsp response:setstatus(201) response:setheader('X-Id', '7') ?>")
    assert (ran.kinds(), ran.text()) == (["stream", "display_data"], "HTTP 201 Created\nX-Id: 7\n")
    ran = kernel.run("%%lsp\n<?lsp silent = true ?>")
    assert (ran.status, ran.kinds()) == ("ok", [])


def test_a_page_that_fails_answers_500_to_its_visitors(kernel: LiveKernel) -> None:
    """The cell shows the error and the way there; a browser is told, and so is the trace."""
    ran = kernel.run("%%lsp /bad.lsp\nbefore <?lsp error('bad') ?>after")
    assert ran.kinds() == ["display_data", "stream", "error"]
    assert re.fullmatch(r"cell\[\d+\]:2: bad", ran.reply["evalue"])
    status, words = visit(ran.text().split()[-1])
    assert (status, words.split(b"\n")[3]) == (500, ran.reply["evalue"].encode())
    assert "Lua error in LSP" in str(kernel.run("%trace here").messages)


def test_bytes_are_shown_as_what_they_are(kernel: LiveKernel) -> None:
    """An image as an image; others are written out, so that no control character reaches the notebook."""
    ran = kernel.run("%%lsp\n<?lsp response:setcontenttype'image/gif' response:write'GIF89a\\0' ?>")
    data = ran.of_kind("display_data")[0]["data"]
    assert data == {"image/gif": "R0lGODlhAA==", "text/plain": "[image/gif, 7 bytes]"}
    ran = kernel.run(
        "%%lsp\n<?lsp response:setcontenttype'application/octet-stream' response:write'\\0\\xFFa' ?>"
    )
    assert ran.of_kind("display_data")[0]["data"] == {"text/plain": "\\x00\\xffa"}


def test_a_page_of_ten_megabytes_is_cut_and_says_so(kernel: LiveKernel) -> None:
    """And one that never ends is stopped, with what it had written."""
    ran = kernel.run("%%lsp\n<?lsp for i = 1, 1000 do print(('x'):rep(9999)) end ?>")
    data = ran.of_kind("display_data")[0]["data"]
    assert ran.status == "ok"
    assert len(str(data)) < 500_000
    assert data["text/plain"].endswith("[the page wrote 10,000,000 bytes; only the first 200,000 are shown]")
    ran = kernel.run("%%lsp\n<?lsp while true do print(('x'):rep(9999)) end ?>")
    assert "the most that a cell can show" in ran.reply["evalue"]
    assert "bytes; only the first 200,000 are shown]" in str(ran.of_kind("display_data"))
    assert kernel.run("return 1").result == "1"


def test_a_page_with_a_path_is_served_there(kernel: LiveKernel) -> None:
    """The link leads to it, each visit runs it, and a second cell puts another in its place."""
    for word in ("one", "two"):
        ran = kernel.run(f"%%lsp /live/page.lsp\n{word} <?lsp=request:method()?>")
        link = re.fullmatch(r"Served at (http://127\.0\.0\.1:\d+/live/page\.lsp)\n", ran.text())
        assert link
        status, text = visit(link[1])
        assert (status, text.strip()) == (200, f"{word} GET".encode())


def test_the_page_of_the_readme_is_what_it_says(kernel: LiveKernel) -> None:
    """It counts its visits, the cell's own among them."""
    cell = README.read_text(encoding="utf-8").split("```html\n")[1].split("```")[0]
    ran = kernel.run(cell)
    assert ran.of_kind("display_data")[0]["data"]["text/plain"] == "<p>You are visit 1.</p>\n"
    assert visit(ran.text().split()[-1]) == (200, b"<p>You are visit 2.</p>\n")


def test_a_folder_is_served_with_its_preload_and_modules(kernel: LiveKernel, tmp_path: Path) -> None:
    """`%lsp serve` does what the server does with an application's folder."""
    folder = tmp_path / "my pages"
    (folder / ".lua").mkdir(parents=True)
    (folder / ".lua" / "words.lua").write_text("return {hello = 'hi'}")
    (folder / ".preload").write_text("greeting = require'words'.hello")
    (folder / "index.lsp").write_text("<?lsp=app.greeting?>")
    ran = kernel.run(f"%lsp serve {folder}")
    link = re.search(r"http://127\.0\.0\.1:\d+/$", ran.text().strip())
    assert link, ran.reply
    assert visit(link[0] + "index.lsp") == (200, b"hi")


def test_a_relative_folder_is_beside_the_notebook(tmp_path: Path) -> None:
    """That is where the kernel runs; a second folder takes the place of the first."""
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / f"{name}.txt").write_text(name)
    kernel = LiveKernel(cwd=str(tmp_path))
    try:
        first = kernel.run("%lsp serve one").text()
        assert first.startswith("Serving one at http://127.0.0.1:")
        link = first.split()[-1]
        assert visit(link + "one.txt") == (200, b"one")
        assert kernel.run("%lsp serve two").text().split()[-1] == link
        assert visit(link + "two.txt") == (200, b"two")
        assert visit(link + "one.txt")[0] == 404
    finally:
        kernel.close()


@pytest.mark.parametrize(
    "code", ["ba.sleep(60000)", "while true do pcall(function() while true do end end) end"]
)
def test_a_preload_that_does_not_end_can_be_stopped(kernel: LiveKernel, tmp_path: Path, code: str) -> None:
    """Its folder is not served, neither now nor later, and the state is as before."""
    kernel.run("kept = 41")
    (tmp_path / ".preload").write_text(f"print 'begins' {code} print 'goes on'")
    (tmp_path / "x.txt").write_text("x")
    request = kernel.send(f"%lsp serve {tmp_path}")
    kernel.until(request, shows("begins"))
    kernel.interrupt()
    ran = kernel.finish(request)
    assert ran.reply["ename"] == "Interrupted"
    assert "Serving" not in ran.text()
    values = kernel.run("return kept + 1, mako.port").result
    assert values
    assert values.startswith("42, ")
    assert visit(f"http://127.0.0.1:{values[4:]}/x.txt")[0] == 404
    (tmp_path / ".preload").write_text("print 'begins again'")
    assert "begins again\nServing" in kernel.run(f"%lsp serve {tmp_path}").text()


def test_a_preload_that_fails_is_said(kernel: LiveKernel, tmp_path: Path) -> None:
    """With its line."""
    (tmp_path / ".preload").write_text("print 'begins'\nerror 'bad'")
    ran = kernel.run(f"%lsp serve {tmp_path}")
    assert ran.text() == "begins\n"
    assert ran.reply["ename"] == "MagicError"
    assert ran.reply["evalue"].startswith("%lsp serve: .preload:2: bad\n")


def test_a_missing_folder_is_said(kernel: LiveKernel, tmp_path: Path) -> None:
    """And nothing is served."""
    ran = kernel.run(f"%lsp serve {tmp_path}/nowhere")
    assert ran.reply["ename"] == "MagicError"
    assert "cannot find folder" in ran.reply["evalue"]
