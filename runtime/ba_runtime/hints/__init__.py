"""Hints: one line below an error that tells what mends it, or nothing.

A wrong hint is worse than none, so each is given only where what it says is known: from Lua's message, from
the line at fault and the text around it, and from what the program's variables hold (`lua/hints.lua` looks
that up while the failed code's stack is still there, and asks here for the words). Nothing here runs a
program's code, raises, or costs anything before there is an error.

Where things are: `_hints.py` is what the runtime talks to; `_texts.py` keeps the texts of cells, and
`_text.py` finds things in one; `_case.py` is an error with all that is known about it. The rules are
functions from that to a line or None: `_names.py` for a nil that was meant to be something, `_calls.py` for a
nil that a failed call returned, `_misuse.py` for the API's own errors, `_values.py` for operations on the
wrong type, `_modules.py` for `require`, `_syntax.py` and `_blocks.py` for texts that do not compile.
`_near.py` finds what a mistyped name was meant to be.
"""

from ._hints import Hints

__all__ = ["Hints"]
