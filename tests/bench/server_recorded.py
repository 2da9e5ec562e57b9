"""Runs a Lua file as `ba-lua --stay` does, while all that its sockets do is recorded."""

from __future__ import annotations

import sys
from pathlib import Path

from ba_runtime import Runtime
from ba_runtime.events import Event, Printed


def show(event: Event) -> None:
    """Shows what the program prints: its port."""
    if isinstance(event, Printed):
        sys.stdout.buffer.write(event.text)
        sys.stdout.buffer.flush()


def main(path: Path) -> None:
    """Runs it until the last cosocket has ended."""
    with Runtime(show) as runtime, runtime.record():
        runtime.run_cell(path.read_bytes(), name=path.name, cell=1).result()
        runtime.until_idle().result()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
