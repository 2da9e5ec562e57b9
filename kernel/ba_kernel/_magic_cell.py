"""`%reset`: starting over."""

from __future__ import annotations

from ._magics import After, Magic, MagicError, Tools


async def reset(tools: Tools, rest: str) -> After | None:
    """Makes a fresh Lua state."""
    expect_nothing("%reset", rest)
    tools.engine.reset()
    tools.say("Lua was reset: all variables are gone and all sockets are closed.")
    return None


def expect_nothing(name: str, rest: str) -> None:
    """Raises if something follows the name of a magic that takes nothing."""
    if rest:
        raise MagicError(f"{name} takes no arguments; write Lua on the lines below it")


MAGICS = (Magic("%reset", (("%reset", "reset Lua: discard all variables and close all sockets"),), reset),)
