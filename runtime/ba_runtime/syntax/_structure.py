"""What a text declares, and where: the variables that are visible at a place, and which brackets belong
together.

One walk over the tokens notes for every variable where it gets a value, as a `Source`: a place in the text,
which `_values.py` reads when somebody asks. Half-written text is the usual case, so nothing here is an error;
what cannot be understood is passed over.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto

from ._tokens import Kind, Token

_BRACKETS = {")": "(", "]": "[", "}": "{"}
_OPEN_BRACKETS = frozenset(_BRACKETS.values())
_BLOCKS = frozenset(("function", "do", "then", "else", "repeat"))
# No statement is inside brackets, unless it is in a function there: brackets that are open have been
# forgotten.
_STATEMENTS = frozenset(("local", "return", "while", "for", "if", "goto", "break", "do", "then", "repeat"))
UNARY = frozenset(("not", "-", "#", "~"))
BINARY = frozenset((
    "+", "-", "*", "/", "//", "%", "^", "..", "&", "|", "~", "<<", ">>", "<", ">", "<=", ">=", "==", "~=",
    "and", "or",
))  # fmt: skip
_ENDS = frozenset(("end", "until", "else", "elseif"))
_NEVER = sys.maxsize


class From(Enum):
    """How a variable gets its value."""

    EXPRESSION = auto()
    """From the list of expressions at `token`: its value number `position`."""
    EACH = auto()
    """From what the `for` goes through whose list of expressions is at `token`."""
    PARAMETER = auto()
    """It is parameter number `position` of the function at `token`."""
    SELF = auto()
    """It is the object of the method at `token`."""
    FUNCTION = auto()
    """It is the function at `token`."""
    KIND = auto()
    """It is an object of the kind `kind`."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where a value comes from; what the numbers mean depends on `form`."""

    form: From
    token: int = 0
    position: int = 0
    kind: str = ""


@dataclass(slots=True)
class Binding:
    """A variable that has a value from the token `start` on, and up to `end` where its block ends."""

    name: str
    source: Source
    start: int
    is_local: bool
    end: int = _NEVER


@dataclass(slots=True)
class Structure:
    """What the tokens up to the cursor say.

    `closing` leads from an opening token to the one that closes it, `opening` back, and `inside` from the
    word `function` to the bracket around it. `fields` has what is assigned to fields, by the variable and the
    field. `open` are the blocks and brackets around the cursor, `open_blocks` the words of the blocks, the
    outermost first.
    """

    tokens: Sequence[Token]
    closing: dict[int, int] = field(default_factory=dict)
    opening: dict[int, int] = field(default_factory=dict)
    inside: dict[int, int] = field(default_factory=dict)
    bindings: dict[str, list[Binding]] = field(default_factory=dict)
    fields: dict[str, dict[str, Source]] = field(default_factory=dict)
    open: tuple[int, ...] = ()
    open_blocks: tuple[str, ...] = ()

    def binding(self, name: str, at: int) -> Binding | None:
        """Returns the last binding of a name that holds at a token, None if the text does not bind it."""
        for binding in reversed(self.bindings.get(name, ())):
            if binding.start <= at < binding.end:
                return binding
        return None

    def visible(self) -> Iterator[Binding]:
        """Yields the variables that can be used at the end, in the order in which they appear."""
        for name in self.bindings:
            binding = self.binding(name, len(self.tokens))
            if binding is not None:
                yield binding

    def text(self, index: int) -> str:
        """Returns the text of a token, "" for one that is not there."""
        return self.tokens[index].text if 0 <= index < len(self.tokens) else ""

    def is_name(self, index: int) -> bool:
        """Whether there is a name at this place."""
        return 0 <= index < len(self.tokens) and self.tokens[index].kind is Kind.NAME


def structure_of(tokens: Sequence[Token], given: dict[str, str]) -> Structure:
    """Reads tokens. `given` are the variables that are there without a declaration, with the kinds of their
    values.
    """
    structure = Structure(tokens)
    _pair(structure)
    return _Walk(structure, given).read()


