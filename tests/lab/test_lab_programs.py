"""What Lua programs see of the conditions on the way to a host, on real sockets."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator

import pytest
from tests.lab._site import ECHO, Site, site

from ba_runtime.lab import Conditions, Direction

only_on_linux = pytest.mark.skipif(
    sys.platform != "linux", reason="other systems complete the connect, and are silent after it"
)
# Connects, says a word, and reads the answer; returns the milliseconds that each took.
EXCHANGE = """
  local began = ba.clock()
  local s = assert(ba.socket.connect("echo.lab.test", 7))
  local connected = ba.clock()
  s:write "hello"
  assert(s:read(20000) == "hello")
  return connected - began, ba.clock() - connected
"""


@pytest.fixture
def here() -> Iterator[Site]:
    """A site of its own for every test."""
    with site() as one:
        yield one


def test_a_delay_is_waited_for_in_each_direction(here: Site) -> None:
    """By the handshake too: connecting takes a round trip, and so does an exchange."""
    here.under(Conditions(delay_s=0.05))
    connecting, exchange = map(float, here.values(EXCHANGE))
    assert connecting >= 99  # the clocks of Lua and the lab may differ by their resolution
    assert exchange >= 99
    here.lab.clear(ECHO)
    here.values(EXCHANGE)


def test_a_delay_keeps_only_its_own_host_waiting(here: Site) -> None:
    """A cosocket that asks another host later has its answer first."""
    here.under(Conditions(delay_s=0.3))
    assert here.traced("""
      local function ask(host, port, words)
        ba.socket.event(function(s)
          assert(ba.socket.connect(host, port))
          s:write(words)
          trace(host, s:read(20000) and "answered")
        end)
      end
      ask("echo.lab.test", 7, "hello")
      ask("example.com", 80, "GET / HTTP/1.0\\r\\n\\r\\n")
    """) == ["example.com\tanswered", "echo.lab.test\tanswered"]


def test_connecting_times_out_when_the_handshake_takes_longer(here: Site) -> None:
    """In a cosocket, after the time that it gives; and nothing is connected later."""
    here.under(Conditions(delay_s=10))
    assert here.traced("""
      ba.socket.event(function(s) trace(ba.socket.connect("echo.lab.test", 7, {timeout = 50})) end)
    """) == ["nil\ttimeout"]


def test_a_host_refuses(here: Site) -> None:
    """Connections and datagrams. What is connected stays so, and everything works again afterwards."""
    here.values("""
      kept = ba.socket.connect("echo.lab.test", 7)
      udp = ba.socket.udpcon("echo.lab.test", 7)
    """)
    for _ in range(2):
        here.under(Conditions(is_refusing=True))
        assert here.values('return ba.socket.connect("echo.lab.test", 7)') == ["nil", '"cannotconnect"']
        assert here.values('kept:write "still" return kept:read(20000)') == ['"still"']
        assert here.values('udp:write "x" return udp:read(20000)') == ["nil", '"socketreadfailed"']
        here.lab.clear(ECHO)
        here.values(EXCHANGE)
        assert here.values("""
          udp = ba.socket.udpcon("echo.lab.test", 7)
          udp:write "back"
          return udp:read(20000)
        """) == ['"back"']


def test_a_refusal_takes_a_round_trip(here: Site) -> None:
    """As everything does on a slow way."""
    here.under(Conditions(is_refusing=True, delay_s=0.05))
    took, *answer = here.values("""
      local began = ba.clock()
      local s, reason = ba.socket.connect("echo.lab.test", 7)
      return ba.clock() - began, s, reason
    """)
    assert float(took) >= 99
    assert answer == ["nil", '"cannotconnect"']


@only_on_linux
def test_a_cut_is_silence(here: Site) -> None:
    """Connects, reads and datagrams time out; a connection goes on when it is over."""
    here.values("""
      kept = ba.socket.connect("echo.lab.test", 7)
      udp = ba.socket.udpcon("echo.lab.test", 7)
    """)
    here.under(Conditions(is_cut=True, is_refusing=True))  # nobody hears a refusal
    assert here.traced("""
      ba.socket.event(function(s) trace(ba.socket.connect("echo.lab.test", 7, {timeout = 50})) end)
    """) == ["nil\ttimeout"]
    assert here.values('kept:write "meanwhile" return kept:read(50)') == ["nil", '"timeout"']
    assert here.values('udp:write "lost" return udp:read(50)') == ["nil", '"timeout"']
    here.lab.clear()
    assert here.values("return kept:read(20000)") == ['"meanwhile"']
    assert here.values('udp:write "x" return udp:read(20000)') == ['"x"']
    here.values(EXCHANGE)
    assert Counter((one.what, one.kind, one.direction) for one in here.incidents) == {
        ("cut", "tcp", None): 1,
        ("lost", "udp", Direction.TO_HOST): 1,
    }


@only_on_linux
def test_a_client_that_waits_for_a_cut_to_end_gets_in(here: Site) -> None:
    """The system tries again after a second."""
    here.under(Conditions(is_cut=True))
    here.values("""
      ba.socket.event(function(s)
        trace "connecting"
        assert(ba.socket.connect("echo.lab.test", 7, {timeout = 20000}))
        s:write "hello"
        trace(s:read(20000))
      end)
    """)
    here.session.recorder.wait_for_trace("connecting")
    here.lab.clear()
    here.session.recorder.wait_for_trace("hello")


def test_a_connection_is_reset_after_a_thousand_bytes(here: Site) -> None:
    """The program gets exactly those, then what it gets for any lost connection."""
    here.under(Conditions(reset_after=1000))
    assert here.values("""
      local s = ba.socket.connect("echo.lab.test", 7)
      s:write(string.rep("x", 1000))
      local got = 0
      while got < 1000 do got = got + #assert(s:read(20000)) end
      s:write "y"
      return got, s:read(20000)
    """) == ["1000", "nil", '"socketreadfailed"']
    assert here.values("""
      local s = ba.socket.connect("echo.lab.test", 7)
      s:write(string.rep("x", 5000))
      local got, data, reason = 0
      repeat
        got = got + (data and #data or 0)
        data, reason = s:read(20000)
      until not data
      return got <= 1000, reason, s:write "more"
    """) == ["true", '"socketreadfailed"', "nil", '"socketwritefailed"']
    assert [one.what for one in here.incidents] == ["reset", "reset"]


def test_open_connections_are_reset_at_once(here: Site) -> None:
    """While they are read; and each new one with its first byte."""
    here.values("""
      kept = ba.socket.connect("echo.lab.test", 7)
      ba.socket.event(function(s)
        assert(ba.socket.connect("echo.lab.test", 7))
        s:write "hello"
        s:read()
        trace "reading"
        trace(s:read())
      end)
    """)
    here.session.recorder.wait_for_trace("reading")
    here.under(Conditions(reset_after=0))
    here.session.recorder.wait_for_trace("nil\tsocketreadfailed")
    assert here.values("return kept:read(20000)") == ["nil", '"socketreadfailed"']
    assert here.values("""
      local s = assert(ba.socket.connect("echo.lab.test", 7))
      s:write "x"
      return s:read(20000)
    """) == ["nil", '"socketreadfailed"']
    assert [(one.what, one.port) for one in here.incidents] == [("reset", 7)] * 3


# A thousand datagrams, a hundred at a time so that no system's buffer overflows; "." for each that came back.
# Nine marks end a hundred, of which one comes back for certain; those that come later are ignored.
THOUSAND = """
  local s = ba.socket.udpcon("echo.lab.test", 7)
  local came = {}
  for hundred = 0, 9 do
    for number = 1, 100 do s:write(tostring(hundred * 100 + number)) end
    local mark = "end of " .. hundred
    for _ = 1, 9 do s:write(mark) end
    repeat
      local answer = assert(s:read(20000))
      came[tonumber(answer) or answer] = true
    until answer == mark
  end
  local map = {}
  for number = 1, 1000 do map[number] = came[number] and "." or "-" end
  return table.concat(map)
"""


def lost_of_a_thousand(seed: int) -> str:
    """Which of a thousand datagrams come back in a fresh lab that loses one in ten."""
    with site(seed=seed) as one:
        one.under(Conditions(loss=0.1))
        (shown,) = one.values(THOUSAND)
        assert {(lost.what, lost.direction) for lost in one.incidents} == {("lost", Direction.TO_HOST)}
        return shown.strip('"')


def test_a_tenth_of_a_thousand_datagrams_is_lost_the_same_on_every_run() -> None:
    """In another lab and another runtime; another seed loses others."""
    first = lost_of_a_thousand(seed=0)
    assert 70 <= first.count("-") <= 130
    assert lost_of_a_thousand(seed=0) == first
    assert lost_of_a_thousand(seed=7) != first


def test_a_rate_lets_no_more_pass(here: Site) -> None:
    """3,500 bytes are half a second at 56 kbit/s, all of them arrive, and the other direction is as slow."""
    here.under(Conditions(rate_bps=56_000))
    took_ms, size = map(
        float,
        here.values("""
      local s = ba.socket.connect("echo.lab.test", 7)
      local began, size = ba.clock(), 0
      s:write(string.rep("x", 3500))
      while size < 3500 do size = size + #assert(s:read(20000)) end
      return ba.clock() - began, size
    """),
    )
    assert size == 3500
    assert took_ms >= 499


def test_datagrams_are_duplicated_and_reordered(here: Site) -> None:
    """The same ones each time that the conditions are set."""
    program = """
      local s = ba.socket.udpcon("echo.lab.test", 7)
      local came = {}
      for number = 1, 30 do s:write(tostring(number)) end
      for answer in function() return s:read(500) end do came[#came + 1] = answer end
      return table.concat(came, " ")
    """
    here.under(Conditions(duplicate=0.3))
    doubled = here.values(program)[0].strip('"').split()
    assert sorted(set(doubled), key=int) == [str(number) for number in range(1, 31)]
    assert len(doubled) > 30
    here.under(Conditions(reorder=0.3))
    reordered = here.values(program)[0].strip('"').split()
    assert reordered != sorted(reordered, key=int) == [str(number) for number in range(1, 31)]
    here.under(Conditions(reorder=0.3))
    assert here.values(program)[0].strip('"').split() == reordered
    assert {one.what for one in here.incidents} == {"duplicated", "reordered"}


def test_tls_works_under_conditions(here: Site) -> None:
    """Its records are cut, held up and sent again like everything else."""
    here.under(Conditions(delay_s=0.02, jitter_s=0.01, loss=0.05, rate_bps=1_000_000), "example.com")
    assert here.values("""
      local s = assert(ba.socket.connect("example.com", 443, {shark = mako.sharkclient()}))
      s:write "GET / HTTP/1.0\\r\\n\\r\\n"
      local page, data = ""
      repeat
        page, data = page .. (data or ""), s:read(20000)
      until not data
      return page:match "^[^\\r]+", page:sub(-8)
    """) == ['"HTTP/1.1 200 OK"', '"</html>\\n"']


@pytest.mark.parametrize(
    "conditions",
    [
        Conditions(0.5, 0.1, 0.9, 100, 0.5, 0.5),
        Conditions(is_refusing=True),
        Conditions(reset_after=0),
        Conditions(is_cut=True),
    ],
    ids=str,
)
def test_no_condition_touches_another_host(here: Site, conditions: Conditions) -> None:
    """Neither over TCP nor over UDP, neither one that is connected nor one that connects."""
    here.values('web = ba.socket.connect("example.com", 80)')
    here.under(conditions)
    assert here.values("""
      local began = ba.clock()
      web:write "GET / HTTP/1.0\\r\\n\\r\\n"
      local page = web:read(20000):match "^[^\\r]+"
      local time = ba.socket.connect("time.nist.gov", 37):read(20000)
      local udp = ba.socket.udpcon("pool.ntp.org", 123)
      udp:write("\\x23" .. string.rep("\\0", 47))
      return page, #time, #udp:read(20000)
    """) == ['"HTTP/1.1 200 OK"', "4", "48"]
    assert not here.incidents
    assert {one.host for one in here.lab.status() if one.conditions not in (None, Conditions())} == {ECHO}
