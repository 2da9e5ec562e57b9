"""Where httpm goes when a server sends it elsewhere, and what it takes along."""

from __future__ import annotations

import pytest

from tests.lua._programs import traced

from ._server import Peer, Script, Server, echo

OK = b"HTTP/1.1 200 OK\r\n"


def sends_to(status: int, location: str, size: int = 0) -> Script:
    """A script that answers one request, with a body of `size`, by a redirect that has a body itself."""

    def script(peer: Peer) -> None:
        peer.head()
        peer.body(size)
        peer.say(
            b"HTTP/1.1 %d X\r\nLocation: %b\r\nContent-Length: 4\r\n\r\ngone" % (status, location.encode())
        )
        peer.await_end()

    return script


def told(server: Server, program: str) -> list[str]:
    """What the program traces, with an object `h` and the server's `url`."""
    return traced(f'local h, url = require "httpm".create(), "http://127.0.0.1:{server.port}" {program}')


@pytest.mark.parametrize("status", [301, 302, 303, 307])
def test_a_redirect_is_followed(status: int) -> None:
    """To the path and the query that the server names, as it escapes them; a fragment stays here."""
    with Server(sends_to(status, "/b c?x=%31&y=2#part"), echo) as server:
        assert told(server, 'trace(h:post(url .. "/a", {q = 1}, {method = "GET"}))') == [
            "200\t/b%20c?x=%31&y=2"
        ]
        assert [head.split(b" ")[0] for head in server.requests] == [b"GET", b"GET"]


@pytest.mark.parametrize("status", [300, 304, 308, 200])
def test_other_statuses_are_not(status: int) -> None:
    """The program gets them."""
    with Server(sends_to(status, "/b"), echo) as server:
        assert told(server, 'trace((h:post(url, {q = 1}, {method = "GET"})))') == [str(status)]
        assert server.connections == 1


@pytest.mark.parametrize(("status", "method"), [(301, "GET"), (302, "GET"), (303, "GET"), (307, "POST")])
def test_a_form_goes_along_with_307_only(status: int, method: str) -> None:
    """Else it becomes a GET without a body, as in a browser."""
    bodies = []

    def last(peer: Peer) -> None:
        head = peer.head()
        bodies.append(peer.body(3) if head.startswith(b"POST") else b"")
        peer.say(OK + b"Content-Length: 2\r\n\r\nok")

    with Server(sends_to(status, "b", 3), last) as server:
        assert told(server, 'trace(h:post(url .. "/a/a", {a = 1}))') == ["200\tok"]
        assert server.requests[1].startswith(f"{method} /a/b HTTP/1.1\r\n".encode())
        assert bodies == [b"a=1" if method == "POST" else b""]


def test_stat_and_download_follow_too() -> None:
    """A HEAD stays one."""
    with Server(sends_to(302, "/b"), echo, sends_to(303, "/c"), echo) as server:
        assert told(
            server,
            """
            local pieces = {}
            local fp = {write = function(_, piece) pieces[#pieces + 1] = piece end, close = print}
            trace(h:stat(url).size)
            h:close()
            trace(h:download{url = url, fp = fp}, table.concat(pieces))
            """,
        ) == ["2", "true\t/c"]
        assert [head.split(b" ")[0] for head in server.requests] == [b"HEAD", b"HEAD", b"GET", b"GET"]


TELLS = 'h:json(url, {}, {user = "u", header = {Cookie = "a=b", ["X-A"] = "1"}})'
SECRETS = (b"Authorization: Basic", b"Cookie: a=b")


def test_who_one_is_stays_with_the_host_that_asked() -> None:
    """Users, cookies and authorizations do not go to another one; other fields do."""
    with Server(echo) as other, Server(sends_to(302, f"http://127.0.0.1:{other.port}/")) as server:
        told(server, TELLS)
        assert all(secret in server.requests[0] for secret in SECRETS)
        assert not any(secret in other.requests[0] for secret in SECRETS)
        assert b"X-A: 1" in other.requests[0]


def test_the_same_host_is_told_again_who_one_is() -> None:
    """It has heard it before."""
    with Server(sends_to(302, "/b"), echo) as server:
        told(server, TELLS)
        assert all(secret in head for secret in (*SECRETS, b"X-A: 1") for head in server.requests)
        assert len(server.requests) == 2


def test_a_circle_ends() -> None:
    """After ten redirects the last one is what the program gets."""
    with Server(sends_to(302, "/")) as server:
        assert told(server, "trace(h:json(url))") == ["nil\tgone\tnil\tnil"]
        assert server.connections == 11


@pytest.mark.parametrize("location", ["http://[b", "nonsense://b"])
def test_a_location_that_is_none_is_not_followed(location: str) -> None:
    """Or cannot be asked for."""
    with Server(sends_to(302, location)) as server:
        answer = {"http://[b": "nil\tgone\tnil\tnil", "nonsense://b": "nil\tinvalidurl\tnil\tnil"}[location]
        assert told(server, "trace(h:json(url))") == [answer]