def parameters_of(structure: Structure, function: int) -> tuple[str, ...]:
    """Returns the names of the parameters of the function at a token, with `...` if it has that."""
    index = function + 1
    while structure.is_name(index) or structure.text(index) in (".", ":"):
        index += 1
    names, after = _name_list(structure, index + 1)
    return (*names, "...") if structure.text(after) == "..." else tuple(names)


def end_of_list(structure: Structure, index: int) -> int:
    """Returns the token behind a list of expressions, more than there are tokens if it is not complete."""
    while True:
        index = end_of_expression(structure, index)
        if structure.text(index) != ",":
            return index
        index += 1


def end_of_expression(structure: Structure, index: int) -> int:
    """Returns the token behind an expression, more than there are tokens if it is not complete."""
    while True:
        while structure.text(index) in UNARY:
            index += 1
        index = _end_of_operand(structure, index)
        if structure.text(index) not in BINARY:
            return index
        index += 1


def _end_of_operand(structure: Structure, index: int) -> int:
    tokens = structure.tokens
    if index >= len(tokens):
        return len(tokens) + 1
    token = tokens[index]
    if token.text in ("{", "function"):
        return structure.closing.get(index, len(tokens)) + 1
    if token.kind is Kind.NAME or token.text == "(":
        index = index + 1 if token.kind is Kind.NAME else structure.closing.get(index, len(tokens)) + 1
        return _end_of_suffixes(structure, index)
    is_value = token.kind in (Kind.STRING, Kind.NUMBER) or token.text in ("nil", "true", "false", "...")
    return index + 1 if is_value else index


def _end_of_suffixes(structure: Structure, index: int) -> int:
    tokens = structure.tokens
    while index < len(tokens):
        token = tokens[index]
        if token.text in (".", ":"):
            index += 2
        elif token.text in _OPEN_BRACKETS:
            index = structure.closing.get(index, len(tokens)) + 1
        elif token.kind is Kind.STRING:
            index += 1
        else:
            break
    return index


def _pair(structure: Structure) -> None:
    """Finds what belongs together; a bracket that was never closed ends with the block around it."""
    opened: list[tuple[str, int]] = []
    for index, token in enumerate(structure.tokens):
        text = token.text
        if text in _STATEMENTS or text in _ENDS:
            while opened and opened[-1][0] in _OPEN_BRACKETS:
                opened.pop()
        if text in _ENDS and opened:
            structure.closing[opened.pop()[1]] = index
        if text in _OPEN_BRACKETS or text in _BLOCKS:
            if text == "function" and opened and opened[-1][0] in _OPEN_BRACKETS:
                structure.inside[index] = opened[-1][1]
            opened.append((text, index))
        elif text in _BRACKETS and opened and opened[-1][0] == _BRACKETS[text]:
            structure.closing[opened.pop()[1]] = index
    structure.open = tuple(index for _, index in opened)
    structure.opening = {closed: opened_at for opened_at, closed in structure.closing.items()}


@dataclass(slots=True)
class _Block:
    """A block that is open: what is bound in it, and the names of its own variables."""

    bindings: list[Binding] = field(default_factory=list)
    names: set[str] = field(default_factory=set)


