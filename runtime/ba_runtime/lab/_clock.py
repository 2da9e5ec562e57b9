"""Owns the lab's time: the real time, or one instant for ever, which keeps a notebook's output as saved."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime

_UNIX_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_NS = 1_000_000_000
# NTP and TIME count from 1900-01-01, 70 years with 17 leap days before Unix (RFC 868, RFC 5905 figure 4).
_SECONDS_1900_TO_1970 = 2_208_988_800


@dataclass(frozen=True, slots=True)
class Clock:
    """Tells the time. `Clock()` is the computer's; one from `Clock.fixed` stands still."""

    fixed_unix_ns: int | None = None

    @classmethod
    def fixed(cls, text: str) -> Clock:
        """Makes a clock that stands at `text`, a date and time of ISO 8601 such as 2026-01-01T12:00:00Z.

        The time zone is required, `Z` or an offset such as +01:00: without one the time would depend on
        where the notebook runs. Raises ValueError for anything else.
        """
        # Python 3.10 does not read the Z itself.
        iso = text[:-1] + "+00:00" if text.endswith(("Z", "z")) else text
        try:
            instant = datetime.fromisoformat(iso)
        except ValueError as exc:
            raise ValueError(f"{text!r} is not a date and time such as 2026-01-01T12:00:00Z") from exc
        if instant.tzinfo is None:
            raise ValueError(f"{text!r} has no time zone; add Z at the end for UTC")
        try:
            utc = instant.astimezone(timezone.utc)
        except OverflowError as exc:
            raise ValueError(f"the year of {text!r} is not between 1 and 9999 in UTC") from exc
        return cls((utc - _UNIX_EPOCH) // timedelta(microseconds=1) * 1000)

    def unix_ns(self) -> int:
        """Tells the time in nanoseconds since 1970."""
        return time.time_ns() if self.fixed_unix_ns is None else self.fixed_unix_ns

    def seconds_since_1900(self) -> int:
        """Tells the time as RFC 868 does: 32 bits, which begin again from 0 in 2036."""
        return (self.unix_ns() // _NS + _SECONDS_1900_TO_1970) % 2**32

    def ntp_timestamp(self) -> int:
        """Tells the time as RFC 5905 section 6 does: 32 bits of seconds since 1900, 32 of their fraction.

        The seconds begin again from 0 in 2036; what era they belong to is not part of a timestamp.
        """
        seconds, rest_ns = divmod(self.unix_ns(), _NS)
        return (seconds + _SECONDS_1900_TO_1970) % 2**32 << 32 | (rest_ns << 32) // _NS

    def http_date(self) -> str:
        """Tells the time as a Date header does, to the second (RFC 9110 section 5.6.7)."""
        return format_datetime(_UNIX_EPOCH + timedelta(seconds=self.unix_ns() // _NS), usegmt=True)
