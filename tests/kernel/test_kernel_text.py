"""What bytes look like when they leave the kernel."""

from __future__ import annotations

import pytest

from ba_kernel._text import Decoder, TerminalDecoder
from ba_runtime.text import readable, shortened


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"plain\ttext\n", "plain\ttext\n"),
        ("grüße €".encode(), "grüße €"),
        (b"a\x00b\x1b[31m\x7f", "a\\x00b\\x1b[31m\\x7f"),
        (b"\xff\xfe", "\\xff\\xfe"),
        (b"caf\xe9", "caf\\xe9"),
        ("\x85\x9f".encode(), "\\x85\\x9f"),
        (b"12%\r99%", "12%\\x0d99%"),
        (b"ab\bc", "ab\\x08c"),
        (b"\xed\xa0\x80", "\\xed\\xa0\\x80"),
    ],
)
def test_what_cannot_be_shown_is_written_out(data: bytes, text: str) -> None:
    """Controls and bytes that are no UTF-8 appear with their number, everything else as it is."""
    assert readable(data) == text


def test_a_network_line_end_is_a_line_end() -> None:
    """HTTP's carriage return and newline end a line; they are not worth an escape in every line."""
    assert readable(b"HTTP/1.1 200 OK\r\n\r\n") == "HTTP/1.1 200 OK\n\n"


@pytest.mark.parametrize("cut", range(1, 12))
def test_a_stream_may_be_cut_anywhere(cut: int) -> None:
    """A letter or a line end in two pieces is one letter or one line end."""
    data = "€1\r\nä\r\n\r".encode()
    decoder = Decoder()
    text = decoder.decode(data[:cut]) + decoder.decode(data[cut:]) + decoder.decode(b"", final=True)
    assert text == "€1\nä\n\\x0d"


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"\x1b[31mred\x1b[0m", "\x1b[31mred\x1b[0m"),
        (b"\x1b[38;2;1;2;3mx\x1b[m", "\x1b[38;2;1;2;3mx\x1b[m"),
        (b"10%\r20%\r\n", "10%\r20%\n"),
        (b"a\rb\x07\x08", "a\rb\\x07\\x08"),
        (b"\x1b[2J\x1b[1;1H", "\\x1b[2J\\x1b[1;1H"),
        (b"\x1b]0;title\x07", "\\x1b]0;title\\x07"),
        (b"\x1b[" + b"1" * 65 + b"m", "\\x1b[" + "1" * 65 + "m"),
        ("\x9b31m".encode(), "\\x9b31m"),
    ],
)
@pytest.mark.parametrize("cut", [0, 1, 2, 3, 5])
def test_a_cell_may_print_colours_and_progress(data: bytes, text: str, cut: int) -> None:
    """Wherever the stream is cut; cursors, titles and bells stay written out."""
    decoder = TerminalDecoder()
    pieces = [decoder.decode(data[:cut]), decoder.decode(data[cut:]), decoder.decode(b"", final=True)]
    assert "".join(pieces) == text


@pytest.mark.parametrize("data", [b"a\r", b"a\x1b", b"a\x1b[3", b"a\x1b[31;1"])
def test_a_sequence_waits_for_its_end(data: bytes) -> None:
    """And is written out where none comes, but for a carriage return."""
    decoder = TerminalDecoder()
    assert decoder.decode(data) == "a"
    assert decoder.decode(b"", final=True) == data[1:].decode().replace("\x1b", "\\x1b")


def test_half_a_letter_at_the_end_is_written_out() -> None:
    """What never becomes a letter is shown as the bytes that it is."""
    decoder = Decoder()
    assert decoder.decode(b"a\xe2\x82") == "a"
    assert decoder.decode(b"", final=True) == "\\xe2\\x82"


def test_a_long_text_is_shown_by_its_ends() -> None:
    """And says how much is missing; a text that fits is left alone."""
    assert (
        shortened(b"a" * 10 + b"b" * 90 + b"c" * 5, 10, 5) == b"a" * 10 + b"\n[90 bytes omitted]\n" + b"c" * 5
    )
    assert shortened(b"a" * 15, 10, 5) == b"a" * 15
    assert shortened(b"a" * 15, 10, 0) == b"a" * 10 + b"\n[5 bytes omitted]\n"


def test_no_letter_is_cut_in_two() -> None:
    """Neither at the end of the head nor at the beginning of the tail."""
    text = "€".encode() * 10
    assert shortened(text, 4, 4).decode() == "€\n[24 bytes omitted]\n€"
