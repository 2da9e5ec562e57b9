"""File descriptors that run out are nil and a reason to Lua; everything works again once some are back."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("resource", reason="descriptors are bounded by setrlimit here")

LIMIT = 200

# Runs a program with few descriptors.
RUN = f"""
import resource, sys
resource.setrlimit(resource.RLIMIT_NOFILE, ({LIMIT}, {LIMIT}))
from ba_kernel.command import main
sys.exit(main(sys.argv[1:]))
"""

# How a program wants 2,000 of something, and why it gets fewer.
MAKERS = {
    "listeners": ("ba.socket.bind(0)", "bind"),
    "UDP sockets": ("ba.socket.udpcon()", "malloc"),
    "bound UDP sockets": ("ba.socket.udpcon(0, {intf = '127.0.0.1'})", "malloc"),
    "connected UDP sockets": ("ba.socket.udpcon('127.0.0.1', 9)", "malloc"),
    "connections": ("ba.socket.connect('127.0.0.1', port)", "malloc"),
    "files": ("io.open(arg0)", "Too many open files"),
}

PROGRAM = """
local arg0 = "program.lua"
local listener = ba.socket.bind(0)
local _, port = listener:sockname()
listener:event(function(l)
  while true do
    local s = l:accept()
    if not s then return end
    s:event(function(s) while true do local d = s:read() if not d then return end s:write(d) end end)
  end
end)
local echo = ba.socket.connect("127.0.0.1", port)
for round = 1, 2 do
  local all, failures, reason = {}, 0, nil
  for i = 1, 2000 do
    local s, why = %s
    if s then all[#all + 1] = s else failures, reason = failures + 1, why end
  end
  trace(#all > 50, #all + failures, reason)
  echo:write "hello"
  trace(echo:read(5000))
  ba.sleep(1)
  trace(ba.socket.toip "127.0.0.1")
  for _, s in ipairs(all) do s:close() end
  -- The server's ends of closed connections go when it has read their ends.
  local s
  repeat ba.sleep(1) s = %s until s
  s:close()
end
"""


@pytest.mark.parametrize("kind", MAKERS)
def test_two_thousand_are_more_than_there_are_and_then_some_are_back(kind: str, tmp_path: Path) -> None:
    """Twice; meanwhile a connection, the clock and literal addresses work."""
    make, reason = MAKERS[kind]
    (tmp_path / "program.lua").write_text(PROGRAM % (make, make), encoding="utf-8")
    process = subprocess.run(
        [sys.executable, "-c", RUN, "program.lua"], cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    assert process.returncode == 0, process.stderr
    lines = [line.split(": ", 1)[1] for line in process.stderr.splitlines() if line.startswith(" ")]
    assert len(lines) == 6, process.stderr
    for round_ in (lines[:3], lines[3:]):
        assert round_[0].startswith("true\t2000\t")
        assert reason in round_[0]
        assert round_[1:] == ["hello", "127.0.0.1"]


# What needs a descriptor, or once did, and what each says when there is none.
WITHOUT = """
local all = {}
repeat local s = ba.socket.udpcon() all[#all + 1] = s until not s
local function tell(f)
  local ok, value, reason = pcall(f)
  trace(ok, type(value) == "string" and value:gsub("\\n.*", "") or value and "made", reason or "")
end
tell(function() return mako.port end)
tell(ba.create.sharkssl)
tell(mako.sharkclient)
tell(function() return require "httpc" and require "httpm".create() end)
tell(function() return require "httpc".create():request {url = "http://127.0.0.1:9/"} end)
tell(function() return select(2, package.searchpath("module", "./?.lua")) end)
for _, s in ipairs(all) do s:close() end
tell(function() return mako.port end)
tell(function() return require "module" end)
"""


def test_whatever_needs_a_descriptor_says_so_in_words_when_there_is_none(tmp_path: Path) -> None:
    """What needs none is made all the same, and everything can be had once they are back."""
    (tmp_path / "program.lua").write_text(WITHOUT, encoding="utf-8")
    (tmp_path / "module.lua").write_text("return {}", encoding="utf-8")
    process = subprocess.run(
        [sys.executable, "-c", RUN, "program.lua"], cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    assert process.returncode == 0, process.stderr
    assert [line.split(": ", 1)[1] for line in process.stderr.splitlines()] == [
        "false\tthe page server cannot listen: the process is out of file descriptors\t",
        "true\tmade\t",
        "true\tmade\t",
        "true\tmade\t",
        "true\tnil\tmalloc",
        "true\tcannot open './module.lua': Too many open files\t",
        "true\tmade\t",
        "true\tmade\t./module.lua",
    ]
