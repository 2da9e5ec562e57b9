"""Page requests: `ba-lua` with an LSP page against http.server and aiohttp, under the same load."""

from __future__ import annotations

import contextlib
import importlib.util
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from .echo import WARM_UP_S, Say, rotated, running
from .series import Series, Target

HERE = Path(__file__).parent
CONNECTIONS = (1, 50)
OURS, BASELINE, OTHER = "ba-lua page", "http.server", "aiohttp"
PAGE = (
    '<html>\n<p>Hello from <?lsp=request:uri()?></p>\n<?lsp response:setheader("X-Page", "1") ?>\n</html>\n'
)


def case(connections: int) -> str:
    """Returns the name of a case."""
    return f"page requests, {connections} connection{'s' if connections > 1 else ''}"


# With one connection both wait for the client most of the time, as for the echo.
TARGETS = [Target(case(count), OURS, BASELINE, "> 1.00") for count in CONNECTIONS if count > 1]


def measure(ba_lua: Sequence[str], rounds: int, seconds: float, say: Say) -> list[Series]:
    """Returns thousands of requests a second for every server and number of connections.

    `ba_lua` is the command that runs a Lua file. Nothing where there is no C compiler: a client in Python
    would be the slowest part, and both figures its own.
    """
    compiler = shutil.which("cc")
    if compiler is None or sys.platform != "linux":
        say("pages: skipped, the load needs a C compiler and epoll")
        return []
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        load = folder / "load"
        subprocess.run([compiler, "-O2", "-o", str(load), str(HERE / "pages_load.c")], check=True)
        site = folder / "site"
        site.mkdir()
        (site / "page.lsp").write_text(PAGE)
        ports = {
            name: stack.enter_context(running(name, command)).port
            for name, command in _servers(ba_lua, site).items()
        }
        samples: dict[tuple[int, str], list[float]] = {}
        for turn in range(rounds):
            for count in CONNECTIONS:
                say(f"round {turn + 1} of {rounds}: {case(count)}")
                for name in rotated(list(ports), turn):
                    speed = _requests_a_second(load, ports[name], count, seconds)
                    samples.setdefault((count, name), []).append(speed / 1000)
    return [
        Series(case(count), name, "thousand/s", tuple(samples[count, name]))
        for count in CONNECTIONS
        for name in ports
    ]


def _servers(ba_lua: Sequence[str], site: Path) -> dict[str, list[str]]:
    servers = {
        OURS: [*ba_lua, "--serve", str(site), str(HERE / "pages_port.lua")],
        BASELINE: [sys.executable, str(HERE / "server_http.py")],
    }
    if importlib.util.find_spec("aiohttp") is not None:
        servers[OTHER] = [sys.executable, str(HERE / "server_aiohttp.py")]
    return servers


def _requests_a_second(load: Path, port: int, connections: int, seconds: float) -> float:
    process = subprocess.run(
        [str(load), str(port), str(connections), str(WARM_UP_S), str(seconds)],
        capture_output=True,
        check=True,
    )
    answered, taken_s = process.stdout.split()
    return int(answered) / float(taken_s)
