"""`python -m tests.notebooks.demo`: run every notebook on the lab network and print what a reader would see.

Each code cell with its output and, where it changed, the trace area as text. The executed notebooks are saved
under build/notebooks/. The exit code is 1 when a cell fails; the first one that does ends the demo.
"""

from __future__ import annotations

import sys
import textwrap
import time
from pathlib import Path

from ._runs import NOTEBOOKS, ROOT, Cell, execute, is_trace_area, plain, read, trace_texts, write

SAVED = ROOT / "build" / "notebooks"
WIDTH = 78
INDENT = "    "


class Printer:
    """Prints one notebook, cell by cell, as it runs."""

    def __init__(self, path: Path) -> None:
        self.cells: list[Cell] = []
        self._trace = ""
        self._say(f"\n{'=' * WIDTH}\n{path.name}\n{'=' * WIDTH}")

    def show(self, cell: Cell) -> None:
        """Prints a cell that has just run; of a cell of text, its heading."""
        if cell.cell_type != "code":
            if cell.source.startswith("#"):
                self._say(f"\n{cell.source.splitlines()[0]}")
            return
        self.cells.append(cell)
        self._block(f"In [{cell.execution_count}]:", cell.source)
        for output in cell.outputs:
            if output.output_type == "stream":
                self._block("printed:" if output.name == "stdout" else f"{output.name}:", output.text)
            elif output.output_type == "error":
                self._block("error:", plain("\n".join(output.traceback)))
            elif not is_trace_area(output):
                self._block("value:", output.data["text/plain"])
        self._show_trace()

    def _show_trace(self) -> None:
        areas = trace_texts(self.cells)
        if areas and areas[-1] != self._trace:
            self._trace = areas[-1]
            self._block("trace area:", self._trace)

    def _block(self, title: str, text: str) -> None:
        self._say(f"\n  {title}\n{textwrap.indent(text.rstrip(), INDENT)}")

    def _say(self, text: str) -> None:
        # The reader watches: a line must not wait in a buffer for the next cell.
        print(text, flush=True)


def run(path: Path, saved: Path) -> str | None:
    """Runs and prints one notebook and saves a copy in `saved`; returns what the first failing cell says."""
    notebook = read(path)
    printer = Printer(path)
    problem = execute(notebook, printer.show)
    write(notebook, saved / path.name)
    return problem


def main(paths: tuple[Path, ...] = NOTEBOOKS, saved: Path = SAVED) -> int:
    """Runs the notebooks in order and returns the exit code."""
    start = time.monotonic()
    for path in paths:
        problem = run(path, saved)
        if problem:
            print(f"\n{'=' * WIDTH}\nFAILED: {path.name}\n\n{problem}", flush=True)
            return 1
    seconds = time.monotonic() - start
    print(f"\n{'=' * WIDTH}\nAll {len(paths)} notebooks ran without an error, in {seconds:.0f} seconds.")
    print(f"The executed copies are in {saved}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
