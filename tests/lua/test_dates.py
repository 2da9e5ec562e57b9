"""`ba.encdate`, `ba.parsedate`, `ba.datetime` and `ba.cmpaddr`."""

from __future__ import annotations

import random
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime

import pytest

from ._chunks import Chunks
from ._programs import session

NOW_NS = 1700000000123456789
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
OUT_OF_RANGE = (None, b"Invalid datetime range")


@pytest.fixture
def lua() -> Chunks:
    """A state with the functions as globals, whose clock stands still."""
    chunks = Chunks({"time_ns": lambda: NOW_NS})
    chunks.run("import 'console/advice'.once = function() end")
    chunks.run("for name, f in pairs(import 'data/dates') do _G[name] = f end")
    chunks.run("datetime, cmpaddr = import('data/datetime').new, import('data/address').cmpaddr")
    return chunks


def _random_seconds(count: int) -> list[int]:
    """Seconds from the years 1 to 9999."""
    source = random.Random(count)
    return [source.randint(-62135596800, 253402300799) for _ in range(count)]


# ------------------------------------------------------------ HTTP dates


def test_encdate_agrees_with_python(lua: Chunks) -> None:
    """On 300 moments from the years 1 to 9999."""
    for seconds in _random_seconds(300):
        expected = format_datetime(EPOCH + timedelta(seconds=seconds), usegmt=True)
        assert lua.run(f"return encdate({seconds})") == expected.encode()


def test_parsedate_reads_what_encdate_writes(lua: Chunks) -> None:
    """Whatever the year."""
    for seconds in _random_seconds(300):
        assert lua.run(f"return parsedate(encdate({seconds}))") == seconds


def test_encdate_says_what_four_digits_can(lua: Chunks) -> None:
    """Fractions are dropped, and what lies outside counts as the nearest."""
    assert lua.run("return encdate(1.9), encdate('1')") == (b"Thu, 01 Jan 1970 00:00:01 GMT",) * 2
    assert lua.run("return encdate(-1)") == b"Wed, 31 Dec 1969 23:59:59 GMT"
    assert lua.run("return encdate(math.maxinteger)") == b"Fri, 31 Dec 9999 23:59:59 GMT"
    assert lua.run("return encdate(-1/0)") == b"Sat, 01 Jan 0000 00:00:00 GMT"


def test_the_outdated_forms_are_read_as_the_original_reads_them(lua: Chunks) -> None:
    """A year of two digits as it stands; without a comma 1,900 years and one month too early."""
    year_94 = int((datetime(94, 11, 6, 8, 49, 37, tzinfo=timezone.utc) - EPOCH).total_seconds())
    year_123 = int((datetime(123, 10, 6, 8, 49, 37, tzinfo=timezone.utc) - EPOCH).total_seconds())
    before_year_124 = int((datetime(123, 12, 6, 8, 49, 37, tzinfo=timezone.utc) - EPOCH).total_seconds())
    assert lua.run("return parsedate('Sunday, 06-Nov-94 08:49:37 GMT')") == year_94
    assert lua.run("return parsedate('Sun Nov  6 08:49:37 2023')") == year_123
    assert lua.run("return parsedate('Sat Jan  6 08:49:37 2024')") == before_year_124


@pytest.mark.parametrize("text", ["Sun, 06 Nov 1994 23:59:60 GMT", "Sunday, 06-Nov-94 23:59:60 GMT"])
def test_a_leap_second_is_the_first_of_the_next_minute(lua: Chunks, text: str) -> None:
    """RFC 9110 section 5.6.7 has a second 60. There is no second 61."""
    seconds = lua.run(f"return parsedate('{text}')")
    assert seconds == lua.run(f"return parsedate('{text.replace('23:59:60', '23:59:59')}')") + 1
    assert lua.run(f"return parsedate('{text.replace(':60', ':61')}')") == 0


def test_seconds_may_be_missing(lua: Chunks) -> None:
    """In the two forms with a comma."""
    minute = lua.run("return parsedate('Sun, 06 Nov 1994 08:49:00 GMT')")
    assert lua.run("return parsedate('Sun, 06 Nov 1994 08:49 GMT')") == minute
    minute = lua.run("return parsedate('Sunday, 06-Nov-94 08:49:00 GMT')")
    assert lua.run("return parsedate('Sunday, 06-Nov-94 08:49 GMT')") == minute


