"""Source, output and errors are bytes: whatever they are, they pass through whole and break nothing."""

from __future__ import annotations

import pytest
from tests.lua._programs import session

from ba_runtime import Traced

# What has broken other programs that take text for granted.
TEXTS = {
    "every byte": bytes(range(256)),
    "invalid UTF-8": b"\xff\xfe\x80 abc \xc3",
    "NUL": b"a\0b\0",
    "control characters": b"\x1b[31mred\x1b[0m\x07\x08\x7f",
    "a surrogate": b"\xed\xa0\x80",
    "an overlong form": b"\xc0\xaf\xf0\x80\x80\x80",
    "line separators": "a\u2028b\u2029c\x85d\x0b\x0c".encode(),
    "carriage returns": b"a\rb\r\nc\n\r",
    "half a character": "\N{SNOWMAN}".encode()[:2],
    "an emoji": "\N{GRINNING FACE}".encode(),
    "nothing": b"",
    "a megabyte": b"\x00\xff" * (1 << 19),
}


def _lua_string(text: bytes) -> bytes:
    """Writes `text` as a Lua literal of escapes."""
    return b'"' + b"".join(b"\\x%02x" % byte for byte in text) + b'"'


@pytest.mark.parametrize("kind", TEXTS)
def test_print_and_trace_hand_over_any_bytes(kind: str) -> None:
    """As they are."""
    text = TEXTS[kind]
    with session() as lua:
        assert (
            lua.run(b"local s = " + _lua_string(text) + b" print(s) io.write(s) trace(s) trace(#s)").error
            is None
        )
        assert lua.recorder.printed == text + b"\n" + text
        traces = [event.text for event in lua.recorder.events if isinstance(event, Traced)]
        assert traces == [text, str(len(text)).encode()]


@pytest.mark.parametrize("kind", TEXTS)
def test_sockets_carry_any_bytes(kind: str) -> None:
    """There and back."""
    with session() as lua:
        result = lua.run(
            b"local s = "
            + _lua_string(TEXTS[kind])
            + b"""
            local c, peer = pair()
            peer:event(function(p)
              while true do
                local d = p:read()
                if not d then return end
                p:write(d)
              end
            end)
            ba.thread.run(function() c:write(s) end)
            local back = {}
            local n = 0
            while n < #s do back[#back + 1] = c:read(5000) n = n + #back[#back] end
            return table.concat(back) == s
            """
        )
        assert (result.error, result.values) == (None, (b"true",))


@pytest.mark.parametrize("kind", [kind for kind in TEXTS if kind != "a megabyte"])
def test_an_error_keeps_its_bytes(kind: str) -> None:
    """In the cell's result, and in a cosocket's report."""
    text = TEXTS[kind]
    with session() as lua:
        literal = _lua_string(text)
        result = lua.run(b"error(" + literal + b", 0)")
        assert result.error is not None
        assert result.error.message == text
        lua.run(b"ba.socket.event(function() error(" + literal + b", 0) end)")
        assert lua.recorder.faults[0].startswith("Lua error in Cosocket: " + text.decode("latin-1"))


@pytest.mark.parametrize("kind", [kind for kind in TEXTS if kind != "a megabyte"])
def test_a_result_is_readable_whatever_it_is(kind: str) -> None:
    """Valid UTF-8 without control characters but newlines and tabs."""
    with session() as lua:
        literal = _lua_string(TEXTS[kind])
        result = lua.run(b"return " + literal + b", {[" + literal + b"] = " + literal + b"}")
        assert result.error is None
        for value in result.values:
            assert not set(value.decode("utf-8")) & set(map(chr, (*range(9), *range(11, 32), 127, 0x85)))


@pytest.mark.parametrize("kind", [kind for kind in TEXTS if kind != "a megabyte"])
def test_any_bytes_may_be_source(kind: str) -> None:
    """Within a string or a comment they are kept; elsewhere they are a syntax error, and no more."""
    text = TEXTS[kind]
    with session() as lua:
        if not set(text) & {0x0A, 0x0D}:
            result = lua.run(b"-- " + text + b"\nreturn 1")
            assert (result.error, result.values) == (None, (b"1",))
        inside = (
            b"[==[" + text.replace(b"\r\n", b"\n").replace(b"\n\r", b"\n").replace(b"\r", b"\n") + b"]==]"
        )
        result = lua.run(b"trace(#" + inside + b")")
        assert result.error is None
        lua.run(text)
        lua.run(b"x = " + text)
        assert lua.value("1 + 1") == "2"


def test_a_long_cell_is_no_problem() -> None:
    """A hundred thousand lines, a line of a megabyte, and expressions as deep as Lua allows."""
    with session() as lua:
        assert lua.run("x = 1\n" * 100_000 + "return x").values == (b"1",)
        assert lua.run("return #'" + "x" * (1 << 20) + "'").values == (b"1048576",)
        assert lua.run("return " + "(" * 150 + "1" + ")" * 150).values == (b"1",)
        result = lua.run("return " + "(" * 100_000 + "1" + ")" * 100_000)
        assert result.error is not None
        assert result.error.kind == "syntax"


@pytest.mark.parametrize("name", ["x" * 10_000, "", "a\nb", "\N{SNOWMAN}", "=name", "@file", "a:1: b"])
def test_any_name_of_a_cell_is_fine(name: str) -> None:
    """It shows in the messages as Lua writes chunk names."""
    with session() as lua:
        result = lua.run("error 'x'", name=name)
        assert result.error is not None
        assert result.error.message.endswith(b":1: x")
        assert lua.run("trace(1)", name=name).error is None


def test_a_thousand_cells_in_a_row() -> None:
    """Each sees what the one before left."""
    with session() as lua:
        lua.run("n = 0")
        for i in range(1, 1001):
            assert lua.run("n = n + 1 return n").values == (str(i).encode(),)
