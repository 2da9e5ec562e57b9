"""A picture of `%flow` where there is no browser, or only an exported page."""

from __future__ import annotations

import base64
import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from ._runs import KERNELSPEC, NOTEBOOKS
from .demo import main as demo

PATIENCE_S = 60
ASK = 'local s = ba.socket.udpcon("127.0.0.1", 9); s:write("hello"); s:close()'
# The lifeline, then the arrow with what was sent.
ARROW = re.compile(r"cell \[\d\] .*│── “hello”  5 bytes ─+►│", re.DOTALL)

IMAGE = re.compile(r"data:image/svg\+xml;base64,([^\"]+)")


def test_the_demo_prints_the_diagram(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In box-drawing characters, below what the cell printed."""
    cell = nbformat.v4.new_code_cell(f"%flow\n{ASK}")
    path = tmp_path / "lesson.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), path)
    assert demo((path,), tmp_path / "saved") == 0
    assert ARROW.search(capsys.readouterr().out)


def test_an_exported_page_has_every_picture_with_its_text(tmp_path: Path) -> None:
    """As images that need no script and no file beside the page."""
    (lesson,) = (path for path in NOTEBOOKS if path.stem.startswith("09"))
    command = [sys.executable, "-m", "nbconvert", "--to", "html", "--log-level", "WARN"]
    subprocess.run(
        [*command, "--output-dir", str(tmp_path), str(lesson)], check=True, timeout=PATIENCE_S
    )
    page = (tmp_path / lesson.with_suffix(".html").name).read_text(encoding="utf-8")
    saved = [
        output.data["text/html"]
        for cell in nbformat.read(lesson, as_version=4).cells
        for output in cell.get("outputs", ())
        if "flow" in cell.source and output.output_type == "display_data"
    ]
    assert saved
    for html in saved:
        (data,) = IMAGE.findall(html)
        assert base64.b64decode(data).startswith(b"<svg ")
        assert data in IMAGE.findall(page)
    assert page.count('alt="Sequence diagram, ') == len(saved)


@pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals")
def test_a_console_shows_the_diagram() -> None:
    """`%flow` waits for its Lua there: the return key after it does not end the cell. `%flow off` has a picture too."""
    import pexpect

    command = [*("-m", "jupyter_console", "--kernel", KERNELSPEC["name"])]
    environment = {**os.environ, "TERM": "xterm", "PROMPT_TOOLKIT_NO_CPR": "1"}
    console = pexpect.spawn(
        sys.executable, command, env=environment, encoding="utf-8", dimensions=(50, 160), timeout=PATIENCE_S
    )
    try:
        console.expect_exact("In [")
        console.send("%flow\r")
        console.expect_exact("...:")
        console.send(f"{ASK}\r")
        console.expect(ARROW)
        console.expect_exact("In [")
        console.send("%flow on\r")
        console.expect_exact("Recording.")
        console.expect_exact("In [")
        console.send(f"{ASK}\r")
        console.expect_exact("In [")
        console.send("%flow off\r")
        console.expect(ARROW)
        console.expect_exact("In [")
        console.sendcontrol("d")
        console.expect_exact("exit")
        console.send("y\r")
        console.expect(pexpect.EOF)
    finally:
        console.close(force=True)
