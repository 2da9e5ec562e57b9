"""papermill with this kernel: parameters in, results out, and help about them."""

from __future__ import annotations

import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest

pytest.importorskip("papermill")

from papermill.translators import papermill_translators

from ba_kernel._papermill import LuaTranslator
from tests.lua._programs import traced

PATIENCE_S = 60
VALUES: dict[str, Any] = {
    "a string": "text",
    "a string with everything": 'q"\\\n\r\t\x00\x7f\x1b9 é \u2028 ]] 😀',
    "an integer": -42,
    "the largest integer": 2**63 - 1,
    "the smallest integer": -(2**63),
    "a float": 0.1,
    "a whole float": 3.0,
    "a small float": -1e-300,
    "true": True,
    "false": False,
    "a list": [1, [2.5, "x"], {}, []],
    "a table": {"a b": 1, "end": 2, "ok": {"_x": [True]}, "": 3, "1": 4, "é": 5},
    "a table with numbers": {3: "three", -1: "minus", 1.5: "half", True: "yes"},
}


def back(text: str) -> str:
    """Returns what `text` is in Lua, written so that nothing is ambiguous."""
    show = """
    local function show(v)
      if type(v) ~= "table" then
        return type(v) == "string" and ("%q"):format(v):gsub("\\\\\\n", "\\\\n") or math.type(v) == "float"
          and ("%a"):format(v) or tostring(v)
      end
      local parts = {}
      for k, x in pairs(v) do parts[#parts + 1] = show(k) .. "=" .. show(x) end
      table.sort(parts)
      return "{" .. table.concat(parts, ",") .. "}"
    end
    """
    (line,) = traced(f"{show} trace((show({text})))")
    return line


def expected(value: Any) -> str:
    """Returns what `back` returns for a value, by another way."""
    if isinstance(value, str):
        return back("".join(("'", *(f"\\x{byte:02x}" for byte in value.encode()), "'")))
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return back(f"({value.hex()})")
    if isinstance(value, int):
        return str(value)
    pairs = enumerate(value, 1) if isinstance(value, list) else value.items()
    return "{" + ",".join(sorted(f"{expected(key)}={expected(one)}" for key, one in pairs)) + "}"


@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES)
def test_a_value_is_the_same_in_lua(value: Any) -> None:
    """Also with keys that are no names, and text that is nearly everything."""
    assert back(LuaTranslator.translate(value)) == expected(value)


def test_what_json_has_no_numbers_for_arrives() -> None:
    """Infinities, NaN, and integers of more than 64 bits, which become floats as Lua reads them."""
    assert back(LuaTranslator.translate(math.inf)) == "inf"
    assert back(LuaTranslator.translate(-math.inf)) == "-inf"
    assert back(f"(function(x) return x ~= x end)({LuaTranslator.translate(math.nan)})") == "true"
    assert back(LuaTranslator.translate(2**70)) == back("0x1p70")
    assert back(LuaTranslator.translate(-(10**400))) == "-inf"


def test_null_is_nil_and_inside_a_table_what_json_has() -> None:
    """A list keeps its length."""
    assert LuaTranslator.translate(None) == "nil"
    text = LuaTranslator.translate([1, None, {"x": None}])
    assert (
        back(f"(function(t) return #t == 3 and t[2] == ba.json.null and t[3].x == t[2] end)({text})")
        == "true"
    )


def test_a_cell_sets_globals_below_a_comment() -> None:
    """Names that are none of Lua's as well."""
    assert LuaTranslator.codify({"a": 1, "b-c": "d", "end": None}, "Two\nlines") == (
        '-- Two\n-- lines\na = 1\n_G["b-c"] = "d"\n_G["end"] = nil\n'
    )


def test_papermill_finds_the_translator() -> None:
    """By the language; the kernel may be installed under another name."""
    assert papermill_translators.find_translator("any name", "lua") is LuaTranslator


# ---- papermill itself, in a process of its own


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a notebook that has parameters."""
    new = nbformat.v4
    parameters = new.new_code_cell(
        "host = 'nobody' -- whom to ask\ncount = 1\nlocal hidden = 2 -- a mistake\nwhen = os.time()",
        metadata={"tags": ["parameters"]},
    )
    cells = [parameters, new.new_code_cell("print(host, count, math.type(count), list[2], hidden)")]
    kernelspec = {"name": "ba-lua", "display_name": "Lua (ba.socket)", "language": "lua"}
    nbformat.write(new.new_notebook(cells=cells, metadata={"kernelspec": kernelspec}), tmp_path / "in.ipynb")
    return tmp_path


def papermill(folder: Path, *arguments: str) -> str:
    """Runs papermill and returns what it wrote to stdout."""
    command = [sys.executable, "-m", "papermill", *arguments]
    ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=PATIENCE_S)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def test_papermill_runs_a_notebook_with_parameters(folder: Path) -> None:
    """They come behind the defaults, and every later cell sees them."""
    papermill(
        folder,
        "in.ipynb",
        "out.ipynb",
        "-p",
        "host",
        "echo.lab.test",
        "-p",
        "count",
        "7",
        "-y",
        "list: [1, b]",
    )
    _, injected, cell = nbformat.read(folder / "out.ipynb", as_version=4).cells
    assert injected.source == '-- Parameters\nlist = {1, "b"}\nhost = "echo.lab.test"\ncount = 7\n'
    assert cell.outputs[0].text == "echo.lab.test\t7\tinteger\tb\tnil\n"


def test_papermill_lists_the_parameters(folder: Path) -> None:
    """Their types, defaults and comments; of a local, that it cannot be one."""
    text = papermill(folder, "--help-notebook", "in.ipynb")
    assert "host: string (default 'nobody')" in text
    assert "whom to ask" in text
    assert "count: number (default 1)" in text
    assert "when: Unknown type (default os.time())" in text
    assert "(local to its cell, so it cannot be a parameter: leave out the word local) a mistake" in text
