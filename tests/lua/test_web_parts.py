"""`ba.mime` and `ba.parselsp`: what serves pages, for programs that serve them on their own."""

from __future__ import annotations

import pytest

from ._programs import message_of, session, traced


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("html", "text/html"),
        (".HTML", "text/html"),
        ("js", "text/javascript"),
        ("a/b.tar.png", "image/png"),
        ("json", "application/json"),
        ("nosuch", "application/octet-stream"),
        ("", "application/octet-stream"),
    ],
)
def test_mime_tells_the_type_by_the_extension(name: str, kind: str) -> None:
    """Of a whole name, or alone; without a character set."""
    assert traced(f"trace(ba.mime '{name}')") == [kind]


RUN = """
    local function run(page, env)
      local out = {}
      function env._emit(...) for _, value in ipairs {...} do out[#out + 1] = tostring(value) end end
      local chunk = assert(load(assert(ba.parselsp(page)), "=page"))
      chunk(setmetatable(env, {__index = _G}), "path", "io", "page")
      return table.concat(out)
    end
"""


def test_a_page_becomes_lua_that_writes_it() -> None:
    """With what it is given, and its own globals."""
    assert traced(
        RUN
        + """
        trace(run("a<?lsp for i = 1, n do ?>x<?lsp=i?><?lsp end ?>b<?lsp=pathname?>", {n = 2}))
        trace(run("\\xEF\\xBB\\xBFplain", {}), run("", {}) == "")
    """
    ) == ["ax1x2bpath", "plain\ttrue"]


def test_a_line_of_the_page_is_that_of_its_lua() -> None:
    """So that errors tell the right one."""
    assert traced(RUN + "trace(pcall(run, \"a\\nb\\n<?lsp error 'oops' ?>\", {}))") == ["false\tpage:3: oops"]


def test_a_page_without_an_end_is_none() -> None:
    """nil, and the line that begins what has no end."""
    assert traced("trace(ba.parselsp 'a\\n<?lsp x')") == ["nil\t2: '<?lsp' without '?>'"]


def test_a_comment_that_hides_text_is_explained() -> None:
    """As for a page that is served; where nothing is wrong, nothing is said."""
    with session() as fresh:
        fresh.run("ba.parselsp '<?lsp x = 1 -- one\\n?>text'")
        assert fresh.recorder.notes == []
        fresh.run("ba.parselsp '<?lsp x = 1 -- one ?>some\\ntext <?lsp y = 2 ?>'")
        (note,) = fresh.recorder.notes
        assert "a comment before `?>`" in note


@pytest.mark.parametrize("name", ["mime", "parselsp"])
def test_both_want_a_text(name: str) -> None:
    """And say so."""
    assert (
        message_of(f"ba.{name}()")
        == f"program:1: bad argument #1 to '{name}' (string expected, got no value)"
    )
