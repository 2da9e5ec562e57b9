"""What bytes look like when they leave the kernel."""

from __future__ import annotations

import pytest

from ba_kernel._text import Decoder, readable, shortened


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
