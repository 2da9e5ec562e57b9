"""Pictures for the README: where they go, and how they get small."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def target(name: str) -> Path:
    """Returns where a picture goes: to build/; with TAKE_PICTURE=1, those in README to notebooks/images/."""
    shown = f"notebooks/images/{name}"
    is_kept = os.environ.get("TAKE_PICTURE") and shown in (ROOT / "README.md").read_text(encoding="utf-8")
    file = ROOT / shown if is_kept else ROOT / "build" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    return file


def compress(file: Path) -> None:
    """Makes a picture less than half as large, with 256 colours at most, where pngquant is installed."""
    program = shutil.which("pngquant")
    if program:
        options = ("--quality=90-100", "--speed=1", "--strip", "--force", f"--output={file}")
        subprocess.run([program, *options, str(file)], check=True, timeout=60)
