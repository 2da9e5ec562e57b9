"""Cells that are LSP pages: what reaches the runtime, and how its answer is shown."""

from __future__ import annotations

import base64
import os
import random
import re
from pathlib import Path

import pytest

from ba_kernel._complete import complete, is_complete
from ba_kernel._magic_table import split
from ba_kernel._magics import Body, Call
from ba_kernel._page import IMAGE_LIMIT_BYTES, LIMIT_BYTES, NOT_SHOWN, head, shown
from ba_kernel._page_height import MAX_PX, MIN_PX, MOST_CHARACTERS, height_px
from ba_runtime.events import PageResult

from ._fakes import Desk, play


def page(body: bytes, content_type: str = "text/html; charset=utf-8") -> PageResult:
    """Returns what a page that wrote `body` has answered."""
    return PageResult(1, 200, content_type, body)


def answer(status: int, *headers: tuple[bytes, bytes]) -> PageResult:
    """Returns the answer of a page that wrote nothing."""
    return PageResult(1, status, "", b"", headers=headers)


def test_a_page_is_the_rest_of_the_cell_at_its_lines() -> None:
    """Magics may stand before it; what looks like one in the page is the page's."""
    cell = split("%time\n-- why\n%%lsp /a.lsp\n<p>\n%time\n")
    assert cell.calls == (Call("%time"), Call("%%lsp", "/a.lsp", 3))
    assert cell.body is Body.PAGE
    assert cell.page == "<?lsp ?>\n" * 3 + "<p>\n%time\n"
    assert split("%time\nx = 1").body is not Body.PAGE


def test_the_frame_has_an_empty_sandbox_and_escaped_text() -> None:
    """No scripts, no origin; and no text ends the attribute that it is in."""
    data = shown(page(b'<a href="x">\'&lt;\'</a>"><script>'))
    assert data
    assert data["text/plain"] == '<a href="x">\'&lt;\'</a>"><script>'
    box = data["text/html"]
    assert re.match(r"<div style=\"[^\"]*\"><iframe sandbox referrerpolicy=", box)
    assert box.count("<") == 4
    assert "allow" not in box
    quoted = "&lt;a href=&quot;x&quot;&gt;&#x27;&amp;lt;&#x27;&lt;/a&gt;&quot;&gt;&lt;script&gt;"
    assert f'srcdoc="{quoted}" style=' in box
    assert box.endswith(f">{NOT_SHOWN}</iframe></div>")


@pytest.mark.parametrize(
    ("text", "px"),
    [
        ("<p>one</p>\n<p>two</p>\n", 85),
        ("one<br>two<br>three", 71),
        ("x" * 400, 90),
        ("x" * 401, 108),
        ("<script>\n\n\nx\n\n</script><style>x\n\n\n</style><title>x</title>", 48),
        ("<style>p { margin: 3em }</style><p>one</p>\n<p>two</p>\n", 119),
        ("<ul>" + "<li>item" * 9 + "</ul>", 198),
        ("<table>" + "<tr><td>a<td>b</tr>" * 9 + "</table>", 214),
        ("<table border>" + "<tr><td>a<td>b</tr>" * 9 + "</table>", 232),
        ("<pre>" + "line\n" * 20 + "</pre>", 326),
        ("<img height=300>", 321),
        ("<img height=99999>", 480),
        ("<img height=123456>", 121),
        ("<img height='1e9'><img height=-1><img height='100%'>", 121),
        ("<h1>a</h1><h2>b</h2><h3>c</h3><hr>", 177),
        ("<iframe></iframe>", 171),
        ("<p><input><p><input>", 91),
        ("<textarea rows=5></textarea>", 97),
        ("<p>" * 999 + "x" * 9999, 480),
    ],
)
def test_a_frame_is_about_as_high_as_its_page(text: str, px: int) -> None:
    """Neither a slit nor a tower; what is not seen takes no room."""
    assert height_px(text) == px


def test_any_text_has_a_height() -> None:
    """Also what no browser would take for a page, and in no time."""
    pieces = (
        *("<", "<!", "<![", "<![x[", "<!--", "-->", "]]>", "<p", "<p>", "</", "</p>", "</pre>", "<pre>", "'"),
        *("<a ", '="', "&", "&#x;", "<?", "?>", "<script>", "</script>", "<textarea rows=-9>", "x", "\n"),
    )
    dice = random.Random(1)
    for size in (1, 2, 5, 50, 500) * 50:
        text = "".join(dice.choice(pieces) for _ in range(size))
        assert MIN_PX <= height_px(text) <= MAX_PX
    for piece in pieces:
        assert MIN_PX <= height_px(piece * MOST_CHARACTERS) <= MAX_PX


def test_a_long_page_is_cut_visibly() -> None:
    """In both forms, and the note stands outside the frame, where no open tag can swallow it."""
    data = shown(page(b"<!--" + b"x" * LIMIT_BYTES))
    assert data
    note = "[the page wrote 200,004 bytes; only the first 200,000 are shown]"
    assert data["text/plain"].endswith(f"\n{note}")
    assert data["text/html"].endswith(f"</iframe></div><p>{note}</p>")
    assert len(data["text/plain"]) < LIMIT_BYTES + 100


def test_a_page_is_not_cut_inside_a_letter() -> None:
    """What is shown of it is what was written."""
    data = shown(page("äöü".encode()), limit_bytes=5)
    assert data
    assert data["text/plain"] == "äö\n[the page wrote 6 bytes; only the first 5 are shown]"


