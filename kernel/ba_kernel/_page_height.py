"""How high a page is likely to be, so that its frame fits.

A frame without scripts cannot tell its height, and the notebook's page may not look into it: that is what the
sandbox is for. So this lays the page out, roughly, as a browser without its style sheet would: blocks below
each other, text in lines as wide as a notebook is, images as high as they say. Style sheets and narrow
windows make it wrong; the frame can be dragged higher, and a page that is higher than its frame scrolls.
"""

from __future__ import annotations

from contextlib import suppress
from html.parser import HTMLParser

MIN_PX, MAX_PX = 48, 480

# Where the layout ends. Most pages have reached MAX_PX by then, and the parser has 0.3 seconds for the worst.
MOST_CHARACTERS = 6_000

# What browsers do by default, at 16 px and the width of a notebook in a window of a common size.
LINE_PX, CODE_LINE_PX = 18.4, 15
LINE_CHARACTERS = 100
BODY_MARGIN_PX = 8
IMAGE_PX, REPLACED_PX = 100, 150
DESCENT_PX = 5  # they stand on the line, and below it is room for a "g"

# Elements that stand below each other, with the space above and below them in px.
_MARGINS = {
    **dict.fromkeys(("p", "dl", "ul", "ol", "blockquote", "figure"), 16.0),
    **dict.fromkeys(("address", "article", "aside", "body", "dd", "details", "div", "dt", "fieldset"), 0.0),
    **dict.fromkeys(("figcaption", "footer", "form", "header", "html", "legend", "li", "main", "nav"), 0.0),
    **dict.fromkeys(("section", "summary", "table", "caption", "tr"), 0.0),
    **{"h1": 21.4, "h2": 19.9, "h3": 18.7, "h4": 21.3, "h5": 22.2, "h6": 24.9, "hr": 8.0, "pre": 13.0},
}
# How much higher than text their lines are.
_SCALES = {"h1": 2.0, "h2": 1.5, "h3": 1.17}
_STYLED = 1.4  # who brings a style sheet wants more space than the default
_UNSEEN = frozenset(("head", "title", "script", "style", "template", "option", "datalist"))
_REPLACED = frozenset(("iframe", "canvas", "video", "object", "embed", "svg"))
_ROW_PX = 3.6  # the padding and the space between the rows of a table, beyond its line
_BORDERS_PX = 2.0
_CONTROL_PX = 3.0  # what an input is higher than a line


def height_px(page: str) -> int:
    """Returns the height for the frame of a page, within MIN_PX and MAX_PX."""
    layout = _Layout()
    with suppress(AssertionError):  # the parser's, about some declarations; what came before them counts
        layout.feed(page[:MOST_CHARACTERS])
        layout.close()
    return round(min(max(layout.end(), MIN_PX), MAX_PX))


class _Layout(HTMLParser):
    """Walks through a page and adds up heights. Tags that do not fit together are taken as they come."""

    def __init__(self) -> None:
        super().__init__()
        self._height = 0.0
        self._margin = float(BODY_MARGIN_PX)  # below the last block; the larger of two that meet counts
        self._characters = 0  # of the line that is being filled
        self._extra = 0.0  # what stands in that line and is higher than text
        self._scale = 1.0
        self._stretch = 1.0
        self._row = _ROW_PX
        self._in_paragraph = False
        self._unseen = 0
        self._code = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag in _UNSEEN and tag != "option":
            self._unseen += 1
            if tag == "style":
                self._stretch = _STYLED
        elif tag == "br":
            self._characters += 1
            self._end_line()
        elif tag == "img":
            self._add(_pixels(values.get("height"), IMAGE_PX) + DESCENT_PX)
        elif tag in _REPLACED:
            self._add(_pixels(values.get("height"), REPLACED_PX) + DESCENT_PX)
        elif tag == "textarea":
            self._add(_pixels(values.get("rows"), 2) * CODE_LINE_PX + 2 * _CONTROL_PX)
        elif tag in ("input", "select", "button", "meter", "progress") and values.get("type") != "hidden":
            self._add(LINE_PX + _CONTROL_PX)
        elif tag in _MARGINS:
            self._end_line()
            self._end_paragraph()
            self._in_paragraph = tag == "p"
            self._margin = max(self._margin, _MARGINS[tag])
            self._scale = _SCALES.get(tag, 1.0)
            self._code += tag == "pre"
            if tag == "table":
                self._row = _ROW_PX + (_BORDERS_PX if values.get("border", "0") != "0" else 0)
            if tag == "hr":
                self._characters = 0
                self._put(2.0)
                self._margin = _MARGINS[tag]

    def handle_endtag(self, tag: str) -> None:
        if tag in _UNSEEN:
            self._unseen = max(self._unseen - 1, 0)
        elif tag in _MARGINS:
            self._end_line()
            self._margin = max(self._margin, _MARGINS[tag])
            self._scale = 1.0
            self._in_paragraph = False
            if tag == "pre":
                self._code = max(self._code - 1, 0)
            elif tag == "tr":
                self._height += self._row

    def handle_data(self, data: str) -> None:
        if self._unseen:
            return
        if self._code:
            self._put_code(data)
        else:
            self._characters += len(" ".join(data.split()))

    def end(self) -> float:
        """Returns the height of all."""
        self._end_line()
        self._end_paragraph()
        return (self._height + max(self._margin, BODY_MARGIN_PX)) * self._stretch

    def _add(self, height: float) -> None:
        if not self._unseen:
            self._extra = max(self._extra, height)

    def _put(self, height: float) -> None:
        self._height += self._margin + height
        self._margin = 0.0

    def _end_paragraph(self) -> None:
        """A paragraph needs no tag to end: the next block does it, or the end of the page."""
        if self._in_paragraph:
            self._margin = max(self._margin, _MARGINS["p"])

    def _put_code(self, data: str) -> None:
        first, *rest = data.split("\n")
        self._characters += len(first)
        for line in rest:
            self._put(CODE_LINE_PX)
            self._characters = len(line)

    def _end_line(self) -> None:
        if self._characters or self._extra:
            lines = -(-self._characters * self._scale // LINE_CHARACTERS)
            line_px = CODE_LINE_PX if self._code else LINE_PX * self._scale
            self._put(max(lines * line_px, self._extra))
        self._characters, self._extra = 0, 0.0


def _pixels(value: str | None, default: float) -> float:
    """Returns an attribute's number, the default for what is not a number, such as a percentage."""
    digits = (value or "").strip().removesuffix("px")
    return min(int(digits), MAX_PX) if digits.isdecimal() and len(digits) < 6 else default
