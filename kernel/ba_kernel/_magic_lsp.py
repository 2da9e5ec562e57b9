"""`%%lsp`, which makes a cell a page, and `%lsp serve`, which serves a folder of pages.

The cell's text reaches Lua in `_cell.py`, as the Lua of any cell does; here is what the first line may say.
"""

from __future__ import annotations

import asyncio
import os
import re

from ba_runtime.errors import RuntimeClosed, UsageError

from ._magics import After, Body, Magic, MagicError, Tools, unquoted

_PATH = re.compile(r"(/[^/\s?#%\\]+)+")


async def check_page(tools: Tools, rest: str) -> After | None:
    """Refuses what cannot be the path of a page."""
    is_plain = _PATH.fullmatch(rest) and not {".", ".."} & set(rest.split("/"))
    if rest and not is_plain:
        raise MagicError(
            "usage: %%lsp [PATH], with a PATH such as /time.lsp to serve the page there too; "
            "write the page on the lines below it"
        )
    return None


async def lsp(tools: Tools, rest: str) -> After | None:
    """Runs one `%lsp` line."""
    word, _, folder = rest.partition(" ")
    folder = unquoted(folder)
    if word != "serve" or not folder:
        raise MagicError("usage: %lsp serve FOLDER; to make the cell itself a page, begin it with %%lsp")
    place = os.path.expanduser(folder)
    try:
        port = await asyncio.wrap_future(tools.engine.runtime.serve(place))
    except (UsageError, RuntimeClosed) as error:
        where = "" if os.path.isabs(place) or os.path.isdir(place) else f" in {os.getcwd()}"
        raise MagicError(f"%lsp serve: {error}{where}") from error
    tools.say_link(f"Serving {folder} at", f"http://127.0.0.1:{port}/")
    return None


MAGICS = (
    Magic(
        "%%lsp",
        (
            (
                "%%lsp [PATH]",
                "make the rest of the cell a page; a PATH such as /time.lsp also serves it there",
            ),
        ),
        check_page,
        body=Body.PAGE,
    ),
    Magic("%lsp", (("%lsp serve FOLDER", "serve a folder of pages, including its .preload and .lua/"),), lsp),
)
