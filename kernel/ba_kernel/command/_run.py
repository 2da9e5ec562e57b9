"""Runs a script's cells as a notebook's, and then the prompt, if that is asked for."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass

from ba_kernel._frontend import Request
from ba_kernel._magic_table import MAGICS
from ba_kernel._script import ScriptCell, cells_of, has_cells
from ba_runtime.command import (
    INTERRUPTED,
    STOPPED,
    CtrlC,
    LineReader,
    Options,
    announce,
    answer,
    begin,
    report,
    run_steps,
    standard_input,
)

from ._bench import CONSOLE, Bench
from ._prompt import Prompt


@dataclass(frozen=True, slots=True)
class ScriptRequest(Request):
    """A request to run a cell of a script, whose lines have the script's numbers and its name."""

    name: str = ""

    @property
    def chunk_name(self) -> str:
        """What Lua calls the text."""
        return self.name

    @property
    def is_prompt(self) -> bool:
        """Nobody types a script's cells."""
        return False


def run_cells(options: Options, script: str | None) -> int:
    """Runs a command line with a script of cells, or a prompt at its end, and returns the exit code."""
    return asyncio.run(_main(options, script))


async def _main(options: Options, script: str | None) -> int:
    loop = asyncio.get_running_loop()
    arguments = tuple(map(os.fsencode, options.arguments))
    prompt = Prompt(loop) if options.is_interactive else None
    if prompt is not None:
        bench = Bench(
            loop, prompt.out, prompt.err, prompt.ask, max_memory=options.max_memory, arguments=arguments
        )
    else:
        lines = LineReader(standard_input)
        out, err = sys.stdout.buffer, sys.stderr.buffer
        bench = Bench(
            loop,
            out,
            err,
            lambda: answer(bench.engine, lines),
            max_memory=options.max_memory,
            arguments=arguments,
        )
    if prompt is not None:
        prompt.attach(bench)
    try:
        with CtrlC(bench.interrupt, ends=prompt is None) as ctrl_c:
            code = await program(bench, options, script, ctrl_c.pressed.done)
            if code is None and options.stays and prompt is None:
                code = await _stay(bench, ctrl_c)
        if code is None and prompt is not None:
            code = await prompt.run(_count(options, script))
        return code or 0
    finally:
        bench.close()


async def program(
    bench: Bench, options: Options, script: str | None, is_stopped: Callable[[], bool]
) -> int | None:
    """Runs what is to run before the prompt; returns the exit code if it failed or ended the process.

    `is_stopped` tells whether Ctrl-C was pressed: between two cells nothing runs that could be interrupted.
    """
    runtime = await asyncio.to_thread(lambda: bench.runtime)
    if options.tracelogger is not None:
        bench.window.title = os.path.basename(options.program or "ba-lua")
        announce(bench.window, options.tracelogger)
    await asyncio.to_thread(begin, runtime, options)
    error = await asyncio.to_thread(run_steps, runtime, options, is_stopped, with_program=script is None)
    if error is not None:
        return report(error)
    if script is None:
        return None
    bench.shows_values = has_cells(script)
    skip = _Skip(bench)
    first, name = len(options.chunks) + 1, options.source()[1]
    for number, cell in enumerate(cells_of(script, skip), first):
        if is_stopped():
            return report(STOPPED)
        code = await _cell(bench, cell, number, name)
        if code is not None:
            return code
    bench.shows_values = True
    return None


async def _cell(bench: Bench, cell: ScriptCell, number: int, name: str) -> int | None:
    request = ScriptRequest(CONSOLE, [], number, allow_stdin=True, name=name)
    bench.take_error()
    reply = await bench.cells.run(cell.placed, request, expressions={})
    if reply["status"] == "ok":
        return None
    error = bench.take_error()
    if error is None and reply["ename"] == "Interrupted":
        error = STOPPED
    if error is not None:
        return report(error)
    print(f"ba-lua: {name}:{cell.line + 1}: {reply['evalue']}", file=sys.stderr, flush=True)
    return 1


async def _stay(bench: Bench, ctrl_c: CtrlC) -> int | None:
    idle, pressed = asyncio.wrap_future(bench.runtime.until_idle()), asyncio.wrap_future(ctrl_c.pressed)
    await asyncio.wait({idle, pressed}, return_when=asyncio.FIRST_COMPLETED)
    return INTERRUPTED if pressed.done() else None


def _count(options: Options, script: str | None) -> int:
    """Returns the number of the first cell after all that the command line names."""
    cells = sum(1 for _ in cells_of(script)) if script is not None else options.program is not None
    return 1 + len(options.chunks) + cells


class _Skip:
    """Leaves out magics that are not known here, and says so once of each."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._said: set[str] = set()

    def __call__(self, name: str) -> bool:
        if name in MAGICS:
            return False
        if name not in self._said:
            self._said.add(name)
            self._bench.output.write(f"-- {name} is not known to ba-lua and is skipped\n".encode(), "stderr")
        return True
