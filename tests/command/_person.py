"""A person at a terminal: types, and looks at what is on the screen."""

from __future__ import annotations

import contextlib
import os
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

import pexpect

from ._command import PATIENCE_S

ROWS, COLUMNS = 60, 100
_SEQUENCE = re.compile(r"\x1b\[([?0-9;]*)([A-Za-z])|\x1b[=>]")


class Glass:
    """What a terminal shows, as far as a prompt makes use of it: lines, a cursor, and what erases."""

    def __init__(self) -> None:
        self.lines: list[str] = [""]
        self.row = self.column = 0

    def take(self, text: str) -> None:
        """Shows a text; no escape sequence is cut in two here, because a person reads slowly."""
        at = 0
        while at < len(text):
            sequence = _SEQUENCE.match(text, at)
            if sequence:
                self._obey(sequence[2] or "", sequence[1] or "")
                at = sequence.end()
            else:
                self._put(text[at])
                at += 1

    def shown(self) -> list[str]:
        """Returns the lines, without the blanks at their ends and the empty ones below."""
        lines = [line.rstrip() for line in self.lines]
        while lines and not lines[-1]:
            lines.pop()
        return lines

    def _put(self, character: str) -> None:
        if character == "\n":
            self.row += 1
            while len(self.lines) <= self.row:
                self.lines.append("")
        elif character == "\r":
            self.column = 0
        elif character == "\b":
            self.column = max(0, self.column - 1)
        elif character == "\t":
            self.column += 8 - self.column % 8
        elif character >= " ":
            line = self.lines[self.row].ljust(self.column)
            self.lines[self.row] = line[: self.column] + character + line[self.column + 1 :]
            self.column = min(self.column + 1, COLUMNS - 1)

    def _obey(self, kind: str, numbers: str) -> None:
        count = int(numbers) if numbers.isdigit() else 1
        if kind == "A":
            self.row = max(0, self.row - count)
        elif kind == "B":
            self.row = min(len(self.lines) - 1, self.row + count)
        elif kind == "C":
            self.column = min(COLUMNS - 1, self.column + count)
        elif kind == "D":
            self.column = max(0, self.column - count)
        elif kind in "JK":
            self.lines[self.row] = self.lines[self.row][: self.column]
            if kind == "J":
                del self.lines[self.row + 1 :]


class Person:
    """A person who has started a command; a context that ends it."""

    def __init__(
        self, folder: Path, *arguments: str, python: tuple[str, ...] = ("-m", "ba_kernel.command")
    ) -> None:
        env = {
            **os.environ,
            "XDG_STATE_HOME": str(folder / "state"),
            "TERM": "xterm",
            "PROMPT_TOOLKIT_NO_CPR": "1",  # nobody here answers where the cursor is
            "NO_COLOR": "1",
        }
        self.glass = Glass()
        self.process = pexpect.spawn(
            sys.executable,
            [*python, *arguments],
            cwd=str(folder),
            env=env,
            encoding="utf-8",
            dimensions=(ROWS, COLUMNS),
        )
        self.process.delaybeforesend = None

    def __enter__(self) -> Person:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.close(force=True)

    def type(self, *keys: str) -> None:
        """Presses keys; "\\r" is the return key."""
        for key in keys:
            self.process.send(key)

    def see(self, is_there: Callable[[list[str]], bool]) -> list[str]:
        """Looks until the screen is as wanted, and returns its lines."""
        deadline = time.monotonic() + PATIENCE_S
        while not is_there(self.glass.shown()):
            if time.monotonic() > deadline:
                raise AssertionError("\n".join(("not seen on the screen:", *self.glass.shown())))
            if not self._look(0.2) and not is_there(self.glass.shown()):
                raise AssertionError("\n".join(("it has ended:", *self.glass.shown())))
        return self.glass.shown()

    def see_line(self, text: str) -> list[str]:
        """Looks until a line is on the screen, and returns all lines."""
        return self.see(lambda lines: text in lines)

    def see_last(self, text: str) -> list[str]:
        """Looks until a line is the last one on the screen, and returns all lines."""
        return self.see(lambda lines: bool(lines) and lines[-1] == text)

    def leave(self) -> int:
        """Waits until the process has ended and returns its exit code."""
        while self._look(PATIENCE_S):
            pass
        self.process.close()
        return int(self.process.exitstatus)

    def _look(self, patience_s: float) -> bool:
        """Takes what there is to see, after a while at most; returns False at the end."""
        with contextlib.suppress(pexpect.TIMEOUT):
            try:
                self.glass.take(self.process.read_nonblocking(65_536, timeout=patience_s))
            except pexpect.EOF:
                return False
        return True
