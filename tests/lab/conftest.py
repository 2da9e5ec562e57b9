"""What the tests of the lab share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ba_runtime.lab import Lab


@pytest.fixture
def lab() -> Iterator[Lab]:
    """A running lab."""
    lab = Lab()
    lab.start()
    yield lab
    lab.stop()
