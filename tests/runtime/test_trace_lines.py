"""What the trace says of an event, and how many lines it keeps."""

from __future__ import annotations

from ba_runtime.events import ErrorReport, Event, Fault, LatePrint, Note, PortTaken, Printed, Traced
from ba_runtime.trace import LINE_CHARACTERS, Kind, Line, Origin, Ring, fault_place, lines_of


def only(event: Event) -> Line:
    """Returns the one line of an event."""
    (line,) = lines_of(event)
    return line


def test_a_trace_says_cell_line_and_function() -> None:
    """The chunk `cell[3]` is the cell [3]."""
    line = only(Traced(3, "cell[3]", 12, "reader", b"got\t5"))
    assert line == Line(Kind.TRACE, "[3]:12", "reader", "got\t5")


def test_a_trace_of_a_file_says_its_name() -> None:
    """Other chunks keep their name."""
    assert only(Traced(0, "server.lua", 7, "", b"x")).place == "server.lua:7"


def test_a_trace_through_pcall_has_no_line() -> None:
    """A line of -1 means that Lua does not know."""
    assert only(Traced(3, "cell[3]", -1, "pcall", b"x")).place == "[3]"


def test_a_trace_without_prefix_has_no_place() -> None:
    """tracep(false, …) asked for the text alone."""
    assert only(Traced(3, "cell[3]", 1, "f", b"x", prefix=False)) == Line(Kind.TRACE, "", "", "x")


def test_a_late_print_is_marked() -> None:
    """Text that has no response left says whose it was."""
    line = only(LatePrint(3, b"too late\n"))
    assert (line.place, line.text, line.remark) == ("[3]", "too late", "print after cell [3] ended")


def test_a_fault_has_a_line_for_each_line_of_its_report() -> None:
    """The traceback stays with its message."""
    report = b"\n\nLua error in Cosocket: cell[2]:1: boom\nstack traceback:\n\tcell[2]:1: in function\n"
    lines = lines_of(Fault(2, report))
    assert [line.kind for line in lines] == [Kind.FAULT] * 3
    assert [line.place for line in lines] == ["[2]", "", ""]


def fault(message: bytes = b"cell[11]:2: boom", line: int = 2) -> Fault:
    """Returns an error of a cosocket, of which the server leaves the innermost frame out."""
    frames = (b"[C]: in function 'error'", b"cell[11]:%d: in function <cell[11]:1>" % line)
    text = b"Lua error in Cosocket: %s\nstack traceback:\n\t%s" % (message, frames[1])
    return Fault(11, text, ErrorReport("runtime", message, "cell[11]", line, frames))


def test_a_hint_is_a_remark_below_the_stack() -> None:
    """It is not part of the error, and printable whatever is in it."""
    error = ErrorReport("runtime", b"bad", hint="did you mean pr\x07nt?")
    last = lines_of(Fault(11, b"Lua error in Cosocket: bad", error))[-1]
    assert last == Line(Kind.NOTE, "", "", "hint: did you mean pr\\x07nt?")


def test_lines_know_whose_they_are_and_whether_they_tell_of_an_error() -> None:
    """A note does if something has ended by it."""
    ring = Ring(clock=lambda: 5.0)
    for event in (
        LatePrint(2, b"x", 8),
        Fault(2, b"bad", ErrorReport("runtime", b"bad", hint="mend it"), 9),
        Note(1, "dropped", is_end=True, socket=9),
        Note(1, "by the way"),
    ):
        ring.add(event)
    error = Origin(5.0, 2, 9, is_error=True)
    assert [kept.origin for kept in ring.since(0, 10).lines] == [
        Origin(5.0, 2, 8), error, error, Origin(5.0, 1, 9, is_error=True), Origin(5.0, 1),
    ]  # fmt: skip


def test_a_snapshot_of_some_lines_counts_the_others() -> None:
    """The newest of those that are shown; lines that were dropped are not hidden."""
    ring = Ring(5)
    for number in range(8):
        ring.add(Traced(number % 2, "f", 1, "", b"%d" % number, number))
    shown = ring.snapshot(2, lambda origin: origin.cell == 1)
    assert [line.text for line in shown.lines] == ["5", "7"]
    assert (shown.total, shown.dropped, shown.hidden) == (8, 3, 2)
    assert [line.text for line in ring.snapshot(2, lambda origin: origin.cell == 1, among=2).lines] == ["7"]
    assert ring.snapshot(2).hidden == 0
    assert ring.highest == 7
    ring.clear()
    assert ring.highest == 0


def test_a_text_of_several_lines_has_one_time() -> None:
    """That of its first line, also where its beginning has been dropped."""
    ring = Ring(3, clock=iter((1.0, 2.0)).__next__)
    ring.add(Traced(1, "f", 1, "", b"a\nb"))
    ring.add(Traced(1, "f", 1, "", b"c\nd"))
    assert ring.snapshot().times == (1.0, 2.0, 0.0)


