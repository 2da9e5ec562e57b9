"""A process that runs trials: JSON lines on stdin say which, one line on stdout says what came of each.

`python -m tests.fuzz.worker FOLDER`, the folder of the TLS tests' certificates. A first line says that it is
ready, and an empty one every BEAT_S that Python's threads can run. Whoever starts it must expect its death or
its silence: it exists for those.
"""

from __future__ import annotations

import faulthandler
import json
import os
import resource
import sys
import threading
import time
from dataclasses import asdict
from typing import Any, TextIO

from .grammar import AMPLE
from .trial import Finding, Trial

BEAT_S = 0.2
DESCRIPTORS = 200  # few, so that a program can use them up at once
BEAT = "beat"  # the thread that says so

_strays: list[str] = []  # exceptions of Python's that nobody caught, in any thread


def main() -> None:
    """Answers until stdin ends."""
    faulthandler.enable()
    resource.setrlimit(resource.RLIMIT_NOFILE, (DESCRIPTORS, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # what else is printed belongs to stderr
    threading.excepthook = lambda args: _strays.append(f"{args.exc_type.__name__}: {args.exc_value}")
    sys.unraisablehook = lambda args: _strays.append(f"{type(args.exc_value).__name__}: {args.exc_value}")
    threading.Thread(target=_beat, args=(answers,), name=BEAT, daemon=True).start()
    # What is made once in a process, and what is imported late, is not left by a program.
    Trial(b"seen(tls_pair()) seen(page(print))", AMPLE, (50,), sys.argv[1]).run()
    answers.write("null\n")  # ready
    for line in sys.stdin:
        finding = _trial(json.loads(line))
        answers.write(json.dumps(finding and asdict(finding)) + "\n")
        if finding:  # the process is no longer as it should be
            answers.flush()
            os._exit(0)


def _beat(answers: TextIO) -> None:
    while True:
        answers.write("\n")
        time.sleep(BEAT_S)


def _trial(request: dict[str, Any]) -> Finding | None:
    _strays.clear()
    source, interrupts = request["source"].encode("utf-8"), tuple(request["interrupts_ms"])
    finding = Trial(source, request["max_memory"], interrupts, sys.argv[1], request["patience_s"]).run()
    if finding is None and _strays:
        return Finding("Python exception", _strays[0])
    return finding


if __name__ == "__main__":
    main()
