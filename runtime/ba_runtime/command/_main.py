"""The way from the command line to the exit code, with every reason not to get there."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence

from ba_runtime._ctrl_c import INTERRUPTED
from ba_runtime.errors import UsageError

from ._options import HELP, USAGE, Options, UsageMistake, parse

NAME = "ba-lua"


def main(argv: Sequence[str] | None, run: Callable[[Options], int], version: str = "Lua 5.4") -> int:
    """Runs a command line, without the command's name (by default the process's own), and returns the exit
    code.

    `run` does what it asks for; it may raise OSError about the program's file, and UsageError. `version` is
    what -v prints.
    """
    words = [NAME, *(sys.argv[1:] if argv is None else argv)]
    try:
        options = parse(words)
    except UsageMistake as mistake:
        sys.stderr.write(f"{NAME}: {mistake}\n{USAGE}")
        return 1
    if options.shows_help:
        sys.stdout.write(HELP)
        return 0
    if options.shows_version:
        print(version, flush=True)
    try:
        return run(options)
    except KeyboardInterrupt:  # before the program ran, or after it
        return INTERRUPTED
    except UsageError as error:
        print(f"{NAME}: {error}", file=sys.stderr)
    except OSError as error:
        verb = "read" if isinstance(error, IsADirectoryError) else "open"
        print(f"{NAME}: cannot {verb} {_named(error, options)}: {error.strerror}", file=sys.stderr)
    return 1


def _named(error: OSError, options: Options) -> str:
    name = (
        os.fsdecode(error.filename)
        if isinstance(error.filename, (str, bytes))
        else options.program or "stdin"
    )
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
