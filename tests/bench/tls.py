"""TLS: echo round trips and transfers of 100 MB, `ba-lua` against asyncio's streams, with the same client.

The client is Python too, and about as slow as the servers. So it encrypts what it uploads before the clock
starts, and decrypts a download after it has stopped; what it sees of an echo says as much about itself. Where
the system tells how much processor time a server has used (Linux), a second figure is divided by that.
"""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tests.conformance import make_certs

from .echo import WARM_UP_S, Say, Server, rotated, running
from .series import Series, Target

HERE = Path(__file__).parent
ECHOES = (1, 50)
TRANSFERS = ("upload", "download")

OURS, THEIRS = "ba-lua", "asyncio ssl streams"
SEEN, USED = "as seen by the client", "for each second of the server's processor"


def _cases() -> dict[str, tuple[str, ...]]:
    """Returns what the client is told to do, by case."""
    echoes = {
        f"TLS echo of 64 bytes, {count} connection{'s' if count > 1 else ''}": ("echo", str(count))
        for count in ECHOES
    }
    return {**echoes, **{f"TLS {purpose} of 100 MB": (purpose,) for purpose in TRANSFERS}}


CASES = _cases()
TARGETS = [Target(f"{case}, {way}", OURS, THEIRS, ">= 1.00") for case in CASES for way in (SEEN, USED)]


def measure(ba_lua: Sequence[str], rounds: int, seconds: float, say: Say) -> list[Series]:
    """Returns thousands of round trips, or megabytes, a second for both servers and every case."""
    commands = {
        OURS: [*ba_lua, str(HERE / "tls_server.lua")],
        THEIRS: [sys.executable, str(HERE / "server_tls_streams.py")],
    }
    with contextlib.ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        _write_certificate(directory)
        servers = {
            name: stack.enter_context(running(name, command, directory)) for name, command in commands.items()
        }
        samples: dict[tuple[str, str], list[float]] = {}
        for turn in range(rounds):
            for case, purpose in CASES.items():
                say(f"round {turn + 1} of {rounds}: {case}")
                for name in rotated(list(servers), turn):
                    for way, figure in _figures(servers[name], purpose, seconds).items():
                        samples.setdefault((f"{case}, {way}", name), []).append(figure)
    return [
        Series(case, name, "thousand/s" if "echo" in case else "MB/s", tuple(figures))
        for (case, name), figures in samples.items()
    ]


def _write_certificate(directory: Path) -> None:
    certs = directory / "certs"
    make_certs.write_all(certs)
    for kind in ("pem", "key"):
        shutil.copy(certs / f"server.{kind}", directory / f"tls.{kind}")


def _figures(server: Server, purpose: Sequence[str], seconds: float) -> dict[str, float]:
    command = [sys.executable, str(HERE / "tls_load.py"), str(server.port), *purpose]
    if "echo" in purpose:
        command += [str(WARM_UP_S), str(seconds)]
    before = _processor_s(server.pid)
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout.split()
    used_s = _processor_s(server.pid) - before
    amount, taken_s = float(output[0]), float(output[1])
    if "echo" in purpose:
        amount /= 1000
        used_s *= seconds / (WARM_UP_S + seconds)  # the round trips while it warmed up are not counted
    return {SEEN: amount / taken_s} | ({USED: amount / used_s} if used_s else {})


def _processor_s(pid: int) -> float:
    """Returns the processor time that another process has used; always 0 where that cannot be asked."""
    if sys.platform != "linux":
        return 0.0
    # The clock of another process: its number inverted, and three bits (clock_getcpuclockid(3)).
    return time.clock_gettime((~pid << 3) | 2)
