"""Closing sockets from outside, for a program that has lost its references to them."""

from __future__ import annotations

import socket

from tests.lua._programs import Session, session

from ba_runtime.events import SocketInfo

PATIENCE_S = 20
SERVER = """
  local l = ba.socket.bind(0) _, port = l:sockname()
  l:event(function(l)
    while true do
      local s, reason = l:accept()
      if not s then trace("listener", reason) return end
      s:event(function(s) trace("peer", s:read()) end)
    end
  end)
"""


def close(lua: Session, *, socket: int | None = None, cell: int | None = None) -> tuple[SocketInfo, ...]:
    """Closes, and returns the rows of what was closed."""
    return lua.runtime.close_sockets(socket=socket, cell=cell).result(PATIENCE_S)


def rows(lua: Session) -> tuple[SocketInfo, ...]:
    """Returns the socket table."""
    return lua.runtime.sockets().result(PATIENCE_S)


def test_a_listener_without_a_handle_is_closed_by_its_number() -> None:
    """Its cosocket gets the documented reason, and the port is free at once."""
    with session() as lua:
        lua.run(SERVER)
        (listener,) = rows(lua)
        assert [row.socket for row in close(lua, socket=listener.socket)] == [listener.socket]
        assert lua.recorder.traced == ["listener\tsocketclosed"]
        assert lua.run("return ba.socket.bind(port) ~= nil").values == (b"true",)


def test_a_closed_row_is_as_it_was_before() -> None:
    """Afterwards there would be no address to tell."""
    with session() as lua:
        lua.run(SERVER)
        before = rows(lua)[0]
        (row,) = close(lua, socket=before.socket)
        assert (row.kind, row.local, row.cell) == ("listener", before.local, before.cell)
        assert rows(lua) == ()


def test_the_sockets_of_a_cell_are_closed_and_no_others() -> None:
    """Those that its cosockets have accepted are the cell's as well."""
    with session() as lua:
        lua.run(SERVER)
        server = rows(lua)[0].cell
        lua.run("c = ba.socket.connect('127.0.0.1', port)")
        lua.run("while select(2, ba.socket.stat()) < 3 do ba.sleep(1) end")
        closed = close(lua, cell=server)
        assert [row.kind for row in closed] == ["listener", "cosocket"]
        assert sorted(lua.recorder.traced) == ["listener\tsocketclosed", "peer\tnil\tsocketclosed"]
        assert [row.holder for row in rows(lua)] == ["c"]


def test_all_is_every_socket_also_those_without_a_number() -> None:
    """A cosocket that only waits, and one that is disabled, end like the others."""
    with session() as lua:
        lua.run("""
          a = ba.socket.event(function(s) trace("waits", s:read(1e6)) end)
          b = ba.socket.event(function(s) trace("disabled", s:disable()) end)
          c = ba.socket.udpcon()
          d = ba.socket.connect("127.0.0.1", mako.port) ba.sleep(20)
        """)
        assert sorted(row.kind for row in close(lua)) == ["client", "cosocket", "cosocket", "page", "udp"]
        assert sorted(lua.recorder.traced) == ["disabled\tnil\tsocketclosed", "waits\tnil\tsocketclosed"]
        assert rows(lua) == ()


def test_blocked_readers_of_other_tasks_get_the_reason() -> None:
    """A job reads a socket that somebody else closes."""
    with session() as lua:
        lua.run(SERVER)
        lua.run("""
          c = ba.socket.connect("127.0.0.1", port)
          ba.thread.run(function() trace("job", c:read()) end)
          ba.sleep(5)
        """)
        (client,) = (row for row in rows(lua) if row.holder == "c")
        assert client.doing == "reading"
        close(lua, socket=client.socket)
        assert "job\tnil\tsocketclosed" in lua.recorder.traced


def test_connects_that_wait_for_an_answer_end() -> None:
    """In a cosocket, and in a job, whose socket no program has seen yet."""
    with socket.socket() as peer, session() as lua:
        peer.bind(("127.0.0.1", 0))
        peer.listen(0)
        address = peer.getsockname()
        with socket.create_connection(address):
            lua.run(f"""
              function dial() return ba.socket.connect("127.0.0.1", {address[1]}, {{timeout = 60000}}) end
              ba.socket.event(function() trace("cosocket", dial()) end)
              ba.thread.run(function() trace("job", dial()) end)
              ba.sleep(5)
            """)
            assert [row.doing for row in rows(lua)] == ["connecting", "connecting"]
            assert [row.kind for row in close(lua)] == ["cosocket", "client"]
        assert sorted(lua.recorder.traced) == ["cosocket\tnil\tsocketclosed", "job\tnil\tsocketclosed"]


def test_a_reader_that_sleeps_afterwards_does_not_hold_up_the_close() -> None:
    """A program that closes waits for it, as documented; whoever closes from outside does not."""
    with session() as lua:
        lua.run("a = ba.socket.event(function(s) s:read(1e6) ba.sleep(1e6) end)")
        assert len(close(lua)) == 1


def test_an_error_of_a_program_that_is_told_stays_its_own() -> None:
    """It is reported, and the others are closed as well."""
    with session() as lua:
        lua.run("for i = 1, 3 do ba.socket.event(function(s) s:read(1e6) error 'late' end) end")
        assert len(close(lua)) == 3
        assert len(lua.recorder.faults) == 3
        assert rows(lua) == ()


def test_a_socket_that_another_ones_end_closes_is_not_closed_twice() -> None:
    """And a socket that a program opens because of it stays."""
    with session() as lua:
        lua.run("""
          b = ba.socket.udpcon()
          function open() c = ba.socket.udpcon() end
          a = ba.socket.event(function(s) s:read(1e6) b:close() ba.thread.run(open) end)
        """)
        assert len(close(lua)) == 2
        lua.run("while not c do ba.sleep(1) end")
        assert [row.holder for row in rows(lua)] == ["c"]


def test_a_number_that_no_socket_has_closes_nothing() -> None:
    """Nor does 0, which the table shows for sockets without one, or a cell that has made none."""
    with session() as lua:
        lua.run("a = ba.socket.event(function(s) s:read(1e6) end) b = ba.socket.udpcon()")
        assert close(lua, socket=999) == close(lua, socket=0) == close(lua, cell=999) == ()
        assert len(rows(lua)) == 2
