"""LuaSocket's udp objects, select and dns."""

from __future__ import annotations

from ._programs import message_of, session, traced


def test_datagrams_go_between_an_unconnected_and_a_connected_object() -> None:
    """receivefrom tells the sender, sendto answers it, and a connected one hears only its peer."""
    assert traced("""
        local socket = require "socket"
        local server, client, other = socket.udp(), socket.udp(), socket.udp()
        trace(server:setsockname("127.0.0.1", 0), tostring(server):match "^[^:]+")
        local _, port = server:getsockname()
        trace(client:setpeername("127.0.0.1", port), tostring(client):match "^[^:]+")
        trace(client:send "question")
        local data, ip, from = server:receivefrom()
        local _, own = client:getsockname()
        trace(data, ip, from == own)
        other:sendto("not for you", ip, from)
        trace(server:sendto("answer", ip, from))
        trace(client:receive())
        client:settimeout(0.01)
        trace(client:receive())
    """) == [
        "1\tudp{unconnected}",
        "1\tudp{connected}",
        "8",
        "question\t127.0.0.1\ttrue",
        "6",
        "answer",
        "nil\ttimeout",
    ]


def test_a_datagram_is_cut_to_the_asked_size_and_may_be_empty() -> None:
    """One call, one datagram."""
    assert traced("""
        local socket = require "socket"
        local a, b = socket.udp(), socket.udp()
        a:setsockname("127.0.0.1", 0)
        b:setpeername(a:getsockname())
        b:send "abcdef" b:send "" b:send "x"
        trace(a:receive(3)) trace(a:receive()) trace(a:receive())
    """) == ["abc", "", "x"]


def test_a_refused_datagram_leaves_the_object_usable() -> None:
    """Nobody listens there; the next peer may."""
    assert traced("""
        local socket = require "socket"
        local a, b = socket.udp(), socket.udp()
        a:setsockname("127.0.0.1", 0)
        local _, gone = a:getsockname()
        a:close()
        b:setpeername("127.0.0.1", gone)
        b:send "x"
        trace(b:receive())
        local c = socket.udp()
        c:setsockname("127.0.0.1", 0)
        trace(b:setpeername(c:getsockname()))
        b:send "y"
        trace(c:receive())
        trace(b:close(), b:receive())
    """) == ["nil\tconnection refused", "1", "y", "1\tnil\tclosed"]


def test_the_class_decides_which_calls_there_are() -> None:
    """sendto for unconnected ones, send for connected ones."""
    assert message_of("require 'socket'.udp():send 'x'").endswith(
        "calling 'send' on bad self (udp{connected} expected)"
    )


def test_select_tells_which_sockets_have_something() -> None:
    """Listeners, connections and datagrams; by number and by object."""
    assert traced("""
        local socket = require "socket"
        local server, u, v = socket.bind("127.0.0.1", 0), socket.udp(), socket.udp()
        u:setsockname("127.0.0.1", 0)
        v:setpeername(u:getsockname())
        local all = {server, u}
        local r, w, err = socket.select(all, nil, 0)
        trace(#r, #w, err)
        v:send "x"
        r, w, err = socket.select(all, nil, 5)
        trace(#r, r[1] == u, r[u], r[server], err)
        local _, port = server:getsockname()
        local client = socket.connect("127.0.0.1", port)
        trace(u:receive())
        r = socket.select(all, {v}, 5)
        r = socket.select(all, nil, 5)
        trace(#r, r[1] == server)
        local peer = server:accept()
        client:send "one\\ntwo\\n"
        r, w = socket.select({peer, server}, {peer}, 5)
        trace(w[peer], #w)
        r = socket.select({peer, server}, nil, 5)
        trace(r[1] == peer, peer:receive())
        r = socket.select({peer}, nil, 5) -- the second line is there already
        trace(r[1] == peer, peer:receive())
        client:close()
        r = socket.select({peer}, nil, 5)
        trace(r[1] == peer, peer:receive())
    """) == [
        "0\t0\ttimeout",
        "1\ttrue\t1\tnil\tnil",
        "x",
        "1\ttrue",
        "1\t1",
        "true\tone",
        "true\ttwo",
        "true\tnil\tclosed\t",
    ]


