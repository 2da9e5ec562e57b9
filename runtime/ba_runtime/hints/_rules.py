"""The rules for programs that were running, in the order in which they are asked: the surest come first."""

from __future__ import annotations

from collections.abc import Callable

from . import _calls, _misuse, _modules, _names, _values
from ._case import Case

RULES: tuple[Callable[[Case], str | None], ...] = (
    _modules.not_found,
    _calls.nil_of_a_call,
    _calls.reason_raised,
    *_misuse.RULES,
    *_names.RULES,
    *_values.RULES,
)


def hint(case: Case) -> str | None:
    """Returns what the first rule says that has anything to say."""
    return next((said for rule in RULES if (said := rule(case))), None)
