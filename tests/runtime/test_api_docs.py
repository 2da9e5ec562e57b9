"""The documentation of the API: complete, loadable, and found under the names that people write."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from ba_runtime import Runtime
from ba_runtime.docs import Entry, entries, function_at, kind_of, lookup, members, method_of, methods

OBJECTS = b"""
socket, timer, thread = ba.socket.udpcon(), ba.timer(print), ba.thread.create()
store, context = ba.create.certstore(), ba.create.sharkssl()
jsonparser, datetime = ba.json.parser(), ba.datetime()
cipher = ba.crypto.symmetric("GCM", ("k"):rep(16), ("i"):rep(12))
dir = ba.create.dir()
httpc, httpm = require"httpc".create(), require"httpm".create()
files, handle = ba.openio(), io.tmpfile()
file = ba.openio("vm"):open(".certificate/MakoServer.pem")
progress, output = display.progress(3), display.html("<b>")
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


PAGE = b"""<?lsp
  _G.request, _G.response, _G.cookie = request, response, response:createcookie "a"
  _G.deferred = response:deferred()
  deferred:close()
?>"""


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
        *(("ba", "crypto"), ("display",)),
        *(
            (name,)
            for name in ["coroutine", "debug", "io", "math", "os", "package", "string", "table", "utf8"]
        ),
    ],
)
def test_every_function_is_documented_and_no_other(runtime: Runtime, path: tuple[str, ...]) -> None:
    """The tables of a running state and the files name the same functions."""
    assert set(members(path)) == {name for name, _ in runtime.members(path).result().names}


def test_every_global_is_documented_and_no_other() -> None:
    """In a state in which nothing has run."""
    with Runtime(lambda event: None) as fresh:
        assert set(members(())) == {name for name, _ in fresh.members(()).result().names}


def test_all_of_mako_is_documented(runtime: Runtime) -> None:
    """Its functions, and what it tells when it is asked."""
    functions = {name for name, _ in runtime.members(("mako",)).result().names}
    values = set(members(("mako",))) - functions
    source = "return " + ", ".join(f"mako.{name} ~= nil" for name in sorted(values))
    told = runtime.run_cell(source.encode(), name="cell[4]", cell=4).result().values
    assert values == {"argv", "cfgdir", "cwd", "env", "execpath", "port", "version"}
    assert set(told) == {b"true"}


METAMETHODS = {"__close", "__gc", "__tostring"}

KINDS = (
    "socket timer thread store context jsonparser datetime cipher dir request response deferred httpc httpm "
    "tcp udp io file handle cookie progress output"
)


@pytest.mark.parametrize("kind", KINDS.split())
def test_every_method_is_documented_and_no_other(runtime: Runtime, kind: str) -> None:
    """Metamethods aside."""
    found = runtime.members((kind if kind != "io" else "files",)).result()
    assert set(methods(kind)) == {name for name, of in found.names if of == "function"} - METAMETHODS


@pytest.mark.parametrize("kind", KINDS.split())
def test_an_object_is_known_by_its_methods(runtime: Runtime, kind: str) -> None:
    """So help for a variable is about the kind of object that it holds."""
    found = runtime.members((kind if kind != "io" else "files",)).result()
    # A page's request and response are one object; stores and contexts have the same methods.
    expected = {"response": "request", "store": "", "context": ""}.get(kind, kind)
    assert kind_of(found.type, (name for name, _ in found.names)) == expected


def test_a_table_like_an_object_of_ours_is_a_table() -> None:
    """Somebody's class may have a read and a write."""
    assert kind_of("table", ("set", "reset", "cancel")) == ""
    assert kind_of("userdata", ("set",)) == ""
    assert kind_of("string", ()) == "string"


def test_kinds_are_documented() -> None:
    """What cards say that functions return, and call others with, has methods, or has none by its nature."""
    named = {kind for card in entries() for kind in (*card.gives, *card.calls, *card.yields)}
    assert {kind for kind in named if not methods(kind)} == {"", "bytearray", "sharkcert"}


def test_options_and_words_are_found_by_their_argument() -> None:
    """Options are a line of text each; words belong to an argument that the signature has."""
    for card in entries():
        assert all(text.endswith(".") for text in card.options.values()), card.name
        assert {name for names in card.tables.values() for name in names} <= set(card.options), card.name
        for number in (*card.words, *card.tables):
            assert card.signature.count(",") + 1 >= int(number) >= 1, card.name


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
    values = {"dns", "PORT", "TIMEOUT", "USERAGENT"}
    assert set(members(tuple(path.split(".")))) - values == set(names.decode().strip('"').split())


@pytest.mark.parametrize("entry", entries(), ids=lambda entry: entry.name)
def test_an_entry_reads_well(entry: Entry) -> None:
    """The signature has the name and parentheses; texts are whole sentences of a sensible length."""
    last = re.split(r"[.:]", entry.name)[-1]
    assert re.fullmatch(rf"[\w.:]*{last} ?\(.*\)", entry.signature)
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
    assert [entry.name for entry in lookup("s:read")] == [
        *("socket:read", "file:read", "httpc:read", "handle:read"),
    ]
    assert [entry.name for entry in lookup(":cancel")] == ["timer:cancel"]
    assert [entry.name for entry in lookup("file:read")] == ["file:read"]


def test_members_of_nothing_are_globals() -> None:
    """What the API adds to Lua's own."""
    assert members(())[:7] == ("ba", "mako", "trace", "tracep", "print", "display", "clear_output")
    assert "socket" not in members(())
    assert members(("ba", "clock")) == members(("nothing",)) == ()


def test_a_function_is_found_by_any_path_to_it() -> None:
    """By way of `_G`, and of what `require` has loaded, under the name of its module."""
    for path in (("string", "rep"), ("_G", "string", "rep"), ("package", "loaded", "string", "rep")):
        assert function_at(path) is lookup("string.rep")[0]
    assert function_at(("package", "loaded", "socket.url", "parse")) is lookup("url.parse")[0]
    assert function_at(("package", "loaded")) is lookup("package.loaded")[0]
    assert function_at(()) is None


def test_a_method_is_found_by_its_kind_of_object() -> None:
    """Some kinds have the methods of others, strings the functions of the library."""
    assert method_of("httpm", "status") is lookup("httpc:status")[0]
    assert method_of("string", "rep") is lookup("string.rep")[0]
    assert method_of("request", "write") is lookup("response:write")[0]
    assert method_of("timer", "read") is None
