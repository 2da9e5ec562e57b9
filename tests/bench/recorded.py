"""Echo round trips while all that the sockets do is recorded or captured, against the same server without."""

from __future__ import annotations

import contextlib
import sys
import tempfile
from pathlib import Path

from . import echo
from .series import Series, Target

CONNECTIONS = 50
CASE = f"{echo.case(CONNECTIONS)}, recorded"
OFF, ON, CAPTURED = "not recorded", "recorded", "captured"
TARGETS = [Target(CASE, ON, OFF, ">= 0.97"), Target(CASE, CAPTURED, OFF, "")]


def measure(rounds: int, seconds: float, say: echo.Say) -> list[Series]:
    """Returns thousands of round trips a second, with a recording under way, with a capture, and without."""
    server = [sys.executable, str(echo.HERE / "server_recorded.py")]
    program = str(echo.HERE / "echo_server.lua")
    with contextlib.ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        load = echo._load_command(directory, say)
        commands = {
            OFF: [*server, program],
            ON: [*server, program, "--record"],
            CAPTURED: [*server, program, "--capture", str(directory / "echo.pcapng")],
        }
        ports = {
            name: stack.enter_context(echo.running(name, command)).port for name, command in commands.items()
        }
        samples: dict[str, list[float]] = {name: [] for name in ports}
        for turn in range(rounds):
            say(f"round {turn + 1} of {rounds}: {CASE}")
            for name in echo.rotated(list(ports), turn):
                speed = echo._round_trips_a_second(load, ports[name], CONNECTIONS, seconds)
                samples[name].append(speed / 1000)
    return [Series(CASE, name, "thousand/s", tuple(samples[name])) for name in ports]
