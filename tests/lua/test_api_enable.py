"""`s:enable`, `s:disable`, `s:close`, `s:owner` and `s:state` (ba-api sections 4.8 to 4.11 and 4.20)."""

from __future__ import annotations

import pytest

from ._programs import message_of, traced

# ---------------------------------------------------------------- disable in the own cosocket


@pytest.mark.parametrize("values", ["", "1", "'a', nil, 3", "nil", "nil, nil"])
def test_enable_hands_its_arguments_to_disable(values: str) -> None:
    """All of them, nils included, and no values when there are none."""
    assert traced(f"""
        local s = ba.socket.event(function(s)
          local r = table.pack(s:disable())
          trace("disable", r.n, table.unpack(r, 1, r.n))
          s:disable()
        end)
        trace("state", s:state())
        trace("enable", s:enable({values}))
        local r = table.pack({values})
        trace("want", r.n, table.unpack(r, 1, r.n))
    """)[1:] == [
        "disable\t" + _texts(values),
        "enable\ttrue",
        "want\t" + _texts(values),
    ]


def _texts(values: str) -> str:
    words = [word.strip(" '") for word in values.split(",")] if values else []
    return "\t".join([str(len(words)), *words])


def test_enable_resumes_at_once() -> None:
    """The cosocket has waited again, or ended, when enable returns."""
    assert traced("""
        local log = {}
        local s = ba.socket.event(function(s)
          log[1] = s:disable()
          log[2] = s:disable()
        end)
        trace(s:enable "one", log[1], s:state())
        trace(s:enable "two", log[2], s:state())
        trace(select("#", s:enable "three"))
    """) == ["true\tone\tdisabled\tfalse", "false\ttwo\tterminated\tfalse", "0"]


@pytest.mark.parametrize("end", ["return", "error 'x'", "coroutine.yield()"])
def test_enable_is_false_when_the_cosocket_is_over(end: str) -> None:
    """However it ended."""
    assert traced(
        f"local s = ba.socket.event(function(s) s:disable() do {end} end end) trace(s:enable())"
    ) == ["false"]


@pytest.mark.parametrize("wait", ["s:read(60000)", "ba.socket.connect('127.0.0.1', port)"])
def test_enable_is_true_when_the_cosocket_waits_for_something_else(wait: str) -> None:
    """It lives."""
    assert traced(f"""
        local _, port = listen(print)
        local s = ba.socket.event(function(s) s:disable() {wait} end)
        trace(s:enable())
    """) == ["true"]


def test_cosockets_enable_each_other() -> None:
    """From one cosocket to the other, and back while the first one's call still runs."""
    assert traced("""
        local a, b
        a = ba.socket.event(function(s)
          trace("a got", s:disable())
          trace("a's enable", b:enable("from a"))
          trace("a got", s:disable())
        end)
        b = ba.socket.event(function(s)
          trace("b got", s:disable())
          trace("b sees", (a:state()))
        end)
        trace("enable", a:enable("from outside"))
        trace(b:state())
        trace("enable", a:enable("again"))
    """) == [
        "a got\tfrom outside",
        "b got\tfrom a",
        "b sees\texec",
        "a's enable\tfalse",
        "enable\ttrue",
        "terminated\tfalse",
        "a got\tagain",
        "enable\tfalse",
    ]


@pytest.mark.parametrize(
    ("wait", "make"),
    [
        ("s:read()", "pair()"),
        ("s:read(60000)", "pair()"),
        ("s:accept()", "ba.socket.bind(0)"),
    ],
)
def test_enable_does_nothing_to_a_cosocket_that_waits_otherwise(wait: str, make: str) -> None:
    """No values at all, and it goes on waiting."""
    assert traced(f"""
        local s = {make}
        s:event(function(s) {wait} end)
        local before = s:state()
        trace(select("#", s:enable(1)))
        trace(s:state() == before)
    """) == ["0", "true"]


def test_enable_in_the_own_cosocket_does_nothing() -> None:
    """It runs, so it is not disabled."""
    assert traced("ba.socket.event(function(s) trace(select('#', s:enable(1))) s:disable() end)") == ["0"]


# ---------------------------------------------------------------- disable from outside


