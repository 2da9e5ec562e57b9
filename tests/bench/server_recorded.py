"""Runs a Lua file as `ba-lua --stay` does, and records or captures all that its sockets do."""

from __future__ import annotations

import argparse
import contextlib
import sys
from pathlib import Path

from ba_runtime import Runtime
from ba_runtime.events import Event, Printed


def show(event: Event) -> None:
    """Shows what the program prints: its port."""
    if isinstance(event, Printed):
        sys.stdout.buffer.write(event.text)
        sys.stdout.buffer.flush()


def main(path: Path, *, is_recorded: bool, capture: str | None) -> None:
    """Runs it until the last cosocket has ended."""
    with Runtime(show) as runtime, contextlib.ExitStack() as stack:
        if is_recorded:
            stack.enter_context(runtime.record())
        if capture:
            runtime.capture(capture)
        runtime.run_cell(path.read_bytes(), name=path.name, cell=1).result()
        runtime.until_idle().result()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("path", type=Path)
    parser.add_argument("--record", action="store_true")
    parser.add_argument("--capture", metavar="FILE")
    options = parser.parse_args()
    main(options.path, is_recorded=options.record, capture=options.capture)
