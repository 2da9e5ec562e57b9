"""Names of files and modules that may follow in a string.

These functions look at the disk, which may be slow, so they are not for the main loop.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import islice

from ba_runtime.docs import MODULES

# A folder of a million files is read as far as this.
MOST_NAMES = 2_000


def file_names(prefix: str) -> list[str]:
    """Returns the paths that begin with `prefix`; those of folders end with a slash."""
    folder, name = os.path.split(prefix)
    lead = prefix[: len(prefix) - len(name)]
    return [lead + found for found in _entries(folder or ".", name)]


def module_names(prefix: str) -> list[str]:
    """Returns the names that `require` finds: those of this runtime, and of files where it looks for them."""
    *packages, last = prefix.split(".")
    lead = "".join(f"{package}." for package in packages)
    found = dict.fromkeys(MODULES)
    for root in (".", ".lua", *filter(None, os.environ.get("BA_LUA_PATH", "").split(os.pathsep))):
        for name in _entries(os.path.join(root, *packages), last):
            if name.endswith(".lua"):
                found[lead + name[:-4]] = None
            elif name.endswith("/") and os.path.exists(os.path.join(root, *packages, name, "init.lua")):
                found[lead + name[:-1]] = None
    return list(found)


def _entries(folder: str, prefix: str) -> Iterator[str]:
    try:
        with os.scandir(folder) as entries:
            for entry in islice(entries, MOST_NAMES):
                is_hidden = entry.name.startswith(".") and not prefix.startswith(".")
                if entry.name.startswith(prefix) and not is_hidden and _can_be_written(entry.name):
                    yield entry.name + "/" * entry.is_dir()
    except (OSError, ValueError):  # ValueError: a name that no folder can have
        return


def _can_be_written(name: str) -> bool:
    """Whether a name can stand in a string of Lua as it is."""
    return name.isprintable() and not any(mark in name for mark in "\"'\\]")