def test_an_image_is_shown_as_an_image() -> None:
    """A photograph is; a drawing (SVG) can hold scripts, so it is text."""
    data = b"\x89PNG\r\n\x1a\n"
    assert shown(page(data, "image/PNG")) == {
        "image/png": base64.b64encode(data).decode(),
        "text/plain": "[image/png, 8 bytes]",
    }
    assert set(shown(page(b"<svg/>", "image/svg+xml")) or {}) == {"text/plain"}
    assert shown(page(b"x" * (IMAGE_LIMIT_BYTES + 1), "image/gif")) == {
        "text/plain": "[image/gif, 1,000,001 bytes: too large to show; the limit is 1,000,000]"
    }


def test_the_head_is_shown_when_it_says_something() -> None:
    """A redirect has nothing else to show; a page like any other has no need of it."""
    plain = (b"Content-Type", b"text/html; charset=utf-8")
    assert head(answer(200, plain)) is None
    assert head(answer(302, (b"Location", b"/a b"))) == "HTTP 302 Found\nLocation: /a b"
    assert head(answer(200, plain, (b"X", b"\xff\t"))) == "HTTP 200 OK\nX: \\xff\t"
    assert head(answer(599, plain)) == "HTTP 599"


def test_only_html_is_shown_as_html() -> None:
    """Whatever case and parameters its type has."""
    assert "text/html" in (shown(page(b"x", "Text/HTML")) or {})
    assert "text/html" not in (shown(page(b"x", "application/json")) or {})
    assert "text/html" not in (shown(page(b"x", "")) or {})
    assert shown(page(b"")) is None


def test_a_page_is_displayed_and_its_link_shown() -> None:
    """In this order; without a path there is no link."""

    async def scene(desk: Desk) -> None:
        await desk.run("%%lsp /a.lsp\n<p>")
        assert desk.front.kinds() == ["display_data", "stream"]
        assert desk.front.text() == "Served at http://127.0.0.1:9357/a.lsp\n"
        assert desk.runtime.ran == [(b"<?lsp ?>\n<p>", "cell[1]", 1)]
        await desk.run("%%lsp\n<p>", is_silent=True)
        assert desk.front.kinds() == ["display_data", "stream"]
        await desk.run("%sockets\n%%lsp /b.lsp\n<p>")
        assert desk.front.text().endswith("Served at http://127.0.0.1:9357/b.lsp\n")

    play(scene)


def test_a_page_that_leaves_a_cosocket_shows_the_trace_area() -> None:
    """As any cell does: what the cosocket traces will want a place."""

    async def scene(desk: Desk) -> None:
        await desk.run("%%lsp\n<p>")
        assert desk.front.kinds() == ["display_data"]
        await desk.run("%%lsp\nlisten")
        assert desk.front.kinds() == ["display_data"] * 3

    play(scene)


def test_a_failing_page_is_an_error_like_other_cells() -> None:
    """With the source line; what the page wrote before stands above it."""

    async def scene(desk: Desk) -> None:
        reply = await desk.run("%%lsp\n<p>\nerror bad")
        assert (reply["ename"], reply["evalue"]) == ("LuaError", "bad")
        assert "(cell [1], line 3)" in reply["traceback"][0]
        assert "<?lsp" not in reply["traceback"][1]
        assert desk.front.kinds() == ["display_data", "error"]
        reply = await desk.run("%%lsp\nstatus 403")
        assert (reply["ename"], reply["evalue"]) == ("PageError", "the page answered with status 403")

    play(scene)


@pytest.mark.parametrize("cell", ["%%lsp", "%%lsp\n", "-- why\n%%lsp /a.lsp\n \n\t\n"])
def test_a_page_without_a_line_is_a_mistake(cell: str) -> None:
    """It is said, and nothing is served."""

    async def scene(desk: Desk) -> None:
        reply = await desk.run(cell)
        assert (reply["ename"], reply["evalue"]) == (
            "MagicError",
            "the page is empty; write it on the lines below %%lsp",
        )
        assert desk.front.kinds() == ["error"]
        assert desk.runtime.ran == []

    play(scene)


def test_a_folder_that_is_not_there_is_said() -> None:
    """With the place where it was looked for, if the name does not tell."""

    async def scene(desk: Desk) -> None:
        reply = await desk.run("%lsp serve nowhere")
        assert reply["evalue"] == f"%lsp serve: cannot find folder 'nowhere' in {os.getcwd()}"
        for line in ("%lsp", "%lsp serve", "%lsp stop x", '%lsp serve ""'):
            reply = await desk.run(line)
            assert reply["evalue"].startswith("usage: %lsp serve FOLDER")

    play(scene)


def test_a_folder_is_served_and_its_link_shown() -> None:
    """Its name may hold spaces, with quotes or without; a tilde stands for the home directory."""

    async def scene(desk: Desk) -> None:
        await desk.run("%lsp serve my pages")
        assert desk.front.text() == "Serving my pages at http://127.0.0.1:9357/\n"
        await desk.run("%lsp serve 'my pages'")
        await desk.run("%lsp serve ~/x")
        assert desk.runtime.served[:2] == ["my pages", "my pages"]
        assert desk.runtime.served[2] == str(Path.home() / "x")

    play(scene)


def test_an_empty_line_completes_a_page_and_its_magics_are_completed() -> None:
    """A page is any text, so in a console the return key runs it only in an empty line."""

    async def scene(desk: Desk) -> None:
        engine = desk.bench.engine
        page = "%%lsp\n<?lsp for i = 1, 2 do ?>"
        for text in ("%%lsp", page):
            assert is_complete(engine, text) == {"status": "incomplete", "indent": ""}
        assert is_complete(engine, f"{page}\n") == {"status": "complete"}
        assert (await complete(engine, "%%l", 3))["matches"] == ["%%lsp"]
        assert (await complete(engine, "%lsp s", 6))["matches"] == ["%lsp serve"]

    play(scene)
