"""Hints for names of the server's that are not here: absent to whoever looks, explained to whoever uses them.

The other hints are tested in tests/hints.
"""

from __future__ import annotations

import re
from importlib import resources
from pathlib import Path

import pytest

from ._programs import hint_of, message_of, run, run_well, session, traced

ABSENT = (resources.files("ba_runtime") / "lua" / "absent.lua").read_text(encoding="utf-8")
FIELDS = re.findall(r'^  \["((?:ba|mako)\.[\w.]+)"\] = ', ABSENT, re.MULTILINE)


@pytest.mark.parametrize("path", FIELDS)
def test_a_field_is_absent_and_its_use_is_explained(path: str) -> None:
    """Programs probe for what a server has (`if ba.tpm then`), so nothing stands in its place."""
    name = path.rpartition(".")[2]
    with session() as fresh:
        assert fresh.value(path) == "nil"
        error = fresh.run(f"{path}('x')").error
        assert error is not None
        assert error.message.decode() == f"program:1: attempt to call a nil value (field '{name}')"
        assert error.hint.startswith(f"{path} is ")
        error = fresh.run(f"local x = {path}.y").error
        assert error is not None
        assert error.hint.startswith(f"{path} is ")


def test_probing_has_no_effect_that_shows() -> None:
    """Not on reading, walking or assigning; a program may put its own there."""
    recorder = run_well("""
        trace(ba.tpm, ba.create.wfs, rawget(ba, "exec"), mako.daemon)
        for name in pairs(ba) do if name == "tpm" then trace "there" end end
        ba.exec = function() return "own" end
        trace(ba.exec())
    """)
    assert recorder.traced == ["nil\tnil\tnil\tnil", "own"]
    assert recorder.notes == []


def test_a_name_kept_in_a_variable_of_the_same_name_is_known() -> None:
    """`local exec = ba.exec` at the top of a file."""
    assert hint_of("local exec = ba.exec exec()").startswith("ba.exec is ")


def test_other_tables_with_a_field_of_that_name_get_no_hint() -> None:
    """Nor does an unknown name of `ba`, or another error."""
    assert hint_of("local t = {} t.exec()") == ""
    assert hint_of("ba.nonsense()") == ""
    assert hint_of("local _ = ba.exec error('attempt to call a nil value (field \\'exec\\')')") == ""


def test_globals_of_devices_and_forgotten_requires_are_explained() -> None:
    """A global is known by its name alone."""
    assert hint_of("esp32.gpio(1)").startswith("esp32 is ")
    assert hint_of("print(unpack {1})") == "unpack is table.unpack since Lua 5.2"
    assert hint_of("socket.tcp()").endswith('; write local socket = require "socket"')


def test_a_method_of_the_user_management_is_explained() -> None:
    """On a directory of ours."""
    assert hint_of("ba.create.dir('x'):setauth()").startswith(
        "setauth is part of the App Server's user management"
    )


def test_errors_in_the_background_are_explained_too() -> None:
    """In cosockets, timers and jobs; what a program catches or is told stays as Lua made it."""
    recorder = run_well("""
        ba.socket.event(function() ba.exec "ls" end)
        local t = ba.timer(function() ba.exec "ls" end)
        t:set(1)
        ba.thread.run(function() ba.exec "ls" end)
        await(function() return not pcall(t.reset, t, 1) end)
        trace(xpcall(function() ba.exec "ls" end, function(message) return message end))
        trace(pcall(function() ba.exec "ls" end))
        ba.seterrh(function(text) trace(text:match "[^\\n]*") end)
        ba.socket.event(function() ba.exec "ls" end)
    """)
    explained = "ba.exec is how the App Server runs other programs"
    assert [hint.startswith(explained) for hint in recorder.hints] == [True] * 4
    assert not any(explained in fault for fault in recorder.faults)
    assert recorder.traced == [
        "false\tprogram:7: attempt to call a nil value (field 'exec')",
        "false\tprogram:8: attempt to call a nil value (field 'exec')",
        "Lua error in Cosocket: program:10: attempt to call a nil value (field 'exec')",
    ]


def test_a_page_is_explained_as_well() -> None:
    """Its text has Lua's own words."""
    with session() as fresh:
        for code, hint in (
            (b"ba.create.wfs()", b"ba.create.wfs is one of the App Server's file servers"),
            (b"local session = request:session(true) session.n = 1", b"request:session is part of"),
            (b"local user = request:user() print(user:name())", b"request:user is part of"),
        ):
            result = fresh.runtime.run_page(b"<?lsp %s ?>" % code, name="page.lsp", cell=1).result(30)
            assert result.error is not None
            assert result.error.hint.encode().startswith(hint)
            assert hint not in result.error.message + result.body


MODULES = {
    "mqttc": "put mqttc.lua beside the notebook",
    "smq.hub": "put smq/hub.lua beside the notebook",
    "acme/dns": "put acme/dns.lua beside the notebook",
    "luasql.sqlite": "the App Server's database",
    "socket.smtp": "LuaSocket's part for mail and FTP",
    "ssl": "ba.socket has TLS",
    "lfs": "ba.openio",
}


@pytest.mark.parametrize("name", MODULES)
def test_a_module_that_is_not_here_is_explained(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Below the places where it was looked for; a file of that name is found as any other."""
    monkeypatch.chdir(tmp_path)
    outcome = run(f"require '{name}'")
    first, *places = outcome.message.split("\n\t")
    assert first == f"program:1: module '{name}' not found:"
    assert MODULES[name] in outcome.hint
    assert f"no file './{name.replace('.', '/')}.lua'" in places
    file = tmp_path / f"{name.replace('.', '/')}.lua"
    file.parent.mkdir(exist_ok=True)
    file.write_text("return 'found'", encoding="utf-8")
    assert traced(f"trace((require '{name}'))") == ["found"]


def test_of_an_unknown_module_it_is_said_where_to_put_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And what there is, unless the program looks elsewhere."""
    monkeypatch.chdir(tmp_path)
    assert message_of("require 'nothing_known'").split("\n\t")[1].startswith("no field package.preload")
    assert hint_of("require 'my.own'") == (
        "put my/own.lua beside the notebook or program, into .lua/ there, or into a folder that BA_LUA_PATH "
        "names; built in are httpc, httpm, socket, socket.http, socket.url, ltn12, mime"
    )
    assert hint_of("require 'htpc'") == 'did you mean require "httpc"?'
    assert hint_of("package.path = './elsewhere/?.lua' require 'my.own'") == ""
    assert hint_of("error(\"module 'my.own' not found:\\n\\tno file './my/own.lua'\")") == ""
