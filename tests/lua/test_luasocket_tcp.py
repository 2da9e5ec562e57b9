"""LuaSocket's tcp objects, as tutorials use them: servers, clients, patterns, timeouts."""

from __future__ import annotations

import pytest

from ._programs import message_of, run_well, traced

# Both ends of a connection in one cell: `client` and `served`, and the server and its port.
PAIR = """
local socket = require "socket"
local server = assert(socket.bind("127.0.0.1", 0))
local _, port = server:getsockname()
local client = assert(socket.connect("127.0.0.1", port))
local served = assert(server:accept())
"""


def of_pair(source: str) -> list[str]:
    """What a program traces that begins with both ends of a connection."""
    return traced(PAIR + source)


# ---------------------------------------------------------------- programs as in the documentation

ECHO = """
local socket = require "socket"
local server = assert(socket.bind("*", 0))
local ip, port = server:getsockname()
CLIENTS
for _ = 1, 2 do
  local client = server:accept()
  client:settimeout(10)
  local line, err = client:receive()
  if not err then client:send(line .. "\\n") end
  client:close()
end
"""


def test_an_echo_server_in_a_cell_serves_clients_that_are_cosockets() -> None:
    """The server of LuaSocket's introduction; while it waits, the cosockets go on."""
    clients = """
    for i = 1, 2 do
      ba.socket.event(function(s)
        ba.socket.connect("127.0.0.1", port)
        s:write("line " .. i .. "\\r\\nmore")
        trace(s:read())
        count = (count or 0) + 1
      end)
    end
    """
    assert traced(ECHO.replace("CLIENTS", clients) + "await(function() return count == 2 end)") == [
        "line 1\n",
        "line 2\n",
    ]


def test_luasocket_waits_in_a_cosocket_without_holding_up_anybody() -> None:
    """A server and clients, each a cosocket with sockets of LuaSocket's; the cell only looks on."""
    assert traced(
        """
        local socket = require "socket"
        local server = socket.bind("127.0.0.1", 0)
        local _, port = server:getsockname()
        local count = 0
        ba.socket.event(function()
          while true do
            local peer = server:accept()
            ba.socket.event(function()
              local line = peer:receive()
              while line do
                peer:send(line:upper() .. "\\n")
                line = peer:receive()
              end
            end)
          end
        end)
        trace "the cell goes on"
        for i = 1, 3 do
          ba.socket.event(function()
            local a, b = socket.connect("127.0.0.1", port), socket.connect("127.0.0.1", port)
            a:send("a" .. i .. "\\n") b:send("b" .. i .. "\\n")
            local answers = {a:receive(), b:receive()}
            count = count + (answers[1] == "A" .. i and answers[2] == "B" .. i and 1 or 0)
            a:close() b:close()
          end)
        end
        trace(count)
        await(function() return count == 3 end)
        trace(count)
        """
    ) == ["the cell goes on", "0", "3"]


def test_a_cell_is_held_up_by_its_own_wait_only() -> None:
    """sleep in a cosocket does not stop whoever has started it."""
    assert traced(
        """
        local socket = require "socket"
        local order = {}
        ba.socket.event(function() socket.sleep(0.01) order[#order + 1] = "cosocket" end)
        order[#order + 1] = "cell"
        await(function() return #order == 2 end)
        trace(table.concat(order, " "))
        """
    ) == ["cell cosocket"]


# ---------------------------------------------------------------- receive

PATTERNS = {
    "a line is what comes before the line feed, without carriage returns": (
        'served:send("one\\r\\ntw\\ro\\nthree") served:close()',
        "client:receive(), client:receive '*l', client:receive 'l'",
        "one\ttwo\tnil\tclosed\tthree",
    ),
    "so many bytes come, whatever they are": (
        'served:send("12\\r\\n567") served:close()',
        "client:receive(5), client:receive(0), client:receive(9)",
        "12\r\n5\t\tnil\tclosed\t67",
    ),
    "all comes at the end, and after it nothing": (
        'served:send("a\\nb") served:close()',
        "client:receive '*a', client:receive '*a'",
        "a\nb\tnil\tclosed\t",
    ),
    "a prefix is put before, and counts": (
        'served:send("cdef\\n") served:close()',
        "client:receive(4, 'ab'), client:receive('*l', '+')",
        "abcd\t+ef",
    ),
    "a prefix comes back with what was there": (
        "served:close()",
        "client:receive('*l', 'before')",
        "nil\tclosed\tbefore",
    ),
}


