"""What `make test-lowest` installs comes from pyproject.toml."""

from __future__ import annotations

from importlib.metadata import requires

import pytest

from .lowest import constraints


def test_every_dependency_has_a_lowest_version() -> None:
    """Else pip would install what nobody has tried."""
    lines = constraints(requires("ba-lua-kernel") or ())
    assert {line.partition("==")[0] for line in lines} == {
        *(
            "ipykernel",
            "jupyter-client",
            "lupa",
            "certifi",
            "comm",
            "cryptography",
            "dpkt",
            "h11",
            "socksio",
            "tornado",
            "wsproto",
        ),
    }


def test_the_lower_bound_is_what_is_installed() -> None:
    """Whatever else is said of the version; what only extras need is not looked at."""
    assert constraints(["a>=1.5,<3", "b !=2,>=1", 'c; extra == "test"']) == ["a==1.5", "b==1"]


def test_a_dependency_without_a_lower_bound_is_refused() -> None:
    """And named."""
    with pytest.raises(ValueError, match="certifi has no lower bound"):
        constraints(["certifi"])
