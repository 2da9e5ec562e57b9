"""One soak: a runtime, its lanes, the clients outside, the cells, and the samples."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from ba_runtime import Event, Fault, Note, Runtime
from tests.lua._tls import certificates

from .cells import Cells, Stuck
from .outside import Client, anyone
from .samples import Sample, grown

TRAFFIC = (Path(__file__).parent / "traffic.lua").read_text()
KINDS = ("tcp", "tls", "udp", "ws", "timer")
HEADS = ("seconds", "Lua KB", "process MB", "files", "threads", "cells", "interrupts", *KINDS, "outside")

Say = Callable[[str], None]


class Soak:
    """Made, run once, and asked what was wrong."""

    def __init__(self, seed: str, say: Say, before: str = "", patience_s: float = 15) -> None:
        """`seed` decides what cells and clients do; `say` gets the table; `before` is Lua to run first.

        A lane or a read that takes longer than `patience_s` is stuck.
        """
        self._seed, self._say = seed, say
        self._before = f"PATIENCE_MS = {patience_s * 1000:.0f} {before}"
        self._reports: list[str] = []
        self._samples: list[Sample] = []
        self._clients: list[Client] = []
        self._figures: dict[str, tuple[int, int]] = {}
        self._problems: list[str] = []

    def run(self, seconds: float, every_s: float) -> list[str]:
        """Goes on for so long, with a sample every so often; returns what was wrong, one sentence each."""
        with Runtime(self._hear) as runtime:
            cells = Cells(runtime, self._seed)
            try:
                self._go_on(cells, seconds, every_s)
            except Stuck as stuck:
                self._problems.append(f"cell: {stuck}")
            for client in self._clients:
                client.end()
            if cells.wrong:
                self._problems.append(f"cell: {cells.wrong}")
            return self._problems + self._reports + grown(self._samples)

    def _go_on(self, cells: Cells, seconds: float, every_s: float) -> None:
        self._begin(cells)
        self._say(" ".join(f"{head:>10}" for head in HEADS))
        start = time.monotonic()
        while not self._is_wrong(cells) and time.monotonic() < start + seconds:
            until = min(time.monotonic() + every_s, start + seconds)
            while time.monotonic() < until and not cells.wrong:
                cells.one()
            self._sample(cells, time.monotonic() - start)

    def _hear(self, event: Event) -> None:
        if isinstance(event, Fault):
            self._reports.append(event.text.decode("utf-8", "replace"))
        elif isinstance(event, Note) and "ba.sleep in a cosocket" not in event.text:
            self._reports.append(event.text)

    def _begin(self, cells: Cells) -> None:
        result = cells.run(
            f'CERTS = "{certificates()}" {TRAFFIC}\n{self._before}\nbegin() return PORT, TLS_PORT'
        )
        assert result.error is None, result.error
        port, tls_port = map(int, result.values)
        self._clients = [
            Client("tcp", port, f"{self._seed} tcp"),
            Client("tls", tls_port, f"{self._seed} tls", anyone()),
        ]
        for client in self._clients:
            client.start()

    def _is_wrong(self, cells: Cells) -> bool:
        return bool(self._problems or self._reports or cells.wrong)

    def _sample(self, cells: Cells, at_s: float) -> None:
        for client in self._clients:
            client.pause()
        result = cells.run("return sample()")
        if result.error is not None:
            self._problems.append(result.error.message.decode("utf-8", "replace"))
            return
        wrong, kilobytes, figures = (value.decode() for value in result.values)
        if wrong != "false":
            self._problems.append(wrong)
        sample = Sample.take(at_s, float(kilobytes) * 1024)
        self._samples.append(sample)
        self._look_at_lanes(figures.strip('"').replace("\\n", "\n"))
        self._say(self._row(sample, cells))
        cells.run("resume()")
        for client in self._clients:
            client.resume()

    def _look_at_lanes(self, figures: str) -> None:
        """Every lane has moved something since the last time."""
        lines = [line.split() for line in figures.splitlines()]
        now = {kind: (int(rounds), int(moved)) for kind, rounds, moved in lines}
        now |= {client.kind + " outside": (client.rounds, client.moved) for client in self._clients}
        self._problems += [f"{kind}: nothing moved" for kind in now if now[kind] == self._figures.get(kind)]
        self._problems += [f"{one.kind} outside: {one.wrong}" for one in self._clients if one.wrong]
        self._figures = now

    def _row(self, sample: Sample, cells: Cells) -> str:
        megabytes = {kind: f"{moved / 1e6:,.0f} MB" for kind, (_, moved) in self._figures.items()}
        megabytes["timer"] = f"{self._figures['timer'][1]:,}"
        outside = sum(client.moved for client in self._clients)
        row = (
            f"{sample.at_s:.0f}",
            f"{sample.lua_bytes / 1024:,.0f}",
            f"{sample.resident_bytes / 1e6:,.1f}",
            sample.descriptors,
            sample.threads,
            cells.count,
            f"{cells.interrupts} {cells.slowest_s * 1000:.0f} ms",
            *(megabytes[kind] for kind in KINDS),
            f"{outside / 1e6:,.0f} MB",
        )
        return " ".join(f"{value:>10}" for value in row)