@pytest.mark.parametrize("name", PATTERNS)
def test_receive(name: str) -> None:
    """The patterns; calls one after the other, of which only the last shows all its results."""
    before, calls, result = PATTERNS[name]
    shown = of_pair(f"{before} trace({calls})")
    assert "\n".join(shown) == result


def test_a_partial_line_is_given_back_and_not_kept() -> None:
    """So that programs put it before the next call, as the documentation shows."""
    assert of_pair("""
        served:send "par"
        client:settimeout(0.01)
        local line, err, partial = client:receive()
        trace(line, err, partial)
        served:send "t\\n"
        client:settimeout(nil)
        trace(client:receive("*l", partial))
    """) == ["nil\ttimeout\tpar", "part"]


def test_a_long_answer_comes_whole() -> None:
    """A megabyte in both directions, while nobody reads at first."""
    assert of_pair("""
        local text = ("0123456789abcdef"):rep(65536)
        ba.socket.event(function()
          client:send(text)
          client:shutdown "send"
          count = #client:receive(#text)
        end)
        local all = served:receive "*a"
        trace(all == text)
        served:send(all)
        await(function() return count end)
        trace(count)
    """) == ["true", "1048576"]


def test_what_is_sent_is_there_after_an_immediate_close() -> None:
    """With a timeout of 0 the system may take less than the program gives; the rest goes out all the same."""
    assert of_pair("""
        local text = ("x"):rep(65536)
        client:settimeout(0)
        local sent, err, upto = 0
        repeat
          sent, err, upto = client:send(text)
        until err
        trace(err, upto)
        client:close()
        local got = #served:receive "*a"
        trace(got > 65536, got % 65536)
    """) == ["timeout\t0", "true\t0"]


# ---------------------------------------------------------------- timeouts and errors


def test_a_timeout_of_zero_takes_only_what_is_there() -> None:
    """accept and receive; what has arrived in the system counts as there."""
    assert of_pair("""
        server:settimeout(0)
        trace(server:accept())
        client:settimeout(0)
        trace(client:receive())
        served:send "x\\n"
        await(function() return client:receive(0) == "" end)
        client:settimeout(1)
        trace(client:receive())
    """) == ["nil\ttimeout", "nil\ttimeout\t", "x"]


def test_a_timeout_of_zero_sees_what_has_just_come() -> None:
    """Also in a turn of the loop that has taken something else: a poll comes before the wait ends."""
    assert of_pair("""
        served:send "there\\n"
        local second = socket.connect("127.0.0.1", port)
        server:settimeout(0) client:settimeout(0)
        trace(type(server:accept()), client:receive())
        ba.socket.event(function()
          served:send "again\\n"
          socket.connect("127.0.0.1", port)
          trace(type(server:accept()), client:receive())
        end)
        ba.sleep(50)
    """) == ["userdata\tthere", "userdata\tagain"]


def test_a_total_timeout_counts_from_the_beginning_of_the_call() -> None:
    """Mode "t" ends a call that gets a byte now and then; mode "b", each wait for itself, does not."""
    assert of_pair("""
        ba.socket.event(function() for _ = 1, 8 do served:send "." socket.sleep(0.02) end served:close() end)
        client:settimeout(0.06, "t")
        local _, err, some = client:receive(8)
        trace(err, #some < 8, client:gettimeout())
        client:settimeout(-1, "t")
        client:settimeout(10)
        trace(some .. client:receive "*a")
    """) == ["timeout\ttrue\t-1\t0.06", "........"]


def test_a_total_timeout_of_zero_is_over_at_once() -> None:
    """It does not become one without an end."""
    assert of_pair("client:settimeout(0, 't') trace(client:receive())") == ["nil\ttimeout\t"]


def test_errors_have_luasockets_words() -> None:
    """Of the network nil and a reason."""
    assert traced("""
        local socket = require "socket"
        trace(socket.connect("127.0.0.1", refused_port()))
        trace(socket.connect("no.such.host.invalid", 80))
        trace(socket.bind("no.such.host.invalid", 0))
        local server = socket.bind("127.0.0.1", 0)
        local _, port = server:getsockname()
        trace(socket.bind("127.0.0.1", port))
        server:close()
        trace(server:accept())
        trace(server:close(), server:getsockname())
    """) == [
        "nil\tconnection refused",
        "nil\thost not found",
        "nil\thost not found",
        "nil\taddress already in use",
        "nil\tclosed",
        "1\tnil\tclosed",
    ]


