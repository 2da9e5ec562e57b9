"""`%run`, `%load` and `%%writefile`: programs and other texts in files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ba_kernel import _magic_file
from ba_kernel._complete import complete

from ._fakes import Desk, play


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that the kernel works in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


async def failing(desk: Desk, code: str) -> str:
    """Runs a cell that must fail in a magic, and returns the message."""
    reply = await desk.run(code)
    assert reply["ename"] == "MagicError"
    return str(reply["evalue"])


def test_the_rest_of_a_cell_is_written(folder: Path) -> None:
    """To the last line, which gets its end; magics in it are text, and Lua does not run."""

    async def scene(desk: Desk) -> None:
        await desk.run("-- why\n%%writefile a b.lua\n\n%time\nprint 'ä'")
        assert (folder / "a b.lua").read_text(encoding="utf-8") == "\n%time\nprint 'ä'\n"
        assert desk.front.text() == "18 bytes written to a b.lua\n"
        await desk.run('%%writefile -a "a b.lua"\nx')
        assert (folder / "a b.lua").read_text(encoding="utf-8").endswith("'ä'\nx\n")
        await desk.run("%%writefile empty")
        assert (folder / "empty").read_bytes() == b""
        assert desk.front.text().splitlines()[1:] == ["2 bytes added to a b.lua", "0 bytes written to empty"]
        assert not desk.runtimes

    play(scene)


def test_half_an_emoji_is_written_as_a_question_mark(folder: Path) -> None:
    """It has no form in UTF-8."""

    async def scene(desk: Desk) -> None:
        await desk.run("%%writefile f\n\ud83d")
        assert (folder / "f").read_bytes() == b"?\n"

    play(scene)


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("%%writefile\nx", _magic_file.WRITE),
        ("%%writefile -a\nx", _magic_file.WRITE),
        ("%%writefile -x f\nx", _magic_file.WRITE),
        ("%%writefile no/f\nx", "%%writefile: No such file or directory: no/f"),
        ("%%writefile .\nx", "%%writefile: Is a directory: ."),
        ("%%writefile a\0b\nx", "%%writefile: embedded null byte: a\0b"),
        ("%load", "usage: %load FILE"),
        ("%load .", "%load: Is a directory: . in {}"),
        ("%load no", "%load: No such file or directory: no in {}"),
        ("%run", _magic_file.RUN),
        ("%run 'a b", _magic_file.RUN),
        ("%run no.lua", "%run: No such file or directory: no.lua in {}"),
    ],
)
def test_what_cannot_be_is_explained(folder: Path, cell: str, message: str) -> None:
    """With the name, and the folder where a relative one was looked for."""

    async def scene(desk: Desk) -> None:
        assert await failing(desk, cell) == message.format(folder)

    play(scene)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no named pipes")
@pytest.mark.parametrize("magic", ["%%writefile", "%%writefile -a", "%load", "%run"])
def test_a_pipe_does_not_stop_the_kernel(folder: Path, magic: str) -> None:
    """Nobody is at its other end."""
    os.mkfifo(folder / "pipe")

    async def scene(desk: Desk) -> None:
        message = await failing(desk, f"{magic} pipe\nx")
        assert any(why in message for why in ("not a regular file", "No such device or address"))

    play(scene)


def test_a_loaded_file_takes_the_cells_place(folder: Path) -> None:
    """Below a comment that says where it comes from; the front end does it."""
    (folder / "a b.lua").write_bytes("\ufeffprint 'ä'\n".encode())

    async def scene(desk: Desk) -> None:
        reply = await desk.run("%load a b.lua")
        assert reply["payload"] == [
            {"source": "set_next_input", "text": "-- %load a b.lua\nprint 'ä'", "replace": True}
        ]

    play(scene)


def test_what_is_no_text_or_too_much_is_not_loaded(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An editor could not show it."""
    (folder / "picture").write_bytes(b"\x89PNG")
    (folder / "large").write_bytes(b"x" * 11)

    async def scene(desk: Desk) -> None:
        assert await failing(desk, "%load picture") == "%load: picture is not a text in UTF-8"
        monkeypatch.setattr(_magic_file, "MOST_LOADED_BYTES", 10)
        assert await failing(desk, "%load large") == "%load: large is larger than 10 bytes, the limit"

    play(scene)


def test_a_program_runs_with_its_arguments_before_the_cells_lua(folder: Path) -> None:
    """Its name is what errors call it."""
    (folder / "my prog.lua").write_bytes(b"#!/usr/bin/env ba-lua\nprint program\n")

    async def scene(desk: Desk) -> None:
        await desk.run("%run 'my prog.lua' one 'two words' -3\nprint cell")
        assert desk.runtime.ran[0][0].startswith(b"--#!/usr/bin/env ba-lua\n")
        assert desk.runtime.ran[0][1:] == ("my prog.lua", 1)
        assert desk.runtime.arguments == (b"one", b"two words", b"-3")
        assert desk.runtime.ran[1][1] == "cell[1]"

    play(scene)


def test_an_error_in_a_program_shows_its_line(folder: Path) -> None:
    """The file's, not the cell's."""
    (folder / "prog.lua").write_bytes(b"print before\n\nerror no")

    async def scene(desk: Desk) -> None:
        reply = await desk.run("%run prog.lua\nprint cell")
        assert reply["evalue"] == "prog.lua:3: no"
        assert "error no" in "".join(reply["traceback"])
        assert desk.front.text() == "before\n"

    play(scene)


def test_files_complete_once_a_name_is_begun(folder: Path) -> None:
    """With folders, and without what is hidden."""
    for name in ("one.lua", "other.lua", ".hidden"):
        (folder / name).touch()
    (folder / "out").mkdir()
    (folder / "out" / "x.lua").touch()

    async def scene(desk: Desk) -> None:
        for line, matches in {
            "%run o": ["%run one.lua", "%run other.lua", "%run out/"],
            "%load out/": ["%load out/x.lua"],
            "%run .h": ["%run .hidden"],
            "%run no/": [],
        }.items():
            assert (await complete(desk.bench.engine, line, len(line)))["matches"] == matches

    play(scene)


def test_files_are_offered_to_the_magics_that_take_them(folder: Path) -> None:
    """And to no other: a folder called `state` has nothing to do with `%lab status`."""
    (folder / "state").mkdir()

    async def scene(desk: Desk) -> None:
        for line, matches in (("%run sta", ["%run state/"]), ("%lab sta", ["%lab status"])):
            assert (await complete(desk.bench.engine, line, len(line)))["matches"] == matches

    play(scene)
