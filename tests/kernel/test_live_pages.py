"""LSP pages in a real kernel."""

from __future__ import annotations

import re
import urllib.request
from html import unescape
from pathlib import Path

from ._live import LiveKernel, shows

FRAME = re.compile(r'<iframe sandbox srcdoc="([^"]*)" style="[^"]*"></iframe>')


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


def test_a_page_can_be_stopped(kernel: LiveKernel) -> None:
    """Like any cell."""
    request = kernel.send("%%lsp\n<?lsp trace 'spins' while true do end ?>")
    kernel.until(request, shows("spins"))
    kernel.interrupt()
    assert kernel.finish(request).reply["ename"] == "Interrupted"


def test_a_page_with_a_path_is_served_there(kernel: LiveKernel) -> None:
    """The link leads to it, each visit runs it, and a second cell puts another in its place."""
    for word in ("one", "two"):
        ran = kernel.run(f"%%lsp /live/page.lsp\n{word} <?lsp=request:method()?>")
        link = re.fullmatch(r"Served at (http://127\.0\.0\.1:\d+/live/page\.lsp)\n", ran.text())
        assert link
        with urllib.request.urlopen(link[1], timeout=10) as answer:
            assert answer.read().strip() == f"{word} GET".encode()


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
    with urllib.request.urlopen(link[0] + "index.lsp", timeout=10) as answer:
        assert answer.read() == b"hi"


def test_a_missing_folder_is_said(kernel: LiveKernel, tmp_path: Path) -> None:
    """And nothing is served."""
    ran = kernel.run(f"%lsp serve {tmp_path}/nowhere")
    assert ran.reply["ename"] == "MagicError"
    assert "there is no folder" in ran.reply["evalue"]
