"""A cell that returns more values than anyone reads."""

from __future__ import annotations

import pytest
from tests.lua._programs import session


@pytest.mark.parametrize("count", [201, 200_000])
def test_of_many_values_the_first_are_shown(count: int) -> None:
    """And how many more there are; the time does not grow with the square of their number."""
    with session() as lua:
        values = lua.run(f"return ('x'):rep({count}):byte(1, -1)").values
    assert values[:-1] == (b"120",) * 200
    assert values[-1].decode() == f"… {count - 200} more values"


def test_two_hundred_values_are_shown() -> None:
    """All of them."""
    with session() as lua:
        assert lua.run("return table.unpack({}, 1, 200)").values == (b"nil",) * 200


def test_long_values_share_what_is_shown() -> None:
    """Many tables of hundreds of entries are not more text than one of them may be."""
    with session() as lua:
        lua.run("t = {} for i = 1, 200 do t[i] = ('x'):rep(190) end u = {} for i = 1, 100 do u[i] = t end")
        values = lua.run("return table.unpack(u)").values
    assert 1 < len(values) < 10
    assert values[-1].decode() == f"… {100 - len(values) + 1} more values"
