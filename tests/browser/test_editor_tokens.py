"""The editor's Lua 5.4: what each token of a line is taken for."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ba_runtime import Runtime

if TYPE_CHECKING:
    from ._modules import Modules

pytestmark = pytest.mark.browser

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 30.0

TOKENS = """\
const [{ readToken, startState }, { Line }] = [await load("lua_tokens"), await load("line")];
return argument.map(text => {
  const state = startState(), found = [];
  for (const row of text.split("\\n")) {
    const line = new Line(row, /^ */.exec(row)[0].length);
    while (!line.eol()) {
      const start = line.pos, style = readToken(line, state);
      if (line.pos === start) throw new Error(`no progress at ${row.slice(start)}`);
      if (style) found.push([row.slice(start, line.pos), style]);
    }
  }
  return found;
});"""

# A page's names are in its environment, or are the parameters of its chunk.
NAMES = b"""\
local names = {}
for name in pairs(_G) do
  names[#names + 1] = name
end
return table.concat(names, " "), ba.parselsp(""):match "local%s+(.-)%s*=%s*%.%.%."
"""
PAGE_NAMES = b"<?lsp for name in pairs(_ENV) do print(name) end ?>"

CASES = {
    "local a <const>, f <close> = 1, x": [
        ("local", "keyword"),
        ("a", "variableName"),
        ("<const>", "modifier"),
        (",", "separator"),
        ("f", "variableName"),
        ("<close>", "modifier"),
        ("=", "operator"),
        ("1", "number"),
        (",", "separator"),
        ("x", "variableName"),
    ],
    "x = a <const> b": [
        ("x", "variableName"),
        ("=", "operator"),
        ("a", "variableName"),
        ("<", "operator"),
        ("const", "variableName"),
        (">", "operator"),
        ("b", "variableName"),
    ],
    "goto done ::done:: :: on ::": [
        ("goto", "keyword"),
        ("done", "labelName"),
        ("::done::", "labelName"),
        (":: on ::", "labelName"),
    ],
    "7 // 2 >> 1 ~= ~3": [
        ("7", "number"),
        ("//", "operator"),
        ("2", "number"),
        (">>", "operator"),
        ("1", "number"),
        ("~=", "operator"),
        ("~", "operator"),
        ("3", "number"),
    ],
    "3 0xff 0xA.8p-1 0x.1P4 1e+10 .5 3.": [
        (number, "number") for number in ("3", "0xff", "0xA.8p-1", "0x.1P4", "1e+10", ".5", "3.")
    ],
    "a..b ...": [
        ("a", "variableName"),
        ("..", "operator"),
        ("b", "variableName"),
        ("...", "variableName.special"),
    ],
    "[==[ one\n]] two\n]==] x": [
        ("[==[ one", "string"),
        ("]] two", "string"),
        ("]==]", "string"),
        ("x", "variableName"),
    ],
    "--[=[ one\n]] two ]=] x -- y": [
        ("--[=[ one", "blockComment"),
        ("]] two ]=]", "blockComment"),
        ("x", "variableName"),
        ("-- y", "lineComment"),
    ],
    "--[ x\ny": [("--[ x", "lineComment"), ("y", "variableName")],
    r"""'it\'s\x41\u{1F30D}\q'""": [
        ("'", "string"),
        ("it", "string"),
        (r"\'", "string.special"),
        ("s", "string"),
        (r"\x41", "string.special"),
        (r"\u{1F30D}", "string.special"),
        (r"\q", "invalid"),
        ("'", "string"),
    ],
    '"a\\z\n  b\\\nc" d': [
        ('"', "string"),
        ("a", "string"),
        ("\\z", "string.special"),
        ("  b", "string"),
        ("\\", "string.special"),
        ("c", "string"),
        ('"', "string"),
        ("d", "variableName"),
    ],
    # A quote that is missing costs one line.
    '"open\nx': [('"', "string"), ("open", "string"), ("x", "variableName")],
    '"\nx': [('"', "string"), ("x", "variableName")],
    "function M.new:call(x) end": [
        ("function", "keyword"),
        ("M", "variableName.definition"),
        (".", "derefOperator"),
        ("new", "propertyName.definition"),
        (":", "derefOperator"),
        ("call", "propertyName.definition"),
        ("(", "paren"),
        ("x", "variableName"),
        (")", "paren"),
        ("end", "keyword"),
    ],
    "self:read() string.rep ba.socket.bind s.string": [
        ("self", "self"),
        (":", "derefOperator"),
        ("read", "propertyName"),
        ("(", "paren"),
        (")", "paren"),
        ("string", "variableName.standard"),
        (".", "derefOperator"),
        ("rep", "variableName.standard"),
        ("ba", "variableName.standard"),
        (".", "derefOperator"),
        ("socket", "variableName.standard"),
        (".", "derefOperator"),
        ("bind", "variableName.standard"),
        ("s", "variableName"),
        (".", "derefOperator"),
        ("string", "propertyName"),
    ],
    "{host = nil, n == true, [k] = not f}": [
        ("{", "brace"),
        ("host", "propertyName"),
        ("=", "operator"),
        ("nil", "null"),
        (",", "separator"),
        ("n", "variableName"),
        ("==", "operator"),
        ("true", "bool"),
        (",", "separator"),
        ("[", "squareBracket"),
        ("k", "variableName"),
        ("]", "squareBracket"),
        ("=", "operator"),
        ("not", "operatorKeyword"),
        ("f", "variableName"),
        ("}", "brace"),
    ],
    # The kernel answers these.
    "x.y? ??z": [
        ("x", "variableName"),
        (".", "derefOperator"),
        ("y", "propertyName"),
        ("?", "meta"),
        ("??", "meta"),
        ("z", "variableName"),
    ],
    # A character of two halves stays in one piece.
    '"\\\U0001f30d" \U0001f30d': [
        ('"', "string"),
        ("\\\U0001f30d", "invalid"),
        ('"', "string"),
        ("\U0001f30d", "invalid"),
    ],
    # No name is what JavaScript has under it, and a keyword is one wherever it stands.
    "constructor toString __proto__ a.end": [
        ("constructor", "variableName"),
        ("toString", "variableName"),
        ("__proto__", "variableName"),
        ("a", "variableName"),
        (".", "derefOperator"),
        ("end", "keyword"),
    ],
}


@pytest.mark.parametrize("text", CASES)
def test_tokens_are_those_of_lua(modules: Modules, text: str) -> None:
    """Each with its style; white space has none."""
    [found] = modules.run(TOKENS, [text])
    assert [tuple(token) for token in found] == CASES[text]


def test_every_token_of_our_own_lua_is_known(modules: Modules) -> None:
    """Nothing in the runtime's modules is invalid, and no brace or quote is left open."""
    sources = [path.read_text(encoding="utf-8") for path in sorted((ROOT / "runtime").rglob("*.lua"))]
    for source, tokens in zip(sources, modules.run(TOKENS, sources), strict=True):
        assert not [text for text, style in tokens if style == "invalid"]
        assert "".join("".join(text for text, _ in tokens).split()) == "".join(source.split())


HOSTILE = list(product(("(", "[", "'", "--[[", "if ", "::"), ("end ", ")", '"')))


@pytest.mark.parametrize(("first", "second"), HOSTILE)
def test_hostile_lines_are_read_to_their_end(modules: Modules, first: str, second: str) -> None:
    """Thousands of tokens of a kind, on one line, are no more than that."""
    text = first * 3000 + second * 3000
    [found] = modules.run(TOKENS, [text])
    assert "".join(token for token, _ in found).replace(" ", "") == text.replace(" ", "")


def test_the_names_shown_as_the_librarys_are_those_of_a_fresh_runtime(modules: Modules) -> None:
    """All of a cell's globals and, of a page, also what only pages have; `_ENV` is everywhere."""
    shown, shown_in_pages = modules.run(
        "const { GLOBALS, PAGE_GLOBALS } = await load('lua_tokens'); return [[...GLOBALS], [...PAGE_GLOBALS]]"
    )
    with Runtime(lambda event: None) as runtime:
        result = runtime.run_cell(NAMES, name="names", cell=1).result(PATIENCE_S)
        in_page = runtime.run_page(PAGE_NAMES, name="page", cell=2).result(PATIENCE_S)
    names, parameters = (value.decode().strip('"') for value in result.values)
    assert {"_ENV", *names.split()} == set(shown)
    assert {*parameters.split(","), *in_page.body.decode().split()} == {
        "_ENV",
        "io",
        "print",
        *shown_in_pages,
    }
