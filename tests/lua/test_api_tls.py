"""TLS connections: what is agreed upon, trusted, read, written, upgraded and closed (ba-api section 5)."""

from __future__ import annotations

import socket

import pytest

from ._tls import tls_session, traced

# ---------------------------------------------------------------- certificates and trust


def test_certificate_shows_the_chain() -> None:
    """The issuer is as sent, and above it the one from the store; without a store the chain just ends."""
    assert traced("""
        local function names(t)
          local all = {}
          while t do all[#all + 1], t = t.subject.commonname, t.parent end
          return table.concat(all, " < ")
        end
        for _, own in ipairs {client_context "ca", client_context(), client_context "otherca"} do
          local c = tls_pair(server_context "chain", own)
          local t, known = c:certificate()
          trace(names(t), known)
        end
        local t = (tls_pair(server_context "selfsigned")):certificate()
        trace(names(t), t.subject.countryname == "", t.issuer.unit == "", t.tzfrom, t.tzto, t.san[1])
        t = (tls_pair(server_context "ipcn", client_context "ca")):certificate()
        trace(names(t), t.san)
    """) == [
        "leaf.test < Vector Intermediate < Vector Root CA\ttrue", "leaf.test < Vector Intermediate\tfalse",
        "leaf.test < Vector Intermediate\tfalse",
        "localhost\ttrue\ttrue\t200102030405Z\t450304060708Z\tlocalhost", "127.0.0.1 < Vector Root CA\tnil",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "result"),
    [
        ("localhost", "true"), ("LOCALHOST", "true"), ("server.test", "true"), ("example.test", "true"),
        ("a.wild.test", "true"), ("wild.test", "true"), ("A.WILD.TEST", "true"),
        ("b.a.wild.test", "nil\tcert"),
        ("*.wild.test", "true"), ("127.0.0.1", "nil\tcert"), ("", "nil\tcert"), ("nomatch.test", "nil\tcert"),
    ],
)  # fmt: skip
def test_trusted_compares_names(name: str, result: str) -> None:
    """Case is ignored, the common name counts, a wildcard covers one label or none, addresses never match."""
    assert traced(f"""
        local c = tls_pair(nil, client_context "ca")
        trace(c:trusted "{name}")
    """) == [result]


def test_trusted_asks_about_the_host_that_was_called() -> None:
    """By name it matches, by address not; a server has called nobody."""
    assert traced("""
        local peer
        local _, port = listen_tls(function(s) peer = s s:event(function(s) s:read() end) end)
        for _, host in ipairs {"localhost", "127.0.0.1"} do
          local c = ba.socket.connect(host, port, {shark = client_context "ca"})
          trace(c:trusted())
          trace(c:trusted "localhost", c:trusted(nil))
        end
        trace(peer:trusted())
    """) == [
        "true", "true\ttrue", "nil\tcert", "true\tnil\tcert", "nil\tnone",
    ]  # fmt: skip


def test_a_client_may_show_a_certificate() -> None:
    """A server with a store asks for one and takes any; without one of the client's there is none."""
    assert traced("""
        local server = server_context("server", store "ca")
        local own = client_context "ca"
        own:addcert(ba.create.sharkcert(pem "client.pem", pem "client.key"))
        local c, peer = tls_pair(server, own)
        local t, known = peer:certificate()
        trace(t.subject.commonname, known, peer:trusted "client.test")
        c, peer = tls_pair(server)
        trace(peer:certificate())
        trace(peer:trusted "client.test")
        c, peer = tls_pair(server_context(), own)
        trace(peer:certificate())
    """) == ["client.test\ttrue\ttrue", "nil\tfalse", "nil\tnone", "nil\tfalse"]


def test_both_ends_tell_the_same_cipher() -> None:
    """In the documented words; a server's before the handshake is unknown."""
    assert traced("""
        local peer, connected = tls_accepted()
        trace(peer:cipher())
        trace(peer:certificate())
        peer:write "x"
        local suite, version = connected():cipher()
        local other, same = peer:cipher()
        trace(suite == other and version == same, suite:find "^[A-Z0-9_]+$" ~= nil, version)
    """) == ["UNKNOWN\tUNKNOWN", "nil\tfalse", "true\ttrue\tTLS_1_2"]


