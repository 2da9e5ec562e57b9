"""Stands outside: feeds programs to worker processes, and notices when one dies or falls silent."""

from __future__ import annotations

import contextlib
import json
import os
import re
import select
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from types import TracebackType

from tests.lua._tls import certificates

from .grammar import Program
from .trial import PATIENCE_S, Finding

COMMAND = (sys.executable, "-W", "error", "-m", "tests.fuzz.worker")
START_S = 60.0  # to import everything
SILENCE_S = 6.0  # of a process that says something every fifth of a second
PROGRAMS = 150  # in one process: each runtime leaves half a megabyte (ba_runtime/_lua.py)


class Worker:
    """One process, replaced by another whenever something was found, and now and then without a reason."""

    def __init__(
        self, patience_s: float = PATIENCE_S, command: Sequence[str] = COMMAND, start_s: float = START_S
    ) -> None:
        """Starts nothing yet; `patience_s` is when something counts as endless.

        `command` is what the process runs, with the certificates' folder as its argument; `start_s` is how
        long it may be silent at first.
        """
        self._patience_s, self._command, self._start_s = patience_s, command, start_s
        self._process: subprocess.Popen[bytes] | None = None
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115 (closed by __exit__)
        self._programs = 0

    def __enter__(self) -> Worker:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, _: TracebackType | None
    ) -> None:
        self.end()
        self._stderr.close()

    def end(self) -> None:
        """Ends the process."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    pipe.close()

    def run(self, program: Program) -> Finding | None:
        """Runs a program and returns what was found."""
        if self._process is None or self._programs >= PROGRAMS:
            finding = self._start()
            if finding is not None:
                return finding
        self._programs += 1
        request = {
            "source": program.source,
            "max_memory": program.max_memory,
            "interrupts_ms": program.interrupts_ms,
            "patience_s": self._patience_s,
        }
        assert self._process is not None
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(json.dumps(request).encode() + b"\n")
        return self._answer(self._process, SILENCE_S)

    def _answer(self, process: subprocess.Popen[bytes], silence_s: float) -> Finding | None:
        line = self._line(process, silence_s)
        if line is None:
            self.end()
            return Finding("the process is silent", "it was killed; the GIL, or C code that never returns")
        if not line:
            return self._died(process)
        answer = json.loads(line)
        if answer is None:
            return None
        self.end()
        return Finding(**answer)

    def _start(self) -> Finding | None:
        """Starts a process and waits until it is ready; returns what is wrong if it never is."""
        self.end()
        self._stderr.seek(0)
        self._stderr.truncate()
        self._process = process = subprocess.Popen(
            (*self._command, str(certificates())),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
            bufsize=0,
        )
        self._programs = 0
        return self._answer(process, self._start_s)

    def _line(self, process: subprocess.Popen[bytes], silence_s: float) -> bytes | None:
        """Returns the process's answer, nothing when it has died, None when it was silent for so long."""
        line = b""
        assert process.stdout is not None
        descriptor = process.stdout.fileno()
        while True:
            if not select.select([descriptor], [], [], silence_s)[0]:
                return None
            piece = os.read(descriptor, 1 << 16)
            if not piece:
                return b""
            line = (line + piece).lstrip(b"\n")  # empty lines are signs of life
            if line.endswith(b"\n"):
                return line

    def _died(self, process: subprocess.Popen[bytes]) -> Finding:
        code = process.wait()
        self._stderr.seek(0)
        said = self._stderr.read().decode("utf-8", "replace")
        self.end()
        how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        return Finding(f"the process died: {how}", said[-2000:])


SLOW = "interrupt is slow"  # or the machine is: only what is slow each time is a finding


def name_of(finding: Finding) -> str:
    """Returns what findings of one cause have in common, as far as can be told."""
    if finding.kind in (SLOW, "the process is silent", "descriptors are left"):
        return finding.kind
    detail = finding.detail.split("\n")[0]
    if finding.kind.startswith("the process died"):
        frames = re.findall(r'File "[^"]*?(\w+\.py)", line \d+ in (\w+)', finding.detail)
        detail = " < ".join(f"{name} {function}" for name, function in frames[:3])
    return f"{finding.kind}: {re.sub(r'0x[0-9a-f]+|[0-9a-f]{12}|[0-9]+', 'N', detail)}"[:160]
