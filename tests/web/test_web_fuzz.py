"""A fuzzer for a while: whatever clients send, cells, cosockets and pages go on, and nothing piles up.

`BA_LUA_FUZZ_S=60` makes each test a minute; `BA_LUA_FUZZ_SEED`, as a failure prints it, begins it again.
"""

from __future__ import annotations

import gc
import os
import random
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from ba_runtime.web import Limits

from . import _fuzz
from ._site import Site, get, site

QUICK = Limits(head_s=0.2, body_s=0.2, send_s=0.5, idle_s=0.2, linger_s=0.05)
WORKERS = 4

# The pages that are attacked, and what must go on meanwhile: a timer and an echo between two cosockets.
PROGRAM = """
    serve("page", function(_ENV) print "well" end)
    serve("form", function(_ENV) for _, v in pairs(request:data()) do print(v) end response:json{1} end)
    serve("long", function(_ENV) for _ = 1, 30 do print(("x"):rep(9999)) end end)
    serve("late", function(_ENV)
      local answer = response:deferred()
      ba.timer(function() answer:write "late" answer:close() end):set(5, true)
    end)
    serve("ws", function(_ENV)
      local s = ba.socket.req2sock(request)
      if s then
        s:event(function(s)
          while true do
            local data, is_text = s:read()
            if not data then return end
            if data ~= "" then s:write(data, 1, 0xFFFF, is_text) end
          end
        end, "s")
      end
    end)
    ticks, echoes = 0, 0
    timer = ba.timer(function() ticks = ticks + 1 return true end)
    timer:set(5)
    local l = ba.socket.bind(0)
    l:event(function(l)
      local s = l:accept()
      s:event(function(s) while true do local d = s:read() if not d then break end s:write(d) end end)
    end)
    local _, port = l:sockname()
    ba.socket.event(function(s)
      assert(ba.socket.connect("127.0.0.1", port))
      while true do s:write "x" s:read() echoes = echoes + 1 s:read(1) end
    end)
"""


def _resident() -> int:
    """Bytes of memory of this process, 0 where the system does not tell."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def _descriptors() -> int:
    """How many files and sockets this process has open, 0 where the system does not tell."""
    try:
        return len(os.listdir("/proc/self/fd"))
    except OSError:
        return 0


def _rest(here: Site, descriptors: int) -> tuple[int, int]:
    """Waits until every client is gone; returns the memory of the process and Lua's, in bytes."""
    deadline = time.monotonic() + 20
    while _descriptors() > descriptors and time.monotonic() < deadline:
        here.run("ba.sleep(50) collectgarbage() collectgarbage()")
    assert _descriptors() <= descriptors
    here.run("for _ = 1, 3 do collectgarbage() end")
    gc.collect()
    return _resident(), int(float(here.value("collectgarbage 'count'")) * 1024)


def _attack(here: Site, client: Callable[[int, random.Random], None], seed: str, end: float) -> None:
    """Lets clients loose until `end`, and meanwhile looks that everything else goes on."""

    def work(number: int) -> None:
        chance = random.Random(f"{seed} {number}")
        while time.monotonic() < end:
            client(here.port, chance)

    workers = [threading.Thread(target=work, args=(number,)) for number in range(WORKERS)]
    for worker in workers:
        worker.start()
    try:
        while time.monotonic() < end:
            before = here.value("ticks"), here.value("echoes")
            assert get(here.port, "/page/").body == b"well\n"
            here.run("ba.sleep(30)")
            after = here.value("ticks"), here.value("echoes")
            assert before[0] != after[0]
            assert before[1] != after[1]
    finally:
        for worker in workers:
            worker.join()


@pytest.mark.parametrize("client", [_fuzz.http_client, _fuzz.websocket_client, _fuzz.slow_client])
def test_a_fuzzer_stops_nothing_and_leaves_nothing(client: Callable[[int, random.Random], None]) -> None:
    """A timer, an echo, pages and cells go on; then no connection is left, and memory is what it was."""
    seed, seconds = _fuzz.seed(), _fuzz.seconds()
    with site(QUICK) as here:
        assert here.run(PROGRAM).error is None
        get(here.port, "/page/")
        here.run("ba.sleep(500)")
        descriptors = _descriptors()
        start = time.monotonic()
        _attack(here, client, f"{seed} warm", start + seconds / 4)
        resident, used = _rest(here, descriptors)
        _attack(here, client, str(seed), start + seconds)
        resident_after, used_after = _rest(here, descriptors)
        print(f"process: {resident >> 10} KiB, then {resident_after >> 10}")
        print(f"Lua: {used >> 10} KiB, then {used_after >> 10}")
        assert resident_after - resident < 32 << 20
        assert used_after - used < 1 << 20
        assert here.recorder.faults == []
        assert get(here.port, "/page/").body == b"well\n"
        here.start("ba.sleep(1e9)")  # the runtime closes in the middle of it all
