"""`ba.rnd`, `ba.rnds`, `ba.rndbs` and `ba.rndseed`."""

from __future__ import annotations

import os

import pytest

from ._chunks import Chunks


@pytest.fixture
def lua() -> Chunks:
    """A state with the four functions as globals, over the system's random bytes."""
    return _functions(Chunks({"urandom": os.urandom}))


def _functions(chunks: Chunks) -> Chunks:
    chunks.run("for name, f in pairs(import 'crypto/random') do _G[name] = f end")
    return chunks


DRAWS = "return rnd(), rnd(9), rnd(-5, 5), rnds(4), rnds(8), rndbs(3), rndbs(2000), rnd()"


def test_the_same_seed_gives_the_same_numbers(lua: Chunks) -> None:
    """Also in another state, and whatever was drawn before."""
    other = _functions(Chunks({"urandom": os.urandom}))
    other.run("rndbs(77)")
    lua.run("rndseed 'lesson'")
    other.run("rndseed 'lesson'")
    assert lua.run(DRAWS) == other.run(DRAWS)


def test_other_seeds_give_other_numbers(lua: Chunks) -> None:
    """Seeds that differ in one letter or in one have nothing in common."""
    seeds = ["'a'", "'b'", "'aa'", "''", "1", "2", "1.5"]
    assert len({lua.run(f"rndseed({seed}) return rndbs(16)") for seed in seeds}) == len(seeds)


def test_a_number_is_the_same_seed_in_every_form(lua: Chunks) -> None:
    """1, 1.0 and "1" are one seed."""
    assert len({lua.run(f"rndseed({seed}) return rndbs(16)") for seed in ("1", "1.0", "'1'")}) == 1


def test_without_a_seed_the_bytes_are_the_systems() -> None:
    """Nothing of ours stands between the system and the program."""
    lua = _functions(Chunks({"urandom": lambda count: bytes(i % 256 for i in range(count))}))
    assert lua.run("return rndbs(4), rnds(2), rndbs(0), rndbs(1)") == (b"\0\1\2\3", 0x0504, b"", b"\6")


def test_the_programs_own_random_stream_is_left_alone(lua: Chunks) -> None:
    """After math.randomseed(7) the numbers are the same, with and without our functions between them."""
    draw = "return math.random(1 << 40)"
    plain = [lua.run(f"math.randomseed(7) {draw}"), lua.run(draw)]
    mixed = [lua.run(f"math.randomseed(7) {draw}"), lua.run(f"rndseed(1) rnd() rndbs(9) {draw}")]
    assert mixed == plain


@pytest.mark.parametrize("seeded", [True, False])
@pytest.mark.parametrize(
    ("call", "low", "high"), [("rnd(3)", 0, 3), ("rnd(5, 9)", 5, 9), ("rnd(-2, 0)", -2, 0)]
)
def test_an_interval_has_both_ends_and_all_between(
    lua: Chunks, call: str, low: int, high: int, seeded: bool
) -> None:
    """Five hundred draws meet every number of a small interval, and no other."""
    if seeded:
        lua.run("rndseed 'x'")
    assert {lua.run(f"return {call}") for _ in range(500)} == set(range(low, high + 1))


def test_the_numbers_of_an_interval_are_equally_likely(lua: Chunks) -> None:
    """With a fixed seed, each of six faces comes up within five standard deviations of 1,000 times."""
    lua.run("rndseed 'dice' faces = {0, 0, 0, 0, 0, 0}")
    lua.run("for _ = 1, 6000 do local face = rnd(1, 6) faces[face] = faces[face] + 1 end")
    assert all(1000 - 145 < count < 1000 + 145 for count in lua.run("return table.unpack(faces)"))


@pytest.mark.parametrize("call", ["rnd()", "rnd(0)"])
def test_rnd_without_arguments_is_an_integer_that_is_not_negative(lua: Chunks, call: str) -> None:
    """63 bits, and the highest is in use."""
    numbers = [lua.run(f"return {call}") for _ in range(100)]
    assert all(0 <= number < 1 << 63 for number in numbers)
    assert max(numbers) >= 1 << 62


def test_the_widest_intervals_work(lua: Chunks) -> None:
    """Where the difference of the ends does not fit into a signed integer."""
    assert isinstance(lua.run("return rnd(math.mininteger, math.maxinteger)"), int)
    assert lua.run("return rnd(math.maxinteger) >= 0, rnd(-1, math.maxinteger) >= -1") == (True, True)
    assert lua.run("return rnd(4, 4), rnd(0, 0), rnd(math.mininteger, math.mininteger)") == (4, 0, -(1 << 63))


@pytest.mark.parametrize("size", [8, 9, 12, 1 << 40, -1])
def test_rnds_of_more_bytes_than_an_integer_has_fills_the_integer(lua: Chunks, size: int) -> None:
    """Among 100 there are negative ones, and of nothing it is 0."""
    numbers = [lua.run(f"return rnds({size})") for _ in range(100)]
    assert min(numbers) < 0 < max(numbers)
    assert lua.run("return rnds(0)") == 0


@pytest.mark.parametrize(("count", "length"), [(-1, 65535), (-65535, 1), (-65536, 0)])
def test_a_negative_number_of_bytes_counts_in_16_bits(lua: Chunks, count: int, length: int) -> None:
    """As on the server."""
    assert lua.run(f"return #rndbs({count})") == length


@pytest.mark.parametrize("size", range(1, 8))
def test_rnds_is_unsigned_and_fills_its_bytes(lua: Chunks, size: int) -> None:
    """Of 200 draws all fit into the size, and some need all of it."""
    numbers = [lua.run(f"return rnds({size})") for _ in range(200)]
    assert all(0 <= number < 1 << 8 * size for number in numbers)
    assert max(numbers) >= 1 << 8 * size - 1


@pytest.mark.parametrize("size", [0, 1, 511, 512, 513, 5000])
def test_rndbs_has_the_length_asked_for(lua: Chunks, size: int) -> None:
    """Also where the bytes come from more than one draw, and no two are the same."""
    first, second = lua.run(f"return rndbs({size}), rndbs({size})")
    assert len(first) == len(second) == size
    assert size < 16 or first != second


def test_rndseed_returns_nothing(lua: Chunks) -> None:
    """No value at all, not nil."""
    assert lua.run("return select('#', rndseed('x'))") == 0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("rnd(-1)", b"bad argument #1 to 'rnd' (interval is empty)"),
        ("rnd(2, 1)", b"bad argument #2 to 'rnd' (interval is empty)"),
        ("rnd({})", b"bad argument #1 to 'rnd' (number expected, got table)"),
        ("rnds()", b"bad argument #1 to 'rnds' (number expected, got no value)"),
        ("rndseed()", b"bad argument #1 to 'rndseed' (string expected, got no value)"),
        ("rndseed({})", b"bad argument #1 to 'rndseed' (string expected, got table)"),
    ],
)
def test_a_wrong_argument_raises_at_the_caller(lua: Chunks, call: str, message: bytes) -> None:
    """In the words of Lua's own library."""
    assert lua.error(call) == b"test:1: " + message
