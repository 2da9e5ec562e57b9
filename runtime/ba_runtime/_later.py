"""Functions of the crossing table whose modules are imported when one of them is first called.

Most cells open no WebSocket, ask for no page and speak no HTTP. What these need (h11, wsproto, cryptography
and what comes with them) would take a third of the time in which this package is imported, and a person waits
for that at every start of a kernel. Where a method can make do without them until later, it imports them.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module


def later(module: str, name: str, *arguments: object) -> Callable[..., object]:
    """Returns a function that stands for `name` in `module`, or for what that returns for `arguments`."""
    found: Callable[..., object] | None = None

    def find() -> Callable[..., object]:
        thing: Callable[..., Callable[..., object]] = getattr(import_module(module), name)
        return thing(*arguments) if arguments else thing

    def call(*values: object) -> object:
        nonlocal found
        found = found or find()
        return found(*values)

    return call
