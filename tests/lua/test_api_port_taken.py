"""A port that cannot be bound: the trace says who holds it."""

from __future__ import annotations

import socket

from ba_runtime import PortTaken

from ._programs import Session, session


def taken(lua: Session) -> list[PortTaken]:
    """Returns what was said about ports."""
    return [event for event in lua.recorder.events if isinstance(event, PortTaken)]


def test_a_cell_that_runs_again_hears_who_holds_its_port() -> None:
    """Its own first run does, although no variable refers to that any more; each run hears it once."""
    with session() as lua:
        lua.run("l = ba.socket.bind(0) l:event(function(s) s:accept() end) _, port = l:sockname() l = nil")
        lua.run("for _ = 1, 3 do trace(ba.socket.bind(port)) end")
        lua.run("ba.socket.bind(port)")
        first, second = taken(lua)
        assert lua.recorder.traced == ["nil\tbind"] * 3
    assert (first.cell, first.kind, first.holder) == (2, "listen", 1)
    assert second.cell == 3
    assert first.socket > 0
    assert first.text == f"port {first.port} is held by the listener of cell [1]"


def test_a_udp_port_is_found_as_well() -> None:
    """An unbound socket has a port of the system's choice, which it does not share."""
    with session() as lua:
        lua.run("u = ba.socket.udpcon('127.0.0.1', 9) _, port = u:sockname()")
        lua.run("ba.socket.udpcon{port = port}")
        (event,) = taken(lua)
    assert (event.kind, event.holder) == ("udp", 1)
    assert event.text.endswith("is held by the UDP socket of cell [1]")


def test_a_listener_on_all_addresses_holds_the_port_of_each() -> None:
    """And the other way round."""
    with session() as lua:
        lua.run("l = ba.socket.bind(0, {intf = '0.0.0.0'}) _, port = l:sockname()")
        lua.run("ba.socket.bind(port)")
        (event,) = taken(lua)
    assert (event.kind, event.holder) == ("listen", 1)


def test_the_page_server_is_named() -> None:
    """It is no socket of the program's."""
    with session() as lua:
        lua.run("ba.socket.bind(mako.port)")
        (event,) = taken(lua)
    assert event.text == f"port {event.port} is held by the page server"
    assert event.socket == 0


def test_another_programs_port_is_not_traced() -> None:
    """What a lesson traces must not depend on what else runs on the computer."""
    with socket.socket() as other, session() as lua:
        other.bind(("127.0.0.1", 0))
        other.listen()
        lua.run(f"ba.socket.bind({other.getsockname()[1]})")
        assert taken(lua) == []


def test_an_address_that_is_not_ours_says_nothing_of_ports() -> None:
    """The port may be free."""
    with session() as lua:
        lua.run("ba.socket.bind(0, {intf = '192.0.2.1'}) ba.socket.bind(0, {intf = 'nonsense'})")
        assert taken(lua) == []
