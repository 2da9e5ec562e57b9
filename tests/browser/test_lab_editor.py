"""Lua and pages in the editors of JupyterLab and Notebook 7: colours, indentation, comments."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ._picture import target
from ._server import LabServer
from .conftest import Open

if TYPE_CHECKING:
    from ._page import NotebookPage

pytestmark = pytest.mark.browser
expect = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed").expect

LUA = """\
%lab on 2026-01-01T12:00:00Z
-- a magic, and then
local limit <const>, place = 0x1p4, [==[ a long
string ]] over lines ]==]
--[[ a comment
over lines ]] print(self, ba.socket.connect("h\\x41", limit))
for i = 1, limit do
  if i // 2 > 3 then goto done end
end
::done::
function place.find(x) return {host = x} end"""
LUA_COLOURS = {
    "%lab": "meta",
    "-- a magic, and then": "comment",
    "local": "keyword",
    "<const>": "keyword",
    "0x1p4": "number",
    "[==[ a long": "string",
    "string ]] over lines ]==]": "string",
    "--[[ a comment": "comment",
    "over lines ]]": "comment",
    "print": "builtin",
    "self": "variable-2",
    "socket": "builtin",
    "\\x41": "string-2",
    "//": "operator",
    "goto": "keyword",
    "done": "string-2",
    "::done::": "string-2",
    "place": "def",
    "host": "property",
}
PAGE = """\
%%lsp /colours.lsp
<?lsp local n = request:data "n" -- Lua
?>
<style>
em { margin: 1px }
</style>
<p class="x" title="<?lsp=page.title?>"><!-- text --></p>
<script>
const ws = new WebSocket('x')
// script
</script>"""
PAGE_COLOURS = {
    "%%lsp": "meta",
    "<?lsp": "meta",
    "<?lsp=": "meta",
    "local": "keyword",
    "request": "builtin",
    "data": "property",
    '"n"': "string",
    "-- Lua": "comment",
    "style": "tag",
    "margin": "property",
    "p": "tag",
    "class": "attribute",
    "page": "builtin",
    "<!-- text -->": "comment",
    "const": "keyword",
    "'x'": "string",
    "// script": "comment",
}
# Takes a cell's editor and a role of each text: returns those texts that do not have the role's colour.
MISCOLOURED = """\
(editor, roles) => {
  const probe = document.body.appendChild(document.createElement("i"));
  const spans = [...editor.querySelectorAll(".cm-line > span")];
  const wrong = Object.entries(roles).filter(([text, role]) => {
    probe.style.color = `var(--jp-mirror-editor-${role}-color)`;
    const span = spans.findLast(span => span.textContent === text);
    return !span || getComputedStyle(span).color !== getComputedStyle(probe).color;
  });
  probe.remove();
  return wrong.map(([text]) => text);
}"""


@pytest.fixture(params=["open_notebook", "open_in_notebook_seven"], ids=["lab", "notebook-seven"])
def open_anywhere(request: pytest.FixtureRequest) -> Open:
    """Opens a notebook in each of the two front ends."""
    opening: Open = request.getfixturevalue(request.param)
    return opening


@pytest.mark.parametrize("theme", ["Light", "Dark"])
def test_lua_and_pages_have_their_colours(server: LabServer, open_anywhere: Open, theme: str) -> None:
    """Of Lua 5.4; of HTML, CSS, JavaScript and Lua in a page; and magics are no Lua."""
    notebook = open_anywhere(server.add_notebook(f"editor-{theme.lower()}", LUA, PAGE))
    with notebook.theme(f"JupyterLab {theme}"):
        expect(notebook.page.locator("#jupyterlab-splash")).to_have_count(0)
        for number, colours in enumerate((LUA_COLOURS, PAGE_COLOURS)):
            _await_colours(notebook, number, colours)
        notebook.take_picture(target(f"editor-{theme.lower()}-{type(notebook).__name__}.png"))


INDENTED = """\
ba.socket.event(function(s)
  for i = 1, 3 do
    if i > 2 then
      print(i)
    elseif i then
      x = {
        1,
      }
    else
      y = 2
    end
  end
end)
z = 1"""
WRITTEN = "\n".join(line.lstrip() for line in INDENTED.split("\n"))


def test_lua_is_indented_as_it_is_typed(server: LabServer, open_anywhere: Open) -> None:
    """By two columns for each block, and back when the word that ends it is there."""
    notebook = open_anywhere(server.add_notebook("editor-indent", "", "goto"))
    _await_colours(notebook, 1, {"goto": "keyword"})
    _type(notebook, 0, WRITTEN)
    assert _text(notebook, 0) == INDENTED


def test_pages_are_indented_as_they_are_typed(server: LabServer, open_anywhere: Open) -> None:
    """HTML in the front end's own way, and Lua in ours."""
    notebook = open_anywhere(server.add_notebook("editor-page", "", "goto"))
    _await_colours(notebook, 1, {"goto": "keyword"})
    _type(notebook, 0, "%%lsp\n<ul>\n<li>\n<?lsp if x then\nprint(x)\nend\n?>\n")
    lines = ["%%lsp", "<ul>", "  <li>", "    <?lsp if x then", "      print(x)", "    end", "    ?>"]
    assert [line for line in _text(notebook, 0).split("\n") if "</" not in line][: len(lines)] == lines


