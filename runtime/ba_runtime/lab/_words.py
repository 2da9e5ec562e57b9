"""Owns how people write conditions: `delay 200ms ±50ms`, `loss 10%`, `rate 56kbit`; does no I/O.

Numbers and units are those of tc-netem(8) and tc(8), upper or lower case, with one exception: a number
without a unit is refused, because tc takes `delay 200` for microseconds, which nobody means.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal

from .conditions import Conditions

_SECONDS = {
    **dict.fromkeys(("s", "sec", "secs"), Decimal(1)),
    **dict.fromkeys(("ms", "msec", "msecs"), Decimal("1e-3")),
    **dict.fromkeys(("us", "usec", "usecs"), Decimal("1e-6")),
}
# As tc has them, `bps` counts bytes.
_BITS_PER_SECOND = {
    f"{prefix}{unit}": Decimal(factor * bits)
    for prefix, factor in (("", 1), ("k", 10**3), ("m", 10**6), ("g", 10**9))
    for unit, bits in (("bit", 1), ("bps", 8))
}
_QUANTITY = re.compile(r"([-+]?(?:[0-9]{1,15}(?:\.[0-9]{0,9})?|\.[0-9]{1,9}))([a-z%]*)", re.IGNORECASE)
_VARIATION = re.compile(r"±|\+/?-")

# What can be wrong with the numbers themselves, `Conditions` knows; this is for what is not understood.
USAGES = {
    "delay": "delay HOST TIME [±TIME], such as 200ms ±50ms",
    "loss": "loss HOST PERCENT, such as 10%",
    "rate": "rate HOST RATE, such as 56kbit",
    "duplicate": "duplicate HOST PERCENT, such as 5%",
    "reorder": "reorder HOST PERCENT, such as 5%",
    "refuse": "refuse HOST",
    "reset": "reset HOST [after N bytes]",
    "cut": "cut HOST",
}


def changed(conditions: Conditions, word: str, arguments: Sequence[str]) -> Conditions:
    """Returns `conditions` with what a person wrote: a word of `USAGES`, and what follows the host's name.

    >>> str(changed(Conditions(loss=0.1), "delay", ["200ms", "±50ms"]))
    'delay 200ms ±50ms, loss 10%'

    Raises ValueError, with a sentence that says what is wrong with it.
    """
    return _READERS[word](conditions, list(arguments))


def _delay(conditions: Conditions, arguments: list[str]) -> Conditions:
    # Both "±50ms" and "± 50ms", and tc's own form, which is without a sign.
    words = _VARIATION.sub(" ", " ".join(arguments)).split()
    if not 1 <= len(words) <= 2:
        raise ValueError(f"write it as {USAGES['delay']}")
    delay_s, *jitter_s = (float(_quantity(word, "time", _SECONDS, "200ms or 1.5s")) for word in words)
    return replace(conditions, delay_s=delay_s, jitter_s=jitter_s[0] if jitter_s else 0.0)


def _rate(conditions: Conditions, arguments: list[str]) -> Conditions:
    (text,) = _expected(arguments, 1, "rate")
    rate_bps = int(_quantity(text, "rate", _BITS_PER_SECOND, "56kbit or 1mbit"))
    if rate_bps <= 0:
        raise ValueError(f"a rate of {text} lets nothing through; use cut for that")
    return replace(conditions, rate_bps=rate_bps)


def _chance(name: str) -> Callable[[Conditions, list[str]], Conditions]:
    def read(conditions: Conditions, arguments: list[str]) -> Conditions:
        (text,) = _expected(arguments, 1, name)
        chance = float(_quantity(text, "percentage", {"%": Decimal("0.01")}, "10%"))
        if name == "loss":
            return replace(conditions, loss=chance)
        return (
            replace(conditions, duplicate=chance)
            if name == "duplicate"
            else replace(conditions, reorder=chance)
        )

    return read


def _refuse(conditions: Conditions, arguments: list[str]) -> Conditions:
    _expected(arguments, 0, "refuse")
    return replace(conditions, is_refusing=True)


def _cut(conditions: Conditions, arguments: list[str]) -> Conditions:
    _expected(arguments, 0, "cut")
    return replace(conditions, is_cut=True)


def _reset(conditions: Conditions, arguments: list[str]) -> Conditions:
    if not arguments:
        return replace(conditions, reset_after=0)
    is_understood = arguments[0] == "after" and arguments[2:] in ([], ["byte"], ["bytes"])
    if not is_understood or len(arguments) < 2 or not re.fullmatch("[0-9]{1,15}", arguments[1]):
        raise ValueError(f"write it as {USAGES['reset']}, with a whole number such as 1000")
    return replace(conditions, reset_after=int(arguments[1]))


def _expected(arguments: list[str], count: int, word: str) -> list[str]:
    if len(arguments) != count:
        raise ValueError(f"write it as {USAGES[word]}")
    return arguments


def _quantity(text: str, what: str, units: dict[str, Decimal], examples: str) -> Decimal:
    match = _QUANTITY.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not a {what} such as {examples}")
    number, unit = match[1], match[2].lower()
    if not unit:
        raise ValueError(f"{text!r} needs a unit, as in {examples}")
    if unit not in units:
        known = ", ".join(units)
        raise ValueError(f"{match[2]!r} is not a unit of a {what}; the units are {known}")
    return Decimal(number) * units[unit]


_READERS: dict[str, Callable[[Conditions, list[str]], Conditions]] = {
    "delay": _delay,
    "loss": _chance("loss"),
    "rate": _rate,
    "duplicate": _chance("duplicate"),
    "reorder": _chance("reorder"),
    "refuse": _refuse,
    "reset": _reset,
    "cut": _cut,
}