NO_DATES = """
x
06 Nov 1994 08:49:37
Sun, 06 Abc 1994 08:49:37 GMT
Sun, 32 Nov 1994 08:49:37 GMT
Sun, 06 Nov 1994 08:49:61 GMT
Sun, 00 Nov 1994 08:49:37 GMT
Sun, 06 Nov 1994 24:49:37 GMT
Sun, 06 Nov 1994 08:60:37 GMT
Sun, 06 Nov 1994
Sun, 06 Nov 1994 08
Wed, 29 Feb 2023 00:00:00 GMT
Wed, 31 Apr 2023 00:00:00 GMT
Sun Abc  6 08:49:37 1994
Sunday, 06-Abc-94 08:49:37 GMT
1994-11-06T08:49:37Z
"""


@pytest.mark.parametrize("text", NO_DATES.splitlines())
def test_what_is_no_date_is_0(lua: Chunks, text: str) -> None:
    """Not an error: a header's date is a stranger's."""
    assert lua.run(f"return parsedate('{text}')") == 0


# ------------------------------------------------------------ datetime


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ("", b"2023-11-14T22:13:20.123456789Z"),
        ("'NOW'", b"2023-11-14T22:13:20.123456789Z"),
        ("'MIN'", b"0001-01-01T00:00:00Z"),
        ("'MAX'", b"9999-12-31T23:59:59.999999999Z"),
        ("0", b"1970-01-01T00:00:00Z"),
        ("'1.9'+0, '2.9', nil", b"1970-01-01T00:00:01.2Z"),
        ("-1, 500000000", b"1969-12-31T23:59:59.500000000Z"),
        ("0, 1000, 90", b"1970-01-01T01:30:00.1000+01:30"),
        ("0, 1, -480", b"1969-12-31T16:00:00.1-08:00"),
        ("0, 1000000000", b"1970-01-01T00:00:01Z"),
        ("0, -1", b"1969-12-31T23:59:59.999999999Z"),
        ("0, 0, 1439", b"1970-01-01T23:59:00+23:59"),
        ("0, 0, -1439", b"1969-12-31T00:01:00-23:59"),
        ("0, 0, 1440", b"Invalid datetime range"),
        ("0, 0, math.mininteger", b"Invalid datetime range"),
        ("-62135596801", b"Invalid datetime range"),
        ("253402300800", b"Invalid datetime range"),
        ("math.maxinteger", b"Invalid datetime range"),
        ("253402300799, 0, 1", b"Invalid datetime range"),
        ("'2024-02-29 23:59:59Z'", b"2024-02-29T23:59:59Z"),
        ("'2024-02-29t23:59:59.123456789z'", b"2024-02-29T23:59:59.123456789Z"),
        ("'2024-02-29T23:59:59.5-08:00'", b"2024-02-29T23:59:59.500000000-08:00"),
        ("'2024-02-29T23:59:59.005Z'", b"2024-02-29T23:59:59.5000000Z"),
        ("'2024-02-29T23:59:59-00:00'", b"2024-02-29T23:59:59Z"),
        ("{year = 2024, month = 2, day = 29}", b"2024-02-29T00:00:00Z"),
        ("{year = 2024.9, month = '2', day = 29}", b"2024-02-29T00:00:00Z"),
        ("{year = 2024, month = 2, day = 29, hour = 1, min = 2, sec = 3, nsec = 4, offset = 60}",
         b"2024-02-29T02:02:03.4+01:00"),
        ("{}", b"0001-01-01T00:00:00Z"),
        ("{year = 2024}", b"2024-01-01T00:00:00Z"),
        ("{year = 1970, sec = 86400}", b"1970-01-02T00:00:00Z"),
        ("{year = 1970, sec = -1}", b"2106-02-07T06:28:15Z"),
        ("{year = 1970, nsec = -1}", b"1969-12-31T23:59:59.999999999Z"),
        ("{year = 10000}", b"Invalid datetime range"),
        ("{year = 1970, offset = 1440}", b"Invalid datetime range"),
        ("'0001-01-01T00:00:00Z'", b"0001-01-01T00:00:00Z"),
        ("'9999-12-31T23:59:59.999999999Z'", b"9999-12-31T23:59:59.999999999Z"),
    ],
)  # fmt: skip
def test_a_datetime_is_made_of_many_things(lua: Chunks, arguments: str, text: bytes) -> None:
    """And reads as ISO 8601, with the nanoseconds as a plain number. Some moments have no text."""
    assert lua.run(f"return tostring(datetime({arguments}))") == text
    assert lua.run(f"return datetime({arguments}):tostring()") == text


