"""`ba.socket.event`, `s:event` and the life of a cosocket (ba-api sections 1.1, 3.1 and 4.1)."""

from __future__ import annotations

import pytest

from ._programs import faults, message_of, run_well, traced

# ---------------------------------------------------------------- ba.socket.event


def test_event_runs_its_function_until_it_waits() -> None:
    """The function starts inside the call, and the call returns the socket that it got."""
    assert traced("""
        local inner
        local s = ba.socket.event(function(s) inner = s trace("in", s:state()) s:disable() trace("on") end)
        trace("out", s:state())
        trace(rawequal(s, inner), type(s), s:enable())
    """) == ["in\texec\tfalse", "out\tdisabled\tfalse", "on", "true\tuserdata\tfalse"]


@pytest.mark.parametrize(
    "body", ["", "return 1", "error 'x'", "error()", "coroutine.yield()", "local x = nil + 1"]
)
def test_event_returns_one_nil_when_its_function_is_over(body: str) -> None:
    """Whether it returned, raised or yielded wrongly."""
    assert traced(f"local r = table.pack(ba.socket.event(function() {body} end)) trace(r.n, r[1])") == [
        "1\tnil"
    ]


def test_event_passes_every_extra_argument_as_it_is() -> None:
    """Nils count, at the end too, and a function is a value like others."""
    assert traced("""
        local function f() end
        ba.socket.event(function(s, ...)
          trace(select("#", ...), (...), rawequal(select(3, ...), f))
        end, nil, 1, f, nil)
    """) == ["4\tnil\ttrue"]


@pytest.mark.parametrize(
    ("arguments", "got"),
    [("", "no value"), ("nil", "nil"), ("'f'", "string"), ("{}", "table"), ("ba.socket.udpcon()", "_BASOCK")],
)
def test_event_wants_a_function(arguments: str, got: str) -> None:
    """A wrong first argument is the caller's fault, and named by its type."""
    expected = f"bad argument #1 to '%s' (function expected, got {got})"
    assert message_of(f"ba.socket.event({arguments})") == "program:1: " + expected % "event"
    comma = ", " if arguments else ""
    assert traced(f"trace(pcall(ba.socket.event{comma}{arguments}))") == ["false\t" + expected % "?"]


# ---------------------------------------------------------------- the end of a cosocket


@pytest.mark.parametrize("end", ["return", "error 'x'"])
def test_the_end_of_a_cosocket_closes_its_socket(end: str) -> None:
    """Its peer reads the end, its state says terminated, and close has nothing left to do."""
    assert traced(f"""
        local c, peer = pair()
        trace(c:event(function(s) s:disable() do {end} end end))
        trace(c:enable())
        trace(c:state())
        trace(c:close())
        trace(peer:read(2000))
    """) == ["true", "false", "terminated\tfalse", "false", "nil\tsocketreadfailed"]


def test_an_error_in_a_cosocket_stays_in_it() -> None:
    """Who started it, or woke it, hears nothing of it."""
    assert traced("""
        local s = ba.socket.event(function(s) s:disable() error "boom" end)
        trace(pcall(s.enable, s))
        trace(pcall(ba.socket.event, function() error "boom" end))
    """) == ["true\tfalse", "true\tnil"]


@pytest.mark.parametrize("values", ["", "1, 2"])
def test_a_yield_ends_a_cosocket(values: str) -> None:
    """It is reported, the socket is closed, and the coroutine never goes on."""
    recorder = run_well(f"""
        local c, peer = pair()
        trace(c:event(function(s) coroutine.yield({values}) trace "never" end))
        trace(c:state())
        trace(peer:read(2000))
        trace(select("#", ba.socket.event(function() coroutine.yield({values}) trace "never" end)))
    """)
    assert recorder.traced == ["nil\tfailed", "notcon\tfalse", "nil\tsocketreadfailed", "1"]
    assert recorder.faults == [
        "Lua error in socket: Invalid yield\nstack traceback:\n"
        f"\tprogram:{line}: in function <program:{line}>"
        for line in (3, 6)
    ]


def test_a_yield_after_a_wait_ends_a_cosocket() -> None:
    """Later is no better than at once."""
    assert traced("""
        local s = ba.socket.event(function(s) s:disable() coroutine.yield() trace "never" end)
        trace(s:enable())
        trace(s:state())
    """) == ["false", "notcon\tfalse"]


