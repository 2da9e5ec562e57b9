"""`%sockets`, `%time` and `%reset`: what is going on, how long it takes, and starting over."""

from __future__ import annotations

import asyncio
import time
from html import escape

from ba_runtime.events import SocketInfo

from ._engine import within
from ._magics import After, Magic, MagicError, Tools

# The Lua thread answers between two tasks; a task that does not end keeps it from answering.
ANSWER_S = 2.0

HEADS = ("id", "kind", "tls", "state", "local", "peer", "in", "out", "age", "cell")
RIGHT = frozenset(("id", "in", "out", "age", "cell"))


async def sockets(tools: Tools, rest: str) -> After | None:
    """Shows every socket object as a table."""
    expect_nothing("%sockets", rest)
    try:
        infos = await within(tools.engine.runtime.sockets(), ANSWER_S)
    except asyncio.TimeoutError:
        raise MagicError(
            "%sockets: Lua is busy in the background; interrupt the kernel and try again"
        ) from None
    rows = [_row(info) for info in infos]
    if not rows:
        tools.say("There are no sockets.")
        return None
    data = {"text/plain": _text_table(rows), "text/html": _html_table(rows)}
    content = {"data": data, "metadata": {}}
    tools.output.insert(lambda: tools.publish("display_data", content, tools.request.parent))
    return None


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


def _row(info: SocketInfo) -> tuple[str, ...]:
    return (
        str(info.socket or "-"),  # 0: it has no system socket
        info.kind,
        info.tls,
        info.state,
        info.local,
        info.peer,
        f"{info.bytes_in:,}",
        f"{info.bytes_out:,}",
        f"{info.age_s:.1f} s",
        f"[{info.cell}]" if info.cell else "",
    )


def _text_table(rows: list[tuple[str, ...]]) -> str:
    widths = [max(map(len, column)) for column in zip(HEADS, *rows, strict=True)]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if head in RIGHT else cell.ljust(width)
            for head, cell, width in zip(HEADS, row, widths, strict=True)
        ).rstrip()
        for row in (HEADS, *rows)
    )


def _html_table(rows: list[tuple[str, ...]]) -> str:
    def line(tag: str, row: tuple[str, ...]) -> str:
        cells = (
            f'<{tag} style="text-align:{"right" if head in RIGHT else "left"}">{escape(cell)}</{tag}>'
            for head, cell in zip(HEADS, row, strict=True)
        )
        return f"<tr>{''.join(cells)}</tr>"

    body = "".join(line("td", row) for row in rows)
    return f"<table><thead>{line('th', HEADS)}</thead><tbody>{body}</tbody></table>"


MAGICS = (
    Magic("%sockets", (("%sockets", "list all sockets in a table"),), sockets),
    Magic("%time", (("%time", "show how long the rest of the cell takes"),), measure),
    Magic("%reset", (("%reset", "reset Lua: discard all variables and close all sockets"),), reset),
)
