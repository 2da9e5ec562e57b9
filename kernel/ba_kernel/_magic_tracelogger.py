"""`%tracelogger`: the link to the live view in a window of its own."""

from __future__ import annotations

from html import escape

from ._magics import After, Magic, MagicError, Tools

USAGE = "usage: %tracelogger, or %tracelogger off"
HOW_LONG = "The link works on this computer until the kernel ends, and to nobody without the token in it."

_DIM = "color:var(--jp-ui-font-color2,gray)"


async def tracelogger(tools: Tools, rest: str) -> After | None:
    """Runs one `%tracelogger` line."""
    if rest == "off":
        closed = tools.window.close()
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
    content = {"data": {"text/plain": _text(url), "text/html": _html(url)}, "metadata": {}}
    tools.output.insert(lambda: tools.publish("display_data", content, tools.request.parent))


def _text(url: str) -> str:
    return f"TraceLogger: {url}\n{HOW_LONG}"


def _html(url: str) -> str:
    link = f'<a href="{escape(url)}" target="_blank" rel="noopener noreferrer">Open the TraceLogger</a>'
    return f'<div class="ba-tracelogger">{link} <span style="{_DIM}">{escape(HOW_LONG)}</span></div>'


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
    ),
)