def test_a_cosocket_keeps_its_socket_alive() -> None:
    """Nobody else refers to it, and it still hears what arrives."""
    assert traced("""
        local c, peer = pair()
        c:event(function(s) trace(s:read()) end)
        c = nil
        collectgarbage() collectgarbage()
        local active = select(2, ba.socket.stat())
        peer:write "still here"
        await(function() return select(2, ba.socket.stat()) < active end)
    """) == ["still here"]


def test_a_disabled_cosocket_that_nobody_refers_to_is_collected() -> None:
    """Then its peer reads the end."""
    assert traced("""
        local c, peer = pair()
        c:event(function(s) s:disable() end)
        c = nil
        ba.sleep(1) -- while a socket's event wakes this cell, the runtime holds that socket
        collectgarbage() collectgarbage()
        trace(peer:read(2000))
    """) == ["nil\tsocketreadfailed"]


def test_a_blocking_socket_that_nobody_refers_to_is_closed() -> None:
    """By the garbage collector."""
    assert traced("""
        local c, peer = pair()
        c = nil
        ba.sleep(1) -- while a socket's event wakes this cell, the runtime holds that socket
        collectgarbage() collectgarbage()
        trace(peer:read(2000))
    """) == ["nil\tsocketreadfailed"]


# ---------------------------------------------------------------- a lost connection

LOSSES = {
    "read": """
        local c, peer = pair()
        local s = c
        c:event(function(s) trace(s:read()) LOST(s) end)
        peer:close()
    """,
    "read after data": """
        local c, peer = pair()
        local s = c
        peer:write "last words"
        peer:close()
        c:event(function(s) s:read() trace(s:read()) LOST(s) end)
    """,
    "connect": """
        local port = refused_port()
        local s = ba.socket.event(function(s) trace(ba.socket.connect("127.0.0.1", port)) LOST(s) end)
    """,
    "accept": """
        local s = ba.socket.bind(0)
        s:event(function(s) trace(s:accept()) LOST(s) end)
        s:close()
    """,
    "read closed by others": """
        local s = pair()
        s:event(function(s) trace(s:read()) LOST(s) end)
        s:close()
    """,
}
REASONS = {
    "read": "nil\tsocketreadfailed",
    "read after data": "nil\tsocketreadfailed",
    "connect": "nil\tcannotconnect",
    "accept": "nil\tsocketclosed",
    "read closed by others": "nil\tsocketclosed",
}


def _after_loss(how: str, then: str) -> list[str]:
    """Loses a connection, runs `then` in its cosocket `s`, and returns what was traced after the loss."""
    texts = traced(
        f"local over function LOST(s) {then} over = true end {LOSSES[how]}"
        "await(function() local state = s:state() return over or state == 'notcon' end)"
        "trace('end', s:state())"
    )
    assert texts[0] == REASONS[how]
    return texts[1:]


@pytest.mark.parametrize("how", LOSSES)
def test_a_cosocket_runs_on_after_its_connection_was_lost(how: str) -> None:
    """What does not wait works, and it may end in its own time."""
    assert _after_loss(how, "trace(s:state()) trace(pcall(s.write, s, 'x')) trace(s:owner())") == [
        "exec\tfalse",
        "false\tInvalid op:  on listen socket" if how == "accept" else "true\tnil\tsocketwritefailed",
        "true",
        "end\tterminated\tfalse",
    ]


@pytest.mark.parametrize("how", LOSSES)
def test_a_cosocket_that_waits_again_after_a_loss_is_abandoned(how: str) -> None:
    """The call never returns, nothing after it runs, and the state says notcon."""
    assert _after_loss(how, "s:disable() trace 'never'") == ["end\tnotcon\tfalse"]


@pytest.mark.parametrize("how", [how for how in LOSSES if how != "accept"])
def test_the_second_read_after_a_loss_raises(how: str) -> None:
    """One more answers socketreadfailed: the one that noticed the loss does not count."""
    assert _after_loss(how, "trace(s:read()) trace(pcall(s.read, s))") == [
        "nil\tsocketreadfailed",
        "false\tInvalid op: : Socket closed",
        "end\tterminated\tfalse",
    ]


@pytest.mark.parametrize("how", LOSSES)
@pytest.mark.parametrize("call", ["connect('127.0.0.1', 1)", "bind(0)", "udpcon()"])
def test_a_lost_socket_is_still_in_use(how: str, call: str) -> None:
    """Until it is closed, it cannot become something else."""
    assert _after_loss(how, f"trace(ba.socket.{call})") == ["nil\tincorrectuse", "end\tterminated\tfalse"]


@pytest.mark.parametrize("how", LOSSES)
def test_a_cosocket_that_connects_again_after_a_loss_is_abandoned(how: str) -> None:
    """Although it closed the socket before."""
    then = "s:close() ba.socket.connect('127.0.0.1', 1) trace 'never'"
    assert _after_loss(how, then) == ["end\tnotcon\tfalse"]


