"""A kernel for the tests of this folder."""

from __future__ import annotations

from tests.kernel.conftest import new_kernel

__all__ = ["new_kernel"]
