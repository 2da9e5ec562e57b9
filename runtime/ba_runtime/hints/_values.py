"""Operations on values of the wrong type."""

from __future__ import annotations

import re

from ba_runtime.syntax._tokens import Kind

from ._case import Case, bounded

# The words of the metamethods that strings have, with the types of both operands.
_TEXTS = re.compile(r"^attempt to (\w+) a '(\w+)' with a '(\w+)'$")


def call_without_brackets(case: Case) -> str | None:
    """`print "a" .. b` calls print with "a" alone, and goes on with what that returns."""
    if case.raiser != "program" or not case.words.startswith(
        ("attempt to concatenate a", "attempt to perform arith")
    ):
        return None
    tokens = case.text.on_line(case.line)
    for index in range(len(tokens) - 2):
        name, text, operator = tokens[index : index + 3]
        before = tokens[index - 1].text if index else ""
        if (
            name.text in ("print", "trace")
            and before not in (".", ":")
            and text.kind is Kind.STRING
            and operator.text in ("..", "+", "-", "*", "/", "%")
        ):
            return unbracketed(name.text, operator.text)
    return None


def text_in_arithmetic(case: Case) -> str | None:
    """A text that is not a number where a number is wanted."""
    match = _TEXTS.match(case.words)
    if match is None or case.raiser != "function" or "string" not in (match[2], match[3]):
        return None
    if {match[2], match[3]} - {"string", "number"}:
        return None
    if match[1] == "add":
        return "texts are joined by .. and not by +"
    return "the text is not a number; tonumber(text) returns nil for such a text"


def compared_with_a_text(case: Case) -> str | None:
    """A number and a text are never less or greater than each other."""
    if case.raiser == "program" and case.words in (
        "attempt to compare number with string",
        "attempt to compare string with number",
    ):
        return "one of the two is a text; tonumber(text) makes a number of it"
    return None


def joined_with_an_object(case: Case) -> str | None:
    """Only texts and numbers can be joined."""
    variable = case.variable
    if variable is None or variable.verb != "concatenate" or variable.type not in ("table", "boolean"):
        return None
    text = f"tostring({bounded(variable.name)}) makes a text of the {variable.type}"
    return f"only texts and numbers can be joined; {text}"


def loop_over_a_table(case: Case) -> str | None:
    """`for k, v in t do`."""
    if case.raiser != "program" or not case.words.startswith("attempt to call a table value (for iterator"):
        return None
    return "a loop over a table is written for key, value in pairs(t) do, or in ipairs(t) for a list"


def function_not_called(case: Case) -> str | None:
    """A function where its result was meant."""
    variable = case.variable
    if variable is None or variable.type != "function" or variable.verb == "call":
        return None
    name = bounded(variable.name)
    if variable.kind in ("field", "method"):
        name = f"{case.subject}.{name}" if case.subject else name
    return f"{name} is a function; call it: {name}(…)"


def unbracketed(name: str, operator: str) -> str:
    """Returns what to say of `print "a" .. x`."""
    whole = f'{name}("…" {operator} …)'
    return f'{name} "…" is a call by itself; put brackets around all of it: {whole}'


RULES = (
    call_without_brackets,
    text_in_arithmetic,
    compared_with_a_text,
    joined_with_an_object,
    loop_over_a_table,
    function_not_called,
)
