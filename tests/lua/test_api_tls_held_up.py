"""A reader that is held up in the middle of a TLS transfer: one receive has brought many chunks by then."""

from __future__ import annotations

import pytest

from ._tls import traced

SIZE = 4 << 20

# The peer sends numbers, eight bytes each, so that anything lost, doubled or out of order shows.
TRANSFER = f"""
    local SIZE = {SIZE}
    local _, port = listen_tls(function(s)
      s:event(function(s)
        s:read()
        for first = 1, SIZE // 8, 4096 do
          local block = {{}}
          for i = first, first + 4095 do block[#block + 1] = ("%08d"):format(i) end
          s:write(table.concat(block))
        end
        s:read()
      end)
    end)
    local client = assert(ba.socket.connect("127.0.0.1", port, {{shark = client_context()}}))
    local pieces, got, largest = {{}}, 0, 0
    local function take(data)
      pieces[#pieces + 1], got, largest = data, got + #data, math.max(largest, #data)
    end
    local function judge()
      local all = table.concat(pieces)
      for i = 1, SIZE // 8 do
        if tonumber(all:sub(i * 8 - 7, i * 8)) ~= i then trace("wrong at", i) return end
      end
      trace(#all, largest)
    end
    local function receive(s)
      s:write "go"
      while got < SIZE do
        take(s:read())
        if #pieces % 50 == 1 then ba.sleep(1) end
      end
      judge()
      done = true
    end
"""

HELD_UP = {
    "a cosocket that sleeps now and then": "client:event(receive)",
    "a cosocket that is resumed by a write each time": """
        local near, far = pair()
        far:event(function(s) while true do local d = s:read() if not d then return end take(d) end end)
        client:event(function(s)
          s:write "go"
          local sent = 0
          while sent < SIZE do
            local data = s:read()
            sent = sent + #data
            near:write(data)
          end
          ready = true
        end)
        await(function() return ready and got == SIZE end, "the relay")
        judge()
        done = true
    """,
    "a cell": "receive(client)",
    "one object after another": """
        local function some(s)
          for _ = 1, 30 do
            if got == SIZE then judge() done = true return end
            take(s:read())
          end
          ba.sleep(1)
          s:event(some)
        end
        client:event(function(s) s:write "go" some(s) end)
    """,
    "a reader that goes with the second half": """
        client:event(function(s)
          s:write "go"
          while got < SIZE // 2 do take(s:read()) end
          ba.sleep(5)
          s:disable()
          while got < SIZE do take(s:read()) end
          judge()
          done = true
        end)
        await(function() return client:state() == "disabled" end, "disable")
        ba.sleep(20)
        client:enable()
    """,
}


@pytest.mark.parametrize("how", HELD_UP)
def test_it_gets_all_of_it_in_order_and_in_chunks_as_documented(how: str) -> None:
    """At most 8192 bytes each."""
    program = TRANSFER + HELD_UP[how] + "\nawait(function() return done end, 'the end')"
    (line,) = traced(program)
    size, largest = line.split("\t")
    assert int(size) == SIZE
    assert int(largest) <= 8192


def test_an_end_that_has_arrived_before_the_read_is_an_end() -> None:
    """It came behind what the reader waited for elsewhere, and is never handed out as data."""
    assert traced("""
        local s, theirs = tls_pair()
        local near, far = pair()
        local over, waits_elsewhere
        s:event(function(s)
          trace(s:read())
          waits_elsewhere = true
          trace(near:read())
          trace(s:read())
          over = true
        end)
        theirs:write "first"
        await(function() return waits_elsewhere end)
        far:write "elsewhere"
        theirs:close()
        await(function() return over end)
    """) == ["first", "elsewhere", "nil\tsocketreadfailed"]
