"""The one list of all magics, how a cell is taken apart by it, and `%help`, which shows it."""

from __future__ import annotations

from . import (
    _magic_capture,
    _magic_cell,
    _magic_device,
    _magic_file,
    _magic_flow,
    _magic_lab,
    _magic_link,
    _magic_lsp,
    _magic_names,
    _magic_panel,
    _magic_sockets,
    _magic_time,
    _magic_trace,
    _magic_tracelogger,
)
from ._magics import After, Body, Magic, MagicError, Split, Tools, always, split_lines
from ._questions import Question

DIFFERENCES = """\
Where this differs from a device or a server:
  Timers and timeouts are exact here; there they come in steps of 50 ms.
  ba.sleep in a cosocket lets the others run; there it stops them all.
  print in a cosocket whose cell has ended goes to the trace area; there it is lost.
  An error in the background shows all its frames; there it lacks the innermost one, and a timer's has none.
  Sockets listen on 127.0.0.1 unless intf says otherwise; there on all interfaces.
  TLS listeners may use port 0."""

RECALL = """\
In a cell, _ is the last value that a cell has shown, Out[3] is the first value of cell 3, and In[3] its text.
A program that sets _ itself keeps it; _ = nil gives it back. They go back 1,000 cells. Out holds sockets and
other objects of the API only for as long as something else does; _ holds the last value whatever it is."""

HEADING = "Magics: lines that begin with %, at the top of a cell, before its Lua:"

QUESTIONS = """\
Help, on a line of its own (or press Shift-Tab at a name):
  name?         what a function or variable is: ba.socket.connect?  s:read?  string.format?  %lab?
  name??        the same with the source of a function of yours"""

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
        *others, last = sorted(name for name in MAGICS if name.startswith("%%"))
        raise MagicError(
            f"unknown magic {name}; only {', '.join(others)} and {last} begin with %%, all others with one % "
            "(%help lists them)"
        )
    import difflib  # two milliseconds that only a mistake should cost

    close = difflib.get_close_matches(name.lower(), MAGICS, n=2, cutoff=0.5)
    hint = f"did you mean {' or '.join(close)}?" if close else "%help lists all magics"
    raise MagicError(f"unknown magic {name}; {hint}")


def split(code: str) -> Split:
    """Takes a cell apart."""
    return split_lines(code, lambda name: MAGICS[name].body if name in MAGICS else Body.TEXT)


def misplaced(lua: str, line: int, *, is_syntax: bool) -> str | None:
    """Returns the magic below a cell's Lua that has caused an error in `line`, None where there is none.

    Lua takes the percent sign for its operator. Its parser may stumble only over the code behind the magic;
    a running program fails in the magic's own line.
    """
    lines = lua.split("\n")
    for number in range(min(line, len(lines)), 0, -1):
        text = lines[number - 1].strip()
        if text.startswith("%"):
            return text if text.split()[0] in MAGICS else None
        if not is_syntax or (number < line and text and not text.startswith("--")):
            break
    return None


async def show_help(tools: Tools, rest: str) -> After | None:
    """Lists every magic, or has the front end's pager show what is known of a name."""
    if rest:
        tools.payloads.append(await tools.page_about(Question(rest, 0)))
    else:
        tools.say(help_text(tools.engine.runtime.counts_instructions))
    return None


def help_text(counts_instructions: bool) -> str:
    """Returns the list of all magics, and what else one should know."""
    forms = [form for magic in MAGICS.values() for form in magic.forms]
    width = max(len(form) for form, _ in forms)
    listed = "\n".join(f"  {form:{width}}  {line}" for form, line in forms)
    parts = [f"{HEADING}\n{listed}", QUESTIONS, RECALL, DIFFERENCES, FINALIZERS]
    return "\n\n".join([*parts, *[COUNTING] * counts_instructions])


MAGICS = {
    magic.name: magic
    for magic in (
        *_magic_trace.MAGICS,
        *_magic_panel.MAGICS,
        *_magic_tracelogger.MAGICS,
        *_magic_flow.MAGICS,
        *_magic_sockets.MAGICS,
        *_magic_lab.MAGICS,
        *_magic_capture.MAGICS,
        *_magic_lsp.MAGICS,
        *_magic_link.MAGICS,
        *_magic_device.MAGICS,
        *_magic_time.MAGICS,
        *_magic_names.MAGICS,
        *_magic_file.MAGICS,
        *_magic_cell.MAGICS,
        Magic(
            "%help",
            (("%help", "show this list"), ("%help NAME", "show what a name is")),
            show_help,
            is_beside=always,
        ),
    )
}
