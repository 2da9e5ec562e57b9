"""What blocks and brackets say about a cell: how deep it is, and where its last statement can begin.

Everything here works on the tokens that a parser sees (so the text alone tells a keyword or an operator from
everything else: a string's has its quotes), and holds only for text that compiles, or would with
a `return` in the right place; so the callers ask the compiler to confirm what they take from here.

A token that can begin an expression does so only where the token before it can end a statement. Lua has no
mark between statements and reads greedily, so that pair of tokens decides: `x` after `1` must begin
something new, `(` after `f` must go on with a call, and after `"s"` either is possible, because `f "s" (x)`
is two calls but `y = "s" (x)()` two statements (Lua 5.4 manual, section 3.3.1).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import Enum, auto

from ._tokens import Kind, Token

OPENERS = frozenset(("(", "[", "{", "function", "if", "do", "repeat"))
CLOSERS = frozenset((")", "]", "}", "end", "until"))
# `while` and `for` are not among the openers: the `do` of theirs is.
STATEMENT_WORDS = frozenset((
    "break", "do", "else", "elseif", "for", "goto", "if", "in", "local", "repeat", "return", "then",
    "until", "while",
))  # fmt: skip
_BEGIN_EXPRESSION = frozenset(("nil", "true", "false", "not", "function", "...", "#", "-", "~", "(", "{"))
_LITERALS = frozenset(("nil", "true", "false", "..."))
_BRACKETS = frozenset(("(", "[", "{"))
_CALLS = frozenset(("(", "{"))
_OPERATORS = frozenset(("-", "~"))


class _Join(Enum):
    """How a token stands to the one before it."""

    NEW = auto()
    EITHER = auto()
    GOES_ON = auto()


def last_starts(tokens: Sequence[Token]) -> Iterator[int]:
    """Yields the tokens where the last statement can begin, backwards, down to the one where it must.

    There is no such token where the last statement begins with a keyword of its own. Brackets that are still
    open count as if they were not there; what is in a block still open belongs to the statement around it.
    """
    depth = 0
    last = max((index for index in open_blocks(tokens) if tokens[index].text not in _BRACKETS), default=None)
    for index in range(len(tokens) - 1 if last is None else last, -1, -1):
        text = tokens[index].text
        if text in CLOSERS and not (text == "until" and depth == 0):
            depth += 1
        elif text in OPENERS and depth:
            depth -= 1
        if depth:
            continue
        if text in STATEMENT_WORDS:
            return
        if _can_begin_expression(tokens[index]):
            join = _join(tokens, index)
            if join is not _Join.GOES_ON:
                yield index
            if join is _Join.NEW:
                return


def open_blocks(tokens: Sequence[Token]) -> list[int]:
    """Returns which tokens have opened a block or bracket that is still open at the end, outermost first."""
    opened: list[int] = []
    for index, token in enumerate(tokens):
        if token.text in OPENERS:
            opened.append(index)
        elif token.text in CLOSERS and opened:
            opened.pop()
    return opened


def is_one_call(tokens: Sequence[Token]) -> bool:
    """Tells whether the tokens are a name and one list of arguments, such as `f(x)` or `f "x"`."""
    if len(tokens) < 2 or tokens[0].kind is not Kind.NAME:
        return False
    if tokens[1].kind is not Kind.STRING and tokens[1].text not in _CALLS:
        return False
    depth = 0
    for index in range(1, len(tokens)):
        depth += (tokens[index].text in OPENERS) - (tokens[index].text in CLOSERS)
        if depth == 0:
            return index == len(tokens) - 1
    return False


def _can_begin_expression(token: Token) -> bool:
    return token.kind in (Kind.NAME, Kind.NUMBER, Kind.STRING) or token.text in _BEGIN_EXPRESSION


def _join(tokens: Sequence[Token], index: int) -> _Join:
    if index == 0:
        return _Join.NEW
    token, before = tokens[index], tokens[index - 1]
    is_call = token.kind is Kind.STRING or token.text in _CALLS
    if _ends_bare_statement(tokens, index - 1):
        return _Join.NEW
    if before.kind is Kind.NAME:
        kind = _join_to_name(tokens, index)
    elif before.text in (")", "]"):
        kind = _Join.GOES_ON
    elif before.kind is Kind.STRING or before.text == "}":
        kind = _Join.EITHER if is_call else _Join.GOES_ON
    elif before.kind is Kind.NUMBER or before.text in _LITERALS:
        kind = _Join.NEW if is_call else _Join.GOES_ON
    elif before.text == "end":
        kind = _Join.NEW if is_call else _Join.EITHER
    else:  # an operator, or a word that wants something after it
        return _Join.GOES_ON
    return kind if is_call or token.text in _OPERATORS else _Join.NEW


def _join_to_name(tokens: Sequence[Token], index: int) -> _Join:
    """The join of a call or an operator to the name before it, which may be declared rather than used."""
    before = tokens[index - 2].text if index >= 2 else ""
    if before in ("goto", "local"):
        return _Join.NEW
    return _Join.EITHER if before == "," else _Join.GOES_ON


def _ends_bare_statement(tokens: Sequence[Token], index: int) -> bool:
    """Tells whether the token ends a statement that is no expression: `;`, `break`, `::l::`, `<const>`."""
    text = tokens[index].text
    if text == "::":
        return index >= 2 and tokens[index - 2].text == "::"
    if text == ">":  # an attribute, if its name is being declared; else two comparisons
        before = [token.text for token in tokens[max(0, index - 4) : index]]
        return len(before) == 4 and before[0] in ("local", ",") and before[2] == "<"
    return text in (";", "break")
