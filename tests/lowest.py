"""The lowest versions of the dependencies that pyproject.toml admits, for `make test-lowest`.

`python -m tests.lowest` prints them as pip's constraints. They come from the installed package's metadata, so
that nothing is kept twice.
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib.metadata import requires

from packaging.requirements import Requirement


def constraints(requirements: Iterable[str]) -> list[str]:
    """Returns a line for each requirement of an installation without extras; each must have a lower bound."""
    lines = []
    for requirement in map(Requirement, requirements):
        if requirement.marker is not None and "extra" in str(requirement.marker):
            continue
        bounds = [bound.version for bound in requirement.specifier if bound.operator == ">="]
        if not bounds:
            raise ValueError(f"{requirement.name} has no lower bound in pyproject.toml")
        lines.append(f"{requirement.name}=={bounds[0]}")
    return lines


if __name__ == "__main__":
    print("\n".join(constraints(requires("ba-lua-kernel") or ())))