def test_a_fault_has_all_its_frames_below_the_documented_line() -> None:
    """Also those that the server leaves out."""
    assert [line.text for line in lines_of(fault())] == [
        "Lua error in Cosocket: cell[11]:2: boom",
        "stack traceback:",
        "  [C]: in function 'error'",
        "  cell[11]:2: in function <cell[11]:1>",
    ]


def test_faults_are_counted_until_the_area_is_cleared() -> None:
    """With the place of the last one."""
    ring = Ring()
    ring.add(fault())
    ring.add(fault(b"cell[11]:5: worse", 5))
    snapshot = ring.snapshot(newest=1)
    assert (snapshot.faults, snapshot.last_fault) == (2, "[11]:5")
    ring.clear()
    snapshot = ring.snapshot()
    assert (snapshot.faults, snapshot.last_fault) == (0, "")


def test_a_fault_without_a_place_names_its_cell() -> None:
    """A failure of the runtime's own has no Lua line."""
    assert fault_place(Fault(4, b"lost")) == "[4]"
    assert fault_place(Fault(0, b"lost")) == ""


def test_a_note_is_a_note() -> None:
    """What the runtime remarks is no output of the user's."""
    assert only(Note(0, "listens everywhere")) == Line(Kind.NOTE, "", "", "listens everywhere")


def test_a_port_that_is_taken_says_by_whom_and_how_to_free_it() -> None:
    """The usual reason is an earlier run of the same cell, whose listener no variable holds any more."""
    line = only(PortTaken(7, 8181, "listen", 1, 3))
    assert (line.kind, line.place) == (Kind.NOTE, "[7]")
    assert line.text == "port 8181 is held by the listener of cell [1]: %sockets close 3"
    assert only(PortTaken(7, 8181, "pages")).text == "port 8181 is held by the page server"


def test_other_events_are_no_lines() -> None:
    """A cell's own output is not in the trace."""
    assert lines_of(Printed(1, b"x")) == ()


def test_a_long_line_is_cut_and_says_so() -> None:
    """500 characters are enough to see what it was."""
    line = only(Traced(1, "cell[1]", 1, "", b"x" * 1500))
    assert line.text == "x" * LINE_CHARACTERS + "… (1,000 more characters)"


def test_control_characters_of_names_are_written_out() -> None:
    """A chunk may be called anything, an escape sequence too."""
    assert only(Traced(1, "a\x1bb", 1, "c\x07d", b"")).place == "a\\x1bb:1"


def test_the_ring_keeps_the_newest_and_counts_the_rest() -> None:
    """Numbers stay true when lines make room."""
    ring = Ring(kept=5)
    for number in range(12):
        ring.add(Note(0, str(number)))
    snapshot = ring.snapshot(newest=3)
    assert [line.text for line in snapshot.lines] == ["9", "10", "11"]
    assert (snapshot.total, snapshot.dropped) == (12, 7)


def test_clearing_starts_the_count_again_but_not_what_came() -> None:
    """Who waits for lines is not disturbed by `%trace clear`."""
    ring = Ring()
    ring.add(Note(0, "x"))
    ring.clear()
    assert ring.snapshot().total == 0
    assert ring.came == 1


def test_a_text_of_a_million_lines_keeps_its_ends() -> None:
    """It is cut before it becomes lines, so that it costs neither memory nor the ring's other lines."""
    lines = lines_of(Fault(1, b"head\n" + b"x\n" * 10**6 + b"tail"))
    assert (lines[0].text, lines[-1].text) == ("head", "tail")
    assert any("bytes omitted" in line.text for line in lines)
    assert len(lines) < 120_000


def test_a_late_print_of_a_request_that_is_no_cell_names_none() -> None:
    """It has no number."""
    assert only(LatePrint(0, b"late")).remark == "print after its cell ended"


def test_a_line_has_a_number_and_an_origin() -> None:
    """So that whoever shows lines live knows which of them it has had, and what each is about."""
    ring = Ring(clock=lambda: 12.5)
    ring.add(Traced(3, "cell[3]", 12, "f", b"one\ntwo", priority=7, socket=9))
    ring.add(Note(4, "three"))
    piece = ring.since(1, most=10)
    assert (piece.first, piece.came) == (1, 3)
    assert [kept.line.text for kept in piece.lines] == ["two", "three"]
    assert [kept.origin for kept in piece.lines] == [Origin(12.5, 3, 9, 7, 12), Origin(12.5, 4)]


def test_whoever_is_too_slow_gets_the_oldest_line_that_is_kept() -> None:
    """Its number tells how many are lost."""
    ring = Ring(kept=3)
    for number in range(5):
        ring.add(Note(0, str(number)))
    piece = ring.since(0, most=2)
    assert piece.first == 2
    assert [kept.line.text for kept in piece.lines] == ["2", "3"]


def test_numbers_go_on_after_clearing() -> None:
    """What was cleared is not given out again, and whoever has it can tell."""
    ring = Ring()
    ring.add(Note(0, "old"))
    ring.clear()
    ring.add(Note(0, "new"))
    piece = ring.since(0, most=10)
    assert (piece.first, piece.cleared, piece.came) == (1, 1, 2)
    assert ring.since(99, most=10).first == 2
