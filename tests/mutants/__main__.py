"""`python -m tests.mutants [--seed N] [--count N] [--base REF] [FOLDER or FILE …]`.

Without folders it draws from the files that differ from the base. Prints every fault with the test that
noticed it, and at the end those that survived, with their lines.
"""

from __future__ import annotations

import argparse
import random
import signal
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from types import FrameType

from . import _lua, _python
from ._fault import Fault, sample
from ._tree import ROOT, tree
from ._trial import Bench, Outcome

SOURCES = ("runtime", "kernel")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="make mutants", description="Put single faults in and run the tests."
    )
    parser.add_argument(
        "--seed", type=int, default=random.randrange(1_000_000), help="draws the same faults again"
    )
    parser.add_argument("--count", type=int, default=20, help="how many faults (default 20)")
    parser.add_argument(
        "--base", default="main", help="without folders: files that differ from this (default main)"
    )
    parser.add_argument("--list", action="store_true", help="only print the faults")
    parser.add_argument("paths", nargs="*", help="folders or files to draw from")
    return parser.parse_args()


def _changed(base: str) -> list[str]:
    command = ["git", "diff", "--name-only", base, "--", *SOURCES]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        sys.exit(f"git knows no {base!r}: {listed.stderr.strip()}")
    return listed.stdout.split()


def _sources(paths: Iterable[str]) -> dict[str, str]:
    """Returns the text of every Python and Lua file in these places, by its name from the root."""
    files: list[Path] = []
    for path in (ROOT / path for path in paths):
        files += sorted(path.rglob("*")) if path.is_dir() else [path]
    return {
        str(file.relative_to(ROOT)): file.read_text(encoding="utf-8")
        for file in files
        if file.suffix in (".py", ".lua") and file.is_file()
    }


def _draw(sources: dict[str, str], count: int, seed: int) -> list[Fault]:
    faults: list[Fault] = []
    for path, source in sources.items():
        faults += (_lua if path.endswith(".lua") else _python).faults_of(path, source)
    with _lua.compiler() as lua:

        def is_code(path: str, text: str) -> bool:
            return lua.takes(text) if path.endswith(".lua") else _python.is_python(text)

        return sample(faults, sources, is_code, count=count, seed=seed)


def _show(number: int, fault: Fault, source: str) -> str:
    before, after = fault.difference(source)
    return f"{number:3} {fault.path}:{fault.line(source)} {fault.kind}\n    - {before}\n    + {after}"


def _try_all(faults: list[Fault], sources: dict[str, str]) -> list[Outcome]:
    outcomes: list[Outcome] = []
    with tree() as scratch:
        scratch.check()
        bench = Bench(scratch)
        for number, fault in enumerate(faults, 1):
            outcome = bench.try_out(fault)
            outcomes.append(outcome)
            print(_show(number, fault, sources[fault.path]))
            print(f"    {outcome.noticed_by or 'SURVIVED'}, {outcome.took_s:.1f} s", flush=True)
    return outcomes


def _end(_number: int, _frame: FrameType | None) -> None:
    raise SystemExit("ended")


def main() -> None:
    """Draws, tries and reports."""
    signal.signal(signal.SIGTERM, _end)  # the tree must go also then
    arguments = _arguments()
    sources = _sources(arguments.paths or _changed(arguments.base))
    faults = _draw(sources, arguments.count, arguments.seed)
    print(f"{len(faults)} faults in {len(sources)} files, --seed {arguments.seed}", flush=True)
    if arguments.list:
        for number, fault in enumerate(faults, 1):
            print(_show(number, fault, sources[fault.path]))
        return
    outcomes = _try_all(faults, sources)
    survived = [outcome.fault for outcome in outcomes if not outcome.noticed_by]
    print(f"\n{len(faults) - len(survived)} of {len(faults)} were noticed. These survived:")
    for number, fault in enumerate(survived, 1):
        print(_show(number, fault, sources[fault.path]))


if __name__ == "__main__":
    main()
