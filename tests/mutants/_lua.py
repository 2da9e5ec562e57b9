"""Every fault of a Lua file: tables of tokens and of lines.

A token is replaced wherever it stands (strings and comments are one token each); a line that is one whole
statement, or begins one with a condition, is replaced as a line. Whether the result is Lua is for its
compiler to say, which `Compiler` asks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise

from tests.lua._programs import Session, session

from ._fault import Fault

TOKEN = re.compile(
    r"""
      (?P<skip> \s+ | --\[(?P<c>=*)\[ .*? \](?P=c)\] | --[^\n]* )
    | (?P<string> \[(?P<s>=*)\[ .*? \](?P=s)\] | "(?:\\.|[^"\\])*" | '(?:\\.|[^'\\])*' )
    | (?P<number> 0[xX][0-9a-fA-F]+ | \d+\.\d+ | \d+ )
    | (?P<name> [A-Za-z_]\w* )
    | (?P<operator> \.\.\.? | == | ~= | <= | >= | // | :: | << | >> | [-+*/%^\#&~|<>=(){}\[\];:,.] )
    """,
    re.VERBOSE | re.DOTALL,
)
SWAPS = {
    "<": ("comparison", "<="), "<=": ("comparison", "<"), ">": ("comparison", ">="),
    ">=": ("comparison", ">"), "==": ("comparison", "~="), "~=": ("comparison", "=="),
    "and": ("and, or", "or"), "or": ("and, or", "and"), "not": ("dropped not", ""),
    "true": ("true, false", "false"), "false": ("true, false", "true"),
    "+": ("arithmetic", "-"), "-": ("arithmetic", "+"), "*": ("arithmetic", "+"), "//": ("arithmetic", "*"),
    "%": ("arithmetic", "+"), "&": ("arithmetic", "|"), "|": ("arithmetic", "&"),
    "<<": ("arithmetic", ">>"), ">>": ("arithmetic", "<<"),
}  # fmt: skip
PLACE = r"[A-Za-z_][\w.:]*(?:\[[^\]\n]*\])?"
CALL = re.compile(rf"^ *(?P<it>{PLACE}\(.*\))$", re.MULTILINE)
ASSIGNMENT = re.compile(rf"^ *(?P<it>{PLACE}(?:, {PLACE})* = [^\n]*[^,{{(\n])$", re.MULTILINE)
CLEAN_UP = re.compile(r" = (?:nil|false|0|\{\})(?:, (?:nil|false|0))*$")
CONDITION = re.compile(r"^ *(?:else)?if (?P<it>[^\n]+) then\b", re.MULTILINE)
ARGUMENTS = re.compile(r"\w\((?P<it>(?P<a>[\w.]+|\"[^\"\n]*\"), (?P<b>[\w.]+|\"[^\"\n]*\"))[,)]")
ERROR_TEXT = re.compile(r"(?:return nil, |error\(|raise(?:_outside)?\()(?P<it>\")")
KEYWORDS = ("local", "return", "if", "elseif", "for", "while", "until", "function", "repeat", "end", "else")


def _tokens(source: str) -> list[re.Match[str]]:
    return [token for token in TOKEN.finditer(source) if token.lastgroup != "skip" and not token["skip"]]


def _token_faults(path: str, source: str) -> Iterator[Fault]:
    tokens = _tokens(source)
    for before, token in pairwise(tokens):
        text, (start, end) = token.group(), token.span()
        if token["number"]:
            yield from _numbers(path, text, start, end)
        elif text in SWAPS and not token["string"] and not _is_attribute(source, start, end):
            kind, other = SWAPS[text]
            # A sign, as in `= -1` and `(-1`, is no subtraction; the compiler refuses most of the rest.
            if text != "-" or before["name"] or before["number"] or before.group() in ")]":
                yield Fault(path, start, end, other, kind)


def _numbers(path: str, text: str, start: int, end: int) -> Iterator[Fault]:
    value = int(text, 16) if text[:2].lower() == "0x" else float(text) if "." in text else int(text)
    yield Fault(path, start, end, str(value + 1), "number")
    if value:
        yield Fault(path, start, end, str(value - 1), "number")


def _is_attribute(source: str, start: int, end: int) -> bool:
    """`<const>` and `<close>` are no comparisons."""
    return bool(re.match(r"<(?:const|close)>", source[start : start + 7])) or bool(
        re.search(r"<(?:const|close)>$", source[:end])
    )


def _line_faults(path: str, source: str) -> Iterator[Fault]:
    # Strings and comments: what stands in them only looks like a statement.
    other = [
        match.span() for match in TOKEN.finditer(source) if match["string"] or "--" in (match["skip"] or "")
    ]

    def found(pattern: re.Pattern[str]) -> Iterator[re.Match[str]]:
        for match in pattern.finditer(source):
            start = match.start("it")
            if not any(first < start < last for first, last in other) and "--" not in match["it"]:
                yield match

    for match in found(CALL):
        if match["it"].split("(")[0].split()[0] not in KEYWORDS:
            yield Fault(path, *match.span("it"), "", "dropped call")
    for match in found(ASSIGNMENT):
        if match["it"].split()[0] not in KEYWORDS:
            kind = "dropped clean-up" if CLEAN_UP.search(match["it"]) else "dropped assignment"
            yield Fault(path, *match.span("it"), "", kind)
    for match in found(CONDITION):
        yield Fault(path, *match.span("it"), f"not ({match['it']})", "inverted condition")
        yield Fault(path, *match.span("it"), "false", "dropped check")
    for match in found(ARGUMENTS):
        if match["a"] != match["b"]:
            yield Fault(path, *match.span("it"), f"{match['b']}, {match['a']}", "swapped arguments")
    for match in found(ERROR_TEXT):
        yield Fault(path, *match.span("it"), '"?', "changed text")


def faults_of(path: str, source: str) -> list[Fault]:
    """Returns every fault of a file; not all of them are Lua."""
    return [*_token_faults(path, source), *_line_faults(path, source)]


class Compiler:
    """Lua's own compiler, in a runtime."""

    def __init__(self, here: Session) -> None:
        """`here` runs for as long as this is used."""
        self._here = here

    def takes(self, source: str) -> bool:
        """Tells whether the text is Lua."""
        level = "=" * 8
        return self._here.value(f"load([{level}[{source}]{level}]) ~= nil") == "true"


@contextmanager
def compiler() -> Iterator[Compiler]:
    """A compiler for the time of a `with` block."""
    with session() as here:
        yield Compiler(here)