@pytest.mark.parametrize("how", LOSSES)
def test_the_first_close_after_a_loss_is_true(how: str) -> None:
    """The loss was not the program's doing, so its own close still counts as one."""
    assert _after_loss(how, "trace(s:close()) trace(s:close())") == [
        "true", "false", "end\tterminated\tfalse",
    ]  # fmt: skip


def test_an_abandoned_cosocket_leaves_the_others_alone() -> None:
    """An accept loop that does not leave on nil ends by itself, and a note tells about it."""
    recorder = run_well("""
        local c, peer = pair()
        c:event(function(s) trace(s:read()) end)
        local b = ba.socket.bind(0)
        b:event(function(l) while true do l:accept() end end)
        b:close()
        trace(b:state())
        peer:write "hello"
        await(function() return c:state() == "terminated" end)
    """)
    assert recorder.traced == ["notcon\tfalse", "hello"]
    assert len(recorder.notes) == 1
    assert recorder.faults == []


def test_a_timeout_is_no_loss() -> None:
    """A cosocket may wait again as often as it likes."""
    assert traced("""
        local c, peer = pair()
        c:event(function(s)
          trace(s:read(1))
          trace(s:read(1))
          trace(s:read())
        end)
        ba.sleep(20)
        peer:write "data"
        await(function() return c:state() == "terminated" end)
    """) == ["nil\ttimeout", "nil\ttimeout", "data"]


# ---------------------------------------------------------------- one's own close


def test_a_cosocket_may_connect_again_after_its_own_close() -> None:
    """Any number of times, and it is the same object every time."""
    assert (
        traced("""
        local _, port = listen(function(s) s:write "welcome" end)
        local done
        ba.socket.event(function(s)
          for i = 1, 3 do
            trace(rawequal(ba.socket.connect("127.0.0.1", port), s), s:state())
            trace(s:read())
            trace(s:close(), s:state())
          end
          done = true
        end)
        await(function() return done end)
    """)
        == ["true\texec\ttrue", "welcome", "true\texec\tfalse"] * 3
    )


def test_a_cosocket_may_become_something_else_after_its_own_close() -> None:
    """A connection, then a listener, then a UDP socket."""
    assert traced("""
        local _, port = listen(function(s) s:write "welcome" end)
        local done
        ba.socket.event(function(s)
          ba.socket.connect("127.0.0.1", port)
          s:close()
          trace(rawequal(ba.socket.bind(0), s), (s:sockname()))
          s:close()
          trace(rawequal(ba.socket.udpcon("127.0.0.1", port), s), s:write "x")
          s:close()
          trace(rawequal(ba.socket.connect("127.0.0.1", port), s), s:read())
          done = true
        end)
        await(function() return done end)
    """) == ["true\t127.0.0.1", "true\ttrue", "true\twelcome"]


# ---------------------------------------------------------------- closed by somebody else

WAITS = {
    "read": ("local s = pair()", "s:read()"),
    "read(ms)": ("local s = pair()", "s:read(60000)"),
    "idle read(ms)": ("", "s:read(60000)"),
    "accept": ("local s = ba.socket.bind(0)", "s:accept()"),
    "disable": ("local s = pair()", "s:disable()"),
    "idle disable": ("", "s:disable()"),
    "datagram": ("local s = udp()", "s:read(60000, true)"),
    "connect": ("local _, port = listen(print)", "ba.socket.connect('127.0.0.1', port)"),
}


@pytest.mark.parametrize("wait", WAITS)
def test_close_ends_whatever_a_cosocket_waits_for(wait: str) -> None:
    """At once, inside the close: its call returns nil, socketclosed, and close returns after its end."""
    before, call = WAITS[wait]
    body = f"function(s) trace({call}) trace(s:state()) end"
    start = f"s:event({body})" if before.startswith("local s ") else f"local s = ba.socket.event({body})"
    assert traced(f"{before} {start} trace(s:close()) trace(s:state()) trace(s:close())") == [
        "nil\tsocketclosed", "exec\tfalse", "true", "terminated\tfalse", "false",
    ]  # fmt: skip


# ---------------------------------------------------------------- other coroutines


def test_a_coroutine_inside_a_cosocket_is_not_its_owner() -> None:
    """It has no socket, and may not read the cosocket's."""
    assert traced("""
        local c = pair()
        c:event(function(s)
          local co = coroutine.wrap(function()
            trace(ba.socket.getsock(), s:owner())
            trace(pcall(s.read, s, 1))
            coroutine.yield()
          end)
          co()
          trace(rawequal(ba.socket.getsock(), s), s:owner())
        end)
    """) == ["nil\tfalse", "false\tInvalid op:  when socket is in cosocket mode", "true\ttrue"]