NO_MOMENTS = """
'x'
''
'now'
'Min'
'0'
'2024-02-29'
'2024-02-29T23:59:59'
'2024-02-29 23:59:59'
'2024-02-29T23:59:59+0100'
'2024-02-29T23:59:59+01'
'2024-02-29T23:59:59.1234567891Z'
'2024-02-29T23:59:59,5Z'
' 2024-02-29T23:59:59Z'
'2023-02-29T00:00:00Z'
'2023-13-01T00:00:00Z'
'2023-00-01T00:00:00Z'
'2023-01-00T00:00:00Z'
'0000-01-01T00:00:00Z'
'2023-1-1T00:00:00Z'
'2023-01-01T00:00:00Zx'
'2023-01-01T00:00Z'
'2023-01-01T24:00:00Z'
'2023-01-01T00:60:00Z'
'2023-01-01T00:00:60Z'
'2023-01-01T00:00:00.Z'
'2023-01-01T00:00:00+24:00'
'2023-01-01T00:00:00+01:60'
'0001-01-01T00:00:00+01:00'
'9999-12-31T23:59:59-01:00'
{year = 0}
{year = 2023, month = 2, day = 29}
{year = 2023, month = 1, day = 0}
{year = 2023, month = 13}
{year = 2023, month = 1, day = 1, hour = 24}
{year = 2023, month = 1, day = 1, hour = -1}
{year = 2023, month = 1, day = 1, min = 60}
"""


@pytest.mark.parametrize("arguments", NO_MOMENTS.strip().splitlines())
def test_a_moment_that_cannot_be_is_refused(lua: Chunks, arguments: str) -> None:
    """No field is carried over into the next, but seconds and nanoseconds of tables."""
    assert lua.run(f"return datetime({arguments})") == OUT_OF_RANGE


def test_a_datetime_agrees_with_python(lua: Chunks) -> None:
    """Text, ticks and the table, on 300 moments from the years 1 to 9999."""
    for seconds in _random_seconds(300):
        moment = EPOCH + timedelta(seconds=seconds)
        lua.run(f"moment = datetime({seconds})")
        assert (
            lua.run("return tostring(moment)")
            == moment.strftime("%Y-%m-%dT%H:%M:%SZ").rjust(20, "0").encode()
        )
        assert lua.run("return moment:ticks()") == (seconds, 0, 0)
        assert lua.run("return datetime(tostring(moment)) == moment, datetime(moment:date()) == moment") == (
            True,
            True,
        )
        fields = lua.run(
            "local t = moment:date() return t.year, t.month, t.day, t.hour, t.min, t.sec, t.wday, t.yday"
        )
        assert fields == (*moment.timetuple()[:6], moment.isoweekday() % 7 + 1, moment.timetuple().tm_yday)


def test_the_offset_changes_what_is_shown_and_not_the_moment(lua: Chunks) -> None:
    """For one text, or for good; to set it returns the one before."""
    lua.run("a, b = datetime(0), datetime(0)")
    shown = lua.run("return a:tostring(-60), tostring(a), a:offset()")
    assert shown == (b"1969-12-31T23:00:00-01:00", b"1970-01-01T00:00:00Z", 0)
    assert lua.run("return a:offset(90), a:offset()") == (0, 90)
    assert lua.run("return tostring(a), a:tostring(0)") == (
        b"1970-01-01T01:30:00+01:30",
        b"1970-01-01T00:00:00Z",
    )
    assert lua.run("return a == b, a:ticks()") == (True, 0, 0, 90)


