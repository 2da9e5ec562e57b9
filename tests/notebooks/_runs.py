"""Executing notebooks as a front end would, and comparing what came out. No test and no printing in here.

The saved outputs are part of the lesson, so they must come out the same every time: `record` keeps what a
reader sees and drops what a run leaves behind (timings, display ids, the port of the page server).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import nbformat
from jupyter_client.kernelspec import NoSuchKernel
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

ROOT = Path(__file__).resolve().parents[2]
# The lessons. The reference is not one: it is made of the cards (reference.py).
NOTEBOOKS = tuple(sorted((ROOT / "notebooks").glob("[0-9]*.ipynb")))
REFERENCE = ROOT / "notebooks" / "reference.ipynb"
KERNEL = "ba-lua"
# The longest cell waits two seconds for its datagrams; a loaded machine gets time to spare.
CELL_TIMEOUT_S = 60

KERNELSPEC = {"display_name": "Lua (ba.socket)", "language": "lua", "name": KERNEL}
OUTPUT_FIELDS = ("output_type", "name", "text", "data", "ename", "evalue")

# The system chooses it anew for each kernel; a saved link leads nowhere anyway.
_PAGE_PORT = re.compile(r"(?<=http://127\.0\.0\.1:)\d+(?=/)")
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")

# nbformat has no types: a notebook or a cell of it is a tree of dicts with attribute access.
Notebook = Any
Cell = Any


def read(path: Path) -> Notebook:
    """Returns the notebook in a file."""
    return nbformat.read(path, as_version=4)


def write(notebook: Notebook, path: Path) -> None:
    """Saves a notebook: sorted keys, one space of indent, a newline at the end."""
    nbformat.validate(notebook)
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, path)


def execute(notebook: Notebook, show: Callable[[Cell], None] = lambda cell: None) -> str | None:
    """Runs all cells in a kernel of their own; returns what the first failing cell says, None if all are well.

    The notebook is filled with the new outputs, up to and with the failing cell. `show` gets each cell, those
    of text too, in order and as soon as it is done.
    """
    client = NotebookClient(
        notebook,
        kernel_name=KERNEL,
        timeout=CELL_TIMEOUT_S,
        resources={"metadata": {"path": str(NOTEBOOKS[0].parent)}},  # where JupyterLab would run it
        record_timing=False,
        on_cell_start=lambda cell, **_: show(cell) if cell.cell_type != "code" else None,
        on_cell_executed=lambda cell, **_: show(cell),
    )
    for cell in code_cells(notebook):
        cell.outputs, cell.execution_count = [], None
    try:
        client.execute()
    except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
        return plain(str(error))
    except NoSuchKernel:
        return f"There is no kernel {KERNEL} yet: `pip install -e .` installs it."
    finally:
        _tidy(notebook)
    return None


def plain(text: str) -> str:
    """Returns a text without the escape sequences that colour it."""
    return _COLOUR.sub("", text)


def code_cells(notebook: Notebook) -> list[Cell]:
    """Returns the cells that run."""
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def record(notebook: Notebook) -> dict[str, list[dict[str, object]]]:
    """Returns what a reader sees below each code cell, by cell id."""
    return {
        cell.id: [
            {field: output[field] for field in OUTPUT_FIELDS if field in output}
            for output in _joined(cell.outputs)
        ]
        for cell in code_cells(notebook)
    }


def trace_texts(cells: Iterable[Cell]) -> list[str]:
    """Returns the trace areas among the outputs of the cells, each as its plain text."""
    return [output.data["text/plain"] for cell in cells for output in cell.outputs if is_trace_area(output)]


def is_trace_area(output: Any) -> bool:
    """Whether an output is the trace area; the kernel marks its HTML with a class."""
    return output.output_type == "display_data" and 'class="ba-trace"' in output.data.get("text/html", "")


def _tidy(notebook: Notebook) -> None:
    """Removes what differs from one run or one installation to the next."""
    notebook.metadata["kernelspec"] = dict(KERNELSPEC)
    notebook.metadata.pop("widgets", None)
    for cell in code_cells(notebook):
        cell.metadata.pop("execution", None)
        cell.outputs = _joined(cell.outputs)


def _joined(outputs: Iterable[Cell]) -> list[Cell]:
    """Returns the outputs with texts that follow each other in one: how many they were is a matter of time."""
    joined: list[Cell] = []
    for output in outputs:
        if output.output_type == "stream":
            output.text = _PAGE_PORT.sub("PORT", output.text)
        last = joined[-1] if joined else None
        if last is not None and _is_more_of(output, last):
            joined[-1] = nbformat.v4.new_output("stream", name=last.name, text=last.text + output.text)
        else:
            joined.append(output)
    return joined


def _is_more_of(output: Cell, last: Cell) -> bool:
    return output.output_type == last.output_type == "stream" and bool(output.name == last.name)
