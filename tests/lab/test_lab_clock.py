"""The lab's clock, and how each protocol writes it."""

from __future__ import annotations

import time

import pytest

from ba_runtime.lab import Clock

NOON_UNIX_S = 1_767_268_800  # 2026-01-01T12:00:00Z


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-01T12:00:00Z",
        "2026-01-01T12:00:00z",
        "2026-01-01 12:00:00+00:00",
        "2026-01-01T13:30:00+01:30",
    ],
)
def test_a_fixed_clock_stands_at_its_instant(text: str) -> None:
    """The time zone is taken into account, and two readings are the same."""
    clock = Clock.fixed(text)
    assert clock.unix_ns() == clock.unix_ns() == NOON_UNIX_S * 10**9


def test_the_default_clock_is_the_computers() -> None:
    """Without an instant the lab tells the real time."""
    before_ns = time.time_ns()
    assert before_ns <= Clock().unix_ns() <= time.time_ns()


@pytest.mark.parametrize("text", ["", "noon", "2026-13-01T00:00:00Z", "2026-01-01T25:00:00Z", "Z"])
def test_nonsense_is_a_value_error_with_an_example(text: str) -> None:
    """The message shows what would have been right."""
    with pytest.raises(ValueError, match="is not a date and time such as 2026-01-01T12:00:00Z"):
        Clock.fixed(text)


@pytest.mark.parametrize("text", ["2026-01-01T12:00:00", "2026-01-01 12:00:00"])
def test_a_time_zone_is_required(text: str) -> None:
    """Without it the saved output would depend on where the notebook runs."""
    with pytest.raises(ValueError, match="has no time zone"):
        Clock.fixed(text)


def test_an_instant_before_the_first_year_is_a_value_error() -> None:
    """An offset can lead out of the calendar; the clock refuses instead of failing at each answer."""
    with pytest.raises(ValueError, match="is not between 1 and 9999"):
        Clock.fixed("0001-01-01T00:00:00+14:00")


def test_seconds_since_1900_are_those_of_rfc_868() -> None:
    """RFC 868 gives examples: 2,208,988,800 is 1970, 2,398,291,200 is 1976, 2,524,521,600 is 1980."""
    assert Clock.fixed("1970-01-01T00:00:00Z").seconds_since_1900() == 2_208_988_800
    assert Clock.fixed("1976-01-01T00:00:00Z").seconds_since_1900() == 2_398_291_200
    assert Clock.fixed("1980-01-01T00:00:00Z").seconds_since_1900() == 2_524_521_600


def test_seconds_since_1900_begin_again_in_2036() -> None:
    """32 bits are all there are; NTP calls it the next era."""
    assert Clock.fixed("2036-02-07T06:28:15Z").seconds_since_1900() == 2**32 - 1
    assert Clock.fixed("2036-02-07T06:28:16Z").seconds_since_1900() == 0
    assert Clock.fixed("2036-02-07T06:28:16Z").ntp_timestamp() == 0


def test_an_ntp_timestamp_has_the_fraction_in_its_lower_half() -> None:
    """Half a second is half of 2 to the 32."""
    timestamp = Clock.fixed("1970-01-01T00:00:00.500000Z").ntp_timestamp()
    assert timestamp == 2_208_988_800 << 32 | 1 << 31


def test_an_http_date_is_in_the_one_form_that_servers_send() -> None:
    """RFC 9110 calls it IMF-fixdate; fractions of a second are cut off."""
    assert Clock.fixed("2026-01-01T12:00:00.900000Z").http_date() == "Thu, 01 Jan 2026 12:00:00 GMT"
    assert Clock.fixed("1950-01-01T00:00:00Z").http_date() == "Sun, 01 Jan 1950 00:00:00 GMT"
