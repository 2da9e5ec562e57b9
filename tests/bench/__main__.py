"""`python -m tests.bench [GROUP …]`: measures, prints the table with its targets, and exits with 0."""

from __future__ import annotations

import argparse
import json
import os
import platform
import shlex
import sys
from pathlib import Path

from . import completion, echo, kernels, lab, lua, pages, recorded, series, tls, udp, websocket, work

LAB_EXCHANGES = 50  # of 0.4 s each
GROUPS = (
    *("lua", "echo", "tls", "json", "hash", "pages", "websocket", "udp", "record", "kernels", "completion"),
    "lab",
)


def main() -> None:
    """Reads the options and runs the groups; the defaults take about five minutes."""
    options = _options()
    groups = options.groups or GROUPS
    measured: list[series.Series] = []
    targets: list[series.Target] = []
    command = shlex.split(options.ba_lua)
    if "lua" in groups:
        measured += lua.measure(command, options.rounds, _say)
        targets += lua.targets(measured)
    if "echo" in groups:
        measured += echo.measure(command, options.connections, options.rounds, options.seconds, _say)
        targets += echo.targets(options.connections)
    if "tls" in groups:
        measured += tls.measure(command, options.rounds, options.seconds, _say)
        targets += tls.TARGETS
    if "json" in groups:
        measured += work.measure_json(command, options.rounds, _say)
        targets += work.JSON_TARGETS
    if "hash" in groups:
        measured += work.measure_hash(command, options.rounds, _say)
        targets += work.HASH_TARGETS
    if "pages" in groups:
        measured += pages.measure(command, options.rounds, options.seconds, _say)
        targets += pages.TARGETS
    if "websocket" in groups:
        measured += websocket.measure(command, options.rounds, options.seconds, _say)
        targets += websocket.TARGETS
    if "udp" in groups:
        measured += udp.measure(command, options.rounds, options.seconds, _say)
        targets += udp.TARGETS
    if "record" in groups:
        measured += recorded.measure(options.rounds, options.seconds, _say)
        targets += recorded.TARGETS
    if "kernels" in groups:
        measured += kernels.measure(options.rounds, _say)
        targets += kernels.TARGETS
    if "completion" in groups:
        measured += completion.measure(options.rounds, _say)
        targets += completion.TARGETS
    if "lab" in groups:
        measured += lab.measure(LAB_EXCHANGES, options.rounds, _say)
        targets += lab.TARGETS
    machine = f"Python {platform.python_version()}, {platform.system()}, {os.cpu_count()} processors"
    print(f"{machine}, {options.rounds} rounds\n")
    print(series.table(measured, targets))
    if options.json:
        content = {"machine": machine, **series.as_json(measured, targets)}
        options.json.write_text(json.dumps(content, indent=1) + "\n")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("groups", nargs="*", metavar="GROUP", help=f"{', '.join(GROUPS)} (default: all)")
    parser.add_argument("--rounds", type=int, default=5, help="turns of each server and kernel (5)")
    parser.add_argument("--seconds", type=float, default=2.0, help="length of one echo measurement (2)")
    parser.add_argument("--connections", type=int, nargs="+", default=[1, 50, 500], metavar="N")
    parser.add_argument(
        "--ba-lua",
        default=shlex.join([sys.executable, "-m", "ba_runtime", "--stay"]),
        help="the command that runs a Lua file",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures to FILE too")
    options = parser.parse_args()
    for group in options.groups:
        if group not in GROUPS:
            parser.error(f"no group {group!r}: choose from {', '.join(GROUPS)}")
    return options


def _say(text: str) -> None:
    """Progress goes to stderr, the table to stdout."""
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
