"""Lua programs without a network: `ba-lua` against the stock interpreter, `lua5.4`, running the same file.

Both take the processor time inside a process that does nothing else, so neither starting it nor a busy
machine counts. Where there is no `lua5.4`, a bare state of lupa's stands in. It has the same Lua but lupa's
allocator, with which making a coroutine alone costs 1.6 times what it costs in Debian's interpreter, so the
table names it differently.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from .echo import HERE, Say, rotated
from .series import Series, Target

OURS, STOCK, BARE = "ba-lua", "lua5.4", "lupa.lua54, bare"
WORK = HERE / "lua_work.lua"

MAKING, YIELDING, WRAPPED, EQUAL = "<= 3.00", "<= 1.50", "<= 2.50", "<= 1.05"


def measure(ba_lua: Sequence[str], rounds: int, say: Say, work: Path = WORK) -> list[Series]:
    """Returns milliseconds of processor time for each piece of work in `work`, for both."""
    commands = {OURS: list(ba_lua), **_peer(say)}
    samples: dict[tuple[str, str], list[float]] = {}
    for turn in range(rounds):
        say(f"round {turn + 1} of {rounds}: lua")
        for name in rotated(list(commands), turn):
            for case, taken_ms in _figures([*commands[name], str(work)]).items():
                samples.setdefault((case, name), []).append(taken_ms)
    return [Series(case, name, "ms", tuple(figures)) for (case, name), figures in samples.items()]


def targets(measured: Sequence[Series]) -> list[Target]:
    """Returns what each case may cost, compared with the peer that there was."""
    peers = {one.case: one.subject for one in measured if one.subject != OURS}
    return [Target(case, OURS, peer, _wording(case)) for case, peer in peers.items()]


def _wording(case: str) -> str:
    if "making" in case:
        return MAKING
    if "xpcall" in case:  # whose handler must hear of no interrupt
        return WRAPPED
    return YIELDING if "yields" in case else EQUAL


def _peer(say: Say) -> dict[str, list[str]]:
    stock = shutil.which("lua5.4")
    if stock is not None:
        return {STOCK: [stock]}
    say("lua: no lua5.4 here (Debian: apt-get install lua5.4), compared with a bare state of lupa's")
    return {BARE: [sys.executable, str(HERE / "lua_bare.py")]}


def _figures(command: Sequence[str]) -> dict[str, float]:
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    lines = (line.split("\t", 1) for line in output.splitlines())
    return {name: float(taken_ms) for taken_ms, name in lines}
