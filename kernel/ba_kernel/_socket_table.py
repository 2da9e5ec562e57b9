"""How the socket table looks, as HTML and as plain text. A pure function of the rows.

What was said of the trace area holds here as well (`_trace_html.py`): the notebook may be untrusted, every
text is escaped, colours are the theme's. A program chooses names that appear here, so control characters
are written out and long names are cut.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from ba_runtime.events import SocketInfo
from ba_runtime.text import readable

# A page of rows is what anybody reads; and a live table of 10,000 would cost a megabyte every second.
SHOWN_ROWS = 200
TEXT_CHARACTERS = 80

HEADS = ("id", "what", "variable", "cell", "state", "local", "peer", "with", "in", "out", "TLS", "age")
# A notebook beside the file browser is narrower than twelve columns, so here some share one, in two lines.
HTML_HEADS = ("id", "what", "variable", "local", "peer", "with", "bytes", "TLS", "age")
RIGHT = frozenset(("id", "cell", "with", "in", "out", "bytes", "age"))
NONE = "There are no sockets."

_DIM = "color:var(--jp-ui-font-color2,gray)"
_BAD = "color:var(--jp-error-color1,crimson)"
_FRAME = "overflow:auto;max-height:420px"
_CELL = "white-space:nowrap;padding:2px 5px;vertical-align:top"
_BELOW = "display:block"
_MAY_BREAK = ";white-space:normal"
_BREAKING = frozenset(("what", "TLS"))  # where words stand below; an address stays on one line

# A text, and what stands behind it in a quieter colour, in HTML below it.
Cell = tuple[str, str]


def to_text(rows: Sequence[SocketInfo], *, is_live: bool = False) -> str:
    """Returns the table as plain text, with a line below it for what is not shown."""
    if not rows:
        return NONE
    lines = [HEADS, *(tuple(map(_joined, _cells(row, is_live))) for row in rows[:SHOWN_ROWS])]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    table = ["  ".join(map(_aligned, HEADS, line, widths)).rstrip() for line in lines]
    return "\n".join([*table, *_footer(len(rows), is_live)])


def to_html(rows: Sequence[SocketInfo], *, is_live: bool = False) -> str:
    """Returns the table as HTML that is safe in an untrusted notebook."""
    if not rows:
        return f'<div class="ba-sockets">{NONE}</div>'
    head = "".join(_html_cell("th", head, (head, "")) for head in HTML_HEADS)
    body = "".join(_html_row(row, is_live) for row in rows[:SHOWN_ROWS])
    footer = "".join(
        f'<div style="{_DIM};font-size:85%;padding:2px 8px">{escape(line)}</div>'
        for line in _footer(len(rows), is_live)
    )
    table = (
        f'<table style="margin:0;font-size:85%"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'
    )
    return f'<div class="ba-sockets"><div style="{_FRAME}">{table}</div>{footer}</div>'


def described(row: SocketInfo) -> str:
    """Returns a socket in a few words: `listener 127.0.0.1:8181 of cell [1]`."""
    local, peer = row.local, row.peer_name or row.peer
    where = f" {local} -> {peer}" if local and peer else f" {local or peer}" if local or peer else ""
    whose = f" of cell [{row.cell}]" if row.cell else ""
    return f"{row.kind}{_cut(where)}{whose}"


def _cells(row: SocketInfo, is_live: bool) -> tuple[Cell, ...]:
    return (
        (str(row.socket or "-"), ""),  # 0: it has no system socket
        (row.kind, ""),
        (_cut(row.holder), ""),
        (f"[{row.cell}]" if row.cell else "", ""),
        (row.doing, ""),
        _address(row.local, row.local_name),
        _address(row.peer, row.peer_name),
        (str(row.partner or ""), ""),
        (_count(row.bytes_in), ""),
        (_count(row.bytes_out), ""),
        (row.tls, row.trust),
        (_age(row.age_s, is_live) if row.socket else "", ""),
    )


def _address(address: str, name: str) -> Cell:
    """Returns a name with the address behind it, or the address alone."""
    return (_cut(name), address) if name else (address, "")


def _cut(text: str) -> str:
    # A host's name is whatever a program has called: no text perhaps, or two lines.
    shown = readable(text.encode("utf-8", "surrogateescape")).replace("\n", "\\n").replace("\t", "\\t")
    return shown if len(shown) <= TEXT_CHARACTERS else f"{shown[:TEXT_CHARACTERS]}…"


def _count(number: int | None) -> str:
    return "" if number is None else f"{number:,}"


def _age(seconds: float, is_live: bool) -> str:
    """Returns an age; in a live table, which changes only when there is news, no finer than minutes."""
    if seconds < 60:
        return "<1 min" if is_live else f"{seconds:.1f} s"
    minutes = int(seconds // 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02} min"


def _footer(count: int, is_live: bool) -> list[str]:
    hidden = count - SHOWN_ROWS
    return [
        *([f"{hidden:,} more {'is' if hidden == 1 else 'are'} not shown"] if hidden > 0 else []),
        *(["live; %sockets off ends it"] if is_live else []),
    ]


def _joined(cell: Cell) -> str:
    text, behind = cell
    return f"{text} ({behind})" if text and behind else text or behind


def _aligned(head: str, text: str, width: int) -> str:
    return text.rjust(width) if head in RIGHT else text.ljust(width)


def _html_row(row: SocketInfo, is_live: bool) -> str:
    cells = zip(HTML_HEADS, _html_cells(row, is_live), strict=True)
    return f"<tr>{''.join(_html_cell('td', head, cell) for head, cell in cells)}</tr>"


def _html_cells(row: SocketInfo, is_live: bool) -> tuple[Cell, ...]:
    number, what, variable, cell, state, local, peer, other, came, went, tls, age = _cells(row, is_live)
    counts = (f"{came[0]} in", f"{went[0]} out") if came[0] else ("", "")
    whose = cell[0] and f"cell {cell[0]}"
    return (number, (what[0], state[0]), (variable[0], whose), local, peer, other, counts, tls, age)


def _html_cell(tag: str, head: str, cell: Cell) -> str:
    text, behind = cell
    style = f"{_CELL};text-align:{'right' if head in RIGHT else 'left'}"
    below = ""
    if behind:
        colour = _BAD if behind.startswith("not trusted") else _DIM
        look = f"{colour};{_BELOW}{_MAY_BREAK if head in _BREAKING else ''}"
        below = f' <span style="{look}">{escape(behind)}</span>'
    return f'<{tag} style="{style}">{escape(text)}{below}</{tag}>'
