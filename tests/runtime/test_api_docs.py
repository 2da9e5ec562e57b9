"""The documentation of the API: complete, loadable, and found under the names that people write."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from ba_runtime import Runtime
from ba_runtime.docs import Entry, entries, lookup, members, methods

OBJECTS = b"""
socket, timer, thread = ba.socket.udpcon(), ba.timer(print), ba.thread.create()
store, context = ba.create.certstore(), ba.create.sharkssl()
jsonparser, datetime = ba.json.parser(), ba.datetime()
cipher = ba.crypto.symmetric("GCM", ("k"):rep(16), ("i"):rep(12))
dir = ba.create.dir()
httpc = require"httpc".create()
tcp, udp = require"socket".tcp(), require"socket".udp()
socket_module, ltn12, mime, url, http =
  require"socket", require"ltn12", require"mime", require"socket.url", require"socket.http"
function functions_of(t)
  local names = {}
  for name, value in pairs(t) do
    if type(value) == "function" then names[#names + 1] = name end
  end
  return table.concat(names, " ")
end
"""


PAGE = (
    b"<?lsp _G.request, _G.response, _G.deferred = request, response, response:deferred() deferred:close() ?>"
)


@pytest.fixture(scope="module")
def runtime() -> Iterator[Runtime]:
    with Runtime(lambda event: None) as runtime:
        runtime.run_cell(OBJECTS, name="cell[1]", cell=1).result()
        assert runtime.run_page(PAGE, name="cell[2]", cell=2).result().error is None
        yield runtime


@pytest.mark.parametrize(
    "path",
    [
        *(("ba",), ("ba", "socket"), ("ba", "thread"), ("ba", "bytearray"), ("ba", "create"), ("ba", "json")),
        *(("ba", "crypto"), ("mako",)),
    ],
)
def test_every_function_is_documented_and_no_other(runtime: Runtime, path: tuple[str, ...]) -> None:
    """The tables of a running state and the file name the same functions."""
    assert set(members(path)) == set(runtime.fields(path).result())


KINDS = (
    "socket timer thread store context jsonparser datetime cipher dir request response deferred httpc tcp udp"
)


@pytest.mark.parametrize("kind", KINDS.split())
def test_every_method_is_documented_and_no_other(runtime: Runtime, kind: str) -> None:
    """Metamethods aside."""
    fields = runtime.fields((kind,)).result()
    assert set(methods(kind)) == {name for name in fields if not name.startswith("__")}


@pytest.mark.parametrize(
    ("variable", "path"),
    [
        ("socket_module", "socket"),
        ("socket_module.dns", "socket.dns"),
        *(
            (name, name)
            for name in ("ltn12.source", "ltn12.sink", "ltn12.filter", "ltn12.pump", "mime", "url", "http")
        ),
    ],
)
def test_every_function_of_a_module_is_documented(runtime: Runtime, variable: str, path: str) -> None:
    """LuaSocket's, under the name that programs give them."""
    source = f"return functions_of({variable})".encode()
    (names,) = runtime.run_cell(source, name="cell[3]", cell=3).result().values
    documented = set(members(tuple(path.split("."))))
    assert documented - {"dns"} == set(names.decode().strip('"').split())


@pytest.mark.parametrize("entry", entries(), ids=lambda entry: entry.name)
def test_an_entry_reads_well(entry: Entry) -> None:
    """The signature has the name and parentheses; texts are whole sentences of a sensible length."""
    last = re.split(r"[.:]", entry.name)[-1]
    assert re.fullmatch(rf"[\w.:]*\b{last} ?\(.*\)", entry.signature)
    assert entry.text[0].isupper()
    assert 10 < len(entry.text) < 400
    for text in (entry.text, entry.returns, entry.errors):
        assert text == text.strip()
        assert not text or text.endswith(".")


def test_names_are_unique() -> None:
    """A name twice would hide the second text."""
    names = [entry.name for entry in entries()]
    assert len(set(names)) == len(names)


def test_a_dotted_name_finds_its_function() -> None:
    """And half of it finds nothing."""
    (entry,) = lookup("ba.socket.connect")
    assert entry.signature == "ba.socket.connect(host, port [, op])"
    assert lookup("ba.socket") == lookup("connect") == lookup("") == lookup("s:nothing") == ()


def test_a_method_is_found_by_any_variable() -> None:
    """What kind of object the variable holds is not known, so every kind answers, sockets first."""
    assert [entry.name for entry in lookup("s:read")] == ["socket:read", "file:read", "httpc:read"]
    assert [entry.name for entry in lookup(":cancel")] == ["timer:cancel"]
    assert [entry.name for entry in lookup("file:read")] == ["file:read"]


def test_members_of_nothing_are_globals() -> None:
    """What the API adds to Lua's own."""
    assert members(()) == ("ba", "mako", "trace", "tracep", "print", "display", "clear_output")
    assert members(("ba", "clock")) == members(("nothing",)) == ()


def test_text_has_a_paragraph_for_each_part() -> None:
    """Parts that are empty leave no trace."""
    assert Entry("f", "f()", "Does it.").as_text() == "f()\n\nDoes it."
    full = Entry("f", "f()", "Does it.", "true.", "None.").as_text()
    assert full == "f()\n\nDoes it.\n\nReturns: true.\n\nErrors: None."