def test_a_session_is_resumed_and_released() -> None:
    """With a server that gives sessions; the second handshake is short, after relsession it is full again."""
    assert traced("""
        local context = ba.create.sharkssl(nil, {server = true, cachesize = 10})
        context:addcert(ba.create.sharkcert(pem "server.pem", pem "server.key"))
        local _, port = listen_tls(function(s) s:event(function(s) s:write "x" s:read() end) end, context)
        local own = client_context "ca"
        for turn = 1, 3 do
          local c = ba.socket.connect("localhost", port, {shark = own})
          c:read(5000)
          trace(c:isresumed(), c:trusted())
          if turn == 2 then trace(c:relsession(), c:relsession()) end
          c:close()
        end
    """) == ["false\ttrue", "true\ttrue", "true\tfalse", "false\ttrue"]


# ---------------------------------------------------------------- peers that do not speak TLS


@pytest.mark.parametrize("mode", ["nil", "'s'"])
def test_a_plain_client_fails_the_servers_first_read(mode: str) -> None:
    """Accept succeeds; the read says what happened, and the client gets an alert or the end."""
    assert traced(f"""
        local _, port = listen_tls(function(s)
          s:event(function(s) trace(s:read()) trace(s:state()) end, {mode})
        end)
        local c = ba.socket.connect("127.0.0.1", port)
        c:write "GET / HTTP/1.0\\r\\n\\r\\n"
        repeat until not c:read(5000)
    """) == ["nil\tsocketwritefailed", "exec\tfalse"]


def test_a_plain_client_fails_a_blocking_read_and_a_write() -> None:
    """Also when the server writes first, and waits for that."""
    assert (
        traced("""
        for _, call in ipairs {"read", "write"} do
          local peer
          local l, port = listen_tls(function(s) peer = s end)
          local c = ba.socket.connect("127.0.0.1", port)
          await(function() return peer end)
          c:write "hello, are you there?"
          trace(peer[call](peer, call == "write" and "x" or nil))
          trace(peer:state())
        end
    """)
        == ["nil\tsocketwritefailed", "notcon\tfalse"] * 2
    )


@pytest.mark.parametrize(
    ("serve", "reason"),
    [
        ("s:write 'HTTP/1.0 400 nope\\r\\n\\r\\n' s:read(5000)", "socketwritefailed"),
        ("s:close()", "socketreadfailed"), ("s:read(5000) s:close()", "socketreadfailed"),
    ],
)  # fmt: skip
def test_connect_tells_what_a_plain_server_did(serve: str, reason: str) -> None:
    """The same for blocking callers and cosockets, and for an upgrade, which closes the socket."""
    assert traced(f"""
        local _, port = listen(function(s) s:event(function(s) {serve} end) end)
        trace(ba.socket.connect("127.0.0.1", port, {{shark = client_context()}}))
        local over
        ba.socket.event(function(s)
          trace(ba.socket.connect("127.0.0.1", port, {{shark = client_context()}}))
          trace(s:state())
          over = true
        end)
        await(function() return over end)
        local c = ba.socket.connect("127.0.0.1", port)
        trace(c:upgrade(client_context()))
        trace(c:state())
    """) == [f"nil\t{reason}", f"nil\t{reason}", "exec\tfalse", f"nil\t{reason}", "notcon\tfalse"]


def test_a_key_that_does_not_fit_fails_the_handshake() -> None:
    """Not the listener: the next client gets the same answer."""
    result = traced("""
        local context = ba.create.sharkssl(nil, {server = true})
        context:addcert(ba.create.sharkcert(pem "server.pem", pem "chain.key"))
        local _, port = listen_tls(function(s) s:event(function(s) trace(s:read()) end) end, context)
        for _ = 1, 2 do
          local c, reason = ba.socket.connect("127.0.0.1", port, {shark = client_context()})
          trace(c, reason)
        end
    """)
    assert sorted(result) == ["nil\tsslalertrecv"] * 2 + ["nil\tsslcryptoerr"] * 2


# ---------------------------------------------------------------- peers that are silent


SILENT = """
    local silent
    local l, port = listen(function(s) silent = s end)
    local own = client_context()
"""


def test_an_explicit_timeout_covers_the_handshake() -> None:
    """The cosocket's connect gives up, and may try another."""
    assert traced(f"""{SILENT}
        local over
        ba.socket.event(function(s)
          trace(ba.socket.connect("127.0.0.1", port, {{shark = own, timeout = 60}}))
          trace(s:state())
          over = true
        end)
        await(function() return over end)
    """) == ["nil\ttimeout", "exec\tfalse"]


