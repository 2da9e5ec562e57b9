"""The README tells the truth: its programs run, its commands and links exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ba_runtime import Event, Printed, Runtime, Traced
from ba_runtime.lab import Clock, Lab

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
# A program and, when it prints, what it prints.
PROGRAMS = re.findall(r"```lua\n(.*?)```(?:\s+```text\n(.*?)```)?", README, re.DOTALL)


def run_on_the_lab(program: str) -> list[Event]:
    """Runs a program as a cell with the README's fixed clock, until its cosockets have ended."""
    events: list[Event] = []
    lab = Lab(Clock.fixed("2026-01-01T12:00:00Z"))
    lab.start()
    try:
        with Runtime(events.append) as runtime:
            runtime.use_lab(lab)
            result = runtime.run_cell(program.encode(), name="cell[1]", cell=1).result(timeout=10)
            assert result.error is None, result.error
            runtime.until_idle().result(timeout=10)
    finally:
        lab.stop()
    return events


@pytest.mark.parametrize(("program", "expected"), PROGRAMS)
def test_a_program_of_the_readme_does_what_it_says(program: str, expected: str) -> None:
    """What it prints is what stands below it; a cosocket traces the answer's first line."""
    events = run_on_the_lab(program)
    printed = b"".join(event.text for event in events if isinstance(event, Printed)).decode()
    assert printed == expected
    if "trace(" in program:
        assert [event.text for event in events if isinstance(event, Traced)] == [b"HTTP/1.1 200 OK"]


def test_the_readme_begins_with_the_two_commands() -> None:
    """The first thing to read is what to type, and make knows it."""
    first = re.search(r"```sh\n(.*?)```", README, re.DOTALL)
    assert first is not None
    assert [line.split("#")[0].strip() for line in first[1].splitlines()] == ["make demo", "make test"]


def test_every_make_command_exists() -> None:
    """What the README and CONTRIBUTING tell to make is a target."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([\w-]+):", makefile, re.MULTILINE))
    text = README + (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    told = set(re.findall(r"`make ([\w-]+)`", text)) | set(re.findall(r"^make ([\w-]+)", text, re.MULTILINE))
    assert told <= targets


def _tree() -> str:
    """Returns the map of the tree."""
    tree = re.search(r"## The tree\n\n```text\n(.*?)```", README, re.DOTALL)
    assert tree is not None
    return tree[1]


def test_every_file_that_is_named_exists() -> None:
    """Links and the tree name files of the project."""
    links = re.findall(r"\]\(((?!https?:)[^)]+)\)", README)
    assert links
    assert [name for name in links if not (ROOT / name).exists()] == []
    parents: dict[int, Path] = {-1: ROOT}
    for indent, name in re.findall(r"^( *)(\S+?\.py|\S+?/)[ ,]", _tree(), re.MULTILINE):
        depth = len(indent) // 2
        parents[depth] = parents[depth - 1] / name
        assert parents[depth].exists()
