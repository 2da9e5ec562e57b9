"""The reference notebook: made of the cards, complete, with examples that print what is saved below them."""

from __future__ import annotations

import re
from collections import Counter

import nbformat
import pytest

from ba_kernel._magic_table import MAGICS
from ba_runtime.docs import entries

from ._runs import REFERENCE, Cell, code_cells, execute, read, record
from .reference import TOPICS, build
from .test_notebooks import CODE_COLUMNS, CODE_LINES, LINK, UNSTABLE

REFRESH = "if that is as it should be: python -m tests.notebooks.reference"


def _sources(cells: list[Cell]) -> list[tuple[str, str, str]]:
    return [(cell.cell_type, cell.id, cell.source) for cell in cells]


def test_the_notebook_is_what_the_cards_say() -> None:
    """Every word of it."""
    assert _sources(read(REFERENCE).cells) == _sources(build().cells), REFRESH


@pytest.mark.timeout(120)
def test_the_examples_print_what_is_saved() -> None:
    """On the lab network, the same on every run."""
    notebook = build()
    assert execute(notebook) is None
    assert record(notebook) == record(read(REFERENCE)), REFRESH


def test_every_card_is_in_it_once() -> None:
    """Under its signature; a card that no heading claims would be missing."""
    text = "\n".join(cell.source for cell in build().cells if cell.cell_type == "markdown")
    shown = Counter(re.findall(r"^#### `(.*)`$", text, re.MULTILINE))
    expected = Counter([*(card.signature for card in entries()), *MAGICS])
    assert shown == expected


def test_every_form_of_a_magic_is_in_it() -> None:
    """As `%help` lists them."""
    lines = next(cell.source for cell in build().cells if cell.id == "magics").split("\n")
    for magic in MAGICS.values():
        assert [form for form, _ in magic.forms if not any(f"- `{form}`: " in line for line in lines)] == []


def test_every_heading_has_cards() -> None:
    """A name that is misspelled in a group would leave it empty."""
    names = {card.name for card in entries()}
    for group in (group for topic in TOPICS for group in topic.groups):
        for name in group.names:
            assert name in names or (name[-1] in ".:" and any(known.startswith(name) for known in names)), name


def test_examples_are_small() -> None:
    """As in lessons, and each of them shows something."""
    for cell in code_cells(read(REFERENCE)):
        lines = cell.source.split("\n")
        assert len(lines) <= CODE_LINES, cell.id
        assert max(map(len, lines)) <= CODE_COLUMNS, cell.id
        assert cell.outputs, cell.id


def test_saved_outputs_are_stable() -> None:
    """No error, no pointer, no time that moves."""
    outputs = [output for outputs in record(read(REFERENCE)).values() for output in outputs]
    assert {output["output_type"] for output in outputs} == {"stream", "execute_result", "display_data"}
    for output in outputs:
        assert not UNSTABLE.search(str(output.get("text", output.get("data"))))


def test_links_lead_to_files_or_headings() -> None:
    """As JupyterLab makes anchors of headings: with hyphens for blanks."""
    cells = [cell.source for cell in read(REFERENCE).cells if cell.cell_type == "markdown"]
    headings = {line[3:].replace(" ", "-") for cell in cells for line in cell.split("\n") if line[:3] == "## "}
    for target in (target for cell in cells[:1] + cells[-1:] for target in LINK.findall(cell)):
        assert target.removeprefix("#") in headings or (REFERENCE.parent / target).is_file(), target


def test_the_file_is_tidy() -> None:
    """Written as the command writes it."""
    notebook = read(REFERENCE)
    assert REFERENCE.read_text(encoding="utf-8") == nbformat.writes(notebook) + "\n"
    assert len({cell.id for cell in notebook.cells}) == len(notebook.cells)
