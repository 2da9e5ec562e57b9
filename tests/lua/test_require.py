"""Where `require` finds modules: beside the program, in its `.lua` folder, and where BA_LUA_PATH says."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ._programs import run, traced


def _module(path: Path, value: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"return '{value}'", encoding="utf-8")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with nothing in it and nothing in the environment."""
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    monkeypatch.delenv("BA_LUA_PATH", raising=False)
    return here


@pytest.mark.parametrize("place", ["m.lua", "m/init.lua", ".lua/m.lua", ".lua/m/init.lua"])
def test_a_module_is_found_in_the_folder_and_in_its_lua_folder(folder: Path, place: str) -> None:
    """As a file, and as a folder with init.lua."""
    _module(folder / place, place)
    assert traced("trace(require 'm')") == [f"{place}\t./{place}"]


def test_dots_in_a_name_are_folders(folder: Path) -> None:
    """In the `.lua` folder too."""
    _module(folder / ".lua/a/b.lua", "deep")
    assert traced("trace((require 'a.b'))") == ["deep"]


def test_the_folder_itself_comes_first_and_the_environment_last(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that a notebook's own module is never replaced from outside."""
    monkeypatch.setenv("BA_LUA_PATH", str(tmp_path / "shared"))
    _module(tmp_path / "shared/m.lua", "shared")
    assert traced("trace((require 'm'))") == ["shared"]
    _module(folder / ".lua/m.lua", "of the .lua folder")
    assert traced("trace((require 'm'))") == ["of the .lua folder"]
    _module(folder / "m.lua", "beside")
    assert traced("trace((require 'm'))") == ["beside"]


def test_the_environment_names_several_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Searched in their order, files and folders; empty names are nothing, and a folder need not exist."""
    names = [
        "",
        str(tmp_path / "none"),
        str(tmp_path / "one"),
        "",
        str(tmp_path / "a second, with [%a+]"),
        "",
    ]
    monkeypatch.setenv("BA_LUA_PATH", os.pathsep.join(names))
    _module(tmp_path / "one/m.lua", "first")
    _module(tmp_path / "a second, with [%a+]/m.lua", "second")
    _module(tmp_path / "a second, with [%a+]/n/init.lua", "only second")
    assert traced("trace((require 'm')) trace((require 'n'))") == ["first", "only second"]


def test_a_module_that_is_nowhere_says_where_it_was_looked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every file by its name."""
    monkeypatch.setenv("BA_LUA_PATH", str(tmp_path / "shared"))
    message = run("require 'nowhere'").message
    assert message.startswith("program:1: module 'nowhere' not found:")
    for place in ("./nowhere.lua", "./.lua/nowhere.lua", "./.lua/nowhere/init.lua"):
        assert f"no file '{place}'" in message
    assert f"no file '{tmp_path}/shared/nowhere.lua'" in message
    assert f"no file '{tmp_path}/shared/nowhere/init.lua'" in message
