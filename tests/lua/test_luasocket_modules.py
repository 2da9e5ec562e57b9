"""ltn12, mime, socket.url, and how `require` finds LuaSocket."""

from __future__ import annotations

from pathlib import Path

import pytest

from ._programs import message_of, run_well, session, traced

# ---------------------------------------------------------------- require


@pytest.mark.parametrize("name", ["socket", "socket.http", "socket.url", "ltn12", "mime", "sockcompat"])
def test_each_module_is_found_without_a_file(name: str) -> None:
    """Each a table, the same each time, and no global is left behind."""
    assert traced(f"""
        local before = {{}}
        for key in pairs(_G) do before[key] = true end
        local module, place = require "{name}"
        trace(type(module), place, module == require "{name}")
        for key in pairs(_G) do if not before[key] then trace("new", key) end end
    """) == ["table\t:ba-lua:\ttrue"]


def test_a_file_of_the_same_name_does_not_get_in_the_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program named `socket.lua` that requires "socket" would get itself; whoever has one is told."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "socket.lua").write_text("error 'not this one'", encoding="utf-8")
    recorder = run_well("trace(type(require 'socket'.tcp)) trace(type(require 'socket.http'.request))")
    assert recorder.traced == ["function", "function"]
    assert recorder.notes == [
        'require "socket" is the LuaSocket of this runtime, not ./socket.lua; '
        "for your own, give it another name"
    ]


def test_a_preloaded_module_comes_first() -> None:
    """So a program can put its own in the place."""
    assert traced("package.preload.mime = function() return 'own' end trace((require 'mime'))") == ["own"]


def test_changed_globals_do_not_reach_the_modules() -> None:
    """They are loaded late, and find the library as it was."""
    assert traced("""
        local keep = trace
        string.find, string.gsub, table.concat, setmetatable, pairs, type = nil
        local mime, url = require "mime", require "socket.url"
        keep(mime.b64 "x", url.parse("http://h:1/p").port)
    """) == ["eA==\t1"]


# ---------------------------------------------------------------- ltn12

LTN12 = """
local ltn12 = require "ltn12"
local function gather(source, ...)
  local out = {}
  local ok, reason = ltn12.pump.all(source, ltn12.sink.chain(..., (ltn12.sink.table(out))))
  return table.concat(out, "|"), ok, reason
end
local function plain(source)
  local sink, out = ltn12.sink.table()
  local ok, reason = ltn12.pump.all(source, sink)
  return table.concat(out, "|"), ok, reason
end
-- A filter is asked with "" for what it has left of a piece, and must give "" back when that is nothing.
local function marked(c)
  return c and c ~= "" and c .. "!" or c
end
local function counted(from, to)
  return function() from = from + 1 return from <= to and tostring(from) or nil end
end
"""


def of_ltn12(expression: str) -> str:
    """What an expression over the helpers above gives."""
    with session() as fresh:
        fresh.run(LTN12.replace("local function", "function").replace("local ltn12", "ltn12"))
        result = fresh.run(f"trace({expression})")
        assert result.error is None, result.error
        return fresh.recorder.traced[-1]


@pytest.mark.parametrize(
    ("expression", "result"),
    [
        ('plain(ltn12.source.string("abc"))', "abc\t1\tnil"),
        ("plain(ltn12.source.empty())", "\t1\tnil"),
        ('plain(ltn12.source.error("broken"))', "\tnil\tbroken"),
        ("plain(ltn12.source.table{'a', 'b'})", "a|b\t1\tnil"),
        ("plain(ltn12.source.cat(counted(0, 2), counted(7, 9)))", "1|2|8|9\t1\tnil"),
        (
            "plain(ltn12.source.chain(counted(0, 3), marked))",
            "1!|2!|3!\t1\tnil",
        ),
        ("gather(counted(0, 2), marked)", "1!||2!|\t1\tnil"),
        ("#plain(ltn12.source.string(('x'):rep(5000)))", "5002"),
        ("plain(ltn12.source.file(nil, 'no such file'))", "\tnil\tno such file"),
        ("ltn12.pump.all(counted(0, 2), ltn12.sink.error 'full')", "nil\tfull"),
        ("ltn12.pump.step(counted(0, 1), ltn12.sink.null())", "1"),
        ("ltn12.pump.step(counted(1, 1), ltn12.sink.null())", "nil\tnil"),
    ],
)
def test_ltn12(expression: str, result: str) -> None:
    """Sources, filters, sinks and pumps, and how their errors come out at the end of the pump."""
    assert of_ltn12(expression) == result


