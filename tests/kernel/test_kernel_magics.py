"""The lines that begin with `%`."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest

from ba_kernel._magic_table import misplaced, split
from ba_kernel._magics import Call

from ._fakes import Desk, play


async def failing(desk: Desk, code: str) -> str:
    """Runs a cell that must fail in a magic, and returns the message."""
    reply = await desk.run(code)
    assert reply["ename"] == "MagicError"
    return str(reply["evalue"])


def test_magics_are_taken_off_the_head_and_lua_keeps_its_lines() -> None:
    """A magic's line becomes an empty one."""
    cell = split("%trace here\n\n-- why\n  %lab on 2026-01-01T00:00:00Z\nx = 5 % 3\n%not a magic")
    assert cell.calls == (Call("%trace", "here", 1), Call("%lab", "on 2026-01-01T00:00:00Z", 4))
    assert cell.lua == "\n\n-- why\n\nx = 5 % 3\n%not a magic"


def test_a_cell_of_magics_and_comments_has_lua_to_run_only_if_there_is_some() -> None:
    """Comments are left to Lua, which ignores them."""
    assert not split("%help\n\n").has_body
    assert split("x = 1").calls == ()
    assert split("--[[ %trace\n]]").calls == ()


def test_line_numbers_after_magics_are_those_of_the_cell() -> None:
    """An error in line 3 of the cell says line 3."""

    async def scene(desk: Desk) -> None:
        reply = await desk.run("%trace pause\n%trace resume\nerror x")
        assert reply["evalue"] == "cell[1]:3: x"

    play(scene)


def test_an_unknown_magic_is_an_error_with_a_suggestion() -> None:
    """And the Lua after it does not run."""

    async def scene(desk: Desk) -> None:
        message = await failing(desk, "%trcae here\nprint x")
        assert message == "unknown magic %trcae; did you mean %trace or %capture?"
        assert await failing(desk, "%zzz") == "unknown magic %zzz; %help lists all magics"
        assert desk.front.text() == ""

    play(scene)


def test_a_magic_after_lua_gets_a_hint() -> None:
    """Lua takes the percent sign for its operator, and its message explains nothing."""

    async def scene(desk: Desk) -> None:
        hint = "magics come before the cell's Lua; move %lab on to the top"
        for cell in ("broken 2\n%lab on", "broken 5\n%lab on\n\n-- for later\nvalue 1"):
            reply = await desk.run(cell)
            assert hint in reply["traceback"][-1]
        elsewhere = ("broken 2\n%d % 3", "broken 1\n%lab on", "broken 4\n%lab on\nvalue 1\nvalue 2")
        for cell in (*elsewhere, "error x\n%time"):
            reply = await desk.run(cell)
            assert "hint" not in reply["traceback"][-1]

    play(scene)


def test_a_magic_after_lua_that_compiles_gets_a_hint_where_it_fails() -> None:
    """`x = 5`, and `%time` below it, is a division; only an error in that very line is the magic's."""
    lua = "x = 5\n%time\ny = 1\nf()"
    assert misplaced(lua, 2, is_syntax=False) == "%time"
    assert [misplaced(lua, line, is_syntax=False) for line in (1, 3, 4, 9)] == [None] * 4
    assert misplaced("x = 5\n%time\n", 3, is_syntax=True) == "%time"


def test_a_cell_magic_is_an_error_of_its_own() -> None:
    """There are few, and nothing of the cell runs."""

    async def scene(desk: Desk) -> None:
        message = await failing(desk, "%%html\nprint x")
        assert message == (
            "unknown magic %%html; only %%device, %%lsp, %%time, %%timeit and %%writefile begin with %%, "
            "all others with one % (%help lists them)"
        )
        assert not desk.runtime.ran

    play(scene)


def test_help_about_a_name_is_shown_in_the_pager() -> None:
    """What the tooltip shows."""

    async def scene(desk: Desk) -> None:
        reply = await desk.run("%help ba.socket.connect")
        (payload,) = reply["payload"]
        assert (payload["source"], payload["start"]) == ("page", 0)
        assert payload["data"]["text/plain"].startswith("ba.socket.connect(")
        assert "text/markdown" in payload["data"]
        assert (
            await failing(desk, "%help nothing") == "there is no help about nothing; %help lists the magics"
        )

    play(scene)


def test_help_lists_every_magic() -> None:
    """With one line for each form."""

    async def scene(desk: Desk) -> None:
        await desk.run("%help")
        for name in (
            "%trace wait",
            "%lab on",
            "%sockets",
            "%reset",
            "%time",
            "%help",
            "%%lsp [PATH]",
            "%lsp serve FOLDER",
        ):
            assert name in desk.front.text()
        assert "differs from a device" in desk.front.text()
        assert 'warn("@off") turns these reports off' in desk.front.text()
        assert "half their speed" not in desk.front.text()
        desk.runtime.counts_instructions = True
        await desk.run("%help")
        assert "half their speed" in desk.front.text()

    play(scene)


