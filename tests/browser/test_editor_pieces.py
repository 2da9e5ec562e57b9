"""How the editor takes the text of a cell or a page apart: as the kernel and the page server do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ba_kernel._magic_table import split
from ba_kernel._magics import Body

if TYPE_CHECKING:
    from ._modules import Modules

pytestmark = pytest.mark.browser

# Takes the name of a function and a text; returns the pieces, with parts in place of pages, as [kind, text].
PIECES = """\
const [name, text] = argument;
const pieces = (await load("pieces"))[name](text).flatMap(piece => piece.parts ?? piece);
return pieces.map(({ kind, from, to }) => [kind, text.slice(from, to)]);"""

CELLS = {
    "print(1)": [("lua", "print(1)")],
    "%lab on\n\n-- then\n  %flow\nx = 1\n%no": [
        ("magic", "%lab on"),
        ("comment", "-- then"),
        ("magic", "  %flow"),
        ("lua", "x = 1\n%no"),
    ],
    "--[[ x\n]]\n%no": [("lua", "--[[ x\n]]\n%no")],
    "%lab on\n%%lsp /a.lsp\n<p>": [("magic", "%lab on"), ("magic", "%%lsp /a.lsp"), ("html", "\n<p>")],
    "%%lsp": [("magic", "%%lsp")],
    "%%writefile a/b.lua\nx = 1": [("magic", "%%writefile a/b.lua"), ("lua", "\nx = 1")],
    "%%writefile b.lsp\n<?lsp?>": [
        ("magic", "%%writefile b.lsp"),
        ("html", "\n"),
        ("tag", "<?lsp"),
        ("tag", "?>"),
    ],
    "%%writefile notes.txt\nif": [("magic", "%%writefile notes.txt"), ("plain", "\nif")],
    '%%writefile -a "a b.html"\n<p>': [("magic", '%%writefile -a "a b.html"'), ("html", "\n<p>")],
    "%%timeit x = 1\n%no": [("magic", "%%timeit x = 1"), ("lua", "\n%no")],
    "ba.socket?\n?t[1]\n%lab?\n%lab on\nx = 1": [
        ("lua", "ba.socket?"),
        ("lua", "?t[1]"),
        ("magic", "%lab?"),
        ("magic", "%lab on"),
        ("lua", "x = 1"),
    ],
    "?\n%%lsp?\nx = 1": [("lua", "?"), ("magic", "%%lsp?"), ("lua", "x = 1")],
    "%%time\nx = 1": [("magic", "%%time"), ("lua", "x = 1")],
    "#!/usr/bin/env ba-lua\nx = 1": [("comment", "#!/usr/bin/env ba-lua"), ("lua", "x = 1")],
    "": [],
    "\n \n": [],
}
PAGES = {
    "<b><?lsp=x?></b>": [("html", "<b>"), ("tag", "<?lsp="), ("code", "x"), ("tag", "?>"), ("html", "</b>")],
    "<?lsp for i = 1, 2 do ?>x<?lspend?>": [
        ("tag", "<?lsp"),
        ("code", " for i = 1, 2 do "),
        ("tag", "?>"),
        ("html", "x"),
        ("tag", "<?lsp"),
        ("code", "end"),
        ("tag", "?>"),
    ],
    # The server looks for no strings either.
    '<?lsp print "?>"': [("tag", "<?lsp"), ("code", ' print "'), ("tag", "?>"), ("html", '"')],
    "<?lsp x": [("tag", "<?lsp"), ("code", " x")],
    "<?lsp": [("tag", "<?lsp")],
    "<?xml?> <?ls": [("html", "<?xml?> <?ls")],
    "": [],
}


@pytest.mark.parametrize("text", CELLS)
def test_a_cell_is_magics_and_then_lua_or_a_page(modules: Modules, text: str) -> None:
    """And what `%%writefile` writes is what the file's name says."""
    assert [tuple(piece) for piece in modules.run(PIECES, ["cellPieces", text])] == CELLS[text]


@pytest.mark.parametrize("text", PAGES)
def test_a_page_is_html_and_lua(modules: Modules, text: str) -> None:
    """Lua ends at the next `?>`, wherever that is."""
    assert [tuple(piece) for piece in modules.run(PIECES, ["pagePieces", text])] == PAGES[text]


@pytest.mark.parametrize("text", CELLS)
def test_the_kernel_sees_the_same_magics(modules: Modules, text: str) -> None:
    """Each in its line, and the same kind of text below them."""
    pieces = modules.run(PIECES, ["cellPieces", text])
    cell = split(text)
    magics = [piece.split()[0] for kind, piece in pieces if kind == "magic" and not piece.endswith("?")]
    assert magics == [call.name for call in cell.calls]
    assert (cell.body is Body.PAGE) == ("%%lsp" in magics)
    if cell.body is Body.LUA and cell.has_body:
        assert cell.lua.endswith([piece for kind, piece in pieces if kind == "lua"][-1])