def test_the_default_timeout_ends_with_the_connection() -> None:
    """Its deadline is gone once TCP stands; close from elsewhere ends the wait."""
    assert traced(f"""{SILENT}
        local over
        local s = ba.socket.event(function(s)
          trace(ba.socket.connect("127.0.0.1", port, {{shark = own}}))
          over = true
        end)
        await(function() return silent end)
        silent:read(5000) -- its first message: TCP stands
        local start = ba.clock()
        while ba.clock() < start + 1100 do ba.sleep(100) end
        trace(s:state())
        trace(s:close(), over)
    """) == ["connect\ttrue", "nil\tsocketclosed", "true\ttrue"]


def test_a_read_may_time_out_during_a_handshake() -> None:
    """And the handshake goes on, to the next read."""
    assert traced("""
        local peer
        local _, port = listen_tls(function(s) peer = s end)
        local c = ba.socket.connect("127.0.0.1", port)
        await(function() return peer end)
        trace(peer:read(10))
        trace(peer:read(10))
        local got
        ba.thread.create():run(function() got = peer:read(5000) end)
        trace(c:upgrade(client_context()))
        c:write "late"
        await(function() return got end)
        trace(got)
    """) == ["nil\ttimeout", "nil\ttimeout", "true", "late"]


@pytest.mark.parametrize("call", ["s:read()", "s:read(5000)", "s:write 'x'", "s:upgrade(own)"])
def test_close_from_elsewhere_ends_a_handshake(call: str) -> None:
    """Every pending call says so."""
    listen_with = "listen" if "upgrade" in call else "listen_tls"
    assert traced(f"""
        local own, peer, over = server_context(), nil, nil
        local _, port = {listen_with}(function(s)
          peer = s
          s:event(function(s) trace({call}) over = true end)
        end)
        local c = ba.socket.connect("127.0.0.1", port)
        await(function() return peer end)
        trace(peer:close(), over)
    """) == ["nil\tsocketclosed", "true\ttrue"]


def test_close_ends_a_blocking_upgrade() -> None:
    """The caller is no cosocket, and hears of it all the same."""
    assert traced("""
        local c, peer = pair()
        local over
        ba.thread.create():run(function()
          trace(c:upgrade(client_context()))
          over = true
        end)
        peer:read(5000) -- the handshake has begun
        trace(c:close(), over)
        trace(c:state())
    """) == ["nil\tsocketclosed", "true\ttrue", "notcon\tfalse"]


# ---------------------------------------------------------------- data


def test_a_read_returns_at_most_8192_bytes() -> None:
    """Larger records come in pieces, in order, none lost; every read is complete in itself."""
    assert traced("""
        local c, peer = tls_pair()
        local sent = {}
        for i = 1, 20000 do sent[i] = ("%07d,"):format(i) end
        sent = table.concat(sent)
        ba.thread.create():run(function() c:write(sent) end)
        local parts, longest, n = {}, 0, 0
        while n < #sent do
          local data = peer:read(5000)
          parts[#parts + 1], n, longest = data, n + #data, math.max(longest, #data)
          if #parts % 3 == 0 then ba.sleep(1) end
        end
        trace(table.concat(parts) == sent, longest)
    """) == ["true\t8192"]


@pytest.mark.parametrize("mode", ["nil", "'s'"])
def test_300_kb_go_both_ways_in_both_modes(mode: str) -> None:
    """An echo of pieces of every size."""
    assert traced(f"""
        local _, port = listen_tls(function(s)
          s:event(function(s)
            for data in s.read, s do s:write(data) end
          end, {mode})
        end)
        local c = ba.socket.connect("127.0.0.1", port, {{shark = client_context()}})
        local sent, left, size = {{}}, 300000, 1
        while left > 0 do
          local text = (string.char(65 + size % 26)):rep(math.min(size, left))
          sent[#sent + 1], left, size = text, left - #text, size * 3 % 20011
        end
        ba.thread.create():run(function() for _, text in ipairs(sent) do c:write(text) end end)
        trace(read_all(c, 300000) == table.concat(sent))
    """) == ["true"]


