"""Parameters of a notebook, given by papermill: its translator for Lua.

papermill has entry points for engines only, and loads them when it is imported. So this module is named as
one; the engine is papermill's own, and loading it registers the translator. Nothing else imports this
module.

A notebook's cell with the tag `parameters` sets defaults; papermill puts a cell behind it that sets the
values it was given. They are globals, because a local of a cell ends with it.
"""

from __future__ import annotations

import math
import re
from typing import Any

from papermill.engines import NBClientEngine
from papermill.models import Parameter
from papermill.translators import Translator, papermill_translators

from ba_runtime.syntax import Assignment, assignments, is_name

LANGUAGE = "lua"
LOCAL = "local to its cell, so it cannot be a parameter: leave out the word local"

_SPECIAL = re.compile(r'[\\"\x00-\x1f\x7f\ud800-\udfff]')
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_MOST, _LEAST = 2**63 - 1, -(2**63)


class LuaTranslator(Translator):  # type: ignore[misc]  # papermill ships no types
    """Writes the values of JSON and YAML in Lua. `Any` is what papermill passes untyped."""

    @classmethod
    def translate_escaped_str(cls, str_val: object) -> str:
        """Returns a string; what has no form of its own, such as YAML's dates, is written as its text."""
        return f'"{_SPECIAL.sub(_escape, str(str_val))}"'

    @classmethod
    def translate_none(cls, val: None) -> str:
        """Returns the word for no value."""
        return "nil"

    @classmethod
    def translate_int(cls, val: int) -> str:
        """Returns an integer, or the float nearest to one that has more than 64 bits, as Lua reads it."""
        if val == _LEAST:
            return f"({val + 1} - 1)"  # Lua has no negative numerals, and the positive one would be a float
        if _LEAST < val <= _MOST:
            return str(val)
        try:
            return cls.translate_float(float(val))
        except OverflowError:
            return cls.translate_float(math.inf if val > 0 else -math.inf)

    @classmethod
    def translate_float(cls, val: float) -> str:
        """Returns a float; infinities and NaN as divisions by zero."""
        if math.isfinite(val):
            return repr(val)
        if math.isnan(val):
            return "-(0/0)"
        return "1/0" if val > 0 else "-1/0"

    @classmethod
    def translate_list(cls, val: list[Any]) -> str:
        """Returns a table with the numbers from 1 as keys; null in it is `ba.json.null`, as in decoded
        JSON.
        """
        return f"{{{', '.join(map(cls._inner, val))}}}"

    @classmethod
    def translate_dict(cls, val: dict[Any, Any]) -> str:
        """Returns a table with these keys, of which YAML allows more than strings."""
        return f"{{{', '.join(f'{cls._key(key)} = {cls._inner(value)}' for key, value in val.items())}}}"

    @classmethod
    def comment(cls, cmt_str: str) -> str:
        """Returns comments, one for each line."""
        return "\n".join(f"-- {line}".rstrip() for line in cmt_str.splitlines() or [""])

    @classmethod
    def assign(cls, name: str, str_val: str) -> str:
        """Returns a statement that sets a global; papermill allows names that Lua does not."""
        return (
            f"{name} = {str_val}" if is_name(name) else f"_G[{cls.translate_escaped_str(name)}] = {str_val}"
        )

    @classmethod
    def inspect(cls, parameters_cell: Any) -> list[Parameter]:
        """Returns the globals that a cell sets, each with its type, its value and the comment behind it.

        A local is among them, with the advice to make it a global.
        """
        found = assignments(parameters_cell["source"])
        return [Parameter(one.name, one.type or "None", one.value, _help(one)) for one in found]

    @classmethod
    def _inner(cls, val: object) -> str:
        return "ba.json.null" if val is None else str(cls.translate(val))

    @classmethod
    def _key(cls, key: object) -> str:
        if isinstance(key, (bool, int, float)) and key == key:
            return f"[{cls.translate(key)}]"
        text = "null" if key is None else str(key)
        return text if is_name(text) else f"[{cls.translate_escaped_str(text)}]"


def _escape(match: re.Match[str]) -> str:
    character = match[0]
    return _ESCAPES.get(character) or f"\\u{{{ord(character):x}}}"


def _help(one: Assignment) -> str:
    return " ".join(filter(None, (f"({LOCAL})" if one.is_local else "", one.comment)))


papermill_translators.register(LANGUAGE, LuaTranslator)
Engine = NBClientEngine
