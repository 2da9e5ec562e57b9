"""Contexts that only an options table refers to: they last as long as needed, whenever Lua collects."""

from __future__ import annotations

import pytest

from ._tls import traced

# Collects all the time, while `serve` echoes one message to each client.
COLLECTING = """
    collectgarbage("setpause", 0)
    collector = ba.timer(function() collectgarbage() return true end)
    collector:set(1, true, true)
    function serve(s)
      s:event(function(s) local data = s:read() if data then s:write(data) end end)
    end
    local listener, port = listen_tls(serve)
    function fresh() return {shark = client_context()} end
    function echo(s)
      assert(s:write "hello")
      trace(s:read(5000))
      s:close()
    end
"""

CONNECTS = {
    "a blocking connect": """
        for _ = 1, 3 do echo(assert(ba.socket.connect("localhost", port, fresh()))) end
    """,
    "a cosocket's connect": """
        local count = 0
        for _ = 1, 3 do
          ba.socket.event(function(s)
            assert(ba.socket.connect("localhost", port, fresh()))
            echo(s)
            count = count + 1
          end)
        end
        await(function() return count == 3 end)
    """,
    "a job's connect": """
        local count = 0
        for _ = 1, 3 do
          ba.thread.create():run(function()
            echo(assert(ba.socket.connect("localhost", port, fresh())))
            count = count + 1
          end)
        end
        await(function() return count == 3 end)
    """,
    "an upgrade": """
        for _ = 1, 3 do
          local server
          local listener, port = listen(function(s)
            s:event(function(s) if s:upgrade(server_context()) then echo_back(s) end end)
          end)
          function echo_back(s) local data = s:read() s:write(data) end
          local c = assert(ba.socket.connect("localhost", port))
          assert(c:upgrade(client_context()))
          echo(c)
        end
    """,
}


@pytest.mark.parametrize("kind", CONNECTS)
def test_a_context_outlives_the_last_reference_of_the_program(kind: str) -> None:
    """Nobody but the call, and then the connection, knows it."""
    assert traced(COLLECTING + CONNECTS[kind]) == ["hello"] * 3
