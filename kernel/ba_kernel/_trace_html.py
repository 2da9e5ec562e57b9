"""How the trace area looks, as HTML and as plain text. A pure function of what is shown: no id, and no time
but that of the lines, where it is asked for.

An executed notebook opens untrusted, and JupyterLab then strips scripts, style sheets, ids, handlers and
`var(--x,#hex)`; what survives, and all that is used here, is inline style, `class`, plain borders and
`var()` with a named colour to fall back on. Every text is escaped; control characters were written out
before. The newest line is in view with no script: a column in reverse order scrolls from its bottom.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from html import escape

from ba_runtime.trace import Kind, Line, Snapshot

from ._trace_settings import Settings

SHOWN_LINES = 200
# A place and a name are short; one long name must not push all text to the right.
LABEL_CHARACTERS = 28
STAMP_CHARACTERS = len("12:34:56.789  ")

# The fallbacks are for VS Code, nbviewer and exported HTML, and readable on white and on black alike.
_DIM = "color:var(--jp-ui-font-color2,gray)"
_PLACE = "color:var(--jp-info-color1,steelblue)"
_TEXT_STYLES = {Kind.FAULT: "color:var(--jp-error-color1,crimson)", Kind.NOTE: f"{_DIM};font-style:italic"}

_FRAME = (
    "display:flex;flex-direction:column-reverse;max-height:320px;overflow:auto;"
    "border:1px solid gray;border-radius:3px;padding:4px 8px"
)
_LINES = "flex-shrink:0;overflow:visible;margin:0;padding:0;line-height:1.35;background:none;border:none"
_FOOTER = f"{_DIM};font-size:85%;padding:2px 8px"


@dataclass(frozen=True, slots=True)
class View:
    """What the area shows: the newest lines, the counts, whether it is standing still, and its settings."""

    snapshot: Snapshot
    is_paused: bool = False
    settings: Settings = field(default_factory=Settings)

    @property
    def stamps(self) -> Iterator[str]:
        """What stands in front of each line: when it came, where that is asked for."""
        if not self.settings.is_timed:
            return iter([""] * len(self.snapshot.lines))
        return map(_stamp, self.snapshot.times)

    @property
    def footer(self) -> str:
        """The counts, `N lines, H hidden (why), last 200 shown, D dropped`, each where it says something.

        Errors come last: `2 errors, last in [11]:2`, until the area is cleared.
        """
        return self.counts + self.errors

    @property
    def counts(self) -> str:
        """How many lines there are, and whether the area stands still."""
        total, shown, hidden = self.snapshot.total, len(self.snapshot.lines), self.snapshot.hidden
        parts = [f"{total:,} {'line' if total == 1 else 'lines'}" if total else "no lines yet"]
        if hidden:
            parts.append(f"{hidden:,} hidden ({self.settings.why})")
        if shown < total - hidden and (shown or not hidden):
            parts.append(f"last {shown:,} shown")
        if self.snapshot.dropped:
            parts.append(f"{self.snapshot.dropped:,} dropped")
        if self.is_paused:
            parts.append("paused (%trace resume)")
        return "trace: " + ", ".join(parts)

    @property
    def errors(self) -> str:
        """How many errors of the background have come, and where the last one was; nothing for none."""
        faults, place = self.snapshot.faults, self.snapshot.last_fault
        if not faults:
            return ""
        where = f", last in {place}" if place and faults > 1 else f" in {place}" if place else ""
        return f", {faults:,} {'error' if faults == 1 else 'errors'}{where}"


def to_text(view: View) -> str:
    """Returns the area as plain text, for front ends without HTML and for `%trace save`."""
    return "\n".join([*_text_lines(view), view.footer])


def lines_text(view: View) -> str:
    """Returns the lines as plain text, without the footer."""
    return "\n".join(_text_lines(view))


def _text_lines(view: View) -> list[str]:
    width = _label_width(view.snapshot.lines)
    stamped = zip(view.stamps, view.snapshot.lines, strict=True)
    return [f"{stamp}{text_line(line, width)}".rstrip() for stamp, line in stamped]


def to_html(view: View) -> str:
    """Returns the area as HTML that is safe in an untrusted notebook."""
    width = _label_width(view.snapshot.lines)
    stamped = zip(view.stamps, view.snapshot.lines, strict=True)
    lines = "\n".join(_span(_DIM, stamp) + _html_line(line, width) for stamp, line in stamped)
    frame = f'<div style="{_FRAME}"><pre style="{_LINES}">{lines}</pre></div>' if lines else ""
    footer = escape(view.counts) + _span(_TEXT_STYLES[Kind.FAULT], view.errors)
    return f'<div class="ba-trace">{frame}<div style="{_FOOTER}">{footer}</div></div>'


def moved_html(text: str) -> str:
    """Returns what stands where the area was."""
    return f'<div class="ba-trace-moved" style="{_FOOTER}">{escape(text)}</div>'


def _stamp(at_s: float) -> str:
    """Returns when a line came, in local time; blanks for one that belongs to the line above it."""
    if not at_s:
        return " " * STAMP_CHARACTERS
    return f"{time.strftime('%H:%M:%S', time.localtime(at_s))}.{int(at_s * 1000) % 1000:03}  "


def text_line(line: Line, width: int) -> str:
    """Returns a line of the trace as text; what it says begins in column `width` or later."""
    name = f" {line.name}" if line.name else ""
    remark = f"  ({line.remark})" if line.remark else ""
    return f"{line.place}{name}{_gap(line, width)}{line.text}{remark}".rstrip()


def _html_line(line: Line, width: int) -> str:
    return "".join(
        (
            _span(_PLACE, line.place),
            _span(_DIM, f" {line.name}" if line.name else ""),
            _gap(line, width),
            _span(_TEXT_STYLES.get(line.kind, ""), line.text),
            _span(_DIM, f"  ({line.remark})" if line.remark else ""),
        )
    )


def _span(style: str, text: str) -> str:
    return f'<span style="{style}">{escape(text)}</span>' if style and text else escape(text)


def _label_characters(line: Line) -> int:
    return len(line.place) + (len(line.name) + 1 if line.name else 0)


def _label_width(lines: Sequence[Line]) -> int:
    longest = max(map(_label_characters, lines), default=0)
    return min(longest, LABEL_CHARACTERS) + 2 if longest else 0


def _gap(line: Line, width: int) -> str:
    label = _label_characters(line)
    return " " * max(width - label, 2 if label else 0)
