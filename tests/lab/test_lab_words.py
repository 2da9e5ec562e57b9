"""What people write about conditions, and what is said about it."""

from __future__ import annotations

import re

import pytest

from ba_runtime.lab import USAGES, Conditions, changed


@pytest.mark.parametrize(
    ("text", "conditions"),
    [
        ("delay 200ms", Conditions(delay_s=0.2)),
        ("delay 200ms ±50ms", Conditions(delay_s=0.2, jitter_s=0.05)),
        ("delay 200ms ± 50ms", Conditions(delay_s=0.2, jitter_s=0.05)),
        ("delay 200ms +-50ms", Conditions(delay_s=0.2, jitter_s=0.05)),
        ("delay 200ms 50ms", Conditions(delay_s=0.2, jitter_s=0.05)),
        ("delay 1.5s", Conditions(delay_s=1.5)),
        ("delay 2secs", Conditions(delay_s=2.0)),
        ("delay 500USEC", Conditions(delay_s=0.0005)),
        ("delay .5s", Conditions(delay_s=0.5)),
        ("delay 0ms", Conditions()),
        ("loss 10%", Conditions(loss=0.1)),
        ("loss 0.5%", Conditions(loss=0.005)),
        ("loss 100%", Conditions(loss=1.0)),
        ("loss 0%", Conditions()),
        ("duplicate 5%", Conditions(duplicate=0.05)),
        ("reorder 5%", Conditions(reorder=0.05)),
        ("rate 56kbit", Conditions(rate_bps=56_000)),
        ("rate 1Mbit", Conditions(rate_bps=1_000_000)),
        ("rate 9600bit", Conditions(rate_bps=9600)),
        ("rate 7kbps", Conditions(rate_bps=56_000)),
        ("refuse", Conditions(is_refusing=True)),
        ("reset", Conditions(reset_after=0)),
        ("reset after 1000 bytes", Conditions(reset_after=1000)),
        ("reset after 1000", Conditions(reset_after=1000)),
        ("reset after 1 byte", Conditions(reset_after=1)),
        ("cut", Conditions(is_cut=True)),
    ],
)
def test_conditions_are_read_as_tc_netem_reads_them(text: str, conditions: Conditions) -> None:
    """With its units in upper and lower case, and the ± that people write."""
    word, *arguments = text.split()
    assert changed(Conditions(), word, arguments) == conditions


def test_a_condition_leaves_the_others_as_they_are() -> None:
    """Only a delay takes its variation with it."""
    all_of_them = Conditions(0.2, 0.05, 0.1, 56_000, 0.05, 0.06, True, 1000, True)
    assert changed(all_of_them, "loss", ["20%"]) == Conditions(
        0.2, 0.05, 0.2, 56_000, 0.05, 0.06, True, 1000, True
    )
    assert changed(all_of_them, "delay", ["1s"]).jitter_s == 0


def test_conditions_are_shown_in_the_words_that_set_them() -> None:
    """What is shown can be written again."""
    conditions = Conditions(0.2, 0.05, 0.1, 56_000, 0.05, 0.005, True, 1000, True)
    text = (
        "delay 200ms ±50ms, loss 10%, duplicate 5%, reorder 0.5%, rate 56kbit, refuse, "
        "reset after 1000 bytes, cut"
    )
    assert str(conditions) == text
    again = Conditions()
    for part in text.split(", "):
        word, *arguments = part.split()
        again = changed(again, word, arguments)
    assert again == conditions
    assert str(Conditions()) == ""
    assert str(Conditions(reset_after=0, delay_s=1.5, rate_bps=1200)) == "delay 1.5s, rate 1200bit, reset"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("delay", "write it as delay HOST TIME [±TIME], such as 200ms ±50ms"),
        ("delay 1s 2s 3s", "write it as delay HOST TIME [±TIME], such as 200ms ±50ms"),
        ("delay 200", "'200' needs a unit, as in 200ms or 1.5s"),
        (
            "delay 200m",
            "'m' is not a unit of a time; the units are s, sec, secs, ms, msec, msecs, us, usec, usecs",
        ),
        ("delay fast", "'fast' is not a time such as 200ms or 1.5s"),
        ("delay -200ms", "a delay must be between 0 and 60 s, not -200ms"),
        ("delay 61s", "a delay must be between 0 and 60 s, not 61s"),
        ("delay nans", "'nans' is not a time such as 200ms or 1.5s"),
        ("delay 99999999999999999999s", "'99999999999999999999s' is not a time such as 200ms or 1.5s"),
        (
            "delay 50ms ±60ms",
            "a delay of 50ms cannot vary by 60ms; the variation must be between 0 and the delay",
        ),
        ("loss", "write it as loss HOST PERCENT, such as 10%"),
        ("loss 10% 20%", "write it as loss HOST PERCENT, such as 10%"),
        ("loss 10", "'10' needs a unit, as in 10%"),
        ("loss 0.1x", "'x' is not a unit of a percentage; the units are %"),
        ("loss 101%", "loss must be between 0% and 100%, not 101%"),
        ("loss -1%", "loss must be between 0% and 100%, not -1%"),
        ("duplicate 101%", "duplicate must be between 0% and 100%, not 101%"),
        ("reorder 101%", "reorder must be between 0% and 100%, not 101%"),
        ("rate 56", "'56' needs a unit, as in 56kbit or 1mbit"),
        ("rate 0kbit", "a rate of 0kbit lets nothing through; use cut for that"),
        ("rate -1kbit", "a rate of -1kbit lets nothing through; use cut for that"),
        ("rate 9999999gbit", "a rate must be between 1bit and 1000gbit, not 9999999000000000bit"),
        ("refuse all", "write it as refuse HOST"),
        ("cut off", "write it as cut HOST"),
        ("reset after", "write it as reset HOST [after N bytes], with a whole number such as 1000"),
        ("reset 1000 bytes", "write it as reset HOST [after N bytes], with a whole number such as 1000"),
        ("reset after x bytes", "write it as reset HOST [after N bytes], with a whole number such as 1000"),
        ("reset after -1 bytes", "write it as reset HOST [after N bytes], with a whole number such as 1000"),
        ("reset after 1 kbytes", "write it as reset HOST [after N bytes], with a whole number such as 1000"),
    ],
)
def test_what_makes_no_sense_is_answered_with_a_sentence(text: str, message: str) -> None:
    """It says what is wrong, with what was written, or how to write it."""
    word, *arguments = text.split()
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        changed(Conditions(), word, arguments)


def test_every_word_has_its_usage() -> None:
    """A word that is known cannot lack the sentence that explains it."""
    for word in USAGES:
        assert USAGES[word].startswith(f"{word} HOST")


@pytest.mark.parametrize(
    "conditions",
    [
        {"delay_s": float("nan")},
        {"delay_s": float("inf")},
        {"loss": float("nan")},
        {"rate_bps": -1},
        {"reset_after": -1},
    ],
)
def test_a_number_that_cannot_be_is_refused(conditions: dict[str, float]) -> None:
    """Also by the Python API, and nothing slips through that no comparison holds for."""
    with pytest.raises(ValueError, match=r"must be between|cannot be reset"):
        Conditions(**conditions)  # type: ignore[arg-type]  # which are of any kind here
