"""The command `ba-lua`: programs, scripts of cells, and a prompt at which to type cells.

A plain program runs as in `ba_runtime.command`, and needs nothing else of this package. A script of cells
and the prompt run what a notebook runs: `_bench.py` puts the kernel's parts together with a console in
place of a front end, `_run.py` runs a script's cells, and `_prompt.py` asks for more. Where those come from
is `_terminal.py`, or `_lines.py` without a terminal; `_screen.py` keeps what programs write off the line
that is being typed.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from ba_kernel import __version__
from ba_runtime.command import Options, run_program
from ba_runtime.command import main as command

VERSION = f"Lua 5.4 with the ba.socket API of the Barracuda App Server (ba-lua {__version__})"


def main(argv: Sequence[str] | None = None) -> int:
    """Runs a command line (by default the process's own) and returns the exit code."""
    return command(argv, run, VERSION)


def run(options: Options) -> int:
    """Runs what a command line asks for. Raises OSError about the program's file, and UsageError."""
    if options.device is not None:
        return run_program(options)
    if options.names_nothing and sys.stdin is not None and sys.stdin.isatty():
        options.is_interactive = True
        print(VERSION, flush=True)
    script = _script(options)
    if script is None and not options.is_interactive:
        return run_program(options)
    from ._run import run_cells  # brings in the kernel, for which a plain program does not wait

    return run_cells(options, script)


def _script(options: Options) -> str | None:
    """Returns the program's text if cells or magics are in it."""
    if options.program is None and not options.names_nothing:
        return None
    try:
        source, _ = options.source()
    except OSError:  # it may be there when its turn comes, and if not, that is the time to say so
        return None
    if b"--%" not in source and b"-- %%" not in source and b"[%%" not in source:
        return None
    from ba_kernel._script import has_cells, has_magics

    text = source.decode("utf-8", "surrogateescape")
    return text if has_cells(text) or has_magics(text) else None
