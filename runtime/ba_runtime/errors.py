"""Our exceptions, under one root. Each class says whose fault it is."""

from __future__ import annotations


class BaError(Exception):
    """Everything that this package raises on purpose."""


class UsageError(BaError):
    """The caller used the runtime in a way that cannot work, such as a cell after `close`."""


class RuntimeClosed(UsageError):
    """The runtime was closed while, or before, the work was done."""


class RequestFailed(BaError):
    """The runtime could not answer: Lua's memory has run out, or the fault is ours."""