def test_pcall_lets_a_cosocket_wait() -> None:
    """Read, accept, connect, disable: each within pcall and xpcall, and the errors around them."""
    assert traced("""
        local port, s
        local done
        local listener = ba.socket.event(function(l)
          trace(pcall(ba.socket.bind, 0))
          port = select(2, l:sockname())
          local ok, client = pcall(l.accept, l)
          trace(ok, type(client))
          client:write "hello"
          trace(xpcall(l.disable, print, l))
        end)
        s = ba.socket.event(function(s)
          trace(pcall(function()
            ba.socket.connect("127.0.0.1", port)
            local data = s:read()
            error("got " .. data, 0)
          end))
          trace(xpcall(s.read, debug.traceback, s, 1))
          trace(pcall(pcall, pcall, s.read, s, 1))
          done = true
        end)
        await(function() return done end)
        listener:enable("enabled", nil)
    """)[1:] == [
        "true\tuserdata",
        "false\tgot hello",
        "true\tnil\ttimeout",
        "true\ttrue\ttrue\tnil\ttimeout",
        "true\tenabled\tnil",
    ]


def test_an_error_after_a_wait_is_caught_by_pcall() -> None:
    """The pcall that began before the wait still stands."""
    assert traced("""
        local s = ba.socket.event(function(s)
          trace(pcall(function() s:disable() error {1} end))
          trace(xpcall(function() s:disable() error "again" end, function(m) return "handled: " .. m end))
        end)
        s:enable()
        s:enable()
    """)[1:] == ["false\thandled: program:4: again"]


# ---------------------------------------------------------------- s:event


def test_event_turns_a_connection_into_a_cosocket() -> None:
    """Its function gets the same object and the arguments behind op."""
    assert traced("""
        local c = pair()
        trace(c:event(function(s, ...)
          trace(rawequal(s, c), select("#", ...), ...)
          s:disable()
        end, "r", nil, 2, nil))
        trace(c:state())
    """) == ["true\t3\tnil\t2\tnil", "true", "disabled\ttrue"]


@pytest.mark.parametrize("body", ["", "error 'x'", "coroutine.yield()"])
def test_a_connection_whose_function_does_not_wait_has_failed(body: str) -> None:
    """The connection is closed, as at every end of a cosocket."""
    assert traced(f"local c, peer = pair() trace(c:event(function() {body} end)) trace(peer:read(2000))") == [
        "nil\tfailed", "nil\tsocketreadfailed",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("op", "write"),
    [
        ("", "true"), (", nil", "true"), (", 'r'", "true"), (", 'x'", "true"), (", 5", "true"),
        (", ''", "true"), (", 's'", "true\t0"), (", 'stream'", "true\t0"),
    ],
)  # fmt: skip
def test_the_letter_s_makes_writes_queue(op: str, write: str) -> None:
    """Such a write also says how many bytes wait; with any other op it says just true."""
    assert traced(f"local c = pair() c:event(function(s) trace(s:write 'x') end{op})") == [write]


@pytest.mark.parametrize("kind", ["{}", "true", "print"])
def test_an_op_of_another_type_is_refused(kind: str) -> None:
    """Nil and numbers pass."""
    name = {"{}": "table", "true": "boolean", "print": "function"}[kind]
    assert traced(f"local c = pair() trace(pcall(c.event, c, print, {kind}))") == [
        f"false\tbad argument #3 to '?' (string expected, got {name})"
    ]
    assert message_of(f"local c = pair() c:event(print, {kind})") == (
        f"program:1: bad argument #2 to 'event' (string expected, got {name})"
    )


def test_event_wants_a_connection_before_anything_else() -> None:
    """A closed socket is refused whatever the arguments."""
    assert (
        traced("""
        local c = pair()
        c:close()
        trace(c:event())
        trace(c:event(function() trace "never" end))
        local u = ba.socket.event(function(s) s:disable() end)
        trace(u:event(1, {}))
        u:close()
        trace(u:event(print))
    """)
        == ["nil\tinvalidsocketcon"] * 4
    )


