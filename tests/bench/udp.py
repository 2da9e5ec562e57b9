"""UDP echo round trips: `ba-lua` against asyncio's and uvloop's datagram endpoints, under the same load."""

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

PEERS = (1, 20, 100)  # what the system keeps for one socket holds a datagram of each
OURS, BASELINE = "ba-lua", "asyncio datagrams"


def case(peers: int) -> str:
    """Returns the name of a case."""
    return f"UDP echo of 64 bytes, {peers} peer{'s' if peers > 1 else ''}"


# With one peer the network's latency says more than we do.
TARGETS = [Target(case(peers), OURS, BASELINE, ">= 1.00") for peers in PEERS if peers > 1]


def measure(ba_lua: Sequence[str], rounds: int, seconds: float, say: Say) -> list[Series]:
    """Returns thousands of round trips a second for every server and number of peers.

    Nothing without a C compiler for Linux: a load in Python would measure itself.
    """
    compiler = shutil.which("cc")
    if compiler is None or sys.platform != "linux":
        say("udp: skipped, it needs Linux and a C compiler")
        return []
    datagrams = [sys.executable, str(HERE / "server_datagrams.py")]
    servers = {OURS: [*ba_lua, str(HERE / "udp_server.lua")], BASELINE: datagrams}
    if importlib.util.find_spec("uvloop") is not None:
        servers["uvloop datagrams"] = [*datagrams, "--uvloop"]
    samples: dict[tuple[str, str], list[float]] = {}
    with contextlib.ExitStack() as stack:
        load = load_program(Path(stack.enter_context(tempfile.TemporaryDirectory())), compiler)
        ports = {name: stack.enter_context(running(name, command)).port for name, command in servers.items()}
        for turn in range(rounds):
            for peers in PEERS:
                say(f"round {turn + 1} of {rounds}: {case(peers)}")
                for name in rotated(list(ports), turn):
                    speed = round_trips_a_second(load, ports[name], peers, seconds)
                    samples.setdefault((case(peers), name), []).append(speed / 1000)
    return [Series(case, name, "thousand/s", tuple(of)) for (case, name), of in samples.items()]


def load_program(directory: Path, compiler: str) -> Path:
    """Returns the load generator, compiled on the spot."""
    program = directory / "udp_load"
    subprocess.run([compiler, "-O2", "-o", str(program), str(HERE / "udp_load.c")], check=True)
    return program


def round_trips_a_second(load: Path, port: int, peers: int, seconds: float) -> float:
    """Loads one server."""
    arguments = (port, peers, WARM_UP_S, seconds)
    process = subprocess.run([str(load), *map(str, arguments)], stdout=subprocess.PIPE)
    if process.returncode != 0:
        raise RuntimeError("the load generator found a fault, see above")
    round_trips, taken_s = process.stdout.split()
    return int(round_trips) / float(taken_s)
