"""What Python and Lua must agree upon: the functions of the host, signals, flags."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from ba_runtime import Runtime, _crossing, _loop
from ba_runtime.sockets import websocket
from ba_runtime.sockets.reasons import Signal

LUA = Path(_loop.__file__).parent / "lua"
HOST = (LUA / "host.lua").read_text(encoding="utf-8")
MODULES = {path: path.read_text(encoding="utf-8") for path in LUA.rglob("*.lua") if path.name != "host.lua"}
# Name, the lines above it, and the parameters.
FUNCTIONS = re.findall(r"((?:^---.*\n)+)function host\.(\w+)\((.*)\) end$", HOST, re.MULTILINE)
PARAMETERS = {name: parameters.split(", ") if parameters else [] for _, name, parameters in FUNCTIONS}
OPTIONAL = {name: set(re.findall(r"---@param (\w+)\?", lines)) for lines, name, _ in FUNCTIONS}
DESCRIBED = {*PARAMETERS, *re.findall(r"^host\.(\w+) = ", HOST, re.MULTILINE)}

Table: TypeAlias = "dict[str, object]"


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch) -> Table:
    """What a runtime hands to Lua."""
    handed: Table = {}
    make = _crossing.crossing_table

    def keep(*arguments: Any) -> _crossing.Table:
        made = make(*arguments)
        handed.update(made.names)
        return made

    monkeypatch.setattr(_loop, "crossing_table", keep)
    with Runtime(lambda _: None):
        return handed


def calls() -> Iterator[tuple[str, list[str]]]:
    """Every call of a host's function by its name, with its arguments as they are written."""
    for module in MODULES.values():
        text = re.sub(r'"(?:[^"\\]|\\.)*"', '""', module)  # commas and brackets in strings count for nothing
        for match in re.finditer(r"\bhost\.(\w+)\(", text):
            yield match[1], arguments_at(text, match.end())


def arguments_at(text: str, at: int) -> list[str]:
    """The arguments of the call whose bracket opens before `at`."""
    arguments, depth = [""], 1
    while depth:
        character = text[at]
        depth += (character in "([{") - (character in ")]}")
        if character == "," and depth == 1:
            arguments.append("")
        elif depth:
            arguments[-1] += character
        at += 1
    return [argument.strip() for argument in arguments if argument.strip()]


def test_the_host_is_described_whole(table: Table) -> None:
    """Each name of the crossing table is in `lua/host.lua`, and no other."""
    assert set(table) == DESCRIBED


def test_lua_uses_what_the_host_has_and_all_of_it() -> None:
    """A name that no module uses has no business on the table."""
    used = {name for text in MODULES.values() for name in re.findall(r"\bhost\.(\w+)", text)}
    assert used == DESCRIBED


def test_each_parameter_is_described_in_its_place() -> None:
    """The `@param` lines have the names of the parameter list."""
    for lines, name, _ in FUNCTIONS:
        assert re.findall(r"---@param ([\w.]+)", lines) == PARAMETERS[name], name


def test_parameters_are_as_many_as_python_takes(table: Table) -> None:
    """Wherever Python tells: not of what is written in C, nor of what is imported when it is first called."""
    looked_at = 0
    for name, declared in PARAMETERS.items():
        function = table[name]
        assert callable(function)
        if function.__module__ == "ba_runtime._later":
            continue
        try:
            taken = inspect.signature(function).parameters.values()
        except ValueError:
            continue
        expected = ["..." if one.kind is one.VAR_POSITIONAL else "one" for one in taken]
        assert ["..." if one == "..." else "one" for one in declared] == expected, name
        looked_at += 1
    assert looked_at > 80


def test_calls_pass_what_a_function_takes() -> None:
    """No fewer arguments than it needs, unless the last stands for any number, and no more than it has."""
    for name, arguments in calls():
        declared = PARAMETERS[name]
        needed = [one for one in declared if one != "..." and one not in OPTIONAL[name]]
        is_open = bool(arguments) and arguments[-1].endswith(("...", ")"))
        assert "..." in declared or len(arguments) <= len(declared), (name, arguments)
        assert is_open or len(arguments) >= len(needed), (name, arguments)


def test_signals_have_the_same_numbers_on_both_sides() -> None:
    """And what a failure is called in the documentation is there for each that can end a call."""
    text = (LUA / "sockets" / "reasons.lua").read_text(encoding="utf-8")
    numbers = {name: int(number) for name, number in re.findall(r"(\w+) = (-?\d+),", text)}
    assert numbers == {signal.name: signal.value for signal in Signal if signal.name in numbers}
    words = {int(number) for number in re.findall(r'\[(-\d+)\] = "', text)}
    assert words == {signal.value for signal in Signal if signal < 0}


def test_a_websockets_flags_are_the_same_on_both_sides() -> None:
    """What `receive` says beside a message, and what a write says after a fault."""
    text = (LUA / "sockets" / "websocket.lua").read_text(encoding="utf-8")
    flags = f"{websocket.MORE}, {websocket.BUSY}, {websocket.OPEN}"
    assert f"local MORE, BUSY, OPEN = {flags}" in text
    assert f"local OVER = {websocket.OVER}" in text
