"""The notebooks run, print what is saved in them, and keep to the form that a lesson has here.

Each runs once by default. `NOTEBOOK_RUNS=10 pytest tests/notebooks` is the full check: ten times in a row
alike.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import nbformat
import pytest

from ._runs import KERNELSPEC, NOTEBOOKS, Notebook, code_cells, execute, read, record, trace_texts
from .demo import main as demo

RUNS = int(os.environ.get("NOTEBOOK_RUNS", "1"))
REFRESH = "if that is as it should be: python -m tests.notebooks.refresh"

FIRST_CELL = "%lab on 2026-01-01T12:00:00Z"
PROSE_WORDS = 50
# "About ten": a function and its call need a line or two more.
CODE_LINES = 12
CODE_COLUMNS = 80

LINK = re.compile(r"\[[^]]+\]\(([^)]+)\)")
# What differs from run to run: pointers, sockets as text, fractions of a second, ports behind addresses.
UNSTABLE = re.compile(r"0x[0-9a-f]{6}|\[Sock |\b[0-9a-f]{12}\b|\d:\d\d\.\d|\d\.\d:\d{4,5}\b")

every_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


# ---- they run


@every_notebook
@pytest.mark.timeout(60 + 60 * RUNS)
def test_a_notebook_prints_what_is_saved_in_it(path: Path) -> None:
    """Every cell without an error, every output and trace line as saved, as often as asked for."""
    saved = record(read(path))
    for _ in range(RUNS):
        notebook = read(path)
        assert execute(notebook) is None
        assert record(notebook) == saved, REFRESH


def test_nbconvert_saves_the_trace(tmp_path: Path) -> None:
    """Also the lines that came after the Lua of their cell had ended."""
    command = [sys.executable, "-m", "nbconvert", "--to", "notebook", "--execute", "--log-level", "WARN"]
    subprocess.run([*command, "--output-dir", str(tmp_path), *map(str, NOTEBOOKS)], check=True, timeout=100)
    for path in NOTEBOOKS:
        executed = read(tmp_path / path.name)
        assert record(executed) == record(read(path))
    (cosockets,) = (path for path in NOTEBOOKS if "cosockets" in path.stem)
    (area,) = set(trace_texts(code_cells(read(tmp_path / cosockets.name))))
    assert "tick\t5" in area
    assert "print after cell [3] ended" in area


# ---- the demo


def _notebook(path: Path, *sources: str) -> Path:
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    return path


def test_the_demo_prints_cells_outputs_and_traces(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In plain text, with no colours, and saves the executed copy."""
    path = _notebook(tmp_path / "lesson.ipynb", 'print("printed")\ntrace("traced")\nreturn 6 * 7')
    assert demo((path,), tmp_path / "saved") == 0
    text = capsys.readouterr().out
    for line in ("lesson.ipynb", "  In [1]:", "    printed", "    42", "    [1]:2  traced"):
        assert line in text.splitlines()
    assert "\x1b" not in text
    assert trace_texts(code_cells(read(tmp_path / "saved" / "lesson.ipynb"))) == [
        "[1]:2  traced\ntrace: 1 line"
    ]


