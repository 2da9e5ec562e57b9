"""`ba.bytearray`: fixed-size arrays of bytes with a window."""

from __future__ import annotations

from typing import Any

import pytest

from ._chunks import Chunks


@pytest.fixture
def lua() -> Chunks:
    """A state with the functions of `ba.bytearray` as the global `B`, and the module as `bytearray`."""
    chunks = Chunks()
    chunks.run("bytearray = import 'data/bytearray' B = bytearray.api")
    return chunks


def test_an_array_is_userdata_full_of_zeros(lua: Chunks) -> None:
    """`type` says userdata, `#` its length, and every byte is 0."""
    assert lua.run("local a = B.create(3) return type(a), #a, a[1], a[3]") == (b"userdata", 3, 0, 0)


def test_an_array_made_of_a_string_has_its_bytes(lua: Chunks) -> None:
    """A numeric string is text like any other."""
    assert lua.run("local a = B.create('10') return #a, a[1], tostring(a)") == (2, 0x31, b"10")


@pytest.mark.parametrize(
    ("assignment", "content"),
    [
        ("a[1] = 65", b"A\0\0\0"),
        ("a[1] = 65.0", b"A\0\0\0"),
        ("a[2] = 300", b"\0\x2c\0\0"),
        ("a[2] = -1", b"\0\xff\0\0"),
        ("a[1] = true a[2] = false", b"\1\0\0\0"),
        ("a[2] = 'xyz'", b"\0xyz"),
        ("a[3] = {70, 327}", b"\0\0FG"),
        ("a[2] = B.create 'xy'", b"\0xy\0"),
        ("a[1] = 'abcd' local w = B.create '1234' B.setsize(w, 2, 3) a[2] = w", b"a23d"),
        ("a[1] = '' a[2] = {}", b"\0\0\0\0"),
        ("a[5] = '' a[5] = {}", b"\0\0\0\0"),
        ("a['2'] = 65 a[3.9] = 66.9", b"\0AB\0"),
        ("a[1] = {65, '66', 'x', true}", b"AB\0\0"),
        ("a[1] = {65, nil, 67}", b"AC\0\0"),
        ("a[1] = {[9] = 67, [3] = 65, x = 1}", b"AC\0\0"),
    ],
)
def test_an_assignment_puts_bytes_at_the_index(lua: Chunks, assignment: str, content: bytes) -> None:
    """Numbers give their low 8 bits; strings, tables and windows of arrays are copied whole.

    What is no number in a table counts as 0, and a hole takes no place.
    """
    assert lua.run(f"local a = B.create(4) {assignment} return tostring(a)") == content


def test_a_change_shows_in_text_that_was_made_before(lua: Chunks) -> None:
    """The text kept for the next `tostring` never goes stale."""
    source = (
        "local a = B.create 'abcd' local seen = {tostring(a)}"
        " a[1] = 88 seen[2] = tostring(a)"
        " a[2] = 'Y' seen[3] = tostring(a)"
        " B.copy(a, 3, 'Z') seen[4] = tostring(a)"
        " B.h2n(a, 4, 1, 33) seen[5] = tostring(a)"
        " B.setsize(a, 2) seen[6] = tostring(a)"
        " return table.unpack(seen)"
    )
    assert lua.run(source) == (b"abcd", b"Xbcd", b"XYcd", b"XYZd", b"XYZ!", b"YZ!")


@pytest.mark.parametrize("size", [1, 4095, 4096, 4097, 20000])
def test_arrays_of_any_size_come_back_whole(lua: Chunks, size: int) -> None:
    """Also where the text is put together in pieces."""
    content = bytes(i % 251 for i in range(size))
    assert lua.run(f"{_literal(content)} local a = B.create(s) a[1] = a[1] return tostring(a)") == content


def _literal(content: bytes) -> str:
    return f"local s = ('{content.hex()}'):gsub('..', function(x) return string.char(tonumber(x, 16)) end)"


@pytest.mark.parametrize(
    ("bounds", "window", "size"),
    [
        ("3, 5", b"234", (10, 3, 5)),
        ("-4", b"6789", (10, 7, 10)),
        ("-4, -2", b"678", (10, 7, 9)),
        ("2", b"123456789", (10, 2, 10)),
        ("10, 10", b"9", (10, 10, 10)),
    ],
)
def test_setsize_moves_the_window_in_the_allocation(
    lua: Chunks, bounds: str, window: bytes, size: tuple[int, int, int]
) -> None:
    """Negative bounds count from the end of the allocation, not of the window before."""
    made = f"local w = B.create '0123456789' B.setsize(w, 5, 6) B.setsize(w, {bounds})"
    assert lua.run(f"{made} return tostring(w)") == window
    assert lua.run(f"{made} return #w") == len(window)
    assert lua.run(f"{made} return w[1], w[#w]") == (window[0], window[-1])
    assert lua.run(f"{made} return B.size(w)") == size
    assert lua.run(f"{made} B.setsize(w) return tostring(w)") == b"0123456789"


