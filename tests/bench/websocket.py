"""WebSocket echo round trips: `ba-lua` against `websockets`, under the same load."""

from __future__ import annotations

import contextlib
import importlib.util
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from .echo import HERE, WARM_UP_S, Say, rotated, running
from .series import Series, Target

# Messages of 64 bytes, and one just short of the most that one write of `ba.socket` takes.
CASES = {
    "WebSocket echo of 64 bytes, 1 connection": (1, 64),
    "WebSocket echo of 64 bytes, 50 connections": (50, 64),
    "WebSocket echo of 65,000 bytes, 1 connection": (1, 65_000),
}
TARGETS = [Target(case, "ba-lua", "websockets", "> 1.00") for case in CASES]


def measure(ba_lua: Sequence[str], rounds: int, seconds: float, say: Say) -> list[Series]:
    """Returns thousands of round trips a second for both servers in every case.

    Nothing without a C compiler for Linux, or without `websockets`: a load in Python would measure itself.
    """
    compiler = shutil.which("cc")
    if compiler is None or sys.platform != "linux" or importlib.util.find_spec("websockets") is None:
        say("websocket: skipped, it needs Linux, a C compiler and websockets")
        return []
    servers = {
        "ba-lua": [*ba_lua, str(HERE / "websocket_server.lua")],
        "websockets": [sys.executable, str(HERE / "server_websockets.py")],
    }
    samples: dict[tuple[str, str], list[float]] = {}
    with contextlib.ExitStack() as stack:
        load = load_program(Path(stack.enter_context(tempfile.TemporaryDirectory())), compiler)
        ports = {name: stack.enter_context(running(name, command)).port for name, command in servers.items()}
        for turn in range(rounds):
            for case, (connections, size) in CASES.items():
                say(f"round {turn + 1} of {rounds}: {case}")
                for name in rotated(list(ports), turn):
                    speed = round_trips_a_second(load, ports[name], connections, size, seconds)
                    samples.setdefault((case, name), []).append(speed / 1000)
    return [Series(case, name, "thousand/s", tuple(of)) for (case, name), of in samples.items()]


def load_program(directory: Path, compiler: str) -> Path:
    """Returns the load generator, compiled on the spot."""
    program = directory / "websocket_load"
    subprocess.run([compiler, "-O2", "-o", str(program), str(HERE / "websocket_load.c")], check=True)
    return program


def round_trips_a_second(load: Path, port: int, connections: int, size: int, seconds: float) -> float:
    """Loads one server."""
    arguments = (port, connections, size, WARM_UP_S, seconds)
    process = subprocess.run([str(load), *map(str, arguments)], stdout=subprocess.PIPE)
    if process.returncode != 0:
        raise RuntimeError("the load generator found a fault, see above")
    round_trips, taken_s = process.stdout.split()
    return int(round_trips) / float(taken_s)
