"""Short documentation of the API and of Lua's library: one card for each function, method and value.

This is the one source of what front ends show at the cursor, of what completion knows about the results and
the options of functions, and of the reference notebook. The texts are in `api.json` (what this runtime adds
to Lua) and `lua.json` (Lua's own library). Functions are listed by their full name (`ba.socket.connect`,
`print`), methods by the kind of object (`socket:read`, `file:read`). What `require` returns is listed under
the name that programs usually give it (`MODULES`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any

# What `require` finds by itself, and the variable that programs put it into.
MODULES = {
    "socket": "socket",
    "socket.core": "socket",
    "sockcompat": "socket",
    "socket.http": "http",
    "socket.url": "url",
    "socket.headers": "headers",
    "ltn12": "ltn12",
    "mime": "mime",
    "mime.core": "mime",
    "httpc": "httpc",
    "httpm": "httpm",
}
# Their variables are programs' own, and no globals.
_VARIABLES = frozenset(MODULES.values())

# Kinds of objects that have the methods of others too: a page's request and response are one object.
SAME = {"request": ("request", "response"), "response": ("response", "request"), "httpm": ("httpm", "httpc")}

# What stands for an argument in `words` when it is no list of words.
FILE, IO_FILE, MODULE = "file", "io file", "module"


@dataclass(frozen=True, slots=True)
class Entry:
    """The card of one function, method or value; everything behind `text` may be empty.

    `gives` are the kinds of the results that have methods, in order, with "" for those that have none;
    `calls` those of the arguments that a function among the arguments is called with; `yields` those of a
    loop's variables. `options` are the fields of a table among the arguments, each with a line of text;
    where there are several tables, `tables` says by the argument's number which has which. `words` says by
    the argument's number, from 1, what a string there may be: a list of words, or `FILE`, `IO_FILE` or
    `MODULE`. `example` is a cell, which the reference notebook runs.
    """

    name: str
    signature: str
    text: str
    returns: str = ""
    errors: str = ""
    gives: tuple[str, ...] = ()
    calls: tuple[str, ...] = ()
    yields: tuple[str, ...] = ()
    options: Mapping[str, str] = field(default_factory=dict)
    tables: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    words: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)
    example: str = ""

    @property
    def kind(self) -> str:
        """The kind of object whose method this is, "" for functions and values."""
        return self.name.rpartition(":")[0]

    def options_of(self, argument: int) -> tuple[str, ...]:
        """Returns the names of the fields that a table may have as this argument, counted from 1."""
        return self.tables.get(str(argument), ()) if self.tables else tuple(self.options)


@cache
def entries() -> tuple[Entry, ...]:
    """Returns everything that is documented, in the order of the files."""
    return (*_load("api.json"), *_load("lua.json"))


def lookup(name: str) -> tuple[Entry, ...]:
    """Returns what is documented under a name as it is written in Lua; () for unknown names.

    A function has one card. What comes before a method's colon is usually a variable, so `s:read` and
    `:read` return every `read` there is, the socket's first; `file:read` names the kind and returns only
    that one.
    """
    exact = _by_name().get(name)
    _, colon, method = name.rpartition(":")
    if exact:
        return (exact,)
    return tuple(entry for entry in entries() if entry.name.endswith(f":{method}")) if colon else ()


def function_at(path: Iterable[str | int]) -> Entry | None:
    """Returns the card of a function or value by its path from the globals, None if there is none."""
    return _by_name().get(".".join(map(str, _canonical(path))))


def method_of(kind: str, name: str) -> Entry | None:
    """Returns the card of a method of one kind of object, None if there is none."""
    if kind == "string":  # whose methods are the library's functions
        return _by_name().get(f"string.{name}")
    found = (_by_name().get(f"{of}:{name}") for of in SAME.get(kind, (kind,)))
    return next(filter(None, found), None)


def is_documented(path: Iterable[str | int]) -> bool:
    """Whether a path from the globals leads to something of ours; a program's variables may be called like
    modules.
    """
    canonical = _canonical(path)
    if tuple(path)[:1] == canonical[:1] and canonical[0] in _VARIABLES:
        return False
    return function_at(path) is not None or bool(members(canonical))


def members(path: Iterable[str | int]) -> tuple[str, ...]:
    """Returns the documented names below a table: of ("ba", "socket") its functions, of () the globals."""
    canonical = _canonical(path)
    return tuple(name for name in _members().get(canonical, ()) if canonical or name not in _VARIABLES)


def methods(kind: str = "socket") -> tuple[str, ...]:
    """Returns the documented methods of one kind of object, such as socket, file or request."""
    if kind == "string":
        return members(("string",))
    return tuple(name for of in SAME.get(kind, (kind,)) for name in _methods().get(of, ()))


def kind_of(type_name: str, names: Iterable[str]) -> str:
    """Returns the kind of an object that has fields and methods of these names, "" where it is not certain.

    `type_name` is its Lua type. A user's table is none of ours, whatever it is like.
    """
    if type_name == "string":
        return "string"
    if type_name != "userdata":
        return "httpm" if type_name == "table" and set(methods("httpm")) <= set(names) else ""
    has = set(names)
    fitting = [kind for kind in _methods() if kind != "httpm" and has >= set(methods(kind))]
    most = max((len(methods(kind)) for kind in fitting), default=0)
    likely = [kind for kind in fitting if len(methods(kind)) == most]
    is_same = len({frozenset(methods(kind)) for kind in likely}) == 1 and likely[0] in SAME
    return likely[0] if len(likely) == 1 or is_same else ""


def _canonical(path: Iterable[str | int]) -> tuple[str, ...]:
    """Returns a path as the cards have it: not by way of `_G` or of `package.loaded`."""
    keys = tuple(map(str, path))
    if keys[:1] == ("_G",):
        keys = keys[1:]
    if keys[:2] == ("package", "loaded") and len(keys) > 2:
        keys = (MODULES.get(keys[2], keys[2]), *keys[3:])
    return keys


@cache
def _load(name: str) -> tuple[Entry, ...]:
    text = resources.files(__package__).joinpath(name).read_text(encoding="utf-8")
    cards: list[dict[str, Any]] = json.loads(text)  # whose values are what Entry says
    return tuple(Entry(**{key: _frozen(value) for key, value in card.items()}) for card in cards)


def _frozen(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(value)
    return {key: _frozen(part) for key, part in value.items()} if isinstance(value, dict) else value


@cache
def _by_name() -> Mapping[str, Entry]:
    return {entry.name: entry for entry in entries()}


@cache
def _members() -> Mapping[tuple[str, ...], tuple[str, ...]]:
    found: dict[tuple[str, ...], dict[str, None]] = {}
    for entry in entries():
        keys = () if ":" in entry.name else tuple(entry.name.split("."))
        for depth in range(len(keys)):
            found.setdefault(keys[:depth], {})[keys[depth]] = None
    return {path: tuple(names) for path, names in found.items()}


@cache
def _methods() -> Mapping[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for entry in entries():
        kind, colon, name = entry.name.rpartition(":")
        if colon:
            found.setdefault(kind, []).append(name)
    return {kind: tuple(names) for kind, names in found.items()}