def test_select_waits_for_a_full_queue_to_drain() -> None:
    """Writable again when what was given to it has gone."""
    assert traced("""
        local socket = require "socket"
        local server = socket.bind("127.0.0.1", 0)
        local _, port = server:getsockname()
        local client = socket.connect("127.0.0.1", port)
        local peer = server:accept()
        client:settimeout(0)
        local _, err
        repeat _, err = client:send(("x"):rep(65536)) until err
        local _, w, reason = socket.select(nil, {client}, 0)
        trace(err, #w, reason)
        ba.socket.event(function() peer:receive(8 << 20) end)
        _, w = socket.select(nil, {client}, 5)
        trace(w[1] == client)
    """) == ["timeout\t0\ttimeout", "true"]


def test_a_select_server_runs_in_a_cell() -> None:
    """The usual loop over a list of sockets, with two clients in cosockets."""
    assert traced("""
        local socket = require "socket"
        local server = socket.bind("127.0.0.1", 0)
        local _, port = server:getsockname()
        local answers = {}
        for i = 1, 2 do
          ba.socket.event(function(s)
            ba.socket.connect("127.0.0.1", port)
            s:write("c" .. i .. "\\n")
            local answer = s:read()
            answers[#answers + 1] = answer
          end)
        end
        local all, left = {server}, 2
        while left > 0 do
          for _, s in ipairs((socket.select(all, nil))) do
            if s == server then
              all[#all + 1] = server:accept()
            else
              local line = s:receive()
              if line then s:send(line:upper()) end
              s:close()
              for i = #all, 1, -1 do if all[i] == s then table.remove(all, i) end end
              left = left - 1
            end
          end
        end
        await(function() return #answers == 2 end)
        table.sort(answers)
        trace(table.concat(answers, " "))
    """) == ["C1 C2"]


def test_a_socket_that_is_ready_does_not_hide_the_others() -> None:
    """One that can always be written, or has something left to read; a closed one is ignored."""
    assert traced("""
        local socket = require "socket"
        local server = socket.bind("127.0.0.1", 0)
        local _, port = server:getsockname()
        local client = socket.connect("127.0.0.1", port)
        local peer = server:accept()
        local second = socket.connect("127.0.0.1", port)
        local r, w = socket.select({server, client}, {client}, 5)
        trace(r[server], w[client])
        peer:send "left\\n"
        socket.select({client}, nil, 5)
        r = socket.select({client, server}, nil, 5)
        trace(r[client], r[server])
        client:close()
        trace(#socket.select({client}, {client}, 0.01))
    """) == ["1\t1", "1\t2", "0"]


def test_select_takes_only_sockets_of_its_own() -> None:
    """A socket of `ba.socket` has another way to wait."""
    assert message_of("require 'socket'.select({ba.socket.udpcon()})") == (
        "program:1: bad argument #1 to 'select' (a table of sockets expected)"
    )


def test_names_are_resolved() -> None:
    """To an address, and what is known of the name; the time has a fraction."""
    assert traced("""
        local socket = require "socket"
        local ip, info = socket.dns.toip "localhost"
        trace(ip, info.name, info.ip[1])
        trace(socket.dns.toip "no.such.host.invalid")
        trace((socket.dns.tohostname "127.0.0.1"), socket.dns.tohostname "192.0.2.1")
        trace(socket.dns.getaddrinfo("127.0.0.1")[1].family)
        trace(math.abs(socket.gettime() - os.time()) < 2, math.type(socket.gettime()))
    """) == [
        "127.0.0.1\tlocalhost\t127.0.0.1",
        "nil\thost not found",
        "localhost\tnil\thost not found",
        "inet",
        "true\tfloat",
    ]


def test_an_interrupt_ends_a_cells_wait_and_leaves_its_sockets() -> None:
    """As it does for the API's own calls."""
    with session() as fresh:
        fresh.run("server = require 'socket'.bind('127.0.0.1', 0)")
        ended = fresh.start("trace 'waiting' server:accept()")
        fresh.recorder.wait_for_trace("waiting")
        fresh.runtime.interrupt()
        error = ended().error
        assert error is not None
        assert error.kind == "interrupt"
        assert fresh.value("server:settimeout(0)") == "1"
        assert fresh.value("server:accept()") == "nil\t'timeout'".replace("'", '"')
