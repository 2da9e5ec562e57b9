"""Programs of the kind that LuaSocket's documentation shows, in a cell and with `ba-lua`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ._programs import run_well

# An echo server in a cosocket, one client after the other, and a client that talks to it line by line.
ECHO = """
local socket = require "socket"
local server = assert(socket.bind("*", 0))
local _, port = server:getsockname()
ba.socket.event(function()
  while true do
    local client = server:accept()
    client:settimeout(10)
    local line, problem = client:receive()
    while not problem do
      client:send(line .. "\\n")
      line, problem = client:receive()
    end
    client:close()
  end
end)
"""

PROGRAMS = {
    "a line client of an echo server": (
        ECHO
        + """
        for round = 1, 2 do
          local client = assert(socket.connect("localhost", port))
          for _, word in ipairs {"first", "", "last"} do
            assert(client:send(word .. "\\r\\n"))
            print(round, client:receive())
          end
          client:close()
        end
        """,
        "1\tfirst\n1\t\n1\tlast\n2\tfirst\n2\t\n2\tlast\n",
    ),
    "an HTTP GET through ltn12": (
        """
        local http, ltn12, mime = require "socket.http", require "ltn12", require "mime"
        local dir = ba.create.dir "hello"
        dir:setfunc(function(_ENV) print "Hello" return true end)
        dir:insert()
        local pieces = {}
        local ok, code = http.request {
          url = "http://127.0.0.1:" .. mako.port .. "/hello/",
          sink = ltn12.sink.chain(mime.encode "base64", (ltn12.sink.table(pieces))),
        }
        print(ok, code, table.concat(pieces))
        """,
        "1\t200\tSGVsbG8K\n",
    ),
    "a daytime service over UDP": (
        """
        local socket = require "socket"
        local server = assert(socket.udp())
        assert(server:setsockname("*", 0))
        local _, port = server:getsockname()
        ba.socket.event(function()
          while true do
            local _, address, from = server:receivefrom()
            server:sendto("Thursday", address, from)
          end
        end)
        local client = assert(socket.udp())
        assert(client:setpeername("localhost", port))
        client:settimeout(5)
        assert(client:send "anything")
        print(client:receive())
        """,
        "Thursday\n",
    ),
    "a forwarder that waits in select": (
        ECHO
        + """
        local front = assert(socket.bind("*", 0))
        local _, entrance = front:getsockname()
        ba.socket.event(function()
          local inner, outer = front:accept(), socket.connect("localhost", port)
          while true do
            for _, from in ipairs((socket.select({inner, outer}))) do
              local line = from:receive()
              if not line then
                return outer:close()
              end
              local to = from == inner and outer or inner
              to:send(line .. "\\n")
            end
          end
        end)
        local client = assert(socket.connect("localhost", entrance))
        for i = 1, 3 do
          client:send("line " .. i .. "\\n")
          print(client:receive())
        end
        client:close()
        """,
        "line 1\nline 2\nline 3\n",
    ),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_runs_in_a_cell(name: str) -> None:
    """With what it serves in cosockets, so that one cell is both ends."""
    program, printed = PROGRAMS[name]
    recorder = run_well(program)
    assert recorder.printed.decode() == printed
    assert recorder.faults == []


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_runs_with_the_command(name: str, tmp_path: Path) -> None:
    """Unchanged, as a file."""
    program, printed = PROGRAMS[name]
    (tmp_path / "program.lua").write_text(program, encoding="utf-8")
    process = subprocess.run(
        [sys.executable, "-m", "ba_runtime", "program.lua"], cwd=tmp_path, capture_output=True, timeout=30
    )
    assert (process.returncode, process.stdout.decode()) == (0, printed), process.stderr
