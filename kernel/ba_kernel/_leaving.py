"""`exit` and `quit` at a console's prompt, as every console has them. Lua has neither, so a program's own
global of that name comes first.
"""

from __future__ import annotations

import re

from ._engine import Engine, within
from ._frontend import Request

# What Lua is asked for; one that is busy in the background must not keep anybody here.
ANSWER_S = 0.25
ASK_EXIT = {"source": "ask_exit", "keepkernel": False}

_WORD = re.compile(r"\s*(exit|quit)\s*(?:\(\s*\))?\s*;?\s*")


async def is_leaving(code: str, request: Request, engine: Engine) -> bool:
    """Tells whether whoever typed this wants to leave."""
    word = _WORD.fullmatch(code) if request.is_prompt else None
    if word is None:
        return False
    try:
        return await within(engine.runtime.describe((word[1],)), ANSWER_S) is None
    except Exception:  # Lua is busy, gone, or could not be started
        return True
