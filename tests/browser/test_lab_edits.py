"""Colours after many edits: the editor reads only what has changed, and must see what a fresh look would."""

from __future__ import annotations

import random

import pytest

from ._server import LabServer
from .conftest import Open
from .test_lab_editor import LUA, PAGE

pytestmark = pytest.mark.browser
expect = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed").expect

EDITS = 80
# What opens and closes anything, in Lua, in a page or around them.
BITS = (
    *('"', "'", "[[", "]]", "--[[", "[==[", "]==]", "-- ", "end", "function(", "if x then", "\n", "\\"),
    *("<?lsp ", "<?lsp=", "?>", "<script>", "</script>", "<style>p{", "}</style>", '<p a="', "<!--", "-->"),
    *("%%lsp\n", "%lab on\n", "\U0001f30d", "local x <const>"),
)
# The extension is given the modules that the front end shares; the test keeps them.
KEEP = """\
window._JUPYTERLAB = new Proxy({}, {
  set(known, name, container) {
    if (name === "ba-lua-kernel") {
      const init = container.init;
      container.init = shared => { window.shared = shared; init(shared); };
    }
    known[name] = container;
    return true;
  },
});"""
# Makes edits, [from, to, text] in thousandths of the length; returns the first after which colours differ.
EDIT = """\
async edits => {
  const take = async name => (await Object.values(shared[name]).find(({ loaded }) => loaded).get())();
  const { EditorView } = await take("@codemirror/view");
  const { defaultHighlightStyle, ensureSyntaxTree, language } = await take("@codemirror/language");
  const { highlightTree } = await take("@lezer/highlight");
  const colours = tree => {
    const classes = Array(tree.length).fill("");
    highlightTree(tree, defaultHighlightStyle, (from, to, name) => classes.fill(name, from, to));
    return classes.join();
  };
  const view = EditorView.findFromDOM(document.querySelector(".jp-CodeCell .cm-editor"));
  const { parser } = view.state.facet(language);
  for (const [number, [from, to, insert]] of edits.entries()) {
    const place = share => Math.floor(view.state.doc.length * share / 1000);
    view.dispatch({ changes: { from: place(from), to: place(to), insert } });
    const text = view.state.sliceDoc();
    const seen = ensureSyntaxTree(view.state, text.length, 10000);
    if (!seen || colours(seen) !== colours(parser.parse(text))) {
      return [number, text];
    }
  }
  return null;
}"""


@pytest.mark.parametrize(("name", "source"), [("lua", LUA), ("page", PAGE)])
def test_colours_after_edits_are_those_of_the_text(
    server: LabServer, open_notebook: Open, name: str, source: str
) -> None:
    """Whatever is opened, closed, put in between or removed."""
    chance = random.Random(name)
    notebook = open_notebook(server.add_notebook(f"edits-{name}", source * 3))
    notebook.page.add_init_script(KEEP)
    notebook.reload()
    expect(notebook.code(0).locator(".cm-content span").first).to_be_visible()
    edits = []
    for _ in range(EDITS):
        start = chance.randrange(1000)
        edits.append([start, min(1000, start + chance.choice((0, 0, 0, 5, 30))), chance.choice(BITS)])
    assert notebook.page.evaluate(EDIT, edits) is None
