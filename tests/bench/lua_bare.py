"""`lua_bare.py FILE`: runs a Lua file in a state of lupa's with nothing of ours in it."""

from __future__ import annotations

import sys
from pathlib import Path

from lupa import lua54  # noqa: TID251 - what our own door adds is what is measured


def main() -> None:
    """Runs the file, whose prints go to stdout."""
    lua54.LuaRuntime(encoding=None).execute(Path(sys.argv[1]).read_bytes())


if __name__ == "__main__":
    main()
