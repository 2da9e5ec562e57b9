"""Who may see the live view: whoever has the link, by a name of this computer, from its own pages."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from ._view import TIMEOUT_S, View, view

PATHS = (
    "/rtl/tracelogger/",
    "/rtl/tracelogger/tracelogger.js",
    "/rtl/tracelogger/window.js",
    "/rtl/tracelogger/tracelogger.css",
    "/rtl/tracelogger/live",
    "/rtl/tracelogger.service/",
    "/",
)


@pytest.fixture(scope="module")
def here() -> Iterator[View]:
    """One view for all of these tests, which change nothing in it."""
    with view() as one:
        yield one


def test_the_link_leads_to_the_page(here: View) -> None:
    """And the page's own links carry the token on."""
    answer = here.get(f"/rtl/tracelogger/{here.query}")
    assert answer.status == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    for name in ("window.js", "tracelogger.css"):
        assert f'"{name}{here.query}"' in answer.text
        assert here.get(f"/rtl/tracelogger/{name}{here.query}").status == 200
    assert "export default" in here.get(f"/rtl/tracelogger/tracelogger.js{here.query}").text


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("query", ["", "?token=", "?token=x", "?other=1", "?token=\xe9"])
def test_nothing_is_there_without_the_token(here: View, path: str, query: str) -> None:
    """Neither the page nor its parts, and it is said where to get the link."""
    answer = here.get(path + query.encode().decode("latin-1").replace("\xc3\xa9", "%C3%A9"))
    assert answer.status == 403
    assert "The token is missing or wrong" in answer.text
    assert "%tracelogger" in answer.text


def test_a_second_token_does_not_help(here: View) -> None:
    """A request has one."""
    assert here.get(f"/rtl/tracelogger/{here.query}&token=x").status == 403


@pytest.mark.parametrize("host", ["evil.example", f"evil.example:{80}", "127.0.0.1.evil.example", "10.0.0.1"])
def test_a_foreign_host_is_refused(here: View, host: str) -> None:
    """A page may let its own name lead to 127.0.0.1; even with the token it gets nothing."""
    answer = here.get(f"/rtl/tracelogger/{here.query}", host=host)
    assert answer.status == 421
    assert "only answers to 127.0.0.1 and localhost" in answer.text


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://localhost:1", "file://"])
def test_a_foreign_origin_is_refused(here: View, path: str, origin: str) -> None:
    """Scripts of other pages may not even ask, with the token in hand."""
    answer = here.get(path + here.query, {"Origin": origin})
    assert answer.status == 403
    assert "Pages of other servers may not use the TraceLogger" in answer.text


def test_the_pages_own_origin_is_let_in(here: View) -> None:
    """By each name of this computer."""
    for name in ("127.0.0.1", "localhost"):
        own = f"{name}:{here.port}"
        answer = here.get(f"/rtl/tracelogger/{here.query}", {"Origin": f"http://{own}"}, host=own)
        assert answer.status == 200


@pytest.mark.parametrize("path", ["/rtl/tracelogger/live", "/rtl/tracelogger.service/"])
@pytest.mark.parametrize(
    ("query", "origin"),
    [("?token=x", None), ("", None), ("right", "http://evil.example"), ("right", "null")],
)
def test_a_websocket_is_refused_as_well(here: View, path: str, query: str, origin: str | None) -> None:
    """A browser lets any page open one to anywhere."""
    url = f"ws://127.0.0.1:{here.port}{path}{here.query if query == 'right' else query}"
    headers = {} if origin is None else {"Origin": origin}
    with pytest.raises(InvalidStatus) as refused, connect(url, additional_headers=headers, proxy=None):
        pass
    assert refused.value.response.status_code == 403


def test_answers_forbid_what_the_page_does_not_need(here: View) -> None:
    """No inline script, no foreign source, no frame around it, and the token goes to nobody."""
    for path in ("/rtl/tracelogger/", "/nothing"):
        headers = here.get(path + here.query).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'self';" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("POST", "/rtl/tracelogger/", {}, 405),
        ("GET", "/rtl/tracelogger/../../etc/passwd", {}, 404),
        ("GET", "/rtl/tracelogger/feed.py", {}, 404),
        ("GET", "/rtl/tracelogger/%2e%2e/feed.py", {}, 404),
        ("GET", "/", {}, 404),
        ("GET", "/rtl/tracelogger/", {"Content-Length": "5"}, 400),
        ("GET", "/rtl/tracelogger/", {"X-Long": "x" * 20_000}, 431),
        ("GET", "/rtl/tracelogger/live", {"Upgrade": "websocket"}, 400),
        ("HEAD", "/rtl/tracelogger/", {}, 200),
    ],
)
def test_only_the_pages_files_are_there(
    here: View, method: str, path: str, headers: dict[str, str], status: int
) -> None:
    """Nothing else on the disk, no bodies, and no heads without end."""
    assert here.get(path + here.query, headers, method=method).status == status


def test_what_is_not_http_is_refused(here: View) -> None:
    """And the server goes on."""
    with socket.create_connection(("127.0.0.1", here.port), TIMEOUT_S) as client:
        client.sendall(b"\x16\x03\x01 hello\r\n\r\n")
        assert client.recv(100).startswith(b"HTTP/1.1 400 ")
    assert here.get(f"/rtl/tracelogger/{here.query}").status == 200


def test_there_are_only_so_many_connections() -> None:
    """Whoever comes then is told, and when others have gone there is room again."""
    with view() as crowded:
        with contextlib.ExitStack() as stack:
            address = ("127.0.0.1", crowded.port)
            for _ in range(32):
                stack.enter_context(socket.create_connection(address, TIMEOUT_S))
            # They are taken in the order in which they came.
            answer = crowded.get(f"/rtl/tracelogger/{crowded.query}")
            assert answer.status == 503
            assert "limit of connections" in answer.text
        while crowded.get(f"/rtl/tracelogger/{crowded.query}").status != 200:
            pass  # it has not noticed yet that they have gone


def test_a_request_that_does_not_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Or a few of them would take all the connections that there are."""
    monkeypatch.setattr("ba_runtime.live._server.HEAD_S", 0.05)
    with view() as here, socket.create_connection(("127.0.0.1", here.port), TIMEOUT_S) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: ")
        with contextlib.suppress(ConnectionResetError):
            assert client.recv(100) == b""


def test_each_link_has_a_token_of_its_own() -> None:
    """A link of yesterday opens nothing today."""
    with view() as here:
        first = here.url
        here.window.close()
        assert here.window.url == ""
        assert here.window.open().partition("?")[2] != first.partition("?")[2]
