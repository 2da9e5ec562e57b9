"""How differences.txt is read, and what it makes of a recorded trace."""

from __future__ import annotations

import pytest

from .differences import DifferencesError, expected, read

RECORDED = ["one", "two\tnil", "three", "two\tnil", "DONE"]


def _expected(text: str, traced: list[str] | None = None) -> list[str]:
    return expected(RECORDED, read(text).get("001", []), traced or [])


def test_an_entry_without_lines_is_a_whole_program() -> None:
    """As the file was before it could name lines."""
    (entry,) = read("# a remark\n\n001 it is slower\n")["001"]
    assert (entry.reason, entry.passages) == ("it is slower", [])


def test_without_an_entry_the_recorded_lines_are_expected() -> None:
    """Another script's entry changes nothing."""
    assert _expected("002 other\n    server: one\n    here:   eins\n") == RECORDED


def test_a_named_line_is_expected_in_the_place_of_the_servers() -> None:
    """Tabs and blanks in texts are kept."""
    text = "001 shorter\n    server: one\n    here:     a\tb \n"
    assert _expected(text) == ["  a\tb ", *RECORDED[1:]]


def test_a_line_can_be_missing_here_or_come_besides() -> None:
    """An entry can name several places, in any order."""
    text = (
        "001 apart\n"
        "  server: three\n  server: two\tnil\n  here:   drei\n"
        "  server: one\n  here:   one\n  here:   one b\n"
    )
    assert _expected(text) == ["one", "one b", "two\tnil", "drei", "DONE"]
    assert _expected("001 silent\n  server: one\n") == RECORDED[1:]


def test_an_empty_line_can_be_named() -> None:
    """With or without the blanks behind the colon."""
    assert _expected("001 empty\n  server: one\n  here:\n") == ["", *RECORDED[1:]]


def test_several_entries_of_a_program_each_have_a_reason() -> None:
    """The reasons of one script need not be the same."""
    text = "001 first\n  server: one\n  here:   eins\n001 second\n  server: three\n  here:   drei\n"
    assert [entry.reason for entry in read(text)["001"]] == ["first", "second"]
    assert _expected(text) == ["eins", "two\tnil", "drei", "two\tnil", "DONE"]


def test_any_text_fits_where_a_line_says_so() -> None:
    """What surrounds it must be as written, brackets too."""
    text = "001 port\n  server: one\n  here:   [Sock {*}:{*}]\n"
    assert _expected(text, ["[Sock 127.0.0.1:4000]"])[0] == "[Sock 127.0.0.1:4000]"
    assert _expected(text, ["Sock 127.0.0.1:4000"])[0] == "[Sock {*}:{*}]"
    assert _expected(text, [])[0] == "[Sock {*}:{*}]"


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("01 short number\n", "neither"),
        ("001\n", "neither"),
        ("  server: one\n", "neither"),
        ("001 reason\n  elsewhere: one\n", "neither"),
        ("001 reason\n  here:   one\n", "before ours"),
        ("001 whole\n001 once more\n", "as a whole"),
        ("001 whole\n001 lines\n  server: one\n", "as a whole"),
        ("001 reason\n  server: four\n", "0 places"),
        ("001 repeated\n  server: two\tnil\n", "2 places"),
        ("001 equal\n  server: one\n  here:   one\n", "not a difference"),
        ("001 reason\n  server: one\n001 again\n  server: one\n  server: two\tnil\n", "named twice"),
    ],
)
def test_a_wrong_file_is_refused(text: str, error: str) -> None:
    """A mistake must not make a difference pass unseen."""
    with pytest.raises(DifferencesError, match=error):
        _expected(text)
