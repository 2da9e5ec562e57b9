"""What a history request is told."""

from __future__ import annotations

import pytest

from ba_kernel._history import History


@pytest.fixture
def history() -> History:
    """Three cells, the first and the last with the same text."""
    history = History()
    history.add(1, "1 + 1", "2")
    history.add(2, "x = 1", None)
    history.add(3, "1 + 1", "2")
    return history


def test_tail_is_the_last_cells(history: History) -> None:
    """The newest comes last."""
    assert history.tail(2, output=False) == [(1, 2, "x = 1"), (1, 3, "1 + 1")]
    assert len(history.tail(None, output=False)) == 3


def test_output_comes_with_the_text(history: History) -> None:
    """A cell without a result has none."""
    assert history.tail(2, output=True) == [(1, 2, ("x = 1", None)), (1, 3, ("1 + 1", "2"))]


def test_range_is_by_cell_number(history: History) -> None:
    """The end is not included, and 0 is the running session."""
    assert history.range(0, 2, 3, output=False) == [(1, 2, "x = 1")]
    assert len(history.range(1, 1, None, output=False)) == 3


def test_another_session_has_no_cells(history: History) -> None:
    """This kernel remembers only itself."""
    assert history.range(-1, 1, None, output=False) == []


def test_search_takes_globs(history: History) -> None:
    """The pattern must match the whole text."""
    assert history.search("1*", None, unique=False, output=False) == [(1, 1, "1 + 1"), (1, 3, "1 + 1")]
    assert history.search("+", None, unique=False, output=False) == []


def test_a_unique_search_gives_the_latest_of_each_text(history: History) -> None:
    """The same text counts once."""
    assert history.search("1*", None, unique=True, output=False) == [(1, 3, "1 + 1")]
    assert history.search("*", 1, unique=True, output=False) == [(1, 3, "1 + 1")]


def test_ten_thousand_cells_are_remembered() -> None:
    """The oldest goes when another comes."""
    history = History()
    for cell in range(1, 10_002):
        history.add(cell, "x", None)
    assert [len(history.tail(None, output=False)), history.tail(None, output=False)[0]] == [
        10_000,
        (1, 2, "x"),
    ]