def test_the_demo_reports_the_first_cell_that_fails(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With its source and Lua's message; nothing after it runs, and the exit code says so."""
    path = _notebook(tmp_path / "lesson.ipynb", 'print("well")', 'error("oops")', 'print("never")')
    assert demo((path, path), tmp_path / "saved") == 1
    text = capsys.readouterr().out
    assert "    well" in text.splitlines()
    assert "never" not in text
    assert "oops" in text.partition("FAILED: lesson.ipynb")[2]


# ---- their form


@every_notebook
def test_a_notebook_begins_with_its_promise(path: Path) -> None:
    """A title, then what the reader can do afterwards."""
    title, promise, *more = filter(None, read(path).cells[0].source.split("\n"))
    assert title.startswith("# ")
    assert promise.startswith("After this you can ")
    assert more == []


@every_notebook
def test_the_first_code_cell_turns_the_lab_on(path: Path) -> None:
    """With a clock that stands still, alone in its cell, so that it can be changed."""
    assert code_cells(read(path))[0].source == FIRST_CELL


@every_notebook
def test_prose_is_short(path: Path) -> None:
    """Fifty words in a cell; headings and the links to the neighbours do not count."""
    for cell in read(path).cells[:-1]:
        if cell.cell_type == "markdown":
            assert len(re.sub(r"^#.*$", "", cell.source, flags=re.M).split()) <= PROSE_WORDS, cell.id


@every_notebook
def test_code_is_short(path: Path) -> None:
    """Ten lines of Lua or a few more, and none too wide for a page."""
    for cell in code_cells(read(path)):
        lines = [line for line in cell.source.split("\n") if line.strip() and not line.startswith("%")]
        assert len(lines) <= CODE_LINES, cell.id
        assert max(map(len, cell.source.split("\n"))) <= CODE_COLUMNS, cell.id


@every_notebook
def test_code_stands_between_its_prose_and_its_remark(path: Path) -> None:
    """The cell `echo` below `echo-prose` and above `echo-remark`; the ids say what a cell is for."""
    cells = read(path).cells
    ids = [cell.id for cell in cells]
    for at, cell in enumerate(cells):
        if cell.cell_type == "code":
            assert ids[at - 1] == f"{cell.id}-prose"
            assert ids[at + 1] == f"{cell.id}-remark" or cell.id in ("lab", "check")


@every_notebook
def test_a_lesson_ends_with_a_check_and_something_to_try(path: Path) -> None:
    """The last code asserts what was taught; then "Try this"; then the links."""
    heading, check, attempt, links = read(path).cells[-4:]
    assert heading.source == "## Check"
    assert check.source.startswith("assert(")
    assert attempt.source.startswith("## Try this\n")
    assert links.cell_type == "markdown"


def test_back_and_next_lead_through_all_notebooks() -> None:
    """In the order of their file names, both ways."""
    last_cells = [read(path).cells[-1].source for path in NOTEBOOKS]
    for (path, links), (path_after, links_after) in pairwise(zip(NOTEBOOKS, last_cells, strict=True)):
        assert re.search(rf"Next: \[[^]]+\]\({path_after.name}\)", links)
        assert re.search(rf"Back: \[[^]]+\]\({path.name}\)", links_after)


@every_notebook
def test_links_resolve(path: Path) -> None:
    """Every link leads to a file beside the notebook; the web is not needed."""
    targets = [target for cell in read(path).cells for target in LINK.findall(cell.source)]
    assert targets
    assert [target for target in targets if not (path.parent / target).is_file()] == []


def test_the_index_lists_every_lesson() -> None:
    """One line each, in order."""
    index, *lessons = NOTEBOOKS
    listed = LINK.findall(read(index).cells[1].source)
    assert listed == [path.name for path in lessons]


# ---- their files


@every_notebook
def test_the_file_is_tidy(path: Path) -> None:
    """Written as `refresh` writes it, for this kernel, with ids that are words and nothing left by a run."""
    notebook = read(path)
    assert path.read_text(encoding="utf-8") == nbformat.writes(notebook) + "\n"
    assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)
    assert notebook.metadata.kernelspec == KERNELSPEC
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)?", cell.id) for cell in notebook.cells)
    assert [cell.id for cell in notebook.cells if cell.metadata] == []
    counts = [cell.execution_count for cell in code_cells(notebook)]
    assert counts == list(range(1, len(counts) + 1))


@every_notebook
def test_saved_outputs_are_stable(path: Path) -> None:
    """No error, no pointer, no time that moves, no port that is new each time."""
    for text in _texts(read(path)):
        assert not UNSTABLE.search(text), text


def _texts(notebook: Notebook) -> list[str]:
    outputs = [output for outputs in record(notebook).values() for output in outputs]
    assert "error" not in {output["output_type"] for output in outputs}
    return [str(output.get("text", output.get("data"))) for output in outputs]
