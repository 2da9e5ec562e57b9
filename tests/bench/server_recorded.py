"""Runs a Lua file as `ba-lua --stay` does; with --record all that its sockets do is recorded."""

from __future__ import annotations

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


def main(path: Path, *, is_recorded: bool) -> None:
    """Runs it until the last cosocket has ended."""
    with Runtime(show) as runtime, contextlib.ExitStack() as stack:
        if is_recorded:
            stack.enter_context(runtime.record())
        runtime.run_cell(path.read_bytes(), name=path.name, cell=1).result()
        runtime.until_idle().result()


if __name__ == "__main__":
    main(Path(sys.argv[1]), is_recorded="--record" in sys.argv)
