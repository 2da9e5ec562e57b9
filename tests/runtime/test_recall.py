"""`In`, `Out` and `_`: what cells were and gave, and what that keeps alive."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.lua._programs import TIMEOUT_S, Recorder

from ba_runtime import Runtime

COLLECT = "for _ = 1, 4 do collectgarbage() end "


class Notebook:
    """Cells that are told before they run, as a notebook does."""

    def __init__(self, runtime: Runtime, recorder: Recorder) -> None:
        self.runtime, self.recorder = runtime, recorder
        self.cell = 0

    def __call__(self, source: str) -> str:
        """Runs the next cell and returns what it shows."""
        self.cell += 1
        self.runtime.remember(self.cell, source.encode())
        return self.unremembered(source)

    def unremembered(self, source: str) -> str:
        """Runs a cell without telling its text, as a request that is not stored."""
        name = f"cell[{self.cell}]"
        result = self.runtime.run_cell(source.encode(), name=name, cell=self.cell).result(TIMEOUT_S)
        assert result.error is None, result.error
        return ", ".join(value.decode() for value in result.values)


@pytest.fixture
def notebook() -> Iterator[Notebook]:
    """A notebook without cells."""
    recorder = Recorder()
    with Runtime(recorder, max_memory=32 << 20) as runtime:
        yield Notebook(runtime, recorder)


def test_the_last_value_is_in_the_underscore(notebook: Notebook) -> None:
    """A cell that shows nothing leaves it as it is."""
    notebook("return 6 * 7")
    notebook("x = 1")
    notebook("return nil")
    assert notebook("return _") == "42"


def test_values_and_texts_are_known_by_their_cells_number(notebook: Notebook) -> None:
    """Of several values the first."""
    notebook("return 'a', 'b'")
    assert (
        notebook("return Out[1], In[1], In[2]") == '''"a", "return 'a', 'b'", "return Out[1], In[1], In[2]"'''
    )


def test_a_failed_cell_has_a_text_and_no_value(notebook: Notebook) -> None:
    """Nor does it change the underscore."""
    notebook("return 1")
    notebook.runtime.remember(2, b"error 'no'")
    notebook.runtime.run_cell(b"error 'no'", name="cell[2]", cell=2).result(TIMEOUT_S)
    notebook.cell = 2
    assert notebook("return In[2], Out[2], _") == """"error 'no'", nil, 1"""


def test_what_is_not_stored_is_not_remembered(notebook: Notebook) -> None:
    """A front end may evaluate expressions of its own."""
    notebook("return 1")
    notebook.cell = 0
    notebook.unremembered("return 2")
    notebook.cell = 1
    assert notebook("return _") == "1"


def test_a_programs_own_underscore_stays(notebook: Notebook) -> None:
    """Until it is nil; whatever the last value was, NaN included."""
    notebook("return 0 / 0")
    notebook("return 1")
    notebook("_, x = ('key=value'):match '(%w+)=(%w+)'")
    notebook("return 2")
    assert notebook("return _, Out[4]") == '"key", 2'
    notebook("_ = nil")
    notebook("return 3")
    assert notebook("return _") == "3"


def test_loops_and_locals_use_the_underscore_as_ever(notebook: Notebook) -> None:
    """They do not touch the global."""
    notebook("return 5")
    notebook("for _, v in pairs{1, 2} do local _ = v end")
    assert notebook("return _") == "5"


def test_strict_globals_allow_them(notebook: Notebook) -> None:
    """They are there raw, without the metamethods that a program sets."""
    notebook("setmetatable(_G, {__index = error, __newindex = error})")
    notebook("return 5")
    assert notebook("return _, Out[2], #In") == "5, 5, 3"


def test_globals_of_these_names_are_the_programs_own() -> None:
    """If it had them first; and on the command line there are none."""
    with Runtime(lambda event: None) as runtime:
        source = b"local before = In == nil and Out == nil and _ == nil Out = 'mine' return before"
        assert runtime.run_cell(source, name="program", cell=1).result(TIMEOUT_S).values == (b"true",)
        runtime.remember(2, b"return Out")
        assert runtime.run_cell(b"return Out", name="program", cell=2).result(TIMEOUT_S).values == (
            b'"mine"',
        )


def test_only_the_last_thousand_cells_are_remembered(notebook: Notebook) -> None:
    """What is gone says so once, in the trace."""
    notebook("return 'first'")
    for _ in range(999):
        notebook.cell += 1
        notebook.runtime.remember(notebook.cell, b"")
    assert notebook("return Out[1], In[1], In[2]") == 'nil, nil, ""'
    assert notebook("return In[1], Out[1], In[-1], In.x, In[5000]") == "nil, nil, nil, nil, nil"
    assert notebook.recorder.notes == [
        f"{name}[1] is no longer remembered: In and Out have the last 1,000 cells, "
        "and fewer when memory runs short"
        for name in ("Out", "In")
    ]


def test_a_socket_is_kept_by_the_underscore_only(notebook: Notebook) -> None:
    """The next value lets go of it, and its port with it; a variable keeps it, and Out has it as long."""
    notebook("return ba.socket.bind(0)")
    assert "Sock" in notebook(COLLECT + "return Out[1]")
    assert [row.holder for row in notebook.runtime.sockets().result(TIMEOUT_S)] == ["_"]
    notebook("return 1")
    assert notebook(COLLECT + "return Out[1]") == "nil"
    assert notebook.runtime.sockets().result(TIMEOUT_S) == ()
    notebook("s = ba.socket.bind(0) return s")
    notebook("return 1")
    assert "Sock" in notebook(COLLECT + "return Out[5]")


def test_the_socket_table_says_which_value_keeps_a_socket(notebook: Notebook) -> None:
    """A table that was shown has it; setting that to nil drops it."""
    notebook("return {server = ba.socket.bind(0)}")
    notebook("return 1")
    notebook(COLLECT)
    assert notebook("return type(Out[1].server)") == '"userdata"'
    assert len(notebook.runtime.sockets().result(TIMEOUT_S)) == 1
    notebook("Out[1] = nil " + COLLECT)
    assert notebook.runtime.sockets().result(TIMEOUT_S) == ()


def test_values_give_way_when_memory_runs_short(notebook: Notebook) -> None:
    """Before the program is told that there is none."""
    for _ in range(40):
        notebook("return ('x'):rep(2 << 20) .. math.random()")
    assert notebook("return Out[1], #_ > 2 << 20") == "nil, true"
    assert not [text for text in notebook.recorder.notes if "nearly used up" in text]


def test_values_are_let_go_of_when_the_runtime_closes() -> None:
    """Their finalizers still find print."""
    recorder = Recorder()
    with Runtime(recorder) as runtime:
        runtime.remember(1, b"")
        source = b"return setmetatable({}, {__gc = function() trace 'collected' end})"
        runtime.run_cell(source, name="cell[1]", cell=1).result(TIMEOUT_S)
    assert recorder.traced == ["collected"]
