"""The tokenizer: Lua's lexical rules, and that no text makes it fail."""

from __future__ import annotations

import random

import pytest

from ba_runtime.syntax._tokens import KEYWORDS, Kind, significant, tokenize


def texts(source: str) -> list[str]:
    return [token.text for token in tokenize(source)]


def only(source: str) -> tuple[Kind, bool]:
    """Returns kind and `unfinished` of a text that is one token."""
    (token,) = tokenize(source)
    assert token.text == source
    return token.kind, token.unfinished


@pytest.mark.parametrize("word", sorted(KEYWORDS))
def test_reserved_words_are_keywords(word: str) -> None:
    """All 22 words of the manual's list, and nothing that only begins with one."""
    assert only(word) == (Kind.KEYWORD, False)
    assert only(word + "_") == (Kind.NAME, False)
    assert len(KEYWORDS) == 22


@pytest.mark.parametrize(
    "number", ["3", "345", "0xff", "3.0", ".5", "3.", "314.16e-2", "0.31416E1", "0xA.8p-1", "0X1P+4", "1e+5"]
)
def test_numbers_are_one_token(number: str) -> None:
    """Decimal and hexadecimal, fractions and exponents, as in the manual."""
    assert only(number) == (Kind.NUMBER, False)


def test_a_malformed_number_is_read_as_lua_reads_it() -> None:
    """Lua takes `3..2` for one malformed number, so it is one here; with blanks it is a concatenation."""
    assert texts("3..2") == ["3..2"]
    assert texts("3x y") == ["3x", "y"]
    assert texts("3 .. 2") == ["3", "..", "2"]
    assert texts("0x1p+3-1") == ["0x1p+3", "-", "1"]


@pytest.mark.parametrize(
    "string",
    [
        '""',
        "''",
        '"a\\"b"',
        "'it\\'s'",
        '"\\\\"',
        '"a\\\nb"',
        '"a\\\r\nb"',
        '"\\z  \n\t b"',
        '"\\x41\\065\\u{41}"',
        "[[]]",
        "[[a\n]b]]",
        "[==[ ]] ]=] ]==]",
    ],
)
def test_finished_strings_are_one_token(string: str) -> None:
    """Escaped quotes, escaped line ends, `\\z`, and long brackets of any level."""
    assert only(string) == (Kind.STRING, False)


@pytest.mark.parametrize(
    "string", ['"', '"abc', "'abc\\", '"abc\\"', "[[", "[[abc]", "[==[ ]] ]=]", '"\\z \n ']
)
def test_a_string_that_the_text_ends_in_is_unfinished(string: str) -> None:
    """So is one whose last character is a lone backslash."""
    assert only(string) == (Kind.STRING, True)


def test_a_short_string_ends_with_its_line() -> None:
    """It is unfinished, and the next line is read as Lua again."""
    first, second = tokenize('"abc\ndef')
    assert (first.text, first.unfinished) == ('"abc', True)
    assert (second.kind, second.text) == (Kind.NAME, "def")


@pytest.mark.parametrize("comment", ["--", "-- a", "--[", "--[= a", "--[[a\nb]]", "--[=[ ]] ]=]", "---[[ a"])
def test_finished_comments_are_one_token(comment: str) -> None:
    """Line comments, among them those that only look long, and long ones."""
    assert only(comment) == (Kind.COMMENT, False)


@pytest.mark.parametrize("comment", ["--[[", "--[[a\nb", "--[==[ ]] ]=]"])
def test_a_long_comment_that_the_text_ends_in_is_unfinished(comment: str) -> None:
    """Whatever brackets of another level it holds."""
    assert only(comment) == (Kind.COMMENT, True)


def test_the_longest_operator_wins() -> None:
    """Three dots are one token, and so are all operators of two characters."""
    for operator in ["...", "..", "==", "~=", "<=", ">=", "//", "::", "<<", ">>"]:
        assert only(operator) == (Kind.OPERATOR, False)
    assert texts("a.b:c{}#~-x;") == ["a", ".", "b", ":", "c", "{", "}", "#", "~", "-", "x", ";"]
    assert texts("[=x") == ["[", "=", "x"]


def test_a_shebang_line_is_a_preamble_at_the_start_only() -> None:
    """`#!` begins no Lua; `#t` does, and a byte order mark may come first."""
    assert [t.kind for t in tokenize("#!/usr/bin/lua\n#t")] == [Kind.PREAMBLE, Kind.OPERATOR, Kind.NAME]
    assert texts("\ufeff#!x\r\ny") == ["\ufeff#!x", "y"]
    assert texts("\ufeffy") == ["\ufeff", "y"]
    assert texts("x #!y") == ["x", "#", "!", "y"]


def test_what_begins_no_token_is_unknown() -> None:
    """One character each: letters outside ASCII are no part of Lua's names."""
    assert [(t.kind, t.text) for t in tokenize("é\0x")] == [
        (Kind.UNKNOWN, "é"),
        (Kind.UNKNOWN, "\0"),
        (Kind.NAME, "x"),
    ]


def test_a_parser_sees_neither_comments_nor_the_preamble() -> None:
    """`significant` leaves out exactly these."""
    assert [t.text for t in significant(tokenize("#!x\na --[[b]] 'c' -- d"))] == ["a", "'c'"]


def test_tokens_cover_every_text() -> None:
    """For 2,000 random texts: nothing raises, and between tokens there is only white space."""
    pieces = [
        "'",
        '"',
        "\\",
        "[",
        "]",
        "=",
        "--",
        "\n",
        "\r",
        " ",
        "a1",
        "0x",
        ".",
        "e+",
        "é",
        "\udcff",
        "#!",
        "\0",
    ]
    generator = random.Random(1)
    for _ in range(2000):
        source = "".join(generator.choices(pieces, k=generator.randrange(30)))
        position = 0
        for token in tokenize(source):
            assert not source[position : token.start].strip(" \t\r\n\f\v")
            assert source[token.start : token.end] == token.text != ""
            position = token.end
        assert not source[position:].strip(" \t\r\n\f\v")
