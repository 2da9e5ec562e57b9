"""`ba.socket.h2n`, `n2h`, `fh2n` and `fn2h`."""

from __future__ import annotations

import math
import struct

import pytest

from ._chunks import Chunks


@pytest.fixture
def lua() -> Chunks:
    """A state with the four functions as globals."""
    chunks = Chunks()
    chunks.run("for name, f in pairs(import 'data/bytes') do _G[name] = f end")
    return chunks


@pytest.mark.parametrize("size", range(1, 9))
def test_an_integer_survives_the_way_there_and_back(lua: Chunks, size: int) -> None:
    """Every size from 1 to 8 is big-endian and unsigned."""
    value = int.from_bytes(b"\x71\x82\x93\xa4\xb5\xc6\xd7\xe8"[:size], "big")
    assert lua.run(f"return h2n({size}, {value})") == value.to_bytes(size, "big")
    assert lua.run(f"return n2h({size}, h2n({size}, {value}))") == value


@pytest.mark.parametrize(
    ("call", "wire"),
    [
        ("h2n(2, -1)", b"\xff\xff"),
        ("h2n(4, -2)", b"\xff\xff\xff\xfe"),
        ("h2n(1, 0x1ff)", b"\xff"),
        ("h2n(8, -1)", b"\xff" * 8),
        ("h2n(2, 80.0)", b"\0P"),
        ("h2n('2', '80')", b"\0P"),
    ],
)
def test_h2n_takes_the_low_bits_of_anything_that_is_an_integer(lua: Chunks, call: str, wire: bytes) -> None:
    """Values are truncated, and whole floats and numeric strings count as integers."""
    assert lua.run(f"return {call}") == wire


def test_n2h_reads_at_the_offset(lua: Chunks) -> None:
    """The offset counts from 1, and the last bytes can be read."""
    assert lua.run("return n2h(2, 'abcd', 2), n2h(2, 'abcd', 3), n2h(1, 'abcd')") == (0x6263, 0x6364, 0x61)


def test_n2h_of_eight_bytes_wraps_to_negative(lua: Chunks) -> None:
    """Lua has no unsigned 64-bit integer."""
    assert lua.run("return n2h(8, ('\\xff'):rep(8))") == -1


@pytest.mark.parametrize(("size", "form"), [(4, ">f"), (8, ">d")])
@pytest.mark.parametrize("value", [1.5, -2.0, 0.0, 3.0, math.inf])
def test_a_float_is_ieee_754_in_network_order(lua: Chunks, size: int, form: str, value: float) -> None:
    """The bytes are those of Python's struct module, and reading them gives the float back."""
    number = "math.huge" if math.isinf(value) else repr(value)
    assert lua.run(f"return fh2n({size}, {number})") == struct.pack(form, value)
    assert lua.run(f"return fn2h({size}, 'xx' .. fh2n({size}, {number}), 3)") == value


def test_fn2h_always_gives_a_float(lua: Chunks) -> None:
    """A whole number comes back as 1.0."""
    assert lua.run("return math.type(fn2h(4, '\\x3f\\x80\\0\\0'))") == b"float"


def test_a_number_too_large_for_four_bytes_becomes_infinite(lua: Chunks) -> None:
    """As the C cast does."""
    assert lua.run("return fn2h(4, fh2n(4, 1e39))") == math.inf


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("h2n(0, 1)", b"Invalid size"),
        ("h2n(9, 1)", b"Invalid size"),
        ("h2n(-1, 1)", b"Invalid size"),
        ("n2h(0, 'abcd')", b"Invalid size"),
        ("n2h(9, 'abcdefghi')", b"Invalid size"),
        ("n2h(9, 'abcd')", b"Invalid offset"),
        ("n2h(4, 'abc')", b"Invalid offset"),
        ("n2h(2, 'abcd', 4)", b"Invalid offset"),
        ("n2h(2, 'abcd', 0)", b"Invalid offset"),
        ("n2h(2, 'abcd', math.mininteger)", b"Invalid offset"),
        ("n2h(2, 'abcd', math.maxinteger)", b"Invalid offset"),
        ("n2h(math.maxinteger, 'abcd', 3)", b"Invalid offset"),
        ("fh2n(3, 1)", b"Invalid size"),
        ("fn2h(3, 'abcd')", b"Invalid size"),
        ("fn2h(8, 'abcd')", b"Invalid offset"),
    ],
)
def test_a_wrong_size_or_offset_raises_at_the_caller(lua: Chunks, call: str, message: bytes) -> None:
    """The data is looked at first: a size beyond it is a wrong offset, whatever the size."""
    assert lua.error(f"local value = {call}") == b"test:1: " + message


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("h2n()", b"bad argument #1 to 'h2n' (number expected, got no value)"),
        ("h2n(2)", b"bad argument #2 to 'h2n' (number expected, got no value)"),
        ("h2n(2, {})", b"bad argument #2 to 'h2n' (number expected, got table)"),
        ("h2n(2, 1e300)", b"bad argument #2 to 'h2n' (number has no integer representation)"),
        ("n2h(2)", b"bad argument #2 to 'n2h' (string expected, got no value)"),
        ("n2h(2, 'ab', {})", b"bad argument #3 to 'n2h' (number expected, got table)"),
        ("fh2n(4, 'x')", b"bad argument #2 to 'fh2n' (number expected, got string)"),
        ("fn2h(4, nil)", b"bad argument #2 to 'fn2h' (string expected, got nil)"),
    ],
)
def test_a_wrong_argument_is_named(lua: Chunks, call: str, message: bytes) -> None:
    """In the words of Lua's own library, at the caller's line."""
    assert lua.error(f"local value = {call}") == b"test:1: " + message