@pytest.mark.parametrize("what", ["data", "end"])
def test_a_disabled_read_waits_until_it_is_enabled(what: str) -> None:
    """What comes meanwhile is read afterwards."""
    send = "peer:write 'hello'" if what == "data" else "peer:close()"
    assert traced(f"""
        local c, peer = pair()
        c:event(function(s) trace(s:read()) end)
        trace(c:disable())
        trace(c:state())
        {send}
        local x, y = pair()
        x:write "any" y:read() -- what was sent before this has arrived
        trace(c:state())
        trace(c:enable("ignored"))
        await(function() return c:state() == "terminated" end)
    """) == [
        "true",
        "disabled\ttrue",
        "disabled\ttrue",
        "true",
        "hello" if what == "data" else "nil\tsocketreadfailed",
    ]


def test_an_enabled_read_waits_for_data() -> None:
    """If none came meanwhile, it waits on."""
    assert traced("""
        local c, peer = pair()
        c:event(function(s) trace(s:read()) end)
        trace(c:disable(), c:enable(), c:state())
        peer:write "later"
        await(function() return c:state() == "terminated" end)
    """) == ["true\ttrue\tread\ttrue", "later"]


def test_disabling_twice_is_no_use() -> None:
    """The second time it is not in a read."""
    assert traced("""
        local c = pair()
        c:event(function(s) s:read() end)
        trace(c:disable())
        trace(c:disable())
        trace(c:close())
    """) == ["true", "nil\tincorrectuse", "true"]


def test_another_cosocket_may_disable_a_reader() -> None:
    """As any other code."""
    assert traced("""
        local c = pair()
        c:event(function(s) s:read() end)
        ba.socket.event(function() trace(c:disable()) trace(c:state()) trace(c:enable()) trace(c:state()) end)
    """) == ["true", "disabled\ttrue", "true", "read\ttrue"]


@pytest.mark.parametrize(
    ("make", "wait"),
    [
        ("local s = ba.socket.bind(0) s:event", "s:accept()"),
        ("local s = pair() s:event", "s:read(60000)"),
        ("local s = pair() s:event", "s:disable()"),
        ("local s = ba.socket.event", "s:read(60000)"),
        ("local _, port = listen(print) local s = ba.socket.event", "ba.socket.connect('127.0.0.1', port)"),
    ],
)
def test_only_a_plain_read_can_be_disabled_from_outside(make: str, wait: str) -> None:
    """Not an accept, a connect, a read with a timeout, nor what is disabled already."""
    assert traced(f"{make}(function(s) {wait} end) trace(s:disable())") == ["nil\tincorrectuse"]


def test_a_cosocket_that_has_ended_cannot_be_disabled_or_enabled() -> None:
    """The one says so, the other returns no values."""
    assert traced("""
        local c = pair()
        c:event(function(s) s:disable() end)
        c:enable()
        trace(c:disable())
        trace(select("#", c:enable()))
    """) == ["nil\tincorrectuse", "0"]


@pytest.mark.parametrize("method", ["enable", "disable"])
@pytest.mark.parametrize("make", ["ba.socket.bind(0)", "pair()", "ba.socket.udpcon()"])
def test_a_socket_that_never_was_a_cosocket_is_not_async(method: str, make: str) -> None:
    """It raises, at the caller's line."""
    assert traced(f"local s = {make} trace(pcall(s.{method}, s))") == ["false\tSock not async"]
    assert message_of(f"local s = {make}\ns:{method}()") == "program:2: Sock not async"


# ---------------------------------------------------------------- close


@pytest.mark.parametrize("make", ["ba.socket.bind(0)", "pair()", "ba.socket.udpcon()", "(udp())"])
def test_close_is_true_once(make: str) -> None:
    """And false from then on."""
    assert traced(f"local s = {make} trace(s:close(), s:close(), s:close()) trace(s:state())") == [
        "true\tfalse\tfalse", "notcon\tfalse",
    ]  # fmt: skip


def test_close_in_the_own_cosocket_goes_on() -> None:
    """It just closes; the end of the function has nothing left to close."""
    assert traced("""
        local c, peer = pair()
        c:event(function(s)
          trace(s:close(), s:state())
          trace(s:close())
        end)
        trace(c:close())
        trace(peer:read(2000))
    """) == ["true\texec\tfalse", "false", "false", "nil\tsocketreadfailed"]


def test_close_of_an_idle_cosocket_is_true_once() -> None:
    """Although it never had a connection."""
    assert traced("""
        local s = ba.socket.event(function(s) trace(s:close(), s:close()) s:disable() end)
        trace(s:state())
    """) == ["true\tfalse", "disabled\tfalse"]


