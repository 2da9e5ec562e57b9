"""Short documentation of the `ba` API, for front ends that show help at the cursor.

The texts are in `api.json`, one object for each function. Functions are listed by their full name
(`ba.socket.connect`, `print`), methods by the kind of object (`socket:read`, `file:read`). What `require`
returns is listed under the name that programs usually give it (`MODULES`).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib import resources

# LuaSocket's modules: variables of programs, and no globals.
MODULES = frozenset({"socket", "ltn12", "mime", "url", "http"})


@dataclass(frozen=True, slots=True)
class Entry:
    """The documentation of one function or method; `returns` and `errors` may be empty."""

    name: str
    signature: str
    text: str
    returns: str = ""
    errors: str = ""

    def as_text(self) -> str:
        """Returns the entry as plain text: the signature, then one paragraph for each part."""
        parts = [self.signature, self.text]
        if self.returns:
            parts.append(f"Returns: {self.returns}")
        if self.errors:
            parts.append(f"Errors: {self.errors}")
        return "\n\n".join(parts)


@cache
def entries() -> tuple[Entry, ...]:
    """Returns everything that is documented, in the order of the file."""
    text = resources.files(__package__).joinpath("api.json").read_text(encoding="utf-8")
    return tuple(Entry(**fields) for fields in json.loads(text))


def lookup(name: str) -> tuple[Entry, ...]:
    """Returns what is documented under a name as it is written in Lua; () for unknown names.

    A function has one entry. What comes before a method's colon is usually a variable, so `s:read` and
    `:read` return every `read` there is, the socket's first; `file:read` names the kind and returns only
    that one.
    """
    exact = tuple(entry for entry in entries() if entry.name == name)
    method = name.rpartition(":")
    if exact or not method[1]:
        return exact
    return tuple(entry for entry in entries() if entry.name.endswith(f":{method[2]}"))


def members(path: tuple[str, ...]) -> tuple[str, ...]:
    """Returns the documented names below a table: of ("ba", "socket") its functions, of () the globals."""
    depth = len(path)
    names = (tuple(entry.name.split(".")) for entry in entries() if ":" not in entry.name)
    found = dict.fromkeys(name[depth] for name in names if name[:depth] == path and len(name) > depth)
    return tuple(name for name in found if path or name not in MODULES)


# A page's request and response are one object.
SAME = {"request": ("request", "response"), "response": ("response", "request")}


def methods(kind: str = "socket") -> tuple[str, ...]:
    """Returns the documented methods of one kind of object, such as socket, file or request."""
    names = [entry.name.split(":") for entry in entries() if ":" in entry.name]
    return tuple(name for same in SAME.get(kind, (kind,)) for of, name in names if of == same)
