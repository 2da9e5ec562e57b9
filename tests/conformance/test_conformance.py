"""Every published script traces what the real server (Mako 4.3) traced for it, or differs for a known reason.

A script runs as users run it, through `python -m ba_runtime`, in a folder of its own. The texts behind the
`NAME LINE: ` of its trace are compared with `scripts/NNN-name.expected`. A script with an `.lsp` beside it
asks for that page, as `/page.lsp`.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from . import differences, make_certs

HERE = Path(__file__).parent
SCRIPTS = sorted((HERE / "scripts").glob("[0-9]*.lua"))

TIMEOUT_S = 20
# `NAME LINE: text`; what is not of that form (reports of errors, notes) is no part of the recorded trace.
TRACE_LINE = re.compile(r"^\S* -?\d+: (.*)$")


# Latin-1, as the recorded texts are: every byte is a character.
DIFFERENCES = differences.read((HERE / "differences.txt").read_text(encoding="latin-1"))


@pytest.fixture(scope="session")
def vectors(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that scripts know as VECTOR_DIR: it holds the certificates of the TLS group."""
    folder = tmp_path_factory.mktemp("vectors")
    make_certs.write_all(folder / "certs")
    return folder


# The published scripts guess: a TCP port that was free a moment ago, also where they want one for UDP. A TCP
# listener may have any port here, so they get 0, and for UDP a port that was asked for as such.
GUESS = "local function freeport() local b=ba.socket.bind(0) local _,p=b:sockname() b:close() return p end"
TCP_PORT = "local function freeport() return 0 end"
UDP_PORT = GUESS.replace("bind(0)", 'udpcon{intf="127.0.0.1"}')


def _traced(script: Path, folder: Path, vectors: Path) -> tuple[list[str], str]:
    """Runs a copy of `script` in `folder`; returns the texts that it traced, and all of stderr."""
    # On the first line, so that no line number moves.
    program = f'VECTOR_DIR="{vectors}" ' + script.read_text(encoding="utf-8")
    program = program.replace(GUESS, UDP_PORT if "udpcon" in program else TCP_PORT)
    (folder / script.name).write_text(program, encoding="utf-8")
    page = script.with_suffix(".lsp")
    served = []
    if page.exists():
        (folder / "site").mkdir()
        (folder / "site" / "page.lsp").write_bytes(page.read_bytes())
        served = ["--serve", "site"]
    process = subprocess.run(
        [sys.executable, "-m", "ba_runtime", *served, script.name],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=TIMEOUT_S,
    )
    stderr = process.stderr.decode("latin-1")
    # Split at newlines only: other line separators are part of a text.
    return [match[1] for match in map(TRACE_LINE.match, stderr.split("\n")) if match], stderr


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: str(script.stem))
def test_a_script_traces_what_the_real_server_traced(script: Path, tmp_path: Path, vectors: Path) -> None:
    """One among the differences still runs to its end, and differs as its entries say: none may be stale."""
    recorded = script.with_suffix(".expected").read_text(encoding="latin-1").rstrip("\n").split("\n")
    traced, stderr = _traced(script, tmp_path, vectors)
    assert traced.count("DONE") == 1, stderr
    entries = DIFFERENCES.get(script.stem[:3], [])
    if any(not entry.passages for entry in entries):
        assert traced != recorded
    else:
        assert traced == differences.expected(recorded, entries, traced), stderr


def test_every_difference_belongs_to_a_recorded_program() -> None:
    """Not all recorded programs are in `scripts`; an entry without lines may be for one that is not."""
    published = {script.stem[:3] for script in SCRIPTS}
    with_lines = {number for number, entries in DIFFERENCES.items() if entries[0].passages}
    assert with_lines <= published
    assert max(DIFFERENCES) <= max(published)
