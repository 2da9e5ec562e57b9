"""The screen that programs and the person who types share, without a terminal."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest

from ba_kernel.command import _screen
from ba_kernel.command._screen import Screen, ScreenWriter
from tests.kernel._fakes import FakeLoop


class Shared:
    """A screen, and what has become of it."""

    def __init__(self) -> None:
        self.loop = FakeLoop()
        self.bytes = io.BytesIO()
        self.stream = io.TextIOWrapper(self.bytes, encoding="ascii", newline="")
        self.moves = 0  # of the line that is typed, out of the way
        self.screen = Screen(self.loop, self.stream, self._above)

    def _above(self, write: Callable[[], None]) -> None:
        self.moves += 1
        write()

    @property
    def text(self) -> str:
        """What is on the screen."""
        return self.bytes.getvalue().decode("ascii")


def test_what_is_written_while_nobody_types_appears_at_once() -> None:
    """And nothing has to be moved."""
    shared = Shared()
    shared.screen.write("now")
    assert (shared.text, shared.moves) == ("now", 0)


def test_a_prompt_begins_its_own_line() -> None:
    """Also behind a program that did not end the line."""
    shared = Shared()
    shared.screen.write("no newline")
    shared.screen.begin_typing()
    assert shared.text == "no newline\n"
    shared.screen.end_typing()
    shared.screen.begin_typing()
    assert shared.text == "no newline\n"


def test_lines_come_above_the_one_that_is_typed() -> None:
    """Many at a time, and only whole ones: the rest waits."""
    shared = Shared()
    shared.screen.begin_typing()
    for text in ("one\n", "two", "\nthree"):
        shared.screen.write(text)
    assert shared.text == ""
    shared.loop.advance(1)
    assert (shared.text, shared.moves) == ("one\ntwo\n", 1)
    shared.screen.end_typing()
    assert shared.text == "one\ntwo\nthree"


def test_what_waits_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is dropped is counted, and later there is room again."""
    monkeypatch.setattr(_screen, "LIMIT_CHARACTERS", 10)
    shared = Shared()
    shared.screen.begin_typing()
    for _ in range(5):
        shared.screen.write("1234\n")
    shared.loop.advance(1)
    assert shared.text == "1234\n1234\n\n-- 15 characters were dropped\n"
    shared.screen.write("again\n")
    shared.loop.advance(1)
    assert shared.text.endswith("dropped\nagain\n")


def test_a_letter_may_come_in_two_pieces() -> None:
    """And a terminal that cannot show it gets its number."""
    shared = Shared()
    writer = ScreenWriter(shared.screen)
    for byte in "ä\x07".encode():
        writer.write(bytes((byte,)))
    assert shared.text == "\\xe4\\x07"
