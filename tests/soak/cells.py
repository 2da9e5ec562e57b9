"""Cells between the traffic: some end by themselves with a known value, some only by an interrupt."""

from __future__ import annotations

import random
import time
from concurrent.futures import wait

from ba_runtime import CellResult, Runtime

LIMIT_S = 2.0  # for the end of an interrupted cell, all the traffic included
ANSWER_S = 20.0

ENDING = (
    ("return 1 + 1", "2"),
    ("local t = {} for i = 1, 1000 do t[i] = ('x'):rep(i) end return #table.concat(t)", "500500"),
    ("return #ba.json.encode(ba.json.decode('[1,[2,{\"a\":null}]]'))", "18"),
    ("return ba.crypto.hash('sha1')('abc')(true, 'hex')", '"a9993e364706816aba3e25717850c26c9cd0d89d"'),
    ("for i = 1, 300 do ba.crypto.sha1('x' .. i) end return 1", "1"),
    ("for i = 1, 50 do print(i) trace(i) end ba.sleep(1) return 2", "2"),
    ("return select('#', pcall(error, setmetatable({}, {__tostring = error})))", "2"),
    (
        "n = 0 for i = 1, 9 do n = n + coroutine.wrap(function() ba.sleep(0) return 5 end)() end return n",
        "45",
    ),
    ("local n = 0 table.sort({3, 1, 2}, function(a, b) ba.sleep(0) n = 1 return a < b end) return n", "1"),
    ("setmetatable({}, {__gc = function() ba.sleep(0) end}) collectgarbage() return 3", "3"),
    ("local s = ba.socket.udpcon() return s:close(), (s:read())", "true nil"),
    (
        "local t = {} for i = 1, 200 do t[i] = ba.timer(print) t[i]:set(1e6) t[i]:cancel() end return #t",
        "200",
    ),
    ("return select(2, pcall(error, 'x', 0))", '"x"'),
    ("return #ba.bytearray.create(5000), #ba.rndbs(500)", "5000 500"),
)
ENDLESS = (
    "while true do end",
    "while true do pcall(function() while true do end end) end",
    "ba.sleep(1e9)",
    "ba.socket.udpcon():read()",
    "ba.socket.bind(0) while true do ba.sleep(0) end",
    "while true do coroutine.wrap(function() ba.sleep(0) end)() end",
    "table.sort({3, 1, 2}, function() ba.sleep(1e9) end)",
    "xpcall(error, function() ba.sleep(1e9) end, 'e')",
    "local t = {} while true do t = {t = t and ('x'):rep(100)} end",
    "while true do ba.crypto.sha1('x') end",
)


class Stuck(Exception):
    """A cell that does not end: the message says which. Nothing can go on after that."""


class Cells:
    """Runs cells, and keeps what was wrong first."""

    def __init__(self, runtime: Runtime, seed: str) -> None:
        """`seed` decides which cells come, and when they are interrupted."""
        self.wrong = ""
        self.count = self.interrupts = 0
        self.slowest_s = 0.0
        self._runtime, self._chance = runtime, random.Random(seed)

    def run(self, source: str) -> CellResult:
        """Runs one to its end."""
        self.count += 1
        cell = self._runtime.run_cell(source.encode(), name="cell", cell=self.count)
        if not wait([cell], ANSWER_S).done:
            raise Stuck(f"{source}: no end in {ANSWER_S:.0f} s")
        return cell.result()

    def one(self) -> None:
        """Runs some cell."""
        if self._chance.random() < 0.3:
            self._endless(self._chance.choice(ENDLESS))
        else:
            self._ending(*self._chance.choice(ENDING))

    def _ending(self, source: str, expected: str) -> None:
        result = self.run(source)
        if result.error is not None:
            self._note(f"{source}: {result.error.message.decode('utf-8', 'replace')}")
        elif (values := " ".join(value.decode() for value in result.values)) != expected:
            self._note(f"{source}: {values}, not {expected}")

    def _endless(self, source: str) -> None:
        self.count += 1
        self.interrupts += 1
        cell = self._runtime.run_cell(source.encode(), name="cell", cell=self.count)
        wait([cell], self._chance.random() / 30)
        start = time.monotonic()
        self._runtime.interrupt()
        if not wait([cell], ANSWER_S).done:
            raise Stuck(f"{source}: its interrupt has not ended it in {ANSWER_S:.0f} s")
        error = cell.result().error
        took_s = time.monotonic() - start
        self.slowest_s = max(took_s, self.slowest_s)
        if error is None or error.kind != "interrupt":
            self._note(f"{source}: {error}")
        elif took_s > LIMIT_S:
            self._note(f"{source}: ended {took_s:.1f} s after its interrupt")

    def _note(self, problem: str) -> None:
        self.wrong = self.wrong or problem
