"""Runs what a command line names: its `-e` and `-l` in order, then the program."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass
from importlib.resources import files
from typing import Protocol

from ba_runtime._ctrl_c import INTERRUPTED, CtrlC
from ba_runtime._line_reader import LineReader
from ba_runtime.errors import UsageError
from ba_runtime.events import CellResult, ErrorReport
from ba_runtime.runtime import Runtime

from ._console import Console, explained
from ._options import Options
from ._window import Window

COMMAND_LINE = "(command line)"  # what messages call the text of -e
STOPPED = ErrorReport("interrupt", b"interrupted")  # by Ctrl-C, while nothing of the program's ran


class Asked(Protocol):
    """What is needed of a runtime here."""

    def run_cell(
        self, source: bytes, *, name: str, cell: int, arguments: tuple[bytes, ...] = ...
    ) -> Future[CellResult]: ...
    def serve(self, folder: str) -> Future[int]: ...
    def capture(self, path: str) -> None: ...


class Asker(Protocol):
    """Where the answer goes when a program wants a line of input."""

    def reply_input(self, line: bytes | None) -> None: ...


@dataclass(frozen=True, slots=True)
class Step:
    """One text to run: what messages call it, and what it gets as `...`."""

    source: bytes
    name: str
    arguments: tuple[bytes, ...] = ()


def run_program(options: Options) -> int:
    """Runs a command line without a prompt.

    Returns the exit code: 0, 1 after an error, os.exit's, or 130 after Ctrl-C.
    """
    if options.device is not None:
        from ._on_device import run_on_device  # brings in TLS, for which other programs do not wait

        return run_on_device(options)
    if options.is_interactive:
        raise UsageError("interactive mode is part of the command ba-lua")
    lines = LineReader(standard_input)
    console = Console(sys.stdout.buffer, sys.stderr.buffer, lambda: answer(runtime, lines))
    window = Window(options.tracelogger, os.path.basename(options.program or "ba-lua"))
    runtime = Runtime(window.sink(console), max_memory=options.max_memory)
    with runtime, window, CtrlC(runtime.interrupt) as ctrl_c:
        window.open(runtime)
        begin(runtime, options)
        error = run_steps(runtime, options, ctrl_c.pressed.done)
        if error is not None:
            return report(error)
        if options.stays and not wait_until_idle(runtime, ctrl_c):
            return INTERRUPTED
    return 0


def begin(runtime: Asked, options: Options) -> None:
    """Does what comes before the first line of Lua. Raises UsageError."""
    if options.capture is not None:
        runtime.capture(options.capture)
    if options.serve is not None:
        try:
            runtime.serve(options.serve).result()
        except UsageError as error:
            raise UsageError(f"cannot serve {options.serve}: {error}") from error
    runtime.run_cell(
        _ours("arg.lua"), name="arg", cell=0, arguments=_bytes((str(_before(options)), *options.words))
    ).result()


def run_steps(
    runtime: Asked, options: Options, is_stopped: Callable[[], bool], *, with_program: bool = True
) -> ErrorReport | None:
    """Runs one step after the other as cells 1, 2 and so on, and returns the error that ended them.

    `is_stopped` tells whether Ctrl-C was pressed: between two steps nothing runs that could be interrupted.
    Raises OSError where the program cannot be read.
    """
    for cell, step in enumerate(steps(options, with_program=with_program), 1):
        if is_stopped():
            return STOPPED
        result = runtime.run_cell(step.source, name=step.name, cell=cell, arguments=step.arguments).result()
        if result.error is not None:
            return result.error
    return None


def steps(options: Options, *, with_program: bool = True) -> Iterator[Step]:
    """Yields what is to run, each when its turn has come: a file may be one that the step before has
    written.
    """
    for kind, text in options.chunks:
        if kind == "e":
            yield Step(os.fsencode(text), COMMAND_LINE)
        elif kind == "l":
            name, has_global, module = text.partition("=")
            yield Step(_ours("library.lua"), COMMAND_LINE, _bytes((name, module if has_global else name)))
        else:
            yield Step(_ours("warnings.lua"), COMMAND_LINE)
    if with_program and (options.program is not None or options.names_nothing):
        source, name = options.source()
        yield Step(source, name, _bytes(options.arguments))


def wait_until_idle(runtime: Runtime, ctrl_c: CtrlC) -> bool:
    """Waits until the last cosocket has ended; returns False if Ctrl-C was faster."""
    wait({runtime.until_idle(), ctrl_c.pressed}, return_when=FIRST_COMPLETED)
    return not ctrl_c.pressed.done()


def report(error: ErrorReport) -> int:
    """Writes what `lua` writes about an error, and returns the exit code."""
    if error.kind == "exit":
        return error.exit_code
    sys.stderr.buffer.write(explained(error))
    sys.stderr.buffer.flush()
    return INTERRUPTED if error.kind == "interrupt" else 1


def answer(asker: Asker, lines: LineReader) -> None:
    """Reads a line for a program on a thread of its own, so that cosockets keep running meanwhile."""
    threading.Thread(target=lambda: asker.reply_input(lines.read_line() or None), daemon=True).start()


def standard_input() -> int:
    """Returns the descriptor of standard input. Raises ValueError if there is none."""
    if sys.stdin is None:  # closed before the process began
        raise ValueError("there is no standard input")
    return sys.stdin.fileno()


def _before(options: Options) -> int:
    """How many words stand before the one that becomes `arg[0]`, which is the command's name if nothing
    else.
    """
    return options.script if options.program is not None else 0


def _ours(name: str) -> bytes:
    return files(__package__).joinpath(name).read_bytes()


def _bytes(words: tuple[str, ...]) -> tuple[bytes, ...]:
    return tuple(map(os.fsencode, words))