@pytest.mark.parametrize("offset", ["'60'", "'x'", "1.5", "60.0", "true", "nil", "{}"])
def test_an_offset_that_is_no_integer_is_not_heard(lua: Chunks, offset: str) -> None:
    """By neither method."""
    lua.run("a = datetime(0, 0, 30)")
    assert lua.run(f"return a:tostring({offset})") == b"1970-01-01T00:30:00+00:30"
    assert lua.run(f"return a:offset({offset}), a:offset()") == (30, 30)


@pytest.mark.parametrize("offset", ["1440", "-1440", "math.mininteger"])
def test_an_offset_of_a_day_or_more_has_no_text(lua: Chunks, offset: str) -> None:
    """And cannot be set."""
    lua.run("a = datetime(0)")
    assert lua.run(f"return a:tostring({offset})") == b"Invalid datetime range"
    assert lua.error(f"a:offset({offset})") == b"test:1: Offset range"


@pytest.mark.parametrize("flag", ["", "nil", "true", "false"])
def test_date_gives_the_fields_of_utc_with_the_offset_beside_them(lua: Chunks, flag: str) -> None:
    """And what was given to a moment comes back from it."""
    lua.run("moment = datetime('2024-02-29T23:59:58.000000007+01:30')")
    lua.run(f"fields, words = moment:date({flag}), {{}}")
    lua.run("for name, value in pairs(fields) do words[#words + 1] = name .. '=' .. value end")
    lua.run("table.sort(words)")
    assert lua.run("return table.concat(words, ' ')") == (
        b"day=29 hour=22 min=29 month=2 nsec=7 offset=90 sec=58 wday=5 yday=60 year=2024"
    )
    assert lua.run("return datetime(fields) == moment, datetime(fields):offset()") == (True, 90)


def test_the_trace_says_that_zeros_behind_the_point_are_lost() -> None:
    """Once; not for fractions that begin with another digit."""
    with session() as fresh:
        fresh.run("tostring(ba.datetime(0, 500000000)) tostring(ba.datetime(0))")
        assert fresh.recorder.notes == []
        fresh.run("tostring(ba.datetime(0, 5000000)) tostring(ba.datetime(0, 1))")
        (note,) = fresh.recorder.notes
        assert "5 ms reads as .5000000" in note


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("d + 1", b"2000-01-01T00:00:00.1+01:00"),
        ("d + '2.9'", b"2000-01-01T00:00:00.2+01:00"),
        ("d + 1e9", b"2000-01-01T00:00:01+01:00"),
        ("d - 1", b"1999-12-31T23:59:59.999999999+01:00"),
        ("d + {days = 59}", b"2000-02-29T00:00:00+01:00"),
        ("d - {days = 1, hours = 1, mins = 1, secs = 1, nsecs = 1}", b"1999-12-30T22:58:58.999999999+01:00"),
        ("d + {hours = -1}", b"1999-12-31T23:00:00+01:00"),
        ("d + {days = '1.9', nsecs = 999999999}", b"2000-01-02T00:00:00.999999999+01:00"),
        ("d - {nsecs = -999999999}", b"2000-01-01T00:00:00.999999999+01:00"),
        ("d + math.maxinteger", b"2292-04-10T23:47:16.854775807+01:00"),
        ("d + {days = 4000000}", b"Invalid datetime range"),
        ("d + {}", b"2000-01-01T00:00:00+01:00"),
    ],
)
def test_durations_are_added_and_taken_away(lua: Chunks, expression: str, text: bytes) -> None:
    """Nanoseconds, or a table; the offset stays."""
    assert lua.run(f"local d = datetime('2000-01-01T00:00:00+01:00') return tostring({expression})") == text


def test_the_difference_of_two_is_in_nanoseconds(lua: Chunks) -> None:
    """As far as 64 bits go."""
    assert lua.run("return datetime(2, 3) - datetime(1, 5), datetime(0, 1) - datetime(0)") == (999999998, 1)
    assert lua.run("local d = datetime(0) return (d + {days = 1}) - d") == 86400 * 10**9
    assert lua.run("return datetime(9223372035) - datetime(0)") == 9223372035 * 10**9


