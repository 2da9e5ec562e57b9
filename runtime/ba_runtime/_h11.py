"""The one place that imports h11, so that whatever speaks HTTP here gets it with one fault mended.

A header line is a name, a colon, blanks, a value, blanks. h11 checks it by one regular expression in which an
empty value lets both runs of blanks stand for the same characters. When such a line is wrong after all (a NUL
at its end is enough), every way to divide the blanks is tried: 60 KB of them took eight seconds, in one call
that no interrupt ends, while nobody else is served. A look-ahead leaves the blanks no choice; which lines
match, and what is found in them, stays the same.

The pattern is private to h11. Where a version of h11 has another one, it is left alone, and the tests that
measure it tell.
"""

from __future__ import annotations

import re

import h11
from h11 import _abnf, _readers

__all__ = ["h11"]

_BLANKS = ":" + _abnf.OWS + "(?P<field_value>"
_ALL_BLANKS = ":" + _abnf.OWS + r"(?![ \t])(?P<field_value>"

_readers.header_field_re = re.compile(_abnf.header_field.replace(_BLANKS, _ALL_BLANKS).encode("ascii"))