def test_a_filter_may_give_more_at_the_end() -> None:
    """What it has kept, in several pieces; a chain asks each filter for all of them."""
    assert (
        of_ltn12("""(function()
        local function keeper()
          local kept = {}
          return function(c)
            if c then kept[#kept + 1] = c return "" end
            return table.remove(kept, 1)
          end
        end
        local chain = ltn12.filter.chain(keeper(), keeper())
        return plain(ltn12.source.chain(counted(0, 3), chain))
    end)()""").replace("|", "")
        == "123\t1\tnil"
    )


def test_a_rewound_source_gives_back_what_it_was_given() -> None:
    """The last first."""
    assert (
        of_ltn12("""(function()
        local s = ltn12.source.rewind(counted(0, 2))
        local first = s()
        s(first) s("before")
        return plain(s)
    end)()""")
        == "before|1|2\t1\tnil"
    )


def test_files_go_in_and_out(tmp_path: Path) -> None:
    """Through the io library, and are closed at the end."""
    assert traced(f"""
        local ltn12 = require "ltn12"
        local name = "{tmp_path}/copied"
        local text = ("line\\n"):rep(2000)
        ltn12.pump.all(ltn12.source.string(text), ltn12.sink.file(io.open(name, "w")))
        local sink, out = ltn12.sink.table()
        trace(ltn12.pump.all(ltn12.source.file(io.open(name)), sink))
        trace(table.concat(out) == text)
    """) == ["1", "true"]


# ---------------------------------------------------------------- mime

MIME = """
local ltn12, mime = require "ltn12", require "mime"
local function piecewise(filter, text, size)
  local out, at = {}, 1
  local function source()
    local piece = text:sub(at, at + size - 1)
    at = at + size
    return piece ~= "" and piece or nil
  end
  ltn12.pump.all(source, ltn12.sink.chain(filter, (ltn12.sink.table(out))))
  return table.concat(out)
end
"""

TEXT = "h\\xe9llo = you \\t\\r\\nsecond line\\r\\n.dot\\r\\nlast "
FILTERS = {
    'mime.encode "base64"': "aOlsbG8gPSB5b3UgCQ0Kc2Vjb25kIGxpbmUNCi5kb3QNCmxhc3Qg",
    'mime.encode "quoted-printable"': "h=E9llo =3D you =09\r\nsecond line\r\n.dot\r\nlast=20=\r\n",
    'mime.encode("quoted-printable", "binary")': (
        "h=E9llo =3D you =09=0D=0Asecond line=0D=0A.dot=0D=0Alast=20=\r\n"
    ),
    'mime.normalize "|"': "h\xe9llo = you \t|second line|.dot|last ",
    "mime.stuff()": "h\xe9llo = you \t\r\nsecond line\r\n..dot\r\nlast ",
    'mime.wrap("text", 8)': "h\xe9llo = \r\nyou \t\r\nsecond l\r\nine\r\n.dot\r\nlast \r\n",
}


@pytest.mark.parametrize("filter_", FILTERS)
def test_a_filter_of_mime_does_the_same_in_pieces_of_any_size(filter_: str) -> None:
    """What is left over of a piece is kept for the next."""
    shown = traced(
        MIME
        + f'for size = 1, 9 do trace("[" .. piecewise({filter_}, "{TEXT}", size) .. "]") end'
        + f' trace("[" .. piecewise({filter_}, "{TEXT}", 100) .. "]")'
    )
    assert shown == [f"[{FILTERS[filter_]}]"] * 10


@pytest.mark.parametrize("name", ["base64", "quoted-printable"])
def test_decoding_undoes_encoding(name: str) -> None:
    """For every byte, in pieces."""
    assert traced(
        MIME
        + f"""
        local all = {{}}
        for i = 0, 255 do all[#all + 1] = string.char(i) end
        local text = table.concat(all)
        local filter = ltn12.filter.chain(mime.encode "{name}", mime.wrap "{name}", mime.decode "{name}")
        local back = piecewise(filter, text, 7)
        trace(#back, back:gsub("\\r\\n", "\\n") == text:gsub("\\r\\n", "\\n"))
        """
    ) == ["256\ttrue"]


def test_no_wrapped_line_is_longer_than_asked_and_no_escape_is_torn() -> None:
    """76 unless told otherwise."""
    assert traced(
        MIME
        + """
        local filter = ltn12.filter.chain(mime.encode "quoted-printable", mime.wrap "quoted-printable")
        local longest, torn = 0, false
        for line in piecewise(filter, ("\\xe9x"):rep(300), 13):gmatch "([^\\r\\n]+)" do
          longest = math.max(longest, #line)
          torn = torn or line:find "=%x?$" and not line:find "=$"
        end
        trace(longest, torn)
        """
    ) == ["76\tfalse"]


