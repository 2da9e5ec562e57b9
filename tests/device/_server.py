"""`ba-lua --serve` in a process of its own: the device of those who have none."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ba_runtime.device import new_secret, page_with

PATIENCE_S = 30


@dataclass(frozen=True, slots=True)
class Served:
    """A device that answers: its process, the URL of its page, and the page's secret."""

    process: subprocess.Popen[bytes]
    url: str
    secret: str


@contextmanager
def served(folder: Path, *options: str) -> Iterator[Served]:
    """Serves a page in a folder, with a secret of its own."""
    secret = new_secret()
    (folder / "cells.lsp").write_text(page_with(secret), encoding="utf-8")
    program = (
        "print(mako.port) io.stdout:flush() ba.socket.event(function() while true do ba.sleep(60000) end end)"
    )
    command = [
        sys.executable,
        "-m",
        "ba_kernel.command",
        "--serve",
        str(folder),
        "--stay",
        *options,
        "-e",
        program,
    ]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        yield Served(process, f"http://127.0.0.1:{port}/cells.lsp", secret)
    finally:
        process.kill()
        process.communicate()