@pytest.mark.parametrize(
    "code",
    [
        "%trace nowhere",
        "%trace here now",
        "%trace wait",
        "%trace wait x",
        "%trace wait 0",
        "%trace wait 1 -1",
        "%trace wait 1 inf",
        "%trace wait 1 nan",
        "%trace wait 1 2 3",
        "%trace save",
        "%trace level",
        "%trace level -1",
        "%trace level 21",
        "%trace level 5.5",
        "%trace level 5 6",
        "%trace level ²",
        "%trace only",
        "%trace only me",
        "%trace only cell",
        "%trace only cell x",
        "%trace only cell 1 2",
        "%trace only socket -1",
        "%trace only errors 1",
        "%trace time",
        "%trace time maybe",
        "%lab",
        "%lab off now",
        "%lab on yesterday",
        "%sockets all",
        "%sockets live now",
        "%sockets close",
        "%sockets close x",
        "%sockets close ²",
        "%sockets close 1 2",
        "%sockets close cell",
        "%sockets close cell x",
        "%sockets close all 1",
        "%reset now",
        "%time x",
        "%help me",
        "%%lsp time.lsp",
        "%%lsp /a b",
        "%%lsp /../a",
        "%%lsp /",
        "%lsp",
        "%lsp serve",
        "%lsp show x",
        "%lsp serve nowhere",
    ],
)
def test_a_magic_used_wrongly_says_how_it_is_used(code: str) -> None:
    """The message shows the form that would work."""

    async def scene(desk: Desk) -> None:
        assert code.split()[0] in await failing(desk, code)

    play(scene)


def test_trace_alone_shows_the_settings() -> None:
    """As the magics that make them."""

    async def scene(desk: Desk) -> None:
        await desk.run("%trace")
        assert desk.front.text() == "%trace level 5, %trace only all, %trace time off, updating\n"
        await desk.run("%trace level 8\n%trace only cell 3\n%trace time on\n%trace pause")
        await desk.run("%trace")
        assert desk.front.text().endswith(
            "\n%trace level 8, %trace only cell 3, %trace time on, paused (%trace resume)\n"
        )

    play(scene)


def test_trace_level_reaches_lua_also_after_a_reset() -> None:
    """A level below the usual one only hides what has come; Lua goes on reporting it."""

    async def scene(desk: Desk) -> None:
        await desk.run("%trace level 8\n%trace here\ntracep 8 deep")
        assert "deep" in desk.front.area()
        await desk.run("%reset")
        await desk.run("tracep 8 deeper")
        assert "deeper" in desk.front.area()
        await desk.run("%trace level 3")
        assert desk.runtime.trace_level == 5
        assert desk.front.area() == "trace: 2 lines, 2 hidden (level 3)"

    play(scene)


def test_trace_only_hides_lines_and_loses_none() -> None:
    """Those of other cells and sockets, and what is no error; saved is what is shown."""

    async def scene(desk: Desk) -> None:
        await desk.run("%trace here\ntrace one")
        await desk.run("trace two\ntracep 5 of a socket\nfault Lua error: bad")
        await desk.run("%trace only cell 1")
        assert desk.front.area() == "[1]:2  one\ntrace: 4 lines, 3 hidden (only cell 1), 1 error in [2]"
        await desk.run("%trace only socket 7")
        assert desk.front.area().startswith("[2]:2  of a socket\ntrace: 4 lines, 3 hidden (only socket 7)")
        await desk.run("%trace only errors")
        assert desk.front.area().startswith("[2]  Lua error: bad\ntrace: 4 lines, 3 hidden (only errors)")
        await desk.run("%trace only all")
        assert len(desk.front.area().split("\n")) == 5

    play(scene)


def test_trace_here_shows_the_area_at_once() -> None:
    """Before the cell's Lua prints anything."""

    async def scene(desk: Desk) -> None:
        await desk.run("%trace here\nprint x")
        assert desk.front.kinds() == ["display_data", "stream"]

    play(scene)


def test_trace_wait_with_lua_waits_for_the_lines_of_that_lua() -> None:
    """The magic stands first, and waits last."""

    async def scene(desk: Desk) -> None:
        assert (await desk.run("%trace wait 2 5\ntrace a\ntrace b"))["status"] == "ok"

    play(scene)


def test_trace_wait_in_a_cell_of_its_own_counts_from_the_cell_before() -> None:
    """Lines that came before the wait began are not missed."""

    async def scene(desk: Desk) -> None:
        await desk.run("trace a\ntrace b")
        assert (await desk.run("%trace wait 2 0.01"))["status"] == "ok"
        assert (await failing(desk, "%trace wait 1 0.01")).endswith("0 of 1 lines arrived within 0.01 s")

    play(scene)


