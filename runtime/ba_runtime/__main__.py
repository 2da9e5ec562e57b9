"""`python -m ba_runtime FILE.lua`: `ba-lua` without the prompt and without cells, which need ba_kernel."""

from __future__ import annotations

import sys

from .command import main, run_program

if __name__ == "__main__":
    # Modules that are imported later must not come from the folder in which the program is.
    if not (sys.flags.isolated or getattr(sys.flags, "safe_path", False)):
        del sys.path[0]
    sys.exit(main(None, run_program))