@pytest.mark.parametrize(
    ("bounds", "size"),
    [("1, 0", (10, 1, 0)), ("6, 5", (10, 6, 5)), ("11", (10, 11, 10)), ("4, -8", (10, 4, 3))],
)
def test_a_window_can_be_empty(lua: Chunks, bounds: str, size: tuple[int, int, int]) -> None:
    """Anywhere in the allocation, and just behind it; then there is no first byte, but room for no bytes."""
    made = f"local w = B.create '0123456789' B.setsize(w, {bounds}) w[1] = ''"
    assert lua.run(f"{made} return #w, tostring(w), B.tostring(w)") == (0, b"", b"")
    assert lua.run(f"{made} return B.size(w)") == size
    assert lua.error(f"{made} w[1] = 0") == b"test:1: ByteArray range error: index scope"


def test_indices_count_from_the_start_of_the_window(lua: Chunks) -> None:
    """Reading, writing, copying and numbers all do."""
    source = (
        "local w = B.create '0123456789' B.setsize(w, 3, 8)"
        " w[1] = 'A' B.copy(w, 2, 'B') B.h2n(w, 3, 2, 0x4344)"
        " local number = B.n2h(w, 3, 2) B.setsize(w) return number, tostring(w)"
    )
    assert lua.run(source) == (0x4344, b"01ABCD6789")


@pytest.mark.parametrize(
    ("call", "result"),
    [
        ("B.tostring(a)", b"abcdef"),
        ("B.tostring(a, 2, 4)", b"bcd"),
        ("B.tostring(a, -3, -2)", b"de"),
        ("B.tostring(a, 5)", b"ef"),
        ("B.tostring(a, 4, 2)", b""),
        ("B.tostring(a, 7)", b""),
        ("B.tostring(a, 1, 0)", b""),
    ],
)
def test_tostring_takes_a_range_of_the_window(lua: Chunks, call: str, result: bytes) -> None:
    """Its limits count from the end when they are negative, and may come in the wrong order."""
    assert lua.run(f"local a = B.create 'abcdef' return {call}") == result


@pytest.mark.parametrize(
    ("arguments", "result"),
    [
        ("1, 'abc'", (0, b"abc3456789")),
        ("9, 'wxyz'", (2, b"01234567wx")),
        ("1, 'abcdef', 3", (0, b"cdef456789")),
        ("1, 'abcdef', 3, 4", (0, b"cd23456789")),
        ("1, 'abcdef', -2", (0, b"ef23456789")),
        ("1, 'abcdef', 5, 99", (0, b"ef23456789")),
        ("1, ''", (0, b"0123456789")),
        ("1, 'abcdefgh', 3, -3", (0, b"cdefgh6789")),
        ("1, 'abcdefgh', 1, -3", (0, b"abcdef6789")),
        ("1, 'abcdefgh', 6, -3", (0, b"fgh3456789")),
        ("1, 'abcdefgh', -7, -4", (0, b"bcdef56789")),
        ("-2, 'abc'", (1, b"01234567ab")),
        ("-10, 'abc'", (0, b"abc3456789")),
        ("11, 'abc'", (3, b"0123456789")),
        ("'2', 12", (0, b"0123456789")),
        ("2, B.create 'xyz'", (0, b"0xyz456789")),
        ("2, B.create 'xyz', 2", (0, b"0yz3456789")),
        ("1, {65}", (0, b"0123456789")),
        ("1", (0, b"0123456789")),
    ],
)
def test_copy_puts_what_fits_and_counts_the_rest(
    lua: Chunks, arguments: str, result: tuple[int, bytes]
) -> None:
    """A range of the source can be named. A negative end shortens the source before the start is applied.

    It never reads past the source's end. What is no text and no array gives no bytes.
    """
    assert lua.run(f"local w = B.create '0123456789' return B.copy(w, {arguments}), tostring(w)") == result


