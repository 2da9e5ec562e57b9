"""`ba.aesencode` and `ba.aesdecode`: data as text that only the same secret opens."""

from __future__ import annotations

import pytest

from ._programs import message_of, traced


def test_the_same_secret_opens_what_it_closed() -> None:
    """Data and secrets of any bytes and length."""
    assert traced("""
        local bytes = {}
        for i = 0, 255 do bytes[#bytes + 1] = string.char(i) end
        for _, text in ipairs {"", "x", "data\\0", table.concat(bytes):rep(99)} do
          for _, secret in ipairs {"", "s", table.concat(bytes)} do
            assert(ba.aesdecode(secret, ba.aesencode(secret, text)) == text)
          end
        end
        trace "all"
    """) == ["all"]


def test_a_text_is_another_one_every_time_and_fits_into_a_url() -> None:
    """Also after `rndseed`: a nonce that comes twice would give the secret away."""
    assert traced("""
        ba.rndseed(1)
        local first = ba.aesencode("secret", "data")
        ba.rndseed(1)
        local second = ba.aesencode("secret", "data")
        trace(first ~= second, first:find "[^%w_-]")
    """) == ["true\tnil"]


def test_nothing_else_opens_it() -> None:
    """Neither another secret, nor a text that was changed, cut, or is no such text."""
    assert (
        traced("""
        local text = ba.aesencode("secret", "data")
        local other = (text:sub(1, 1) == "A" and "B" or "A") .. text:sub(2)
        trace(ba.aesdecode("Secret", text))
        for _, changed in ipairs {other, text:sub(1, -3), "", "hello", ("x"):rep(99)} do
          trace(ba.aesdecode("secret", changed))
        end
    """)
        == ["nil"] * 6
    )


@pytest.mark.parametrize("name", ["aesencode", "aesdecode"])
@pytest.mark.parametrize(
    ("arguments", "n", "got"), [("", 1, "no value"), ("{}, ''", 1, "table"), ("'s'", 2, "no value")]
)
def test_both_want_texts(name: str, arguments: str, n: int, got: str) -> None:
    """And say which is missing."""
    assert message_of(f"ba.{name}({arguments})") == (
        f"program:1: bad argument #{n} to '{name}' (string expected, got {got})"
    )
