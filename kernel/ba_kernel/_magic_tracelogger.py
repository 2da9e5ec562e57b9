"""`%tracelogger`: the link to the live view in a window of its own."""

from __future__ import annotations

from html import escape

from ._links import Link, reach
from ._magics import After, Magic, MagicError, Tools, always

USAGE = "usage: %tracelogger, or %tracelogger off"
HOW_LONG = "It works until the kernel ends, and only with the token in the link."

_DIM = "color:var(--jp-ui-font-color2,gray)"


async def tracelogger(tools: Tools, rest: str) -> After | None:
    """Runs one `%tracelogger` line."""
    if rest == "off":
        closed = tools.window.shut()
        tools.say("The TraceLogger is closed." if closed else "The TraceLogger is not open.")
        return None
    if rest:
        raise MagicError(USAGE)
    show_link(tools, "%tracelogger")
    return None


def show_link(tools: Tools, magic: str) -> None:
    """Shows the link below the cell. Raises MagicError, with `magic` in front."""
    try:
        url = tools.window.open()
    except OSError as error:
        raise MagicError(f"{magic}: the page cannot be served: {error.strerror or error}") from error
    link = reach(url)
    tools.show({"text/plain": _text(link), "text/html": _html(link)})


def _text(link: Link) -> str:
    return "\n".join((f"TraceLogger: {link.url}", HOW_LONG, *([link.advice] if link.advice else [])))


def _html(link: Link) -> str:
    address = escape(link.url)
    anchor = f'<a href="{address}" target="_blank" rel="noopener noreferrer">Open the TraceLogger</a>'
    advice = f"<div>{escape(link.advice)}</div>" if link.advice else ""
    return (
        f'<div class="ba-tracelogger">{anchor} <span style="{_DIM}">{escape(HOW_LONG)}</span>{advice}</div>'
    )


MAGICS = (
    Magic(
        "%tracelogger",
        (
            (
                "%tracelogger",
                "link to the live view in a window of its own: trace, sockets, flow and network",
            ),
            ("%tracelogger off", "close it; the link then leads nowhere"),
        ),
        tracelogger,
        is_beside=always,
    ),
)
