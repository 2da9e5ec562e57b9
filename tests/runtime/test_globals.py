"""The globals that a program has made, as `%whos` shows them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.lua._programs import TIMEOUT_S

from ba_runtime import GlobalName, GlobalNames, Runtime


@pytest.fixture
def runtime() -> Iterator[Runtime]:
    """A runtime that nobody listens to."""
    with Runtime(lambda event: None) as runtime:
        yield runtime


def made_by(runtime: Runtime, source: str) -> GlobalNames:
    """Runs a cell and returns the globals after it."""
    runtime.remember(1, source.encode())
    result = runtime.run_cell(source.encode(), name="cell[1]", cell=1).result(TIMEOUT_S)
    assert result.error is None, result.error
    return runtime.globals().result(TIMEOUT_S)


def test_only_what_the_program_has_made_is_listed(runtime: Runtime) -> None:
    """Not the library, nor In, Out and the last value; but what it has put in the library's place."""
    assert made_by(runtime, "return 42").count == 0
    found = made_by(runtime, "local a = 1 b = 'text' print = nil type = 5 _ = 'own'")
    assert [(one.name, one.type, one.value) for one in found.names] == [
        ("_", "string", '"own"'),
        ("b", "string", '"text"'),
        ("type", "number", "5"),
    ]


def test_a_value_is_one_short_line(runtime: Runtime) -> None:
    """Whatever its size."""
    found = made_by(
        runtime,
        "a = {} for i = 1, 1e5 do a[i] = i end b = ('x'):rep(1e6) c = {a, a, a, x = {y = {}}} d = d "
        "e = {} for i = 1, 40 do e['key' .. i] = ('long '):rep(30) end",
    )
    assert [one.name for one in found.names] == ["a", "b", "c", "e"]
    assert all(len(one.value) < 120 and "\n" not in one.value for one in found.names)
    assert found.names[0] == GlobalName("a", "table", "{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, … 99990 more}")


def test_no_code_of_the_programs_runs(runtime: Runtime) -> None:
    """Its metamethods are left alone; the API's own objects say what they are."""
    found = made_by(
        runtime,
        "local function no() ran = true error 'ran' end "
        "local meta = {__tostring = no, __index = no, __pairs = no, __len = no, __eq = no, __name = 'Point'} "
        "p = setmetatable({x = 1}, meta) q = setmetatable({}, {__tostring = no, __name = no}) "
        "s = ba.socket.bind(0) setmetatable(_G, {__index = no})",
    )
    values = {one.name: (one.type, one.value) for one in found.names}
    assert list(values) == ["p", "q", "s"]
    assert values["p"] == ("Point", "{x = 1}")
    assert values["q"] == ("table", "{}")
    assert "notcon" in values["s"][1]


def test_odd_names_are_quoted_and_many_are_counted(runtime: Runtime) -> None:
    """The first five hundred are listed."""
    found = made_by(runtime, "_G['odd\\n<b>'] = 1 for i = 1, 600 do _G['v' .. i] = i end _G[1] = 2")
    assert found.count == 601
    assert len(found.names) == 500
    assert found.names[0].name == '"odd\\n<b>"'
