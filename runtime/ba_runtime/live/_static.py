"""The files of the page, as they are in the package."""

from __future__ import annotations

from importlib import resources


def static(name: str) -> bytes:
    """Returns a file of `static/`: `tracelogger.js`, the module, or `tracelogger.css`, its style."""
    return resources.files(__package__).joinpath("static", name).read_bytes()
