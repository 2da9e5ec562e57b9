"""What a process holds while everything stands still, and the bounds on how much of it may grow."""

from __future__ import annotations

import gc
import os
import statistics
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

# Lua's memory after full collections moves by some tens of kilobytes (its string table, its stacks); that of
# the process by what malloc keeps for later. One leaked object in each round is megabytes in ten minutes.
LUA_BYTES = 512 << 10
RESIDENT_BYTES = 24 << 20
WARM_UP = 1  # samples that do not count, at the beginning


@dataclass(frozen=True, slots=True)
class Sample:
    """One look at the process."""

    at_s: float
    lua_bytes: float
    resident_bytes: float
    descriptors: int
    threads: int

    @staticmethod
    def take(at_s: float, lua_bytes: float) -> Sample:
        """Looks now; the caller has seen to it that nothing moves."""
        gc.collect()
        return Sample(at_s, lua_bytes, _resident(), _descriptors(), threading.active_count())


def _resident() -> int:
    """Bytes of memory of this process, 0 where the system does not tell."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def _descriptors() -> int:
    try:
        return len(os.listdir("/proc/self/fd"))
    except OSError:
        return 0


def grown(samples: Sequence[Sample]) -> list[str]:
    """Returns what has grown beyond its bound, one sentence each.

    The medians of the last third and the first are compared, so that one odd sample says nothing.
    """
    counted = samples[WARM_UP:]
    if not counted:
        return []
    third = max(1, len(counted) // 3)
    first, last = counted[:third], counted[-third:]
    growths = (
        ("Lua's memory", "lua_bytes", LUA_BYTES),
        ("the process's memory", "resident_bytes", RESIDENT_BYTES),
        ("the number of descriptors", "descriptors", 0),
        ("the number of threads", "threads", 0),
    )
    said = []
    for name, field, bound in growths:
        before, after = (statistics.median(getattr(one, field) for one in part) for part in (first, last))
        if after - before > bound:
            said.append(f"{name} grew from {before:,.0f} to {after:,.0f}, by more than {bound:,}")
    return said
