"""How an LSP page that ran as a cell looks in the notebook.

A page is HTML that somebody wrote, and a notebook can do all that its reader can: run cells, read files. So
the page gets a frame of its own with an empty `sandbox`: no scripts, no forms, and nobody's origin.
"""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from ba_runtime.events import PageResult

from ._text import readable

# A notebook file keeps what it shows, twice (as HTML and as text); no reader wants more than that of a page.
LIMIT_BYTES = 200_000
MIN_LINES, MAX_LINES = 4, 30
LINE_EM = 1.5  # a line of text with the space around it; a frame cannot ask its page how high it is


def shown(result: PageResult, limit_bytes: int = LIMIT_BYTES) -> Mapping[str, str] | None:
    """Return what the page wrote as MIME types with their data; None if it wrote nothing."""
    if not result.body:
        return None
    text = readable(result.body[:limit_bytes])
    note = ""
    if len(result.body) > limit_bytes:
        note = f"[the page wrote {len(result.body):,} bytes; this shows the first {limit_bytes:,}]"
    data = {"text/plain": f"{text}\n{note}" if note else text}
    if is_html(result.content_type):
        data["text/html"] = _frame(text) + (f"<p>{escape(note)}</p>" if note else "")
    return data


def is_html(content_type: str) -> bool:
    """Whether a Content-Type is that of a page for people."""
    return content_type.partition(";")[0].strip().lower() == "text/html"


def problem(status: int) -> str | None:
    """Return what to say about a page that has ended well with a status that means failure."""
    return f"the page answered with status {status}" if status >= 400 else None


def _frame(text: str) -> str:
    lines = min(max(text.count("\n") + 1, MIN_LINES), MAX_LINES)
    # White, because a page that sets no colours is black on white, also in a dark notebook.
    style = f"width:100%;border:0;background:white;height:{lines * LINE_EM:g}em"
    return f'<iframe sandbox srcdoc="{escape(text)}" style="{style}"></iframe>'