@pytest.mark.parametrize("wait", ["s:disable()", "s:read(60000)"])
def test_a_cosocket_that_waits_after_its_own_close_can_be_closed(wait: str) -> None:
    """Such as one that pauses before it connects again: its call returns socketclosed."""
    assert traced(f"""
        local c = pair()
        c:event(function(s) s:close() trace({wait}) trace(s:close()) trace(s:close()) end)
        trace(c:close())
        trace(c:state())
    """) == ["nil\tsocketclosed", "true", "false", "true", "terminated\tfalse"]


def test_the_first_close_after_the_peers_is_true_for_a_cosocket() -> None:
    """The loss was not the program's doing; a blocking socket says false."""
    assert traced("""
        local c, peer = pair()
        c:event(function(s) s:read() trace(s:close(), s:close()) end)
        peer:close()
        await(function() return c:state() == "terminated" end)
        trace(c:close())
        local d, other = pair()
        other:close()
        d:read()
        trace(d:close())
    """) == ["true\tfalse", "false", "false"]


def test_leaving_a_block_closes_what_it_declared() -> None:
    """`local s <close>`, after an error too."""
    assert traced("""
        local c, peer = pair()
        do local s <close> = c end
        trace(c:state())
        trace(peer:read(2000))
        c, peer = pair()
        trace(pcall(function() local s <close> = c error("x", 0) end))
        trace(peer:read(2000))
    """) == ["notcon\tfalse", "nil\tsocketreadfailed", "false\tx", "nil\tsocketreadfailed"]


# ---------------------------------------------------------------- owner, state


def test_only_the_own_cosocket_is_the_owner() -> None:
    """Before, after, and from elsewhere it is false."""
    assert traced("""
        local c = pair()
        trace(c:owner())
        c:event(function(s)
          trace(s:owner())
          ba.socket.event(function(o) trace(s:owner(), o:owner()) end)
          trace(s:owner())
          s:disable()
        end)
        trace(c:owner())
        c:close()
        trace(c:owner())
    """) == ["false", "true", "false\ttrue", "true", "false", "false"]


def test_state_names_what_a_cosocket_waits_for() -> None:
    """And says whether there is a system socket."""
    assert traced("""
        local b = ba.socket.bind(0)
        trace(b:state())
        b:event(function(l) l:accept() l:disable() end)
        trace(b:state())
        local _, port = b:sockname()
        local s = ba.socket.event(function(s)
          trace(s:state())
          ba.socket.connect("127.0.0.1", port)
          trace(s:state())
          s:read(60000)
        end)
        trace(s:state())
        await(function() return s:state() == "read" and b:state() == "disabled" end)
        trace(s:state())
        trace(b:state())
        b:enable()
        trace(b:state())
    """) == [
        "notcon\ttrue",
        "accept\ttrue",
        "exec\tfalse",
        "connect\ttrue",
        "exec\ttrue",
        "read\ttrue",
        "disabled\ttrue",
        "terminated\tfalse",
    ]


@pytest.mark.parametrize("make", ["local c = pair()", "local c = ba.socket.bind(0)"])
def test_a_blocking_socket_is_notcon(make: str) -> None:
    """Connected or not."""
    assert traced(f"{make} trace(c:state()) c:close() trace(c:state())") == ["notcon\ttrue", "notcon\tfalse"]


def test_tostring_shows_the_state_and_both_ends() -> None:
    """Without a system socket only the state, without a peer `(null):0`."""
    assert traced("""
        local function words(s)
          return (tostring(s):gsub("Sock %x+", "Sock PTR"):gsub(":%d%d+", ":PORT"))
        end
        local b = ba.socket.bind(0)
        trace(words(b))
        b:event(function(l) l:accept() end)
        trace(words(b))
        local _, port = b:sockname()
        local c = ba.socket.connect("127.0.0.1", port)
        trace(words(c))
        trace(words(ba.socket.udpcon()))
        c:close()
        trace(words(c))
        local s = ba.socket.event(function(s) trace(words(s)) s:disable() end)
        trace(words(s))
    """) == [
        "[Sock PTR S:notcon {127.0.0.1:PORT -> (null):0}]",
        "[Sock PTR S:accept {127.0.0.1:PORT -> (null):0}]",
        "[Sock PTR S:notcon {127.0.0.1:PORT -> 127.0.0.1:PORT}]",
        "[Sock PTR S:notcon {0.0.0.0:0 -> (null):0}]",
        "[Sock PTR S:notcon]",
        "[Sock PTR S:exec]",
        "[Sock PTR S:disabled]",
    ]
