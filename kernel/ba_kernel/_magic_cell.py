"""`%time` and `%reset`: how long it takes, and starting over."""

from __future__ import annotations

import time

from ._magics import After, Magic, MagicError, Tools


async def measure(tools: Tools, rest: str) -> After | None:
    """Says how long the rest of the cell took."""
    expect_nothing("%time", rest)
    start = time.perf_counter()

    async def report() -> None:
        tools.say(f"Time: {_duration(time.perf_counter() - start)}")

    return report


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


def _duration(seconds: float) -> str:
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds * 1e6:.0f} µs"


MAGICS = (
    Magic(
        "%time",
        (("%time", "show how long the rest of the cell takes"),),
        measure,
        is_about=lambda rest: not rest,
    ),
    Magic("%reset", (("%reset", "reset Lua: discard all variables and close all sockets"),), reset),
)