def test_a_half_read_record_survives_a_pause() -> None:
    """Disabled from outside, enabled again, moved to another object: the order stays."""
    assert traced("""
        local c, peer = tls_pair()
        local sent = {}
        for i = 1, 30000 do sent[i] = ("%06d,"):format(i) end
        sent = table.concat(sent)
        local parts, n, moves = {}, 0, 0
        local function take(s)
          while n < #sent do
            local data = assert(s:read())
            parts[#parts + 1], n = data, n + #data
            if n > #sent / 3 and moves == 0 then
              moves = 1
              return s:event(take)
            end
          end
        end
        peer:event(take)
        trace(peer:disable())
        ba.thread.create():run(function() c:write(sent) end)
        ba.sleep(20)
        trace(n, peer:enable())
        await(function() return n == #sent end)
        trace(table.concat(parts) == sent, moves)
    """) == ["true", "0\ttrue", "true\t1"]


def test_enable_in_the_middle_of_a_batch_keeps_the_order() -> None:
    """What was kept comes before what is still in the loop's hands, in chunks of at most 8192."""
    assert traced("""
        local c, peer = tls_pair()
        local sent = {}
        for i = 1, 16000 do sent[i] = ("%07d,"):format(i) end
        sent = table.concat(sent)
        local parts, n, longest = {}, 0, 0
        peer:event(function(s)
          while n < #sent do
            local data = s:read()
            parts[#parts + 1], n, longest = data, n + #data, math.max(longest, #data)
            if #parts == 2 then ba.sleep(5) end
          end
        end)
        ba.thread.create():run(function() c:write(sent) end)
        while n < #sent do
          if peer:disable() then ba.sleep(1) peer:enable() end
          ba.sleep(1)
        end
        trace(table.concat(parts) == sent, longest)
    """) == ["true\t8192"]


def test_what_came_before_the_end_is_read_first() -> None:
    """Then the end is told once, and after that it is a mistake to read."""
    assert traced("""
        local c, peer = tls_pair()
        c:write(("x"):rep(20000))
        c:close()
        trace(#read_all(peer, 20000))
        trace(peer:read())
        trace(peer:read())
        trace(pcall(peer.read, peer))
    """) == ["20000", "nil\tsocketreadfailed", "nil\tsocketreadfailed", "false\tInvalid op: : Socket closed"]


def test_a_parked_cosocket_hears_of_the_end() -> None:
    """The data that came before first."""
    assert traced("""
        local c, peer = tls_pair()
        local over
        peer:event(function(s)
          for _ = 1, 2 do trace(s:read()) end
          over = true
        end)
        trace(peer:disable())
        c:write "last words"
        c:close()
        ba.sleep(20)
        peer:enable()
        await(function() return over end)
    """) == ["true", "last words", "nil\tsocketreadfailed"]


# ---------------------------------------------------------------- writing


def test_what_is_written_before_the_handshake_arrives() -> None:
    """By a blocking server, which waits for that, and by one that queues, which is told when it has gone."""
    result = traced("""
        local peer, connected = tls_accepted()
        trace(peer:write(("a"):rep(50000)))
        trace(#read_all(connected(), 50000))
        peer, connected = tls_accepted()
        local over
        peer:event(function(s)
          trace(s:write "first,")
          trace(s:write "second")
          trace(s:write(("b"):rep(2000)))
          trace(s:write "third")
          over = true
          s:read()
        end, "s")
        local c = connected()
        local got = read_all(c, 2012):gsub("b+", "b")
        await(function() return over end)
        trace(got, c:read(5000))
    """)
    assert result == ["true", "50000", "true\t6", "true\t12", "true", "true\t0", "first,secondb\tthird"]


def test_a_queueing_writer_is_held_back_and_freed_once() -> None:
    """Beyond the comfort of the queue it waits for all of it to go, however long that is."""
    assert traced("""
        local c, peer = tls_pair()
        local big, total, waits, last = ("z"):rep(100000), 0, 0, nil
        peer:event(function(s)
          repeat
            local ok, queued = s:write(big)
            total = total + #big
          until not ok or queued > 0
          trace(s:state())
          trace(s:write(big))
          total = total + #big
          last = true
          trace(s:write "end")
          s:read()
        end, "s")
        trace(peer:state())
        trace(peer:write "from outside")
        trace(read_all(c, total + #big) and "all")
        await(function() return last end)
        trace(c:read(5000))
    """)[1:2] == ["write\ttrue"]


