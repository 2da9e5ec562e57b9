"""What the name at the cursor is: its documentation, where it was defined, and the value that it has now."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from ba_runtime.docs import Entry, function_at, lookup, method_of, methods
from ba_runtime.looking import Described
from ba_runtime.syntax import Defined, Made, Method, Place, Reading, Table, Value, Where
from ba_runtime.text import printable

from ._asking import Asker
from ._definitions import Definition, comment_above, definition_of
from ._engine import Engine
from ._errors import Sources
from ._magic_table import MAGICS
from ._view import reading_at

BUSY = "(Lua is busy; the value cannot be shown now)"
# A table of 10,000 lines is no help in a tooltip.
VALUE_CHARACTERS = 2000
MOST_FIELDS = 50

_MARKDOWN = re.compile(r"([\\`*_<>\[\]|#])")


@dataclass(slots=True)
class Help:
    """What there is to show: parts of plain text, and the same in Markdown."""

    plain: list[str]
    marked: list[str]

    def add(self, text: str, *, label: str = "") -> None:
        """Adds a paragraph, with a label in front."""
        self.plain.append(f"{label}: {text}" if label else text)
        self.marked.append(f"**{label}:** {escaped(text)}" if label else escaped(text))

    def add_code(self, code: str, *, fence: str = "```") -> None:
        """Adds Lua."""
        self.plain.append(code)
        self.marked.append(f"{fence}lua\n{code}\n{fence}")

    def add_lines(self, lines: Iterable[tuple[str, str]]) -> None:
        """Adds a list of words that are explained."""
        pairs = list(lines)
        width = max((len(word) for word, _ in pairs), default=0)
        self.plain.append("\n".join(f"  {word:{width}}  {text}" for word, text in pairs))
        self.marked.append("\n".join(f"- `{word}`: {escaped(text)}" for word, text in pairs))

    def data(self) -> dict[str, str]:
        """Returns it by MIME type, nothing if there is nothing."""
        if not self.plain:
            return {}
        return {"text/plain": "\n\n".join(self.plain), "text/markdown": "\n\n".join(self.marked)}


async def inspect(
    engine: Engine, sources: Sources, code: str, cursor: int, detail: int = 0
) -> dict[str, object]:
    """Returns the content of an inspect_reply for the name at the cursor, or for the call around it.

    With `detail` of 1, the source of a program's function is shown too.
    """
    data = await help_at(engine, sources, code, cursor, detail)
    return {"status": "ok", "found": bool(data), "data": data, "metadata": {}}


async def help_at(
    engine: Engine, sources: Sources, code: str, cursor: int, detail: int = 0
) -> dict[str, str]:
    """Returns what there is to show about the name at the cursor, by MIME type; nothing for no such name."""
    shown = Help([], [])
    line_start = code.rfind("\n", 0, cursor) + 1
    words = code[line_start:].partition("\n")[0].split()
    if words and words[0].startswith("%"):
        _add_magic(shown, words[0])
        return shown.data()
    reading = reading_at(code, cursor)
    if reading is not None:
        await _Look(Asker(engine), sources, code, reading, detail).add_to(shown)
    return shown.data()


def _add_magic(shown: Help, name: str) -> None:
    magic = MAGICS.get(name)
    if magic is not None:
        shown.add_lines(magic.forms)


class _Look:
    """One look at the name at a cursor."""

    def __init__(self, asker: Asker, sources: Sources, code: str, reading: Reading, detail: int) -> None:
        self._asker = asker
        self._sources = sources
        self._code = code
        self._reading = reading
        self._detail = detail

    async def add_to(self, shown: Help) -> None:
        """Adds what there is to show."""
        reading = self._reading
        if await self._add_option(shown):
            return
        value = await self._asker.settle(reading, self._value)
        name, separator = self._name()
        if isinstance(value, Place):
            await self._add_place(shown, value, separator)
        elif isinstance(value, Method):
            _add_cards(shown, filter(None, [method_of(value.kind, value.name)]))
        elif isinstance(value, Made):
            _add_made(shown, name, value)
        elif isinstance(value, Defined):
            self._add_defined(shown, name, value)
        elif isinstance(value, Table):
            _add_table(shown, name, list(reading.values.fields(value)))
        elif separator == ":":  # of an unknown object: all methods of that name
            _add_cards(shown, lookup(f":{name}"))

    async def _add_option(self, shown: Help) -> bool:
        """Adds what the field at the cursor is, of a table that is an argument; tells whether it is known."""
        reading, context = self._reading, self._reading.context
        if context.where is not Where.OPTION:
            return False
        card = await self._asker.settle(reading, lambda: reading.callee)
        name = self._code[context.start : context.end]
        if card is None or name not in card.options:
            return False
        shown.add_code(card.signature)
        shown.add_lines([(name, card.options[name])])
        return True

    def _name(self) -> tuple[str, str]:
        context = self._reading.context
        word = self._code[context.start : context.end]
        if word and context.where in (Where.NAME, Where.MEMBER, Where.OPTION):
            return word, context.separator
        _, separator, name = self._reading.called
        return name, separator

    def _value(self) -> Value:
        """Returns what the name at the cursor, or of the call around it, stands for."""
        reading, context = self._reading, self._reading.context
        word = self._code[context.start : context.end]
        if word and context.where is Where.MEMBER:
            return reading.values.member(reading.owner, word)
        if word and context.where in (Where.NAME, Where.OPTION):
            return reading.values.variable(word, len(reading.structure.tokens))
        if context.where is Where.NAME and not word and reading.element is not None:
            return reading.element
        owner, separator, name = reading.called
        if separator:
            return reading.values.member(owner, name)
        return reading.values.variable(name, len(reading.structure.tokens)) if name else None

    async def _add_place(self, shown: Help, place: Place, separator: str) -> None:
        card = function_at(place.path)
        engine = self._asker.engine
        described = await self._asker.answer(lambda: engine.runtime.describe(place.path), BUSY)
        defined = described.defined if isinstance(described, Described) else None
        if card:
            _add_cards(shown, [card])
        elif (
            separator == ":" and not defined
        ):  # of an object that nothing is known about, or of a kind by its name
            owner, name = _spelled(place.path[:-1]), place.path[-1]
            _add_cards(shown, lookup(f"{owner}:{name}"))
        if defined:
            definition = definition_of(_spelled(place.path), defined, self._sources)
            _add_definition(shown, definition, with_source=self._detail > 0)
        elif isinstance(described, str):
            shown.add(described)
        elif described and not (
            shown.plain and described.type == "function"
        ):  # which would say that it is ours
            shown.add_code(_cut(_typed(described)), fence="~~~")

    def _add_defined(self, shown: Help, name: str, defined: Defined) -> None:
        reading = self._reading
        line = reading.line_of(defined.token)
        signature = f"{name}({', '.join(reading.parameters(defined.token))})"
        comment = comment_above(self._code.split("\n"), line)
        _add_definition(shown, Definition(signature, f"this cell, line {line}", comment), with_source=False)


def _add_cards(shown: Help, cards: Iterable[Entry]) -> None:
    for card in cards:
        shown.add_code(card.signature)
        add_card(shown, card)


def add_card(shown: Help, card: Entry) -> None:
    """Adds what a card says below its signature."""
    shown.add(card.text)
    if card.options:
        shown.add_lines(card.options.items())
    if card.returns:
        shown.add(card.returns, label="Returns")
    if card.errors:
        shown.add(card.errors, label="Errors")


def _add_definition(shown: Help, definition: Definition, *, with_source: bool) -> None:
    shown.add_code(printable(definition.signature))
    if definition.comment:
        shown.add(printable(definition.comment))
    shown.add(printable(definition.place), label="Defined in")
    if with_source and definition.source:
        shown.add_code(printable(definition.source), fence="~~~~")


def _add_made(shown: Help, name: str, made: Made) -> None:
    found = methods(made.kind)
    shown.add_code(f"{name}: {made.kind}")
    if found:
        shown.add(", ".join(found), label="Methods")


def _add_table(shown: Help, name: str, fields: list[str]) -> None:
    shown.add_code(f"{name}: table")
    if fields:
        rest = ["…"] if len(fields) > MOST_FIELDS else []
        shown.add(", ".join(fields[:MOST_FIELDS] + rest), label="Fields")


def _typed(described: Described) -> str:
    is_said = described.text.startswith(described.type + ":")
    return described.text if is_said else f"{described.type}: {described.text}"


def _spelled(path: tuple[str | int, ...]) -> str:
    """Returns a path as a program has it: of what `require` has loaded, what is behind the module's name."""
    keys = path[2:] if path[:2] == ("package", "loaded") and len(path) > 2 else path
    return ".".join(map(str, keys))


def _cut(value: str) -> str:
    text = printable(value)
    return text if len(text) <= VALUE_CHARACTERS else text[:VALUE_CHARACTERS] + "…"


def escaped(text: str) -> str:
    """Returns text as Markdown that shows it as it is."""
    return _MARKDOWN.sub(r"\\\1", text)
