"""What people order of the lab's conditions: `delay HOST 200ms ±50ms`, `clear HOST`, `clear all`.

Every way to give such an order comes through here: the magic `%lab`, and the live view.
"""

from __future__ import annotations

from ._words import USAGES, changed
from .network import Lab


def obey(network: Lab, word: str, *arguments: str) -> str:
    """Sets or clears conditions, and returns a sentence that says what holds now; may take a moment.

    `word` is one of `USAGES`, or `clear`; `arguments` begin with the host. Raises ValueError for an order
    that cannot be understood, or that makes no sense at this host, and LabError as the lab does.
    """
    if word == "clear":
        return _clear(network, arguments)
    if word not in USAGES:
        raise ValueError(f"{word!r} is not a condition; these are: {', '.join(USAGES)}, and clear")
    if not arguments:
        raise ValueError(f"write it as {USAGES[word]}")
    host, *rest = arguments
    conditions = changed(network.conditions(host), word, rest)
    network.set_conditions(host, conditions)
    return f"{host}: {conditions or 'no conditions'}"


def _clear(network: Lab, arguments: tuple[str, ...]) -> str:
    if len(arguments) != 1:
        raise ValueError("write it as clear HOST, or clear all")
    (host,) = arguments
    network.clear(None if host == "all" else host)
    return "No host has conditions." if host == "all" else f"{host}: no conditions"
