"""What to compile so that a statement can be measured."""

from __future__ import annotations

from ._cell import Compiler, encoded

# The name stands for nothing: the loop needs one, and a statement must not come upon it.
_LOOP = "for _timed_ = 1, (...) do "
_FUNCTION = "return function(...) "


def timed_chunk(statement: str, compiler: Compiler, setup: str = "") -> bytes:
    """Returns a chunk that runs `setup` and returns a function, which runs `statement` as often as told.

    That function returns its arguments after the last time. An expression is a statement, too: its value is
    dropped. No line of `statement` has moved: a setup takes the place of its first lines, which are empty.
    What does not compile is returned as it is, so that Lua's message is about the user's own text.
    """
    text = statement
    if compiler.check(encoded(statement), b"cell") is not None:
        text = f"local _ = {statement}"
        if compiler.check(encoded(text), b"cell") is not None:
            return encoded(statement)
    if setup and compiler.check(encoded(setup), b"cell") is not None:
        return encoded(setup)
    # A comment on the last line must not swallow what follows it.
    if setup:
        below = text.removeprefix("\n" * (setup.count("\n") + 1))
        return encoded(f"{setup}\n{_FUNCTION}{_LOOP}{below}\nend return ... end")
    return encoded(f"{_FUNCTION}{_LOOP}{text}\nend return ... end")