class _Walk:
    """Collects the bindings of a text, block by block."""

    def __init__(self, structure: Structure, given: dict[str, str]) -> None:
        self._structure = structure
        self._tokens = structure.tokens
        self._blocks = [_Block()]
        self._words: list[str] = []
        self._tables: list[int] = []
        self._loop: list[tuple[str, Source]] = []  # variables of a `for` whose `do` is still to come
        for name, kind in given.items():
            self._bind(name, Source(From.KIND, kind=kind), 0)

    def read(self) -> Structure:
        """Walks over all tokens."""
        for index, token in enumerate(self._tokens):
            if token.kind is Kind.KEYWORD:
                self._keyword(index, token.text)
            elif token.text == "=":
                self._assignment(index)
            elif token.text == "{":
                self._tables.append(index)
            elif token.text == "}" and self._tables:
                self._tables.pop()
        self._structure.open_blocks = tuple(self._words)
        return self._structure

    def _keyword(self, index: int, word: str) -> None:
        if word in _ENDS and self._words:
            for binding in self._blocks.pop().bindings:
                binding.end = index
            self._words.pop()
        if word in _BLOCKS:
            self._blocks.append(_Block())
            self._words.append(word)
        if word == "function":
            self._function(index)
        elif word == "local":
            self._local(index)
        elif word == "for":
            self._for(index)
        elif word == "do":
            for name, source in self._loop:
                self._bind(name, source, index + 1)
            self._loop.clear()

    def _local(self, index: int) -> None:
        names, after = _name_list(self._structure, index + 1)
        has_value = self._structure.text(after) == "="
        start = end_of_list(self._structure, after + 1) if has_value else after
        for position, name in enumerate(names):
            self._bind(name, Source(From.EXPRESSION, after + 1, position), start)

    def _for(self, index: int) -> None:
        names, after = _name_list(self._structure, index + 1)
        if self._structure.text(after) in ("in", "="):
            self._loop = [(name, Source(From.EACH, after + 1, place)) for place, name in enumerate(names)]

    def _function(self, index: int) -> None:
        structure = self._structure
        path, after = [], index + 1
        while structure.is_name(after) or structure.text(after) in (".", ":"):
            path.append(structure.text(after))
            after += 1
        source = Source(From.FUNCTION, index)
        if len(path) == 1:
            self._name_function(path[0], source, is_local=structure.text(index - 1) == "local")
        elif len(path) == 3:
            structure.fields.setdefault(path[0], {})[path[2]] = source
        if len(path) > 1 and path[-2] == ":":
            self._bind("self", Source(From.SELF, index), index)
        if structure.text(after) == "(":
            for position, name in enumerate(_name_list(structure, after + 1)[0]):
                self._bind(name, Source(From.PARAMETER, index, position), after)

    def _name_function(self, name: str, source: Source, *, is_local: bool) -> None:
        """The name belongs to the block around the function, whose own has just begun."""
        inner = self._blocks.pop()
        if is_local:
            self._bind(name, source, source.token)
        else:
            self._assign(name, source, source.token)
        self._blocks.append(inner)

    def _assignment(self, index: int) -> None:
        """Notes what the `=` at `index` assigns to, unless it belongs to a declaration or a table."""
        structure = self._structure
        targets: list[int] = []
        at = index - 1
        while structure.is_name(at):
            targets.insert(0, at)
            if structure.text(at - 1) != ",":
                break
            at -= 2
        if not targets:
            return
        before = structure.text(targets[0] - 1)
        if before == "." and len(targets) == 1 and structure.is_name(targets[0] - 2):
            if structure.text(targets[0] - 3) not in (".", ":"):
                fields = structure.fields.setdefault(structure.text(targets[0] - 2), {})
                fields[structure.text(targets[0])] = Source(From.EXPRESSION, index + 1)
        elif before not in ("local", "for", "{", ",", ".", ":") and not self._is_field(before):
            start = end_of_list(structure, index + 1)
            for position, target in enumerate(targets):
                self._assign(structure.text(target), Source(From.EXPRESSION, index + 1, position), start)

    def _is_field(self, before: str) -> bool:
        """Whether what stands behind a semicolon is a field of a table: it is if one is open there."""
        return before == ";" and bool(self._tables)

    def _assign(self, name: str, source: Source, start: int) -> None:
        for block in reversed(self._blocks):
            if name in block.names:
                self._bind(name, source, start, block)
                return
        self._bind(name, source, start, self._blocks[0], is_local=False)

    def _bind(
        self,
        name: str,
        source: Source,
        start: int,
        block: _Block | None = None,
        *,
        is_local: bool = True,
    ) -> None:
        binding = Binding(name, source, start, is_local)
        block = block or self._blocks[-1]
        block.bindings.append(binding)
        if is_local:
            block.names.add(name)
        self._structure.bindings.setdefault(name, []).append(binding)


def _name_list(structure: Structure, index: int) -> tuple[list[str], int]:
    """Returns the names from token `index` on, as in `a, b <const>, c`, and the token behind them."""
    names: list[str] = []
    while structure.is_name(index):
        names.append(structure.text(index))
        index += 1
        if structure.text(index) == "<":
            index += 3
        if structure.text(index) != ",":
            break
        index += 1
    return names, index
