"""What a device's page answers, read from memory: in any pieces, cut off, and with anything in it."""

from __future__ import annotations

import random

import pytest

from ba_runtime.device import Answer, BadAnswer, NoTrace, place_of, service_of, stack_of
from ba_runtime.device.answer import MOST_BYTES, Reader
from ba_runtime.device.making import new_secret, page_with, secret_in

BOUNDARY = b"0123456789abcdef"


def read(*pieces: bytes) -> tuple[bytes, Answer | None]:
    """Returns the output in these pieces, and the answer."""
    reader = Reader(BOUNDARY)
    output = b"".join(reader.feed(piece) for piece in pieces)
    rest, answer = reader.end()
    return output + rest, answer


def test_output_and_values_are_told_apart_wherever_they_are_cut() -> None:
    """Also in the middle of the boundary, and byte by byte."""
    whole = b"out\nput 0123" + BOUNDARY + b"\nok\n2\n423\na\nb"
    wanted = (b"out\nput 0123", Answer("ok", (b"42", b"a\nb")))
    assert read(whole) == wanted
    assert read(*(whole[at : at + 1] for at in range(len(whole)))) == wanted
    chance = random.Random(1)
    for _ in range(200):
        cuts = sorted(chance.choices(range(len(whole)), k=3))
        assert read(*(whole[a:b] for a, b in zip([0, *cuts], [*cuts, len(whole)], strict=True))) == wanted


def test_output_is_held_back_only_while_it_may_be_the_boundary() -> None:
    """A line end goes out at once."""
    reader = Reader(BOUNDARY)
    assert reader.feed(b"tick\n") == b"tick\n"
    assert reader.feed(b"0123") == b""
    assert reader.feed(b"x") == b"0123x"


@pytest.mark.parametrize("end", [b"", b"\nok\n5\nab", b"\nok\nx\n", b"\nok\n999999999999\n"])
def test_an_answer_that_is_cut_off_is_none(end: bytes) -> None:
    """What came of the output is kept."""
    text = b"output" + (BOUNDARY + end if end else b"")
    assert read(text) == (b"output", None)


def test_what_is_no_answer_is_refused() -> None:
    """Another word, or more than a page sends."""
    with pytest.raises(BadAnswer, match="something else"):
        read(BOUNDARY + b"\nmaybe\n")
    with pytest.raises(BadAnswer, match="longer than"):
        read(BOUNDARY + b"\nok\n", b"x" * (MOST_BYTES + 1))


def test_a_stack_ends_where_the_page_begins() -> None:
    """What called the cell is nobody's business."""
    stack = (
        b"\nstack traceback:\n\tcell[1]:1: in main chunk\n\t[C]: in function 'xpcall'\n\tcells.lsp:9: in x"
    )
    assert stack_of(Answer("runtime", (b"m", stack))) == (b"m", (b"cell[1]:1: in main chunk",))
    assert stack_of(Answer("runtime", ())) == (b"", ())


def test_each_page_has_a_secret_of_its_own() -> None:
    """Which is found in it again, and in no other text."""
    one, other = new_secret(), new_secret()
    assert one != other
    assert secret_in(page_with(one)) == one
    assert page_with(one).count(one) == 1
    assert secret_in("<?lsp local SECRET = 1 ?>") is None
    assert "@SECRET@" not in page_with(one)


def test_a_devices_trace_is_on_the_device_whatever_its_page_tells() -> None:
    """At the port and path that it names, on its own host; what is no URL is said."""
    place = place_of("https://device.example/cells.lsp")
    service = service_of(place, "http://127.0.0.1:8080/rtl/x/?token=t")
    assert (service.host, service.port, service.path, service.tls) == (
        "device.example",
        8080,
        "/rtl/x/?token=t",
        None,
    )
    assert service_of(place, "").path == "/rtl/tracelogger.service/"
    assert service_of(place, "").tls is place.tls
    for told in ("nowhere", "ftp://x/", "http://x:99999/"):
        with pytest.raises(NoTrace):
            service_of(place, told)
