"""A kernel for the tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ._live import LiveKernel


@pytest.fixture(scope="session")
def shared_kernel() -> Iterator[LiveKernel]:
    """One process for every test that leaves it as it was."""
    kernel = LiveKernel()
    yield kernel
    kernel.close()


@pytest.fixture
def kernel(shared_kernel: LiveKernel) -> LiveKernel:
    """A kernel with a fresh Lua state, idle."""
    assert shared_kernel.run("%reset").status == "ok"
    return shared_kernel


@pytest.fixture
def new_kernel() -> Iterator[LiveKernel]:
    """A kernel process of its own, for a test about its beginning, its end, or its trace area."""
    kernel = LiveKernel()
    yield kernel
    kernel.close()
