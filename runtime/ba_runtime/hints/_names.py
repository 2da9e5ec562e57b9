"""A nil that was meant to be something: a local of another cell, a mistyped name, one without its table."""

from __future__ import annotations

from ba_runtime.docs import lookup
from ba_runtime.docs import members as documented

from ._case import Case, Variable, bounded
from ._near import near
from ._text import Text

# Where newcomers leave out the table's name. The first that has the name counts.
_TABLES = (("ba",), ("ba", "socket"), ("mako",), ("string",), ("table",), ("math",), ("os",), ("io",))

_TABLE_FUNCTIONS = frozenset(("concat", "insert", "move", "remove", "sort", "unpack"))

# What other languages call what Lua has under another name.
_FOREIGN = {
    "console": "print writes to the cell's output, and trace to the trace area",
    "len": "#x is the length of a text or list",
    "printf": "print(string.format(…)) writes with a format",
    "puts": "print writes a line",
    "echo": "print writes a line",
    "str": "tostring(x) makes a text of a value",
    "int": "tonumber(x) makes a number of a text, and x // 1 cuts off a fraction",
    "parseInt": "tonumber(x) makes a number of a text",
    "parseFloat": "tonumber(x) makes a number of a text",
    "setTimeout": "ba.timer(f) makes a timer, and its method set starts it",
    "this": "in a method that is defined with a colon, the object is self",
    "try": "pcall(f) catches errors; it returns false and the error",
}


def _missing(case: Case, *kinds: str) -> Variable | None:
    """What is nil, if it is one of these kinds of variable."""
    variable = case.variable
    return variable if variable and variable.type == "nil" and variable.kind in kinds else None


def self_without_colon(case: Case) -> str | None:
    """A method that is defined with a colon was called with a dot."""
    variable = case.variable
    if variable is None or variable.name != "self" or variable.kind != "local" or variable.verb != "index":
        return None
    text = case.text
    for opener in text.scope(case.place):
        if text.tokens[opener].text != "function":
            continue
        head = [token.text for token in text.tokens[opener + 1 : opener + 20]]
        name = head[: head.index("(")] if "(" in head else []
        if len(name) < 3 or name[-2] != ":":
            return None
        method = bounded(name[-1])
        return f"self is {variable.type}: {method} was called with a dot; write object:{method}(…)"
    return None


def local_elsewhere_in_the_cell(case: Case) -> str | None:
    """A local of the same text whose block has ended, or that is declared further down."""
    variable = _missing(case, "global")
    text = case.text
    if variable is None:
        return None
    name, place = bounded(variable.name), case.place
    declared = list(text.locals_named(variable.name))
    for index in reversed([one for one in declared if one < place]):
        if not text.is_seen_from(index, place):
            line = text.line(text.block(index))
            return (
                f"{name} is a local of the block that begins in line {line}, and ends with it; "
                f"declare it before that block: local {name}"
            )
    for index in declared:
        if index > place and text.is_seen_from(index, place):
            return f"{name} becomes a local only in line {text.line(index)}; declare it above this line"
    return None


def local_of_another_cell(case: Case) -> str | None:
    """A local of an earlier cell: each cell is a chunk of its own."""
    variable = _missing(case, "global")
    if variable is None:
        return None
    for number, text in case.texts.cells(variable.name):
        if f"cell[{number}]" == case.source:
            continue
        if any(text.block(index) < 0 for index in text.locals_named(variable.name)):
            where = f"was a local of cell [{number}], and locals end with their cell"
            return f"{bounded(variable.name)} {where}; leave out the word local there"
        if text.assignments((variable.name,)):
            return None
    return None


def only_on_the_server(case: Case) -> str | None:
    """A name that the server has, and this runtime does not."""
    return case.known or None if _missing(case, "global", "local", "upvalue", "field", "method") else None


def without_its_table(case: Case) -> str | None:
    """A function of the API or of Lua's libraries, without the table that it is in."""
    variable = _missing(case, "global")
    if variable is None or variable.verb not in ("call", "index"):
        return None
    if variable.name in _FOREIGN:
        return _FOREIGN[variable.name]
    for path in _TABLES:
        name = ".".join((*path, variable.name))
        is_there = lookup(name) if variable.verb == "call" else documented((*path, variable.name))
        if is_there:
            return f"did you mean {bounded(name)}?"
    return None


def nearly_a_name(case: Case) -> str | None:
    """A global that has nearly the name of another one, or of a local that is visible there."""
    variable = _missing(case, "global")
    if variable is None:
        return None
    return _did_you_mean(near(variable.name, (*case.visible, *case.names)))


def nearly_a_field(case: Case) -> str | None:
    """A field or method that has nearly the name of another one of the same object."""
    variable = _missing(case, "field", "method")
    if variable is None or not case.kind:
        return None
    path = tuple(case.subject.split("."))
    return _did_you_mean(near(variable.name, (*case.members, *(documented(path) if path[0] == "ba" else ()))))


def table_as_an_object(case: Case) -> str | None:
    """`t:insert(x)`: the functions of the library `table` are not methods of tables."""
    variable = _missing(case, "method")
    if variable is None or case.kind != "table" or variable.name not in _TABLE_FUNCTIONS:
        return None
    return f"tables have no methods of their own; write table.{variable.name}({case.subject}, …)"


def counted_from_nothing(case: Case) -> str | None:
    """`n = n + 1`, where `n` has no value yet."""
    variable = _missing(case, "global", "field", "local", "upvalue")
    if variable is None or variable.verb != "perform arithmetic on":
        return None
    name = f"{case.subject}.{variable.name}" if variable.kind == "field" else variable.name
    if variable.kind == "field" and not case.subject:
        return None
    if not _is_updated(case.text, case.line, name):
        return None
    return f"{bounded(name)} has no value yet; give it one first: {bounded(name)} = 0"


def _is_updated(text: Text, line: int, name: str) -> bool:
    words = "".join(token.text + " " for token in text.on_line(line))
    spaced = name.replace(".", " . ")
    return f" {spaced} = {spaced} " in f" {words}"


def _did_you_mean(names: tuple[str, ...]) -> str | None:
    return f"did you mean {' or '.join(map(bounded, names))}?" if names else None


RULES = (
    self_without_colon,
    local_elsewhere_in_the_cell,
    local_of_another_cell,
    only_on_the_server,
    without_its_table,
    nearly_a_name,
    nearly_a_field,
    table_as_an_object,
    counted_from_nothing,
)