def test_a_selection_is_indented_anew(server: LabServer, open_anywhere: Open) -> None:
    """Line by line, with what the lines before have become."""
    notebook = open_anywhere(server.add_notebook("editor-anew", WRITTEN.replace("\n", "\n      ")))
    _await_colours(notebook, 0, {"for": "keyword", "event": "builtin"})
    notebook.code(0).locator(".cm-content").click()
    notebook.page.keyboard.press("Control+a")
    notebook.page.keyboard.press("Control+Alt+\\")
    assert _text(notebook, 0) == INDENTED


COMMENTS = {
    "x = 1": "-- x = 1",
    "%time\n\nif x then\n  y()\nend": "%time\n\nif x then\n  y()\n-- end",
    "%%lsp\n<p>x</p>": "%%lsp\n<!-- <p>x</p> -->",
    "%%lsp\n<?lsp\n  x()": "%%lsp\n<?lsp\n  -- x()",
    "%%lsp\n<script>\nf()": "%%lsp\n<script>\n// f()",
    "%%lsp\n<style>\np {}": "%%lsp\n<style>\n/* p {} */",
}


def test_lines_are_commented_out_in_their_own_language(server: LabServer, open_anywhere: Open) -> None:
    """Ctrl+/ puts them into a comment, and back."""
    sources = list(COMMENTS)
    notebook = open_anywhere(server.add_notebook("editor-comments", *sources, "goto"))
    _await_colours(notebook, len(sources), {"goto": "keyword"})
    for number, source in enumerate(sources):
        notebook.code(number).locator(".cm-content").click()
        notebook.page.keyboard.press("Control+End")
        notebook.page.keyboard.press("Control+/")
        assert _text(notebook, number) == COMMENTS[source]
        notebook.page.keyboard.press("Control+/")
        assert _text(notebook, number) == source


def _await_colours(notebook: NotebookPage, number: int, colours: dict[str, str]) -> None:
    content = notebook.code(number).locator(".cm-content")
    # Languages are loaded when they are needed.
    expect(content.locator("span").first).to_be_visible()
    notebook.page.wait_for_function(
        f"([editor, roles]) => !({MISCOLOURED})(editor, roles).length",
        arg=[content.element_handle(), colours],
    )


def _type(notebook: NotebookPage, number: int, text: str) -> None:
    """Types into an empty cell, key by key, with brackets that the editor may close by itself."""
    notebook.code(number).locator(".cm-content").click()
    notebook.page.keyboard.type(text)


def _text(notebook: NotebookPage, number: int) -> str:
    lines = notebook.code(number).locator(".cm-line").all_inner_texts()
    return "\n".join(line.replace("\n", "").replace("\u200b", "") for line in lines)
