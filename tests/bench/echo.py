"""Echo round trips: `ba-lua` against a plain epoll loop, asyncio and uvloop, under the same load."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import selectors
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from .series import Series, Target

HERE = Path(__file__).parent
# Long enough for 500 connections to be accepted and for all caches to be warm.
WARM_UP_S = 0.3
# A runtime that imports much on a busy machine is slow to come up; one that hangs is reported.
START_S = 30.0

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Server:
    """A running server."""

    pid: int
    port: int


def targets(connections: Sequence[int]) -> list[Target]:
    """Returns what `ba-lua` is to reach; with one connection the network's latency says more than we do."""
    cases = [case(count) for count in connections]
    return [
        Target(name, "ba-lua", baseline, wording)
        for count, name in zip(connections, cases, strict=True)
        for baseline, wording in (("epoll loop", ">= 0.70"), ("uvloop streams", "> 1.00"))
        if count > 1
    ]


def case(connections: int) -> str:
    """Returns the name of a case."""
    return f"echo of 64 bytes, {connections} connection{'s' if connections > 1 else ''}"


def measure(
    ba_lua: Sequence[str], connections: Sequence[int], rounds: int, seconds: float, say: Say
) -> list[Series]:
    """Returns thousands of round trips a second for every server and number of connections.

    `ba_lua` is the command that runs a Lua file for as long as it has cosockets.
    """
    with contextlib.ExitStack() as stack:
        load = _load_command(Path(stack.enter_context(tempfile.TemporaryDirectory())), say)
        ports = {}
        for name, command in _servers(ba_lua).items():
            if command is None:
                say(f"{name}: skipped, not installed here")
            else:
                ports[name] = stack.enter_context(running(name, command)).port
        samples: dict[tuple[int, str], list[float]] = {}
        for turn in range(rounds):
            for count in connections:
                say(f"round {turn + 1} of {rounds}: {case(count)}")
                for name in rotated(list(ports), turn):
                    speed = _round_trips_a_second(load, ports[name], count, seconds)
                    samples.setdefault((count, name), []).append(speed / 1000)
    return [
        Series(case(count), name, "thousand/s", tuple(samples[count, name]))
        for count in connections
        for name in ports
    ]


def _servers(ba_lua: Sequence[str]) -> dict[str, list[str] | None]:
    """Returns the command of every server, None for those that this machine cannot run."""
    has_epoll = sys.platform == "linux"
    has_uvloop = importlib.util.find_spec("uvloop") is not None
    streams = [sys.executable, str(HERE / "server_streams.py")]
    return {
        "ba-lua": [*ba_lua, str(HERE / "echo_server.lua")],
        "epoll loop": [sys.executable, str(HERE / "server_epoll.py")] if has_epoll else None,
        "asyncio streams": streams,
        "uvloop streams": [*streams, "--uvloop"] if has_uvloop else None,
    }


def rotated(names: list[str], turn: int) -> list[str]:
    """Returns the names in another order each round, so that nobody always runs after the same one."""
    start = turn % len(names)
    return names[start:] + names[:start]


@contextlib.contextmanager
def running(name: str, command: Sequence[str], directory: Path | None = None) -> Iterator[Server]:
    """Runs a server, in `directory`, and yields it once it has printed its port; ends it afterwards."""
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, cwd=directory
    ) as process:
        try:
            yield Server(process.pid, int(_first_line(name, process)))
        finally:
            process.kill()


def _first_line(name: str, process: subprocess.Popen[bytes]) -> bytes:
    assert process.stdout is not None
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        line = process.stdout.readline() if selector.select(START_S) else b""
    if not line:
        raise RuntimeError(f"{name} did not start: {process.args!r}")
    return line


def _load_command(directory: Path, say: Say) -> list[str]:
    """Returns the load generator's command: compiled on the spot, or Python's."""
    compiler = shutil.which("cc")
    if compiler and sys.platform == "linux":
        program = directory / "load"
        subprocess.run([compiler, "-O2", "-o", str(program), str(HERE / "load.c")], check=True)
        return [str(program)]
    say("echo: no C compiler, so the load comes from Python and may be the slowest part")
    return [sys.executable, str(HERE / "load.py")]


def _round_trips_a_second(load: Sequence[str], port: int, connections: int, seconds: float) -> float:
    """Loads one server; several Python processes share the connections, where one compiled is enough."""
    count = min(connections, os.cpu_count() or 1) if load[0] == sys.executable else 1
    shares = [len(range(i, connections, count)) for i in range(count)]
    processes = [
        subprocess.Popen([*load, str(port), str(share), str(WARM_UP_S), str(seconds)], stdout=subprocess.PIPE)
        for share in shares
    ]
    speed = 0.0
    for process in processes:
        output, _ = process.communicate()
        if process.returncode != 0:
            raise RuntimeError("the load generator found a fault, see above")
        round_trips, taken_s = output.split()
        speed += int(round_trips) / float(taken_s)
    return speed
