"""`python -m tests.notebooks.refresh [FILE …]`: run notebooks, or all, and save them with their new outputs.

For whoever changed a cell; the tests compare every later run with what is saved here.
"""

from __future__ import annotations

import sys
from pathlib import Path

from ._runs import NOTEBOOKS, execute, read, write


def refresh(paths: tuple[Path, ...]) -> int:
    """Runs and saves each notebook; returns the exit code, 1 when one failed, which is then left as it was."""
    for path in paths:
        notebook = read(path)
        problem = execute(notebook)
        if problem:
            print(f"{path.name} is left as it was:\n{problem}", file=sys.stderr)
            return 1
        write(notebook, path)
        print(f"{path.name}: saved")
    return 0


if __name__ == "__main__":
    sys.exit(refresh(tuple(map(Path, sys.argv[1:])) or NOTEBOOKS))
