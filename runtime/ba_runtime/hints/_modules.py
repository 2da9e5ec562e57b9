"""`require` of what was not found: what it is, what there is, where to put it."""

from __future__ import annotations

import re

from ._case import Case, bounded
from ._near import near

MODULES = ("httpc", "httpm", "socket", "socket.http", "socket.url", "ltn12", "mime")

_NOT_FOUND = re.compile(r"module '([^\n]*?)' not found:\n")


def not_found(case: Case) -> str | None:
    """A module that `require` has not found."""
    match = _NOT_FOUND.match(case.words)
    if match is None or case.raiser != "function":
        return None
    if case.known:
        return case.known
    close = near(match[1], MODULES)
    if close:
        calls = (f'require "{name}"' for name in close)
        return f"did you mean {' or '.join(calls)}?"
    name = match[1].replace(".", "/")
    if f"\n\tno file './{name}.lua'" not in case.words:  # the program looks elsewhere
        return None
    return (
        f"put {bounded(name)}.lua beside the notebook or program, into .lua/ there, or into a folder that "
        f"BA_LUA_PATH names; built in are {', '.join(MODULES)}"
    )
