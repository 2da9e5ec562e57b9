"""`jupyter nbconvert --to script` makes files of the lessons that `ba-lua` runs with the same text."""

from __future__ import annotations

import difflib
import re
import subprocess
import sys
from pathlib import Path

import pytest

from ._runs import NOTEBOOKS, Notebook, code_cells, is_trace_area, read

PATIENCE_S = 60
_PORT = re.compile(r"(?<=http://127\.0\.0\.1:)\d+(?=/)")

every_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def shown(notebook: Notebook) -> str:
    """Returns what stands below the cells as text; the trace area is for stderr."""
    texts = []
    for cell in code_cells(notebook):
        for output in cell.outputs:
            if output.output_type == "stream":
                texts.append(output.text if output.name == "stdout" else "")
            elif not is_trace_area(output):
                texts.append(output.data["text/plain"] + "\n")
    return "".join(texts)


@pytest.fixture(scope="module")
def scripts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with every lesson as nbconvert writes it, which finds the format in the notebook itself."""
    folder = tmp_path_factory.mktemp("scripts")
    command = [sys.executable, "-m", "nbconvert", "--to", "script", "--log-level", "WARN"]
    subprocess.run([*command, "--output-dir", str(folder), *map(str, NOTEBOOKS)], check=True, timeout=PATIENCE_S)
    return folder


@every_notebook
def test_a_lesson_as_a_script_writes_what_the_notebook_shows(path: Path, scripts: Path) -> None:
    """Prints, values, pages, tables and pictures, in the same order; links have another port each time."""
    command = [sys.executable, "-m", "ba_kernel.command", str(scripts / path.with_suffix(".lua").name)]
    ran = subprocess.run(
        command, cwd=path.parent, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE_S
    )
    assert ran.returncode == 0, ran.stderr
    said = _PORT.sub("PORT", ran.stdout)
    expected = shown(read(path))
    assert said == expected, "\n".join(difflib.unified_diff(expected.split("\n"), said.split("\n")))
