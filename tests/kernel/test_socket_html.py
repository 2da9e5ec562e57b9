"""How the socket table looks, as HTML and as text."""

from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser

from ba_kernel._socket_table import HEADS, SHOWN_ROWS, described, to_html, to_text
from ba_runtime.events import SocketInfo

ROW = SocketInfo(
    *(3, "client", "notcon", "127.0.0.1:5000", "127.0.0.1:6000", 1234, 5, 12.345, 2, "1.3"),
    doing="connected",
    trust="trusted",
    peer_name="www.google.com:443",
    partner=4,
    holder="t.s",
)
HOSTILE = "<script>alert(1)</script>&\"'\x1b[2J\n\r\x85\udcff"


class Reader(HTMLParser):
    """Collects the tags, and the texts of the cells."""

    def __init__(self, html: str) -> None:
        """Reads all of it."""
        super().__init__()
        self.tags: list[str] = []
        self.texts: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Notes a tag, and that it has only what survives in an untrusted notebook."""
        self.tags.append(tag)
        assert {name for name, _ in attrs} <= {"style", "class"}

    def handle_data(self, data: str) -> None:
        """Notes a text."""
        self.texts.append(data)


def test_text_has_one_line_for_each_socket() -> None:
    """Names stand before addresses."""
    head, row = to_text([ROW]).splitlines()
    assert head.split() == list(HEADS)
    assert row.split() == [
        *("3", "client", "t.s", "[2]", "connected"),
        *("127.0.0.1:5000", "www.google.com:443", "(127.0.0.1:6000)"),
        *("4", "1,234", "5", "1.3", "(trusted)", "12.3", "s"),
    ]


def test_html_and_text_say_the_same() -> None:
    """What a row of the one has in columns of its own, the other has in two lines."""
    shown = " ".join(Reader(to_html([ROW])).texts).split()
    for word in to_text([ROW]).splitlines()[1].replace("(", "").replace(")", "").split():
        assert word in shown


def test_a_name_cannot_be_html_nor_move_the_cursor() -> None:
    """A program chooses names of globals and hosts; bytes that are no text reach no front end."""
    row = replace(ROW, holder=HOSTILE, peer_name=HOSTILE, local_name=HOSTILE)
    reader = Reader(to_html([row]))
    assert set(reader.tags) == {"div", "table", "thead", "tbody", "tr", "th", "td", "span"}
    for shown in (to_text([row]), "".join(reader.texts), described(row)):
        assert "\\x1b[2J" in shown
        assert not any(letter in shown for letter in "\x1b\r\x85")
        shown.encode("utf-8")
    assert len(to_text([row]).splitlines()) == 2


def test_a_long_name_is_cut() -> None:
    """One of them must not push all else off the screen."""
    row = replace(ROW, holder="x" * 10_000, peer_name="y" * 10_000)
    assert max(map(len, to_text([row]).splitlines())) < 400
    assert "x…" in to_html([row])


def test_a_thousand_sockets_are_a_bounded_table() -> None:
    """A line says how many more there are."""
    rows = [replace(ROW, socket=number) for number in range(1, 1001)]
    assert to_text(rows).splitlines()[-1] == "800 more are not shown"
    assert len(to_text(rows).splitlines()) == SHOWN_ROWS + 2
    html = to_html(rows)
    assert html.count("<tr>") == SHOWN_ROWS + 1
    assert "800 more are not shown" in html
    assert len(html) < 500_000
    assert to_text(rows[: SHOWN_ROWS + 1]).endswith("1 more is not shown")


def test_what_is_not_known_is_left_empty() -> None:
    """A socket without a system socket has no number and no age; the page server's bytes are not counted."""
    _, row = to_text([SocketInfo(0, "cosocket", "read", "", "", 0, 0, 0.0, 0, doing="waiting")]).splitlines()
    assert row.split() == ["-", "cosocket", "waiting", "0", "0"]
    _, row = to_text([replace(ROW, bytes_in=None, bytes_out=None)]).splitlines()
    assert "1,234" not in row


def test_doubt_is_in_the_colour_of_errors() -> None:
    """It is what a reader should see first."""
    assert "jp-error-color1" in to_html([replace(ROW, trust="not trusted: cn (unknown CA)")])
    assert "jp-error-color1" not in to_html([ROW])


def test_an_age_has_the_unit_that_fits() -> None:
    """A live table, which is sent only when it differs, counts in minutes."""
    ages = {age: to_text([replace(ROW, age_s=age)]) for age in (59.0, 60.0, 3600.0 * 25 + 60)}
    assert "59.0 s" in ages[59.0]
    assert ages[60.0].endswith(" 1 min")
    assert "25 h 01 min" in ages[3600.0 * 25 + 60]
    assert "<1 min" in to_text([ROW], is_live=True)


def test_no_sockets_are_a_sentence() -> None:
    """For both."""
    assert to_text([]) == "There are no sockets."
    assert "There are no sockets." in to_html([])