def test_numbers_are_written_and_read_in_network_order(lua: Chunks) -> None:
    """The bytes are those of `ba.socket.h2n`, with low bits only."""
    lua.run("n = B.create(8) B.h2n(n, 1, 2, 0x10102) B.h2n(n, 3, 4, 0x0a0b0c0d)")
    assert lua.run("return tostring(n), B.n2h(n, 3, 4)") == (b"\1\2\x0a\x0b\x0c\x0d\0\0", 0x0A0B0C0D)


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("a[0] = 1", b"ByteArray range error: index scope"),
        ("a[5] = 1", b"ByteArray range error: index scope"),
        ("a[math.mininteger] = 1", b"ByteArray range error: index scope"),
        ("local x = a[0]", b"ByteArray range error: index scope"),
        ("local x = a[5]", b"ByteArray range error: index scope"),
        ("local x = a[-1]", b"ByteArray range error: index scope"),
        ("a[3] = 'abc'", b"ByteArray range error: size"),
        ("a[4] = {1, 2}", b"ByteArray range error: size"),
        ("a[2] = a", b"ByteArray range error: size"),
        ("local x = a.size", b"ByteArray range error: index scope"),
        ("local x = a[{}]", b"ByteArray range error: index scope"),
        ("a[6] = ''", b"ByteArray range error: size"),
        ("a[5] = 'x'", b"ByteArray range error: size"),
        ("a[0] = 'x'", b"ByteArray range error: index scope"),
        ("B.copy(a, 6, 'x')", b"ByteArray range error: index scope"),
        ("B.copy(a, -5, 'x')", b"ByteArray range error: index scope"),
        ("B.copy(a)", b"ByteArray range error: index scope"),
        ("B.tostring(a, 0)", b"ByteArray range error: index scope"),
        ("B.tostring(a, 1, 5)", b"ByteArray range error: index scope"),
        ("B.tostring(a, -5)", b"ByteArray range error: index scope"),
        ("B.setsize(a, 0)", b"ByteArray range error: index scope"),
        ("B.setsize(a, 4, 2)", b"ByteArray range error: index scope"),
        ("B.setsize(a, 1, 5)", b"ByteArray range error: index scope"),
        ("B.h2n(a, 4, 2, 1)", b"Invalid range"),
        ("B.h2n(a, 0, 2, 1)", b"Invalid range"),
        ("B.h2n(a, 1, 9, 1)", b"Invalid range"),
        ("B.n2h(a, 1, 5)", b"Invalid range"),
        ("B.n2h(a, 1, 0)", b"Invalid size"),
        ("B.h2n(B.create(9), 1, 9, 1)", b"Invalid size"),
        ("B.create(0)", b"ByteArray range error: use > 0"),
        ("B.create(-1)", b"ByteArray range error: use > 0"),
        ("B.create('')", b"ByteArray range error: use > 0"),
        ("B.create()", b"Cannot create ByteArray from no value"),
        ("B.create({})", b"Cannot create ByteArray from table"),
        ("B.create(a)", b"Cannot create ByteArray from userdata"),
        ("a:size()", b"ByteArray range error: index scope"),
        ("a.x = 1", b"ByteArray range error: index scope"),
        ("a[1] = 2^63", b"bad argument #3 to 'newindex' (number has no integer representation)"),
        ("a[1] = nil", b"Cannot convert nil to ByteArray"),
        ("a[1] = io.stdout", b"Cannot convert userdata to ByteArray"),
        ("B.n2h(a)", b"bad argument #3 to 'n2h' (number expected, got no value)"),
        ("B.size()", b"bad argument #1 to 'size' (BTA expected, got no value)"),
        ("B.tostring('x')", b"bad argument #1 to 'tostring' (BTA expected, got string)"),
    ],
)
def test_a_fault_of_the_caller_raises_and_changes_nothing(lua: Chunks, code: str, message: bytes) -> None:
    """The message blames the caller's line, and a value that cannot be copied whole is not copied at all."""
    lua.run("a = B.create 'abcd'")
    assert lua.error(code) == b"test:1: " + message
    assert lua.run("return tostring(a), B.size(a)") == (b"abcd", 4, 1, 4)


@pytest.mark.parametrize(
    ("value", "expected"), [("B.create(1)", True), ("'x'", False), ("nil", False), ("io.stdout", False)]
)
def test_other_modules_can_tell_an_array_and_take_its_window(lua: Chunks, value: str, expected: Any) -> None:
    """`s:write` asks both."""
    assert lua.run(f"return bytearray.is({value})") is expected
    assert lua.run("local a = B.create 'abcd' B.setsize(a, 2, 3) return bytearray.window(a)") == b"bc"


def test_an_array_that_nobody_holds_is_collected(lua: Chunks) -> None:
    """Its bytes go with it, some cycles later: first its finalizer runs, then its weak key is dropped."""
    collect = "for _ = 1, 5 do collectgarbage() end"
    lua.run(f"B.create(4096) {collect} before = collectgarbage 'count'")
    lua.run(f"for _ = 1, 1000 do B.create(4096) end {collect}")
    assert lua.run("return collectgarbage 'count' - before < 64")
