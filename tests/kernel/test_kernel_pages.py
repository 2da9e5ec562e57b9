"""Cells that are LSP pages: what reaches the runtime, and how its answer is shown."""

from __future__ import annotations

from ba_kernel._complete import complete, is_complete
from ba_kernel._magics import Call, split
from ba_kernel._page import LIMIT_BYTES, MAX_LINES, MIN_LINES, shown
from ba_runtime.events import PageResult

from ._fakes import Desk, play


def page(body: bytes, content_type: str = "text/html; charset=utf-8") -> PageResult:
    """Return what a page that wrote `body` has answered."""
    return PageResult(1, 200, content_type, body)


def test_a_page_is_the_rest_of_the_cell_at_its_lines() -> None:
    """Magics may stand before it; what looks like one in the page is the page's."""
    cell = split("%time\n-- why\n%%lsp /a.lsp\n<p>\n%time\n")
    assert cell.calls == (Call("%time"), Call("%%lsp", "/a.lsp"))
    assert cell.is_page
    assert cell.page == "<?lsp ?>\n" * 3 + "<p>\n%time\n"
    assert not split("%time\nx = 1").is_page


def test_the_frame_has_an_empty_sandbox_and_escaped_text() -> None:
    """No scripts, no origin; and no text ends the attribute that it is in."""
    data = shown(page(b'<a href="x">\'&lt;\'</a>"><script>'))
    assert data
    assert data["text/plain"] == '<a href="x">\'&lt;\'</a>"><script>'
    frame = data["text/html"]
    assert frame.startswith("<iframe sandbox srcdoc=")
    assert frame.count("<") == 2
    assert "allow" not in frame
    quoted = "&lt;a href=&quot;x&quot;&gt;&#x27;&amp;lt;&#x27;&lt;/a&gt;&quot;&gt;&lt;script&gt;"
    assert f'srcdoc="{quoted}" style=' in frame


def test_the_frame_is_as_high_as_its_lines_within_bounds() -> None:
    """Neither a slit nor a tower."""
    for lines, height in ((1, MIN_LINES), (10, 10), (1000, MAX_LINES)):
        data = shown(page(b"\n".join([b"x"] * lines)))
        assert data
        assert f"height:{height * 1.5:g}em" in data["text/html"]


def test_a_long_page_is_cut_visibly() -> None:
    """In both forms, and the note stands outside the frame, where no open tag can swallow it."""
    data = shown(page(b"<!--" + b"x" * LIMIT_BYTES))
    assert data
    note = "[the page wrote 200,004 bytes; this shows the first 200,000]"
    assert data["text/plain"].endswith(f"\n{note}")
    assert data["text/html"].endswith(f"</iframe><p>{note}</p>")
    assert len(data["text/plain"]) < LIMIT_BYTES + 100


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


def test_a_folder_is_served_and_its_link_shown() -> None:
    """Its name may hold spaces, and a tilde stands for the home directory."""

    async def scene(desk: Desk) -> None:
        await desk.run("%lsp serve my pages")
        assert desk.front.text() == "Serving my pages at http://127.0.0.1:9357/\n"
        await desk.run("%lsp serve ~/x")
        assert desk.runtime.served[0] == "my pages"
        assert not desk.runtime.served[1].startswith("~")

    play(scene)


def test_a_page_is_always_complete_and_its_magics_are_completed() -> None:
    """A page is any text, so the return key may run it."""

    async def scene(desk: Desk) -> None:
        engine = desk.bench.engine
        assert is_complete(engine, "%%lsp\n<?lsp for i = 1, 2 do ?>") == {"status": "complete"}
        assert (await complete(engine, "%%l", 3))["matches"] == ["%%lsp"]
        assert (await complete(engine, "%lsp s", 6))["matches"] == ["%lsp serve"]

    play(scene)
