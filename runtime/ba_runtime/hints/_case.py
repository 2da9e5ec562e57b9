"""An error with everything that is known about it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from ba_runtime.observe.words import shown
from ba_runtime.syntax._tokens import Kind, Token

from ._text import Text
from ._texts import Texts

NAME_CHARACTERS = 40
WORD_CHARACTERS = 60

_POSITION = re.compile(r"^[^\n]{1,200}?:\d+: ")
_VARIABLE = re.compile(
    r"^attempt to (?P<verb>[\w ]+?) an? (?P<type>[^\n]+) value \((?P<kind>\w+) '(?P<name>[A-Za-z_]\w*)'\)$"
)
_BAD_ARGUMENT = re.compile(r"^bad argument #\d+ to '|^calling '\w+' on bad self")


@dataclass(frozen=True, slots=True)
class Failure:
    """A documented call that returned nil and a reason, at a line of a chunk."""

    source: str
    line: int
    call: str
    arguments: str
    reason: str
    port: int


@dataclass(frozen=True, slots=True)
class Variable:
    """What Lua's message says of a value: `attempt to VERB a TYPE value (KIND 'NAME')`."""

    verb: str
    type: str
    kind: str
    name: str


@dataclass(frozen=True)
class Case:
    """One error; the fields are as in `lua/host.lua`."""

    message: str
    raiser: str
    callee: str
    source: str
    line: int
    texts: Texts
    failures: Sequence[Failure] = ()
    known: str = ""
    visible: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    kind: str = ""
    members: tuple[str, ...] = ()
    owner: int = 0

    @cached_property
    def text(self) -> Text:
        """The text of the chunk that has failed."""
        return self.texts.get(self.source)

    @cached_property
    def place(self) -> int:
        """The token of the variable that has failed, or else the first one of the line."""
        first, end = self.text.span(self.line)
        name = self.variable.name if self.variable else ""
        return next((at for at in range(end - 1, first - 1, -1) if self.text.tokens[at].text == name), first)

    @cached_property
    def words(self) -> str:
        """The message without its position."""
        return _POSITION.sub("", self.message)

    @cached_property
    def variable(self) -> Variable | None:
        """What the message says of a variable, if an operation of the program's has raised it."""
        match = _VARIABLE.match(self.words) if self.raiser == "program" else None
        return Variable(match["verb"], match["type"], match["kind"], match["name"]) if match else None

    @cached_property
    def subject(self) -> str:
        """What the error is about as the line has it, such as `ba.socket` or `s`; "" where it is unknown."""
        return bounded(".".join(subject(self.message, self.callee, self.text, self.line)))


def bounded(name: str, limit: int = NAME_CHARACTERS) -> str:
    """Returns a name or a word of the user's, short and printable."""
    return shown(name, limit)


def failures(kept: Mapping[tuple[str, int], tuple[bytes, ...]]) -> tuple[Failure, ...]:
    """Returns the failed calls, the newest last."""
    return tuple(_failure(source, line, *parts) for (source, line), parts in kept.items())


def _failure(source: str, line: int, call: bytes, address: bytes, port: bytes, reason: bytes) -> Failure:
    host = bounded(address.decode("utf-8", "backslashreplace"), WORD_CHARACTERS)
    arguments = ", ".join(part for part in (f'"{host}"' if host else "", port.decode()) if part)
    why = bounded(reason.decode("utf-8", "backslashreplace"), WORD_CHARACTERS)
    return Failure(source, line, call.decode(), arguments, why, int(port or b"0"))


def subject(message: str, callee: str, text: Text, line: int) -> tuple[str, ...]:
    """Returns the path of names to what an error is about: what was to have a field, or to be called.

    It is empty where the line has no such path, or more than one.
    """
    words = _POSITION.sub("", message)
    match = _VARIABLE.match(words)
    if match and match["kind"] in ("field", "method"):
        return _path_to(text.on_line(line), match["name"])
    if callee and (
        _BAD_ARGUMENT.match(words) or words.startswith(("Invalid op", "attempt to yield", "Sock not"))
    ):
        return _path_to(text.on_line(line), callee)
    return ()


def _path_to(tokens: Sequence[Token], member: str) -> tuple[str, ...]:
    paths = {
        path_before(tokens, index)
        for index, token in enumerate(tokens)
        if token.text == member and index and tokens[index - 1].text in (".", ":")
    }
    return paths.pop() if len(paths) == 1 else ()


def path_before(tokens: Sequence[Token], index: int) -> tuple[str, ...]:
    """Returns the names before the `.` or `:` in front of a token; nothing where there is more than names."""
    names: list[str] = []
    at = index - 2
    while at >= 0 and tokens[at].kind is Kind.NAME:
        names.append(tokens[at].text)
        before = tokens[at - 1].text if at else ""
        if before != ".":
            return () if before == ":" else tuple(reversed(names))
        at -= 2
    return ()