def test_the_limit_counts_what_waits_for_the_handshake() -> None:
    """From outside, a full queue takes nothing and tells its length."""
    assert traced("""
        local peer, connected = tls_accepted()
        peer:event(function(s) s:disable() s:read() end, "s")
        trace(peer:write(("x"):rep(16384)))
        trace(peer:write "y")
        local c = connected()
        trace(#read_all(c, 16384))
        trace(peer:write "z")
        trace(c:read(5000))
        peer:close()
    """) == ["true\t16384", "nil\t16384", "16384", "true\t0", "z"]


def test_a_long_write_goes_as_the_peer_reads() -> None:
    """Eight megabytes from a blocking writer; a cosocket of its own goes on beside it."""
    assert traced("""
        local c, peer = tls_pair()
        local text, over = ("0123456789abcdef"):rep(500000), nil
        ba.thread.create():run(function() over = c:write(text) end)
        trace(over)
        trace(read_all(peer, #text) == text)
        await(function() return over ~= nil end)
        trace(over)
    """) == ["nil", "true", "true"]


def test_a_writer_hears_that_the_peer_has_gone() -> None:
    """Whether it waits or comes later."""
    assert traced("""
        local c, peer = tls_pair()
        local over
        ba.thread.create():run(function()
          trace(c:write(("x"):rep(20000000)))
          over = true
        end)
        peer:close()
        await(function() return over end)
        trace(c:write "x")
        trace(c:state())
    """) == ["nil\tsocketwritefailed", "nil\tsocketwritefailed", "notcon\tfalse"]


def test_the_first_data_does_not_wait_for_an_acknowledgement() -> None:
    """Both ends send at once (TCP_NODELAY): nobody answers the last message of a handshake."""
    with tls_session() as here:
        assert here.run("client, server = tls_pair(server_context())").error is None
        channels = [end.channel for end in here.runtime._thread._network._endpoints.values()]
        ends = [one.sock for one in channels if one and one.sock.type == socket.SOCK_STREAM]
        ends = [one for one in ends if not one.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)]
        assert [one.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) for one in ends] == [1, 1]


# ---------------------------------------------------------------- upgrade


def test_upgrade_works_on_both_sides_in_cosockets() -> None:
    """While it waits, the state says so; afterwards it is TLS, and no second one."""
    assert traced("""
        local peer, over
        local _, port = listen(function(s)
          peer = s
          s:event(function(s)
            s:write "220 ready"
            s:read()
            s:write "go"
            trace("server", s:upgrade(server_context()))
            s:write("echo " .. s:read())
            s:read()
          end)
        end)
        ba.socket.event(function(s)
          ba.socket.connect("127.0.0.1", port)
          s:read()
          s:write "STARTTLS"
          s:read()
          ba.sleep(5)
          trace(peer:state())
          trace("client", s:upgrade(client_context "ca", "smtp"))
          s:write "hello"
          trace(s:read())
          trace(s:upgrade(client_context()), s:trusted "localhost", s:state())
          over = true
        end)
        await(function() return over end)
    """) in (
        ["upgrade\ttrue", "client\ttrue", "server\ttrue", "echo hello", "false\ttrue\texec\ttrue"],
        ["upgrade\ttrue", "server\ttrue", "client\ttrue", "echo hello", "false\ttrue\texec\ttrue"],
    )


def test_upgrade_takes_what_has_arrived_already() -> None:
    """The client's first message came while nobody read, or to a cosocket that had been disabled."""
    assert traced("""
        for _, way in ipairs {"blocking", "disabled"} do
          local c, peer = pair()
          local over
          if way == "disabled" then
            peer:event(function(s)
              trace(s:read())
              s:disable()
              trace(s:upgrade(server_context()))
              trace(s:read())
              over = true
            end)
          else
            trace(peer:read(5))
          end
          ba.thread.create():run(function()
            if way == "disabled" then c:write "plain" ba.sleep(10) end
            assert(c:upgrade(client_context()))
            c:write "secret"
          end)
          if way == "disabled" then
            ba.sleep(40)
            peer:enable()
            await(function() return over end)
          else
            ba.sleep(20)
            trace(peer:upgrade(server_context()))
            trace(peer:read(5000))
          end
        end
    """) == ["nil\ttimeout", "true", "secret", "plain", "true", "secret"]


