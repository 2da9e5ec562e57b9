"""Completion as a front end waits for it: from request to reply, over ZeroMQ, at every recorded position."""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager

from tests.kernel._positions import STATE, make_files, position, recorded

from .series import Series, Target

Say = Callable[[str], None]

POSITIONS = "completion, recorded positions"
HUGE_TABLE = "completion, table of 100,000 keys"
HUGE_CELL = "completion, cell of 1 MB"
SUBJECT = "ba-lua kernel"
TARGETS: list[Target] = []  # a median below 5 ms and a maximum below 50, which the table shows
REPLY_S = 60.0
_HUGE = "huge = {} for i = 1, 100000 do huge['key' .. i] = i end"


def measure(rounds: int, say: Say) -> list[Series]:
    """Returns milliseconds: one for each position and round, so the highest is the slowest position."""
    positions = [position(line) for line in recorded()]
    cases = {
        POSITIONS: [(there.text, there.cursor) for there in positions],
        HUGE_TABLE: [("huge.key77", 10)],
        HUGE_CELL: [("x = 1\n" * 170_000 + "config.", 1_020_007)],
    }
    samples: dict[str, list[float]] = {case: [] for case in cases}
    with _running() as client:
        for turn in range(rounds + 1):  # the first loads modules
            say(f"completion: round {turn} of {rounds}")
            for case, asked in cases.items():
                taken_ms = [_reply_ms(client, text, cursor) for text, cursor in asked]
                samples[case] += taken_ms if turn else []
    return [Series(case, SUBJECT, "ms", tuple(taken)) for case, taken in samples.items()]


@contextlib.contextmanager
def _running() -> Iterator[BlockingKernelClient]:
    manager = KernelManager(kernel_name="ba-lua")
    with tempfile.TemporaryDirectory() as folder:
        make_files(Path(folder))
        manager.start_kernel(cwd=folder)
        client: BlockingKernelClient = manager.client()
        client.start_channels()
        try:
            client.wait_for_ready(timeout=REPLY_S)
            client.execute_interactive(STATE.decode("latin-1") + _HUGE, timeout=REPLY_S)
            yield client
        finally:
            client.stop_channels()
            manager.shutdown_kernel(now=True)
            manager.cleanup_resources()


def _reply_ms(client: BlockingKernelClient, text: str, cursor: int) -> float:
    began = time.perf_counter()
    client.complete(text, cursor, reply=True, timeout=REPLY_S)
    return (time.perf_counter() - began) * 1000