def test_trace_wait_ends_when_the_line_comes() -> None:
    """A line from the background opens the barrier."""

    async def scene(desk: Desk) -> None:
        await desk.run("value 1")
        waiting = asyncio.ensure_future(desk.run("%trace wait 1 60"))
        await asyncio.sleep(0.01)
        desk.runtime.send(b"trace", b"at last", "cell[1]", 1, 1)
        assert (await asyncio.wait_for(waiting, 10))["status"] == "ok"

    play(scene)


def test_trace_save_writes_a_file(tmp_path: Path) -> None:
    """The name may have blanks; what was written is said."""
    file = tmp_path / "my trace.txt"

    async def scene(desk: Desk) -> None:
        await desk.run("trace grüße")
        await desk.run(f"%trace save {file}")
        assert desk.front.text() == f"1 line written to {file}\n"

    play(scene)
    assert file.read_text("utf-8") == "[1]:1  grüße\ntrace: 1 line\n"


def test_trace_save_says_why_it_could_not(tmp_path: Path) -> None:
    """A missing folder is the user's to mend."""

    async def scene(desk: Desk) -> None:
        assert "No such file" in await failing(desk, f"%trace save {tmp_path / 'no' / 'file'}")

    play(scene)


def test_trace_save_to_an_impossible_name_is_an_error_too() -> None:
    """Whatever is typed, the cell is answered."""

    async def scene(desk: Desk) -> None:
        assert "%trace save" in await failing(desk, "%trace save a\0b")

    play(scene)


def test_trace_pause_clear_and_resume() -> None:
    """The three act on the area."""

    async def scene(desk: Desk) -> None:
        await desk.run("trace a")
        await desk.run("%trace pause\ntrace b")
        await desk.run("%trace clear\n%trace resume")
        texts = [message.content["data"]["text/plain"] for message in desk.front.sent]
        assert texts == [
            "[1]:1  a\ntrace: 1 line",
            "[1]:1  a\ntrace: 1 line, paused (%trace resume)",
            "trace: no lines yet",
        ]

    play(scene)


def test_reset_makes_a_fresh_state() -> None:
    """The old one is closed; the Lua of the same cell runs in the new one."""

    async def scene(desk: Desk) -> None:
        await desk.run("value 1")
        await desk.run("%reset\nvalue 2")
        old, new = desk.runtimes
        assert old.is_closed
        assert [name for _, name, _ in new.ran] == ["cell[2]"]
        assert "Lua was reset" in desk.front.text()

    play(scene)


def test_the_lab_is_pointed_at_and_away() -> None:
    """On, status, off; a reset keeps it on."""

    async def scene(desk: Desk) -> None:
        await desk.run("%lab on 2026-01-01T12:00:00Z")
        assert "Their clock stands at 2026-01-01T12:00:00Z." in desk.front.text()
        assert "pool.ntp.org" in desk.runtime.hosts
        await desk.run("%reset")
        assert "pool.ntp.org" in desk.runtime.hosts
        await desk.run("%lab status")
        assert "pool.ntp.org:123/udp" in desk.front.text()
        await desk.run("%lab off")
        assert desk.runtime.hosts == set()
        await desk.run("%lab status")
        assert desk.front.text().endswith("%lab on turns it on.\n")

    play(scene)


def test_the_lab_is_announced_in_short_lines() -> None:
    """At most 76 columns, every host name whole and there once, and nothing of a clock that was not set."""

    async def scene(desk: Desk) -> None:
        await desk.run("%lab on")
        first, *names = desk.front.text().splitlines()
        assert first == "The lab network is on. These hosts are simulated inside this kernel:"
        assert len(names) > 1
        assert max(map(len, names)) <= 76
        lab = desk.bench.engine.lab
        assert lab is not None
        assert re.split(r",\s+", " ".join(names).strip()) == list(
            dict.fromkeys(host.host for host in lab.status())
        )
        await desk.run("%lab off")

    play(scene)


def test_the_lab_is_trusted_while_it_is_on() -> None:
    """In the state of the moment and in a fresh one; a lab that replaces another replaces its trust."""

    async def scene(desk: Desk) -> None:
        await desk.run("%lab on")
        first = desk.runtime.root
        assert first is not None
        assert first.startswith(b"-----BEGIN CERTIFICATE-----")
        await desk.run("%reset\nprint x")
        assert desk.runtime.root == first
        await desk.run("%lab on")
        assert desk.runtime.root not in (None, first)
        await desk.run("%lab off")
        assert desk.runtime.root is None
        await desk.run("%reset\nprint x")
        assert desk.runtime.root is None

    play(scene)
