"""`python -m tests.soak`: prints the table while it goes on; exits with 1 if something grew or was lost."""

from __future__ import annotations

import argparse
import os
import random
import sys

from .soak import Soak

SECONDS = 600.0
SAMPLES = 40


def main() -> int:
    """Runs one soak and returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    seconds = float(os.environ.get("BA_LUA_SOAK_S", "") or SECONDS)
    parser.add_argument("--seconds", type=float, default=seconds, help="how long (%(default)s)")
    parser.add_argument("--samples", type=int, default=SAMPLES, help="how many looks at it all (%(default)s)")
    seed = random.SystemRandom().randrange(1 << 32)
    parser.add_argument("--seed", type=int, default=seed, help="of cells, and of what clients outside send")
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    soak = Soak(str(options.seed), lambda line: print(line, flush=True))
    problems = soak.run(options.seconds, options.seconds / options.samples)
    for problem in problems:
        print(f"WRONG: {problem}")
    print("nothing was lost, and nothing grew" if not problems else f"{len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
