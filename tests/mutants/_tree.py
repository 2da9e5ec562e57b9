"""The copy of the tree in which faults are put in: never the working tree, and gone afterwards.

The copy comes first on Python's path, before the editable installation of the original. Compiled files there
carry the hash of their source and not its time: two faults within one second must not share one.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import gettempdir, mkdtemp

ROOT = Path(__file__).parents[2]
MARK = "BA_LUA_MUTANT_TREE"  # the tree that a process belongs to, in its environment
PREFIX = "ba-mutants-"  # the process that made it follows


def _files() -> list[str]:
    """Every file that git knows or would take."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    names = listed.stdout.decode().split("\0")
    return [name for name in names if name and (ROOT / name).is_file()]


class Tree:
    """One copy."""

    def __init__(self, folder: Path) -> None:
        """Fills the empty `folder`."""
        self._folder = folder
        self.root = folder / "tree"
        (folder / "tmp").mkdir()
        for name in _files():
            target = self.root / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target)
        paths = (self.root / "runtime", self.root / "kernel", self.root)
        self.environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(map(str, paths)),
            "PYTHONDONTWRITEBYTECODE": "1",
            "TMPDIR": str(folder / "tmp"),
            MARK: str(folder),
        }
        compiling = [*(sys.executable, "-m", "compileall", "-q"), "--invalidation-mode", "checked-hash"]
        subprocess.run([*compiling, str(self.root)], check=True)

    def check(self) -> None:
        """Raises unless the copy is what runs there."""
        code = "import ba_kernel, ba_runtime; print(ba_kernel.__file__, ba_runtime.__file__)"
        command = [sys.executable, "-c", code]
        done = subprocess.run(command, env=self.environment, cwd=self.root, capture_output=True, check=True)
        places = done.stdout.decode().split()
        if not all(place.startswith(str(self.root)) for place in places):
            raise RuntimeError(f"the tests would import {places}, not the copy in {self.root}")

    def end_processes(self) -> None:
        """Kills whatever was started in this tree and still runs."""
        _end_processes(self._folder)


def _end_processes(folder: Path) -> None:
    """Finds them by their environment, because a kernel is in a session of its own."""
    mark = f"{MARK}={folder}".encode()
    for environment in Path("/proc").glob("[0-9]*/environ"):
        with suppress(OSError):
            if mark in environment.read_bytes().split(b"\0"):
                os.kill(int(environment.parent.name), signal.SIGKILL)


def _remove(folder: Path) -> None:
    _end_processes(folder)
    shutil.rmtree(folder, ignore_errors=True)


def _is_abandoned(name: str) -> bool:
    """Tells whether the process in the name of a copy is gone."""
    maker = name.removeprefix(PREFIX).split("-")[0]
    return maker.isdecimal() and not Path("/proc", maker).exists()


def remove_abandoned(place: Path) -> None:
    """Removes the copies in `place` whose makers had no time to do it: those that were killed."""
    for folder in place.glob(f"{PREFIX}*"):
        if _is_abandoned(folder.name):
            _remove(folder)


@contextmanager
def tree() -> Iterator[Tree]:
    """A copy for the time of a `with` block."""
    remove_abandoned(Path(gettempdir()))
    folder = Path(mkdtemp(prefix=f"{PREFIX}{os.getpid()}-"))
    try:
        yield Tree(folder)
    finally:
        _remove(folder)
