"""What the environment says about the page server: its port, and more names that it answers to."""

from __future__ import annotations

import socket

import pytest

from tests.lua._programs import session

from ._site import client, get, request, site


def test_nothing_listens_before_somebody_asks() -> None:
    """The first look at mako.port begins to listen, and every look tells the same."""
    with session() as here:
        assert here.runtime._thread._web._door is None
        assert here.value("mako.port == mako.port and math.type(mako.port) == 'integer'") == "true"
        assert get(int(here.value("mako.port")), "/").status == 404


def test_it_listens_on_loopback_alone() -> None:
    """Whatever other addresses the machine has."""
    with site() as here:
        door = here.runtime._thread._web._door
        assert door is not None
        assert door.channel.sock.getsockname() == ("127.0.0.1", here.port)


def test_the_port_can_be_fixed(monkeypatch: pytest.MonkeyPatch) -> None:
    """By BA_LUA_PORT; it can be used again at once."""
    with socket.socket() as held:  # bound but not listening, it shares the port with the server alone
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind(("127.0.0.1", 0))
        port = held.getsockname()[1]
        monkeypatch.setenv("BA_LUA_PORT", str(port))
        for _ in range(2):
            with site() as here:
                assert here.port == port
                assert get(port, "/").status == 404


RANGE = "BA_LUA_PORT must be a number from 0 to 65535"


@pytest.mark.parametrize(
    ("port", "why"), [("taken", "Address already in use"), ("x", RANGE), ("99999", RANGE), ("-1", RANGE)]
)
def test_a_port_that_cannot_be_is_told(monkeypatch: pytest.MonkeyPatch, port: str, why: str) -> None:
    """By an error that names it and says why, each time."""
    with socket.socket() as other, session() as here:
        other.bind(("127.0.0.1", 0))
        other.listen()
        wanted = str(other.getsockname()[1]) if port == "taken" else port
        monkeypatch.setenv("BA_LUA_PORT", wanted)
        for _ in range(2):
            error = here.run("return mako.port").error
            assert error is not None
            assert error.message.decode() == f"the page server cannot listen on port {wanted}: {why}"


def test_more_names_can_be_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    """By BA_LUA_HOSTS."""
    monkeypatch.setenv("BA_LUA_HOSTS", "box.lan")
    with site() as here:
        here.page("print(request:domain())")
        with client(here.port) as browser:
            browser.send(request("/page/").replace(b"localhost", b"box.lan:80"))
            assert browser.response().body == b"box.lan\n"
            browser.send(request("/page/").replace(b"localhost", b"fox.lan"))
            assert browser.response().status == 421
