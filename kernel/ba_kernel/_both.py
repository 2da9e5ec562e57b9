"""What a cell did here and on a device, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher
from html import escape
from itertools import zip_longest
from typing import TypeAlias

from ba_runtime.text import readable

from ._devices import Run

MOST_LINES = 500
# A colour that both of JupyterLab's themes show.
_MARK = "background:rgba(255,165,0,.25)"


def lines_of(run: Run) -> list[str]:
    """Returns what a reader sees of a run: its output, its values, its error."""
    text = readable(run.printed)
    lines = text.removesuffix("\n").split("\n") if text else []
    lines += [line for value in run.result.values for line in readable(value).split("\n")]
    if run.result.error:
        lines.append(readable(run.result.error.message) or run.result.error.kind)
    if len(lines) > MOST_LINES:
        return [*lines[:MOST_LINES], f"({len(lines) - MOST_LINES:,} more lines)"]
    return lines


Row: TypeAlias = tuple[str | None, str | None]


def paired(here: Sequence[str], there: Sequence[str]) -> list[Row]:
    """Returns both in rows: equal lines beside each other, others beside what stands in their place."""
    matches = SequenceMatcher(None, here, there, autojunk=False)
    return [row for _, a, b, c, d in matches.get_opcodes() for row in zip_longest(here[a:b], there[c:d])]


def data(here: Run, there: Run, device: str) -> dict[str, str]:
    """Returns both runs as MIME types with their data."""
    rows = paired(lines_of(here), lines_of(there))
    differing = sum(left != right for left, right in rows)
    if not differing:
        head = f"The same here and on {device}."
    else:
        head = f"{differing} of {len(rows)} lines differ{'s' * (differing == 1)} between here and {device}."
    return {"text/plain": _text(rows, head, device), "text/html": _html(rows, head, device)}


def _text(rows: Sequence[Row], head: str, device: str) -> str:
    lines = [head]
    for left, right in rows:
        if left == right:
            lines.append(f"  {left}")
        else:
            lines += [f"{sign} {line}" for sign, line in (("<", left), (">", right)) if line is not None]
    if any(left != right for left, right in rows):
        lines.append(f"(< here, > {device})")
    return "\n".join(lines)


def _html(rows: Sequence[Row], head: str, device: str) -> str:
    cell = "text-align:left;vertical-align:top;padding:0 1em 0 0;white-space:pre-wrap;font-family:monospace"
    body = []
    for left, right in rows:
        mark = "" if left == right else f";{_MARK}"
        cells = "".join(f'<td style="{cell}{mark}">{escape(text or "")}</td>' for text in (left, right))
        body.append(f"<tr>{cells}</tr>")
    titles = "".join(f'<th style="{cell}">{escape(title)}</th>' for title in ("here", device))
    table = f'<table style="width:100%;table-layout:fixed"><tr>{titles}</tr>{"".join(body)}</table>'
    return f'<div class="ba-both"><p>{escape(head)}</p>{table if rows else ""}</div>'
