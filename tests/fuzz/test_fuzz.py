"""The fuzzer makes programs that compile, makes them again, and notices what it is there to notice."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator

import pytest

from ba_runtime import Fault
from tests.lua._programs import Session, session
from tests.lua._tls import certificates

from . import rules
from .grammar import AMPLE, Block, Program, Statement, grown, program, render
from .shrink import shrunk, smaller_blocks
from .trial import LOOP_FAILED, Finding, Listener, Trial
from .watch import Worker, name_of

FINDINGS = {
    "an object of Python's": ("trace 'FOREIGN <x>'", Finding("Python object", "<x>")),
    "a position of ours": ("seen 'ba:a/b:12: no'", Finding("position of ours", "ba:a/b:12: no")),
    "a state that is lost": (
        "KEPT = nil",
        Finding("does not work afterwards", "runtime: the state is lost"),
    ),
}


@pytest.fixture(scope="module")
def lua() -> Iterator[Session]:
    """A runtime that compiles."""
    with session() as one:
        yield one


def _problem(lua: Session, block: Block) -> str | None:
    result = lua.run(f"local chunk, problem = load([==[{render(block)}]==], '=p') return problem")
    assert result.error is None
    return None if result.values == (b"nil",) else result.values[0].decode()


def test_every_alternative_compiles(lua: Session) -> None:
    """Each as a statement alone, with anything in its blocks."""
    for text in rules.STATEMENTS:
        for seed in range(3):
            block = [grown(text, random.Random(f"{text} {seed}"))]
            assert _problem(lua, block) is None, render(block)


def test_programs_compile(lua: Session) -> None:
    """And so does what a shrinker makes of them."""
    for index in range(40):
        block = program(1, index).block
        assert _problem(lua, block) is None, render(block)
    for smaller in smaller_blocks(program(1, 1).block):
        assert _problem(lua, smaller) is None, render(smaller)


def test_a_seed_and_a_number_make_the_same_program_again() -> None:
    """Whatever was made before; others make others."""
    once = [program(7, index) for index in range(20)]
    assert [program(7, index) for index in reversed(range(20))] == once[::-1]
    assert len({one.source for one in once} | {program(8, index).source for index in range(20)}) == 40


def test_what_does_not_matter_is_dropped() -> None:
    """Down to the statements that a finding needs, blocks around them included."""
    inner: Block = [Statement(["a()"]), Statement(["needed()"]), Statement(["b()"])]
    block: Block = [Statement(["c()"]), Statement(["f(function()\n", inner, "\nend)"]), Statement(["d()"])]
    small = shrunk(Program(0, 0, block, AMPLE, (1,)), lambda smaller: "needed()" in smaller.source)
    assert small.source == "do\nneeded()\nend\n"


def test_a_program_that_does_nothing_wrong_finds_nothing() -> None:
    """Its own errors, a busy cosocket and its endless loop are no findings."""
    source = b"""
        ba.socket.event(function() while true do end end)
        ba.timer(function() error "x" end):set(0, true)
        seen(pcall(error, {}), any(), timer(), co(1), tls_pair())
        while true do ba.sleep(0) end
    """
    assert Trial(source, AMPLE, (10,), str(certificates())).run() is None


def test_tasks_that_leave_nothing_for_a_cell_are_no_finding() -> None:
    """One that computes without end, and starts the next before it does. A cell that only waits is one."""
    source = b"function again() local t = ba.timer(again) t:set(0, true) while true do end end again()"
    assert Trial(source, AMPLE, (10,), str(certificates())).run() is None
    waits = b"function works() ba.sleep(1e9) end"
    found = Trial(waits, AMPLE, (10,), str(certificates())).run()
    assert found == Finding("does not work afterwards", "interrupt: interrupted")


@pytest.mark.parametrize("opener", ["ba.socket.udpcon()", "ba.socket.bind(0)"])
def test_sockets_that_hold_all_descriptors_are_no_finding(opener: str) -> None:
    """They are the program's own. A listener holds two."""
    hoard: Block = [Statement([f"t = {{}} repeat local s = {opener} t[#t + 1] = s until not s"])]
    with Worker() as worker:
        assert worker.run(Program(0, 0, hoard, AMPLE, (1,))) is None


@pytest.mark.parametrize("found", FINDINGS)
def test_what_must_not_be_is_found(found: str) -> None:
    """In what a program traces, its errors, and what the runtime can do afterwards."""
    source, finding = FINDINGS[found]
    assert Trial(source.encode(), AMPLE, (10,), str(certificates())).run() == finding


def test_reports_are_looked_at() -> None:
    """Those of the background, where a loop that failed is one too."""
    for text, kind in ((b"Lua error: ba:a/b:1: no", "position of ours"), (LOOP_FAILED, "loop failed")):
        listener = Listener()
        listener(Fault(0, text))
        assert listener.first is not None
        assert listener.first.kind == kind


def test_an_interrupt_that_ends_nothing_is_found() -> None:
    """A pattern that backtracks for minutes is one C call, which nothing can stop."""
    endless: Block = [Statement(["(('a'):rep(3000)):find(('a*'):rep(8) .. 'b')"])]
    with Worker(patience_s=0.5) as worker:
        finding = worker.run(Program(0, 0, endless, AMPLE, (1,)))
        assert finding is not None
        assert finding.kind == "interrupt ends nothing"
        assert worker.run(Program(0, 1, [Statement(["seen(any())"])], AMPLE, (1,))) is None


@pytest.mark.parametrize(
    ("does", "kind"),
    [
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "the process died: SIGSEGV"),
        ("raise SystemExit(3)", "the process died: exit code 3"),
        ("import time; time.sleep(60)", "the process is silent"),
    ],
)
def test_a_process_that_dies_or_falls_silent_is_found(does: str, kind: str) -> None:
    """Whatever becomes of it, the one who watches goes on."""
    with Worker(command=(sys.executable, "-c", does), start_s=1) as worker:
        finding = worker.run(program(1, 1))
    assert finding is not None
    assert finding.kind == kind


def test_findings_that_differ_in_numbers_have_one_name() -> None:
    """So that what is found a hundred times is reported in full a few times."""
    first = Finding("position of ours", "ba:a/b:12: bad 0x7f12\nmore")
    assert name_of(first) == name_of(Finding("position of ours", "ba:a/b:13: bad 0x123\nother"))
