"""The trace of the page server's traffic, as a TraceLogger asks for it."""

from __future__ import annotations

from ba_runtime import Traced
from ba_runtime.web import HttpTrace

from ._site import Site, client, get, request, site


def traced_by(here: Site, wanted: HttpTrace, path: str = "/page/a%20b?c=d", *fields: str) -> list[str]:
    """Returns what is traced of one request while `wanted` is, in the order in which it came."""
    here.runtime.trace_http(wanted)
    here.run("")  # the Lua thread has taken the wish
    get(here.port, path, *fields)
    return here.recorder.traced


def test_nothing_is_traced_until_somebody_asks() -> None:
    """A page's traffic is nobody's business by default."""
    with site() as here:
        here.page("response:write('x')")
        get(here.port, "/page/")
        assert here.recorder.traced == []


def test_a_request_line_is_traced_in_the_servers_words() -> None:
    """Address, method, the path in quotes, and the query behind a question mark."""
    with site() as here:
        here.page("response:write('x')")
        assert traced_by(here, HttpTrace(request_line=True)) == ['127.0.0.1 GET "/page/a b" ?c=d']


def test_a_traced_request_names_its_connection() -> None:
    """So that a view can show the lines of one socket."""
    with site() as here:
        here.page("trace('asked')")
        traced_by(here, HttpTrace(request_line=True))
        line, own = (event for event in here.recorder.events if isinstance(event, Traced))
        assert line.socket > 0
        assert (line.cell, line.prefix, own.text) == (0, False, b"asked")


def test_headers_are_traced_in_both_directions() -> None:
    """The request's as sent, the response's with the status line."""
    with site() as here:
        here.page("response:setheader('X-Own', 'yes')")
        asked, answered = traced_by(
            here, HttpTrace(request_headers=True, response_headers=True), "/page/", "X-Mine: no"
        )
        assert asked.splitlines() == ["Host: localhost", "X-Mine: no"]
        assert answered.splitlines()[0] == "HTTP/1.1 200 OK"
        assert "X-Own: yes" in answered.splitlines()


def test_the_servers_own_refusals_are_traced_too() -> None:
    """They never reach a page."""
    with site() as here:
        here.runtime.trace_http(HttpTrace(response_headers=True))
        with client(here.port) as browser:
            browser.send(request("/", host="other.example"))
            browser.rest()
        traced = here.recorder.traced
        assert [text.splitlines()[0] for text in traced] == ["HTTP/1.1 421 Misdirected Request"]


def test_a_body_is_traced_up_to_a_bound() -> None:
    """Of 10,000 bytes the beginning is shown, and that there was more."""
    with site() as here:
        here.page("response:write(('x'):rep(10000))")
        body, remark = traced_by(here, HttpTrace(response_body=True))
        assert body == "x" * 4000
        assert remark == "(the rest of this body is not traced)"


def test_a_body_in_pieces_is_traced_piece_by_piece() -> None:
    """And each response on a kept connection from its beginning."""
    with site() as here, client(here.port) as browser:
        here.page("response:write(('1'):rep(3000)) response:flush() response:write('two')")
        here.runtime.trace_http(HttpTrace(response_body=True))
        here.run("")
        browser.get("/page/")
        browser.get("/page/")
        assert here.recorder.traced == ["1" * 3000, "two"] * 2


def test_tracing_ends_when_nothing_is_wanted() -> None:
    """And costs nothing again."""
    with site() as here:
        here.page("response:write('x')")
        traced_by(here, HttpTrace(True, True, True, True))
        count = len(here.recorder.traced)
        assert len(traced_by(here, HttpTrace())) == count
        assert here.runtime._thread._web.tracing is None
