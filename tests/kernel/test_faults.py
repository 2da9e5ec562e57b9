"""Errors of the background at the cells: whose code it is, and which is waiting meanwhile."""

from __future__ import annotations

from ba_kernel._errors import Sources
from ba_kernel._faults import MOST_REPORTS, Faults
from ba_kernel._output import Output
from ba_kernel._recent import KEPT_CELLS
from ba_runtime.events import ErrorReport, Fault

from ._fakes import FakeLoop, RecordingFrontEnd, request

SOURCE = "ba.socket.event(function(s)\n  x.y = 1\nend)"


class Stage:
    """Cells that begin and end, with a clock that the test moves."""

    def __init__(self) -> None:
        self.front = RecordingFrontEnd()
        self.loop = FakeLoop()
        self.output = Output(self.front, self.loop)
        self.sources = Sources()
        self.faults = Faults(self.front, self.loop, self.output, self.sources)

    def begin(self, cell: int, *, is_silent: bool = False, is_stored: bool = True) -> None:
        """Begins a cell."""
        asked = request(cell, is_silent=is_silent, is_stored=is_stored)
        self.output.begin(asked)
        self.faults.begin(asked)

    def end(self) -> None:
        """Ends it."""
        self.faults.end()
        self.output.end()

    def run(self, cell: int) -> None:
        """Runs a cell that does nothing."""
        self.begin(cell)
        self.end()

    def fail(self, cell: int = 1, times: int = 1) -> None:
        """Something that a cell has left in the background fails."""
        message, frames = b"cell[1]:2: boom", (b"cell[1]:2: in function <cell[1]:1>",)
        for _ in range(times):
            error = ErrorReport("runtime", message, "cell[1]", 2, frames)
            self.faults.add(Fault(cell, b"Lua error in Cosocket: %s\nstack traceback:" % message, error))
        self.loop.advance(0.5)

    def texts(self, cell: int) -> str:
        """Returns what was written to a cell's stderr."""
        mine = [sent for sent in self.front.sent if sent.parent["header"]["msg_id"] == f"message-{cell}"]
        assert {sent.content["name"] for sent in mine} <= {"stderr"}
        return "".join(sent.content["text"] for sent in mine)


def test_an_error_appears_at_its_cell_long_after_that_has_ended() -> None:
    """With its line in its surroundings, and all frames."""
    stage = Stage()
    stage.sources.keep("cell[1]", SOURCE)
    stage.run(1)
    stage.run(2)
    stage.fail()
    assert stage.texts(2) == ""
    assert stage.texts(1).split("\n") == [
        "Lua error in Cosocket: cell[1]:2: boom",
        "      1 ba.socket.event(function(s)",
        "----> 2   x.y = 1",
        "      3 end)",
        "stack traceback:",
        "  cell[1]:2: in function <cell[1]:1>",
        "",
    ]


def test_a_cell_that_runs_shows_the_error_of_another() -> None:
    """It may be waiting for what has failed; the report itself is where the code is."""
    stage = Stage()
    stage.run(1)
    stage.begin(2)
    stage.fail()
    assert stage.texts(2).split("\n") == [
        "Lua error in Cosocket: cell[1]:2: boom",
        "[in the background; cell [1] shows the whole report]",
        "",
    ]
    assert "stack traceback" in stage.texts(1)


def test_an_error_between_prints_stays_between_them() -> None:
    """What a cell prints and what goes wrong behind it is in the order in which it happened."""
    stage = Stage()
    stage.begin(1)
    stage.output.write(b"before")
    stage.fail()
    stage.output.write(b"after")
    stage.end()
    assert [sent.content["name"] for sent in stage.front.sent] == ["stdout", "stderr", "stdout"]


def test_errors_without_end_are_counted() -> None:
    """The first are shown, then numbers, at intervals that double."""
    stage = Stage()
    stage.run(1)
    stage.fail(times=1000)
    assert stage.texts(1).count("boom") == MOST_REPORTS
    stage.loop.advance(1)
    counted = f"[{1000 - MOST_REPORTS} more errors in the background; the trace area shows the last]\n"
    assert stage.texts(1).endswith(counted)
    sent = len(stage.front.sent)
    for _ in range(60):
        stage.fail(times=500)
        stage.loop.advance(0.5)
    assert 3 <= len(stage.front.sent) - sent <= 6
    stage.loop.advance(60)
    assert stage.texts(1).count("boom") == MOST_REPORTS


def test_a_cell_that_ends_says_how_many_errors_it_has_not_shown() -> None:
    """Before it is idle: nbclient takes nothing later."""
    stage = Stage()
    stage.begin(1)
    stage.fail(times=MOST_REPORTS + 1)
    stage.end()
    assert stage.texts(1).endswith("[1 more error in the background; the trace area shows the last]\n")
    stage.loop.advance(60)
    assert stage.texts(1).count("more error") == 1


def test_a_request_that_is_not_stored_has_its_own_errors() -> None:
    """It has no number, so the cell that runs shows the whole report."""
    stage = Stage()
    stage.begin(1, is_stored=False)
    stage.fail(cell=0)
    assert "stack traceback" in stage.texts(1)


def test_a_silent_request_shows_nothing() -> None:
    """Front ends ask for no output."""
    stage = Stage()
    stage.begin(1, is_silent=True)
    stage.fail(cell=0)
    stage.end()
    assert stage.front.sent == []


def test_only_so_many_cells_are_remembered() -> None:
    """The trace area has the errors of older ones."""
    stage = Stage()
    for cell in range(1, KEPT_CELLS + 2):
        stage.run(cell)
    stage.fail(cell=1)
    assert stage.front.sent == []
    stage.fail(cell=2)
    assert "boom" in stage.texts(2)
