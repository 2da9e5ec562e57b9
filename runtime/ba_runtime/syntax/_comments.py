"""Comments in a text that are meant for tools."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ._tokens import Kind, tokenize

_LONG = re.compile(r"--\[(?P<level>=*)\[(?P<text>.*)\](?P=level)\]", re.DOTALL)


def line_starts(source: str) -> Iterator[tuple[int, str]]:
    """Yields the comments that begin a line and end with it: the line's number, from 0, and the comment.

    What looks like one inside a string or a long comment does not count.
    """
    line = at = 0
    for token in tokenize(source):
        if token.kind is not Kind.COMMENT or "\n" in token.text:
            continue
        line += source.count("\n", at, token.start)
        at = token.start
        if at == 0 or source[at - 1] == "\n":
            yield line, token.text.rstrip()


def long_comment_text(source: str) -> str | None:
    """Returns what is in a long comment, None if `source` is not one and nothing else."""
    tokens = tokenize(source)
    match = _LONG.fullmatch(tokens[0].text) if len(tokens) == 1 else None
    return match["text"] if match else None
