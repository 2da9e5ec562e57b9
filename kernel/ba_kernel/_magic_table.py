"""The one list of all magics, what to say about a name that is not in it, and `%help`, which shows it."""

from __future__ import annotations

from . import (
    _magic_capture,
    _magic_cell,
    _magic_flow,
    _magic_lab,
    _magic_link,
    _magic_lsp,
    _magic_sockets,
    _magic_trace,
)
from ._magics import After, Magic, MagicError, Tools

DIFFERENCES = """\
Where this differs from a device or a server:
  Timers and timeouts are exact here; there they come in steps of 50 ms.
  ba.sleep in a cosocket lets the others run; there it stops them all.
  print in a cosocket whose cell has ended goes to the trace area; there it is lost.
  An error in the background shows all its frames; there it lacks the innermost one, and a timer's has none.
  Sockets listen on 127.0.0.1 unless intf says otherwise; there on all interfaces.
  TLS listeners may use port 0."""

FINALIZERS = """\
An error in a finalizer (__gc) stops nothing. It is reported in the trace;
warn("@off") turns these reports off."""

COUNTING = """\
On this platform Lua can only be stopped while it counts its instructions, so busy programs run at
half their speed."""


def find(name: str) -> Magic:
    """Returns the magic called `name`, or raises with what might have been meant."""
    if name in MAGICS:
        return MAGICS[name]
    if name.startswith("%%"):
        raise MagicError(
            f"unknown magic {name}; only %%lsp begins with %%, all others with one % (%help lists them)"
        )
    import difflib  # two milliseconds that only a mistake should cost

    close = difflib.get_close_matches(name.lower(), MAGICS, n=2, cutoff=0.5)
    hint = f"did you mean {' or '.join(close)}?" if close else "%help lists all magics"
    raise MagicError(f"unknown magic {name}; {hint}")


def misplaced(lua: str) -> str | None:
    """Returns the first line of a cell's Lua that looks like a magic, which may have caused an error."""
    lines = (line.strip() for line in lua.split("\n"))
    return next((line for line in lines if line.startswith("%") and line.split()[0] in MAGICS), None)


async def show_help(tools: Tools, rest: str) -> After | None:
    """Lists every magic."""
    _magic_cell.expect_nothing("%help", rest)
    forms = [form for magic in MAGICS.values() for form in magic.forms]
    width = max(len(form) for form, _ in forms)
    tools.say("Magics: lines that begin with %, at the top of a cell, before its Lua:")
    for form, line in forms:
        tools.say(f"  {form:{width}}  {line}")
    tools.say(f"\n{DIFFERENCES}")
    tools.say(f"\n{FINALIZERS}")
    if tools.engine.runtime.counts_instructions:
        tools.say(f"\n{COUNTING}")
    return None


MAGICS = {
    magic.name: magic
    for magic in (
        *_magic_trace.MAGICS,
        *_magic_flow.MAGICS,
        *_magic_sockets.MAGICS,
        *_magic_lab.MAGICS,
        *_magic_capture.MAGICS,
        *_magic_lsp.MAGICS,
        *_magic_link.MAGICS,
        *_magic_cell.MAGICS,
        Magic("%help", (("%help", "show this list"),), show_help),
    )
}