def test_a_wrong_call_raises_where_it_was_made() -> None:
    """In the words that LuaSocket's auxiliary functions have."""
    start = "local socket = require 'socket' local t = socket.tcp() "
    assert message_of(start + "t:send 'x'") == "program:1: calling 'send' on bad self (tcp{client} expected)"
    assert (
        message_of(start + "t:accept()") == "program:1: calling 'accept' on bad self (tcp{server} expected)"
    )
    assert message_of(start + "t:receive '*x'").endswith("(tcp{client} expected)")
    assert message_of(start + "t:settimeout(1, 'x')") == (
        "program:1: bad argument #2 to 'settimeout' (invalid timeout mode)"
    )
    assert message_of(start + "t:setoption('none', true)") == (
        "program:1: bad argument #1 to 'setoption' (unsupported option `none')"
    )
    assert message_of("require 'socket'.connect()") == (
        "program:1: bad argument #1 to 'connect' (string expected, got no value)"
    )


def test_a_connection_can_be_begun_and_looked_at_later() -> None:
    """connect with a timeout of 0, select for writing, connect once more: as documented."""
    assert traced("""
        local socket = require "socket"
        local server = socket.bind("127.0.0.1", 0)
        local _, port = server:getsockname()
        local c = socket.tcp()
        c:settimeout(0)
        local ok, err = c:connect("127.0.0.1", port) -- the loopback may be as quick as that
        trace(ok == 1 or err == "timeout")
        local _, writable = socket.select(nil, {c}, 5)
        trace(writable[1] == c, writable[c])
        trace(ok == 1 or c:connect("127.0.0.1", port) == 1)
        trace(c:connect("127.0.0.1", port))
        c:send "through\\n"
        trace(server:accept():receive())
    """) == ["true", "true\t1", "true", "nil\talready connected", "through"]


# ---------------------------------------------------------------- the objects


def test_an_object_is_userdata_that_tells_its_class() -> None:
    """As LuaSocket's; the class changes as the object does."""
    assert of_pair("""
        local function class(object) return type(object) .. " " .. tostring(object):match "^[^:]+" end
        trace(class(socket.tcp()), class(client), class(served), class(server))
    """) == ["userdata tcp{master}\tuserdata tcp{client}\tuserdata tcp{client}\tuserdata tcp{server}"]


def test_names_options_and_counters() -> None:
    """Ports are numbers, families are named, options stay, bytes are counted."""
    assert of_pair("""
        local ip, own, family = client:getsockname()
        trace(ip, math.type(own), family)
        local peer_ip, peer_port = served:getpeername()
        trace(peer_ip, peer_port == own, server:getpeername())
        trace(client:setoption("tcp-nodelay", true))
        trace(client:getoption "tcp-nodelay", client:getoption "keepalive")
        client:send "12345" served:receive(5)
        local received, sent = client:getstats()
        trace(received, sent, (served:getstats()))
    """) == ["127.0.0.1\tinteger\tinet", "127.0.0.1\ttrue\tnil\tnot connected", "1", "true\tfalse", "0\t5\t5"]


def test_shutdown_tells_the_peer_that_nothing_more_will_come() -> None:
    """And its answer is still read."""
    assert of_pair("""
        client:send "question"
        trace(client:shutdown "send")
        served:send(served:receive "*a" .. " answered")
        served:close()
        trace(client:receive "*a")
    """) == ["1", "question answered"]


def test_a_socket_that_nobody_refers_to_is_closed() -> None:
    """Its peer hears of it."""
    assert of_pair("""
        served = nil
        ba.sleep(1)
        collectgarbage() collectgarbage()
        trace(client:receive())
    """) == ["nil\tclosed\t"]


def test_any_address_is_the_loopback_and_the_program_is_told_once() -> None:
    """Every tutorial writes `*`; a notebook must not open a port to the network by that."""
    recorder = run_well("""
        local socket = require "socket"
        trace((socket.bind("*", 0):getsockname()))
        trace((socket.bind("*", 0):getsockname()))
    """)
    assert recorder.traced == ["127.0.0.1", "127.0.0.1"]
    assert [note for note in recorder.notes if '"0.0.0.0"' in note] == recorder.notes
    assert len(recorder.notes) == 1


def test_data_that_comes_while_a_write_waits_is_not_taken_for_its_end() -> None:
    """After a read whose time was up; on the API's own sockets as well, which share this."""
    assert traced("""
        local client, peer = pair()
        client:read(50)
        local text = ("x"):rep(8 << 20)
        local t = ba.timer(function() peer:write "early" end)
        t:set(60)
        ba.socket.event(function(s) s:read(150) peer:event(function(p)
          local left = #text
          while left > 0 do left = left - #p:read() end
        end) end)
        trace(client:write(text))
        trace(client:read())
    """) == ["true", "early"]
