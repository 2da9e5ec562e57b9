"""`%link`: where the reader's browser finds a server of a cell."""

from __future__ import annotations

import re

from ._magics import After, Magic, MagicError, Tools

_REST = re.compile(r"(?P<port>\d{1,5})(?:\s+(?P<path>/\S*))?")


async def link(tools: Tools, rest: str) -> After | None:
    """Shows the link to a port of this computer."""
    asked = _REST.fullmatch(rest)
    if asked is None or not 0 < int(asked["port"]) < 65536:
        raise MagicError(
            "usage: %link PORT [PATH], such as %link 8181 or %link 8181 /index.html; "
            "mako.port is the page server's port"
        )
    tools.say_link("In your browser:", f"http://127.0.0.1:{asked['port']}{asked['path'] or '/'}")
    return None


MAGICS = (
    Magic(
        "%link",
        (
            (
                "%link PORT [PATH]",
                "show where your browser finds a server of this kernel",
            ),
        ),
        link,
    ),
)
