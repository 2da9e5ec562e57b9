"""Running `ba-lua` and `lua5.4` as a shell would."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

PATIENCE_S = 30
BA_LUA = (sys.executable, "-m", "ba_kernel.command")


class Said(NamedTuple):
    """What a process wrote, and how it ended."""

    out: str
    err: str
    code: int


def run(
    folder: Path, *arguments: str, stdin: str | None = "", command: tuple[str, ...] = BA_LUA, **env: str
) -> Said:
    """Runs a command in a folder; with None, without a standard input that could be read."""
    ran = subprocess.run(
        [*command, *arguments],
        cwd=folder,
        input=stdin,
        stdin=subprocess.DEVNULL if stdin is None else None,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        env={**os.environ, **env},
    )
    return Said(ran.stdout, ran.stderr, ran.returncode)