def test_two_are_compared_by_their_moments(lua: Chunks) -> None:
    """Nanoseconds count, offsets do not."""
    lua.run("a, b, c = datetime(1, 0, 60), datetime(1), datetime(1, 1)")
    assert lua.run("return a == b, a ~= c, a < c, c < a, a < b, a <= b, c <= b") == (
        *(True, True, True, False, False, True, False),
    )
    assert lua.run("return a == 1, a == 'x'") == (False, False)


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("datetime(nil)", b"bad argument #1 to 'datetime' (number expected, got nil)"),
        ("datetime(datetime())", b"bad argument #1 to 'datetime' (number expected, got BDTz)"),
        ("datetime(true)", b"bad argument #1 to 'datetime' (number expected, got boolean)"),
        ("datetime(1e300)", b"bad argument #1 to 'datetime' (number has no integer representation)"),
        ("datetime(1, {})", b"bad argument #2 to 'datetime' (number expected, got table)"),
        ("datetime{year = 'x'}", b"field 'year' is not an integer"),
        ("datetime{year = 1, month = 1, day = 1 / 0}", b"field 'day' is not an integer"),
        ("local x = datetime(0) + 1e300",
         b"bad argument #2 to 'add' (number has no integer representation)"),
        ("local x = datetime(0) - 'x'", b"bad argument #2 to 'sub' (number expected, got string)"),
        ("local x = datetime(0) + true", b"bad argument #2 to 'add' (number expected, got boolean)"),
        ("local x = 1 - datetime(0)", b"bad argument #1 to 'sub' (BDTz expected, got number)"),
        ("local x = 1 + datetime(0)", b"bad argument #1 to 'add' (BDTz expected, got number)"),
        ("local x = datetime(0) < 1", b"bad argument #2 to 'lt' (BDTz expected, got number)"),
        ("local x = 'x' <= datetime(0)", b"bad argument #1 to 'le' (BDTz expected, got string)"),
        ("local x = datetime(0) + datetime(0)", b"Invalid op: datetime + datetime"),
        ("local x = datetime(0) - datetime(0, 1)", b"datetime1 < datetime2"),
        ("local x = datetime(0) + {nsecs = 1000000000}", b"nsec range"),
        ("local x = datetime(0) - {nsecs = -1000000000}", b"nsec range"),
        ("local x = datetime(0) + {days = 'x'}", b"field 'days' is not an integer"),
        ("local x = datetime(9223372036) - datetime(0)", b"Invalid datetime range"),
        ("datetime(0).ticks({})", b"bad argument #1 to 'ticks' (BDTz expected, got table)"),
        ("datetime(0):date(60)", b"bad argument #1 to 'date' (boolean expected, got number)"),
        ("encdate()", b"bad argument #1 to 'encdate' (number expected, got no value)"),
        ("parsedate({})", b"bad argument #1 to 'parsedate' (string expected, got table)"),
    ],
)  # fmt: skip
def test_a_mistake_raises_where_it_was_made(lua: Chunks, code: str, message: bytes) -> None:
    """Operators have no second result to say it with."""
    assert lua.error(code) == b"test:1: " + message


# ------------------------------------------------------------ addresses


@pytest.mark.parametrize(
    ("arguments", "is_equal"),
    [
        ("'10.0.0.1', '10.0.0.1'", True),
        ("'::ffff:10.0.0.1', '10.0.0.1'", True),
        ("'10.0.0.1', '::ffff:10.0.0.1'", True),
        ("'::FFFF:10.0.0.1', '10.0.0.1'", False),
        ("'::ffff:10.0.0.1', '::FFFF:10.0.0.1'", False),
        ("'FE80::1', 'fe80::1'", False),
        ("'::ffff:1', '1'", False),
        ("'10.0.0.1', '10.0.0.01'", False),
        ("", False),
        ("nil, nil", False),
        ("1, 1", True),
        ("true, nil", False),
    ],
)
def test_addresses_are_compared_as_texts(lua: Chunks, arguments: str, is_equal: bool) -> None:
    """An IPv4 address equals its IPv6 form in small letters; what is missing equals nothing."""
    assert lua.run(f"return cmpaddr({arguments})") is is_equal


def test_only_texts_and_numbers_are_addresses(lua: Chunks) -> None:
    """Everything else raises."""
    for arguments, n, got in (("true, '1'", 1, "boolean"), ("'1', {}", 2, "table")):
        message = f"test:1: bad argument #{n} to 'cmpaddr' (string expected, got {got})"
        assert lua.error(f"cmpaddr({arguments})") == message.encode()