def test_upgrade_waits_until_what_was_written_has_gone() -> None:
    """Plaintext in the queue goes before the handshake, none of it is lost."""
    assert traced("""
        local c, peer = pair()
        local total, over = 0, nil
        peer:event(function(s)
          local queued
          repeat
            _, queued = s:write(("p"):rep(100000))
            total = total + 100000
          until queued > 0
          trace(s:upgrade(server_context()))
          s:write "secret"
          s:read()
        end, "s")
        trace(#read_all(c, total) == total)
        trace(c:upgrade(client_context()))
        trace(c:read(5000))
        peer:close()
    """) in (["true", "true", "true", "secret"],)


def test_a_reader_beside_an_upgrade_gets_the_plaintext() -> None:
    """A task that had been waiting for data before."""
    assert traced("""
        local c, peer = pair()
        local got
        ba.thread.create():run(function() got = c:read(5000) end)
        ba.thread.create():run(function() peer:upgrade(server_context()) peer:write "secret" end)
        trace(c:upgrade(client_context()))
        await(function() return got end)
        trace(got)
    """) == ["true", "secret"]


def test_a_foreign_cosocket_cannot_be_upgraded() -> None:
    """Its owner is reading."""
    assert traced("""
        local c = pair()
        c:event(function(s) s:read() end)
        trace(pcall(c.upgrade, c, client_context()))
    """) == ["false\tInvalid op:  when socket is in cosocket mode"]


# ---------------------------------------------------------------- cosockets, garbage, interrupts


def test_event_in_its_own_cosocket_moves_the_connection() -> None:
    """The new object has TLS and what was not read yet; the old one is dead."""
    assert traced("""
        local c, peer = tls_pair()
        local over
        c:write(("x"):rep(20000))
        peer:event(function(old)
          local first = old:read()
          old:event(function(new)
            trace(#(first .. read_all(new, 20000 - #first)))
            trace(new:cipher() ~= nil, new ~= old)
            new:write "bye"
            over = true
            new:read()
          end)
          trace(old:write "x")
          trace(old:cipher())
        end)
        trace(c:read(5000))
        await(function() return over end)
    """)[:2] == ["nil\tsocketwritefailed", "nil\tsslnotenabled"]


def test_an_unreferenced_connection_is_closed() -> None:
    """By the collector; the peer sees the end."""
    assert traced("""
        local c, peer = tls_pair()
        c = nil
        for _ = 1, 3 do collectgarbage() end
        trace(peer:read(5000))
    """) == ["nil\tsocketreadfailed"]


def test_a_connection_works_where_nothing_can_yield() -> None:
    """In a callback of table.sort: connect, write, read."""
    assert traced("""
        local _, port = listen_tls(function(s)
          s:event(function(s) for data in s.read, s do s:write(data) end end)
        end)
        local result
        table.sort({1, 2}, function()
          local c = ba.socket.connect("127.0.0.1", port, {shark = client_context()})
          c:write(("n"):rep(30000))
          result = #read_all(c, 30000)
        end)
        trace(result)
    """) == ["30000"]


@pytest.mark.parametrize(
    ("before", "call"),
    [
        ("", "ba.socket.connect('127.0.0.1', port, {shark = own})"),
        ("c = ba.socket.connect('127.0.0.1', port)", "c:upgrade(own)"),
        ("peer = tls_pair()", "peer:read()"),
    ],
)
def test_an_interrupt_ends_a_wait_and_nothing_else(before: str, call: str) -> None:
    """The next cell works, and a connection that was waiting for data still does."""
    with tls_session() as fresh:
        assert (
            fresh.run("""
            own = client_context()
            _, port = listen(function(s) silent = s end)
            function echo()
              local c, peer = tls_pair()
              c:write "x"
              return peer:read(5000)
            end
        """).error
            is None
        )
        assert fresh.run(before or "return 1").error is None
        ended = fresh.start(f"trace 'waits' {call}")
        fresh.recorder.wait_for_trace("waits")
        fresh.runtime.interrupt()
        result = ended()
        assert result.error is not None
        assert b"interrupted" in result.error.message
        # The silent peer answers late, with the end: nobody may be woken by that.
        assert fresh.run("if silent then silent:close() end ba.sleep(5) trace(echo())").error is None
        assert fresh.recorder.traced[-1] == "x"
        assert fresh.recorder.faults == []
