"""Texts that do not compile: what other languages write, and what Lua writes instead.

Lua's message tells the line and the token at which its parser could not go on. Each rule asks for the tokens
around that one, so that it says nothing of a text that merely contains the same words.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice, pairwise

from ba_runtime.syntax._tokens import Kind, Token

from ._blocks import unclosed
from ._case import bounded, path_before
from ._text import Text
from ._values import unbracketed

_MESSAGE = re.compile(r"^[^\n]{1,200}?:(\d+): (.*?)(?: near (.*))?$", re.DOTALL)
_END = "<eof>"
MOST_PLACES = 20  # that a message may mean, in a line that repeats itself

# What word processors and web pages put in place of quotation marks, of the minus sign, and of operators.
_QUOTES = "\u201c\u201d\u201e\u201f\u2018\u2019\u201a\u201b\xab\xbb\u2039\u203a\u2032\u2033"
_DASHES = "\u2010\u2011\u2012\u2013\u2014\u2212"
_SYMBOLS = {"\u2260": "~=", "\u2264": "<=", "\u2265": ">=", "\xd7": "*", "\xf7": "/", "\u2026": "..."}
_ASSIGNED = frozenset(("+", "-", "*", "/", "//", "%", "^", "..", "&", "|", "<<", ">>"))

_DECLARES = frozenset(("var", "let", "const", "int", "float", "double", "bool", "auto", "char"))
_DEFINES = frozenset(("def", "func", "fn", "fun", "void", "sub"))
_ELSE_IFS = frozenset(("elif", "elsif", "elseIf", "ElseIf"))
_IMPORTS = frozenset(("import", "using", "include"))
_CALLED = frozenset(("print", "trace", "error", "tostring", "type"))


@dataclass(frozen=True, slots=True)
class Problem:
    """What Lua says about a text: what is wrong, and the token that it could not read.

    `at` is the token's index, or the number of tokens where the text has ended too early.
    """

    words: str
    near: str
    line: int
    at: int
    text: Text

    def token(self, offset: int) -> Token | None:
        """Returns a token near the one that Lua could not read."""
        index = self.at + offset
        return self.text.tokens[index] if 0 <= index < len(self.text.tokens) else None

    def word(self, offset: int) -> str:
        """Returns the text of that token, "" where there is none."""
        token = self.token(offset)
        return token.text if token else ""

    def is_joined(self, offset: int) -> bool:
        """Tells whether that token follows the one before it without a blank."""
        left, right = self.token(offset - 1), self.token(offset)
        return left is not None and right is not None and left.end == right.start

    def is_on_line(self, offset: int) -> bool:
        """Tells whether that token is on the line of the one that Lua could not read."""
        index = self.at + offset
        return 0 <= index < len(self.text.tokens) and self.text.line(index) == self.line


def hint(message: str, text: Text) -> str | None:
    """Returns what to say about a text that does not compile, None for nothing."""
    match = _MESSAGE.match(message)
    if match is None or not text.tokens:
        return None
    near = (match[3] or "").strip("'")
    for problem in islice(_problems(int(match[1]), match[2], near, text), MOST_PLACES):
        for rule in RULES:
            said = rule(problem)
            if said:
                return said
    return None


def _problems(line: int, words: str, near: str, text: Text) -> Iterator[Problem]:
    """Yields the places that Lua may mean: the tokens of that line which read so."""
    first, last = text.span(line)
    if near in (_END, ""):
        yield Problem(words, near, line, len(text.tokens), text)
        return
    for index in range(first, last):
        token = text.tokens[index].text
        is_foreign = near.startswith("<\\") and not token.isascii()
        if token == near or is_foreign or (near.endswith("...") and token.startswith(near[:-3])):
            yield Problem(words, near, line, index, text)


# ---------------------------------------------------------------- operators and signs


def not_equal(problem: Problem) -> str | None:
    """`!=`, `<>`, `!x`, `===`."""
    if problem.near == "!":
        if problem.word(1) in ("=", "==") and problem.is_joined(1):
            return "!= is written ~= in Lua"
        return "! is written not in Lua, as in not x"
    if problem.near == ">" and problem.word(-1) == "<" and problem.is_joined(0):
        return "<> is written ~= in Lua"
    if problem.near == "=" and problem.word(-1) == "==" and problem.is_joined(0):
        return "=== is written == in Lua"
    return None


def logical(problem: Problem) -> str | None:
    """`&&`, `||`."""
    for sign, word in (("&", "and"), ("|", "or")):
        is_first = problem.word(1) == sign and problem.is_joined(1)
        is_second = problem.word(-1) == sign and problem.is_joined(0)
        if problem.near == sign and (is_first or is_second):
            return f"{sign}{sign} is written {word} in Lua"
    return None


def conditional(problem: Problem) -> str | None:
    """`a ? b : c`."""
    return "there is no ? : in Lua; write condition and a or b" if problem.near == "?" else None


def arrow(problem: Problem) -> str | None:
    """`x => y`."""
    if problem.near == "=" and problem.word(1) == ">" and problem.is_joined(1):
        return "there is no => in Lua; write function(x) return … end"
    return None


def compound(problem: Problem) -> str | None:
    """`x += 1`, `x++`."""
    sign, target = problem.near, problem.token(-1)
    if sign not in _ASSIGNED or target is None or target.kind is not Kind.NAME or not problem.is_joined(1):
        return None
    name = bounded(".".join((*path_before(problem.text.tokens, problem.at - 1), target.text)))
    if problem.word(1) == "=" and problem.words == "syntax error":
        return f"there is no {sign}= in Lua; write {name} = {name} {sign} …"
    if problem.word(1) == sign == "+" and problem.words == "syntax error":
        return f"there is no ++ in Lua; write {name} = {name} + 1"
    return None


def comment(problem: Problem) -> str | None:
    """`// text`, `/* text */`, `# text`."""
    is_first = problem.at == 0 or not problem.is_on_line(-1)
    if problem.near == "//" and is_first:
        return "-- begins a comment in Lua; // divides"
    if problem.near == "#" and is_first:
        return "-- begins a comment in Lua; # is a length"
    if problem.near == "/" and problem.word(1) == "*" and problem.is_joined(1):
        return "a comment is written -- to the end of the line, or --[[ … ]] in Lua"
    if _is_behind_slashes(problem):
        return "-- begins a comment in Lua; // divides"
    return None


def _is_behind_slashes(problem: Problem) -> bool:
    """Tells whether what Lua could not read follows words behind a `//` that would have been a comment."""
    if problem.words != "syntax error":
        return False
    tokens, text = problem.text.tokens, problem.text
    for index in range(problem.at - 1, max(problem.at - 10, 0), -1):
        if tokens[index].text == "//":
            words = tokens[index + 1 : problem.at]
            line = text.line(index)
            is_text = all(token.kind is Kind.NAME for token in words)
            return (
                is_text
                and len(words) >= 1
                and all(text.line(one) == line for one in range(index, problem.at))
            )
    return False


def assigned(problem: Problem) -> str | None:
    """`if x = 5 then`, and `x == 5` as a statement."""
    if problem.near == "==" and problem.words == "syntax error":
        return "= assigns, and == compares"
    if problem.near != "=" or problem.word(1) == "=":
        return None
    is_condition = problem.words in ("'then' expected", "'do' expected", "')' expected")
    head = _statement(problem)
    if is_condition and head in ("if", "elseif", "while", "until"):
        return "== compares, and = assigns"
    return None


def _statement(problem: Problem) -> str:
    """The word that begins the condition before the place, "" for none on its line."""
    for offset in range(-1, -60, -1):
        if not problem.is_on_line(offset):
            return ""
        if problem.word(offset) in ("if", "elseif", "while", "until", "then", "do", "local", "return"):
            return problem.word(offset)
    return ""


def foreign_sign(problem: Problem) -> str | None:
    """Signs that come with text copied from a page or a word processor."""
    token = problem.token(0)
    sign = token.text if token else ""
    if problem.near == "`":
        return "texts are written in \"…\", in '…' or in [[…]]"
    if not token or sign.isascii() or token.kind is not Kind.UNKNOWN:
        return None
    if sign in _QUOTES:
        return f"{sign} is not a quotation mark to Lua; use \" or '"
    if sign in _DASHES:
        return f"{sign} is not a minus sign to Lua; use -"
    if sign in _SYMBOLS:
        return f"{sign} is written {_SYMBOLS[sign]} in Lua"
    if unicodedata.category(sign) in ("Zs", "Cf"):
        return f"an invisible character (U+{ord(sign):04X}) is in this line; delete it"
    if unicodedata.category(sign)[0] == "L":
        return "names consist of the letters a to z and A to Z, digits and _"
    return None


# ---------------------------------------------------------------- words


def foreign_word(problem: Problem) -> str | None:
    """What other languages begin a statement with."""
    word = problem.word(-1)
    if problem.words not in ("syntax error", "'=' expected"):
        return None
    if word == "continue":
        return "there is no continue in Lua; write goto continue, and ::continue:: before the end of the loop"
    if (
        not problem.is_on_line(-1)
        or not (token := problem.token(0))
        or (problem.is_on_line(-2) and problem.word(-2) == ".")
    ):
        return None
    if token.kind is Kind.NAME and word in _DECLARES:
        return f"variables are declared by the word local: local {bounded(token.text)}"
    if token.kind is Kind.NAME and word in _DEFINES:
        return f"functions are written function {bounded(token.text)}(…) … end"
    if word in _ELSE_IFS:
        return "the word is elseif in Lua"
    if word in _IMPORTS:
        return 'modules are loaded by require, such as local httpc = require "httpc"'
    if word == "switch":
        return "there is no switch in Lua; write if … then … elseif … then … end"
    if word in _CALLED and token.kind in (Kind.NAME, Kind.NUMBER):
        return f"arguments are put in brackets: {word}({bounded(token.text)})"
    return None


def call_without_brackets(problem: Problem) -> str | None:
    """`print "a" .. x`, whose call ends with the text."""
    text, name = problem.token(-1), problem.token(-2)
    if problem.words != "unexpected symbol" or problem.near not in ("..", "+", "*", "/", "%"):
        return None
    if not text or not name or text.kind is not Kind.STRING or name.kind is not Kind.NAME:
        return None
    return unbracketed(bounded(name.text), problem.near)


def braces(problem: Problem) -> str | None:
    """Blocks in braces, and the head of a loop in brackets."""
    if problem.near == "(" and problem.word(-1) == "for":
        return "loops are written for i = 1, 10 do … end, or for key, value in pairs(t) do … end"
    if problem.near == "{" and problem.word(-1) == "else":
        return "blocks have no braces in Lua: else … end"
    if problem.near == "{" and problem.word(-1) == ")" and problem.words == "unexpected symbol":
        return "blocks have no braces in Lua: function f(…) … end"
    if problem.words in ("'then' expected", "'do' expected"):
        word = "then" if "then" in problem.words else "do"
        if _has_brace_head(problem, ("if", "elseif") if word == "then" else ("while", "for")):
            return f"blocks have no braces in Lua: {'if' if word == 'then' else 'while'} … {word} … end"
    return None


def _has_brace_head(problem: Problem, heads: tuple[str, ...]) -> bool:
    """Tells whether the statement before the place is a head in brackets, and a brace behind it."""
    tokens = problem.text.tokens
    for index in range(min(problem.at, len(tokens) - 1), -1, -1):
        if tokens[index].text not in heads:
            continue
        line = problem.text.line(index)
        words = [tokens[i].text for i in range(index, len(tokens)) if problem.text.line(i) <= line + 1]
        return any(pair == (")", "{") for pair in pairwise(words))
    return False


def name_with_a_digit(problem: Problem) -> str | None:
    """`5x`."""
    if problem.words == "malformed number" and re.fullmatch(r"[1-9]\d*[A-Za-z_]\w*", problem.near):
        return "a name cannot begin with a digit"
    return None


# ---------------------------------------------------------------- blocks


def end_missing(problem: Problem) -> str | None:
    """The text ends inside a block."""
    if problem.near != _END or not problem.words.startswith(("'end' expected", "'until' expected")):
        return None
    return unclosed(problem.text)


def end_too_many(problem: Problem) -> str | None:
    """An `end` where no block is open."""
    if problem.words == "<eof> expected" and problem.near == "end":
        return "there is one end too many: no block is open here"
    return None


def after_return(problem: Problem) -> str | None:
    """A statement behind `return`."""
    is_block = problem.words.startswith(("'end' expected", "<eof> expected"))
    if not is_block or problem.near in (_END, "end", "until", "else", "elseif", "", ")", "}", "]", "="):
        return None
    first = max(0, problem.at - 200)
    if not any(token.text == "return" for token in problem.text.tokens[first : problem.at]):
        return None
    return "return must be the last statement of its block; elsewhere write do return end"


RULES: tuple[Callable[[Problem], str | None], ...] = (
    not_equal,
    logical,
    conditional,
    arrow,
    compound,
    comment,
    assigned,
    foreign_sign,
    foreign_word,
    call_without_brackets,
    braces,
    name_with_a_digit,
    end_missing,
    end_too_many,
    after_return,
)