def test_the_functions_beneath_take_a_whole_text() -> None:
    """The documentation's own way to encode a password."""
    assert traced("""
        local mime = require "mime"
        trace((mime.b64 "diego:password"))
        trace((mime.unb64 "ZGllZ286cGFzc3dvcmQ="))
        trace((mime.qp "ma\\xe7\\xe3"), (mime.unqp "ma=E7=E3"))
        trace(mime.wrp(3, "abcdef", 4))
    """) == ["ZGllZ286cGFzc3dvcmQ=", "diego:password", "ma=E7=E3\tma\xe7\xe3", "abc\r\ndef\t1"]


def test_an_unknown_encoding_is_named() -> None:
    """Where the program asks for it."""
    assert message_of("require 'mime'.encode 'base65'") == "program:1: unknown encoding 'base65'"


# ---------------------------------------------------------------- socket.url

ABSOLUTE = {  # RFC 3986, 5.4, with ";" as in the older RFC that LuaSocket follows
    "g": "http://a/b/c/g",
    "./g": "http://a/b/c/g",
    "g/": "http://a/b/c/g/",
    "/g": "http://a/g",
    "//g": "http://g",
    "?y": "http://a/b/c/d;p?y",
    "g?y": "http://a/b/c/g?y",
    "#s": "http://a/b/c/d;p?q#s",
    "g#s": "http://a/b/c/g#s",
    ";x": "http://a/b/c/d;x",
    "..": "http://a/b/",
    "../g": "http://a/b/g",
    "../..": "http://a/",
    "../../g": "http://a/g",
    "../../../g": "http://a/g",
    "https:g": "https:g",
    "": "http://a/b/c/d;p?q",
}


def test_relative_urls_become_absolute() -> None:
    """The examples of the RFC."""
    calls = " ".join(f"trace(url.absolute('http://a/b/c/d;p?q', '{relative}'))" for relative in ABSOLUTE)
    assert traced(f"local url = require 'socket.url' {calls}") == list(ABSOLUTE.values())


@pytest.mark.parametrize(
    "url",
    [
        "http://user:secret@host.example:8080/path;params?query=1#fragment",
        "http://[::1]:80/x",
        "ftp://host/",
        "mailto:somebody@example.com",
        "/only/a/path?with=query",
        "//host",
    ],
)
def test_building_undoes_parsing(url: str) -> None:
    """Nothing is lost on the way."""
    assert traced(f"local url = require 'socket.url' trace(url.build(url.parse '{url}'))") == [url]


def test_a_url_has_parts() -> None:
    """As the documentation names them."""
    assert traced("""
        local url = require "socket.url"
        local p = url.parse("http://user:secret@host.example:8080/path;params?query#fragment", {port = 80})
        trace(p.scheme, p.authority, p.userinfo, p.user, p.password, p.host, p.port)
        trace(p.path, p.params, p.query, p.fragment)
        trace(url.parse("//[::1]/", {port = 80}).host, url.parse("/x", {port = 80}).port, url.parse "")
        trace(url.escape "a b&/\\xe9", url.unescape "a%20b%26")
        local path = url.parse_path "/a/b%20c/"
        trace(path[1], path[2], path.is_absolute, path.is_directory, url.build_path(path))
    """) == [
        "http\tuser:secret@host.example:8080\tuser:secret\tuser\tsecret\thost.example\t8080",
        "/path\tparams\tquery\tfragment",
        "::1\t80\tnil\tinvalid url",
        "a%20b%26%2f%e9\ta b&",
        "a\tb c\t1\t1\t/a/b%20c/",
    ]


# ---------------------------------------------------------------- protect


def test_try_raises_what_protect_returns() -> None:
    """And the finalizer runs between the two; a program's own errors stay errors."""
    assert traced("""
        local socket = require "socket"
        local function risky(...)
          local try = socket.newtry(function() trace "tidied" end)
          return try(...)
        end
        trace(socket.protect(risky)(1, 2))
        trace(socket.protect(risky)(nil, "why"))
        trace(pcall(socket.protect(function() error("own", 0) end)))
        trace(socket.skip(1, "a", "b", "c"))
    """) == ["1\t2", "tidied", "nil\twhy", "false\town", "b\tc"]


@pytest.mark.parametrize(
    "endless",
    [
        "ltn12.pump.all(function() return 'x' end, ltn12.sink.null())",
        "ltn12.pump.all(ltn12.source.string 'x', ltn12.sink.chain(more, ltn12.sink.null()))",
        "ltn12.filter.chain(more)('x')",
        "require 'socket'.protect(function() while true do end end)()",
    ],
)
def test_what_never_ends_can_be_interrupted(endless: str) -> None:
    """Such as a filter that always has more to give."""
    with session() as fresh:
        ended = fresh.start(
            f"ltn12 = require 'ltn12' function more() return 'more' end trace 'begun' {endless}"
        )
        fresh.recorder.wait_for_trace("begun")
        fresh.runtime.interrupt()
        error = ended().error
        assert error is not None
        assert error.kind == "interrupt"
        assert fresh.value("1 + 1") == "2"
