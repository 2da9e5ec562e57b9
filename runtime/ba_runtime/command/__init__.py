"""The command line: Lua programs run as `lua` runs them, with the `ba` API.

Options, messages and exit codes are those of Lua's own command (lua.c, Lua 5.4). Options of our own begin
with two dashes. Where things are: `_options.py` reads the command line, `_program.py` runs what it names,
`_console.py` writes what comes out, `_window.py` shows it in a browser, `_on_device.py` runs it on a device.
What makes a program's cells run as a notebook's do, and the prompt, is in `ba_kernel.command`, because it
stands on the kernel's magics.
"""

from ba_runtime._ctrl_c import INTERRUPTED, CtrlC
from ba_runtime._line_reader import LineReader

from ._console import Console, Writer
from ._main import main
from ._options import Options, UsageMistake, parse
from ._program import STOPPED, answer, begin, report, run_program, run_steps, standard_input, wait_until_idle
from ._window import announce

__all__ = [
    "INTERRUPTED",
    "STOPPED",
    "Console",
    "CtrlC",
    "LineReader",
    "Options",
    "UsageMistake",
    "Writer",
    "announce",
    "answer",
    "begin",
    "main",
    "parse",
    "report",
    "run_program",
    "run_steps",
    "standard_input",
    "wait_until_idle",
]
