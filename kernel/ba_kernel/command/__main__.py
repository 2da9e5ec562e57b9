"""`python -m ba_kernel.command`: what `ba-lua` is, for where it is not on the path."""

from __future__ import annotations

import sys

# Modules must not come from the folder in which the program is, which `-m` puts in front.
if not (sys.flags.isolated or getattr(sys.flags, "safe_path", False)):
    del sys.path[0]

from . import main

sys.exit(main())