@pytest.mark.parametrize("state", ["s:read()", "s:read(60000)", "s:disable()"])
def test_a_socket_has_one_owner(state: str) -> None:
    """Others cannot make it theirs, whatever it waits for."""
    assert (
        traced(f"""
        local c = pair()
        c:event(function(s) {state} end)
        trace(pcall(c.event, c, function() end))
        ba.socket.event(function() trace(pcall(c.event, c, function() end)) end)
    """)
        == ["false\tInvalid op: Already in async/cosocket mode"] * 2
    )


def test_the_error_of_a_second_event_has_the_callers_position() -> None:
    """When it was called directly."""
    assert message_of("local c = pair()\nc:event(function(s) s:read() end)\nc:event(print)") == (
        "program:3: Invalid op: Already in async/cosocket mode"
    )


# ---------------------------------------------------------------- s:event inside its own cosocket


def test_event_in_the_own_cosocket_moves_the_connection_to_a_new_object() -> None:
    """The function gets that object; the old one is dead, and its function goes on."""
    assert traced("""
        local c, peer = pair()
        local new
        c:event(function(s)
          trace("event", s:event(function(n, ...)
            new = n
            trace("new", rawequal(n, s), n:state())
            trace("extras", ...)
            trace("read", n:read())
            trace("write", n:write "answer")
          end, "r", 1, nil))
          trace("old", s:state())
          trace("write", s:write "x")
          trace("name", s:peername())
          trace("read", s:read())
          trace("read", pcall(s.read, s))
        end)
        trace("old", c:state())
        trace("new", new:state())
        peer:write "question"
        trace(peer:read(2000))
        trace(peer:read(2000))
        trace("new", new:state())
    """) == [
        "new\tfalse\texec\ttrue",
        "extras\t1\tnil",
        "event\ttrue",
        "old\texec\tfalse",
        "write\tnil\tsocketwritefailed",
        "name\tnil\tfailed",
        "read\tnil\tsocketreadfailed",
        "read\tfalse\tInvalid op: : Socket closed",
        "old\tterminated\tfalse",
        "new\tread\ttrue",
        "read\tquestion",
        "write\ttrue",
        "answer",
        "nil\tsocketreadfailed",
        "new\tterminated\tfalse",
    ]


def test_a_moved_connection_takes_what_has_arrived_with_it() -> None:
    """Data that nobody has read yet, and the mode of its writes."""
    assert traced("""
        local c, peer = pair()
        peer:write "first"
        c:event(function(s)
          s:read()
          peer:write "second"
          ba.sleep(20)
          s:event(function(n) trace(n:read()) trace(n:write "x") end, "s")
        end)
        trace(peer:read(2000))
    """) == ["second", "true\t0", "x"]


def test_a_listener_moves_too() -> None:
    """The new object accepts, and the old function may end without harm."""
    assert traced("""
        local b = ba.socket.bind(0)
        local _, port = b:sockname()
        local function serve(n)
          n:accept():write "hi"
          n:disable()
        end
        b:event(function(l) trace(l:event(serve)) end)
        trace(b:state())
        trace(ba.socket.connect("127.0.0.1", port):read(2000))
    """) == ["true", "terminated\tfalse", "hi"]


def test_a_moved_connection_is_closed_when_its_new_function_is_over() -> None:
    """The call says failed, and the old function still goes on."""
    assert traced("""
        local c, peer = pair()
        c:event(function(s) trace(s:event(function() end)) trace(s:state()) end)
        trace(peer:read(2000))
    """) == ["nil\tfailed", "exec\tfalse", "nil\tsocketreadfailed"]


def test_faults_of_cosockets_do_not_stop_the_program() -> None:
    """A hundred failing cosockets are a hundred reports."""
    assert len(faults("for i = 1, 100 do ba.socket.event(function() error(i) end) end")) == 100


def test_a_socket_that_became_a_request_is_closed_and_its_readers_are_told() -> None:
    """`sock2req` (ba-api section 3.8); only its connection goes on, at the page server."""
    assert traced("""
        local c, peer = pair()
        local got
        ba.thread.run(function() got = table.pack(peer:read()) end)
        ba.sleep(1)
        trace(ba.socket.sock2req(peer))
        trace(peer:state())
        await(function() return got end)
        trace(table.unpack(got, 1, got.n))
        trace(peer:write "x")
        trace(peer:read())
        trace(pcall(peer.read, peer))
        c:write "GET /none HTTP/1.0\\r\\nHost: localhost\\r\\n\\r\\n"
        trace((c:read(5000):match "^[^\\r]*"))
    """) == [
        "",
        "notcon\tfalse",
        "nil\tsocketclosed",
        "nil\tsocketwritefailed",
        "nil\tsocketreadfailed",
        "false\tInvalid op: : Socket closed",
        "HTTP/1.1 404 Not Found",
    ]
