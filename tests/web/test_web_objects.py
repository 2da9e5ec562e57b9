"""The one object that pages have as request and response: what it tells, sets and ends, and its cookies."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ._site import Client, Response, Site, client, get, request, site


@pytest.fixture
def here() -> Iterator[Site]:
    """A fresh site."""
    with site() as fresh:
        yield fresh


def head_and_body(browser: Client, path: str, *fields: str) -> tuple[list[str], bytes]:
    """What answers, its head in lines, with the connection closed behind it."""
    browser.send(request(path, "Connection: close", *fields))
    head, _, body = browser.rest().partition(b"\r\n\r\n")
    return head.decode("latin-1").split("\r\n"), body


def expect_traced(here: Site, *texts: str) -> None:
    """A page may still trace when its answer has come: waits for as many lines as there should be."""
    here.recorder.wait(lambda: len(here.recorder.traced) >= len(texts))
    assert here.recorder.traced == list(texts)


def answer_to(here: Site, code: str, *fields: str, method: str = "GET") -> Response:
    """What a page of this code answers once."""
    here.page(code)
    return get(here.port, "/page/", *fields, method=method)


# ---------------------------------------------------------------- one object


def test_request_and_response_are_one_object(here: Site) -> None:
    """Every method of either works on both, and on what a function gets as a command."""
    answer = answer_to(
        here,
        """
        print(rawequal(request, response), response:method(), response:uri(), response.nothing)
        request:setheader("X-A", "1") request:setstatus(201) request:write "x"
    """,
    )
    assert (answer.status, answer.headers["x-a"]) == (201, "1")
    assert answer.body == b"true\tGET\t/page/\tnil\nx"


def test_the_object_is_a_userdata_to_lua(here: Site) -> None:
    """Also in the words of its errors, and nothing can be put into it."""
    answer = answer_to(here, "print(type(request), select(2, pcall(function() request.x = 1 end)))")
    assert answer.body == b"userdata\tprogram:1: attempt to index a userdata value (global 'request')\n"


def test_the_environment_is_asked_for_too(here: Site) -> None:
    """It is what the page has as its globals."""
    assert answer_to(here, "own = 1 print(request:env().own, request:env() == _ENV)").body == b"1\ttrue\n"


def test_nobody_has_logged_in(here: Site) -> None:
    """There is no user management, and no HTTPS."""
    code = "print(request:user(), request:session(true), request:session(), request:issecure())"
    assert answer_to(here, code).body == b"nil\tnil\tnil\tfalse\n"


# ---------------------------------------------------------------- the head


def test_setters_say_true_and_tell_what_was_set(here: Site) -> None:
    """The status, a field, and what was written so far."""
    answer = answer_to(
        here,
        """
        trace(response:setstatus(202), response:setheader("X-A", 1), response:setcontenttype "a/b")
        trace(response:getstatus(), response:containsheader "x-a", response:containsheader "x-b")
        trace(response:setmaxage(60), response:setdateheader("X-D", 1700000000), response:bytecount())
        response:write "abc" response:flush() response:write "d" trace(response:bytecount())
    """,
    )
    expect_traced(here, "true\ttrue\ttrue", "202\t1\tnil", "true\ttrue\t0", "4")
    assert answer.headers["cache-control"] == "max-age=60"
    assert answer.headers["x-d"] == "Tue, 14 Nov 2023 22:13:20 GMT"


def test_default_headers_are_those_of_a_page_for_one_client(here: Site) -> None:
    """HTML that is not kept."""
    answer = answer_to(here, "trace(response:setdefaultheaders())")
    expect_traced(here, "true")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store, no-cache, must-revalidate, max-age=0"


COMMITTED = {
    "more than the server's buffer was written": "response:write(('x'):rep(8193))",
    "it was flushed": "response:write'x' response:flush()",
    "an error was sent": "response:senderror(404)",
}
SETTERS = (
    *(
        "setstatus(404)",
        "setheader('X-A', '1')",
        "setcontenttype'a/b'",
        "setcontentlength(1)",
        "setmaxage(1)",
    ),
    *("setdateheader('X', 1)", "setdefaultheaders()", "senderror(404)", "createcookie('a'):activate()"),
)


@pytest.mark.parametrize("when", COMMITTED)
def test_a_committed_head_does_not_change(here: Site, when: str) -> None:
    """The page gets an error at its line, whatever it wants to set; reset says false."""
    calls = "\n".join(f"trace(select(2, pcall(function() response:{call} end)))" for call in SETTERS)
    here.page(f"{COMMITTED[when]} trace(response:committed(), response:reset())\n{calls}")
    get(here.port, "/page/")
    words = [f"program:{line}: Error iscommitted" for line in range(2, 2 + len(SETTERS))]
    expect_traced(here, "true\tfalse", *words)


def test_the_servers_buffer_is_not_committed_before_it_is_full(here: Site) -> None:
    """Until then all of it can be taken back."""
    answer = answer_to(
        here,
        """
        response:write(("x"):rep(8192)) trace(response:committed(), response:setstatus(201), response:reset())
        print(response:getstatus())
    """,
    )
    expect_traced(here, "false\ttrue\ttrue")
    assert (answer.status, answer.body) == (200, b"200\n")


def test_reset_takes_options(here: Site) -> None:
    """The buffer alone keeps the headers."""
    code = "response:setheader('X-A', 1) print'x' response:reset(%s) print'y'"
    for option, keeps in (("'buffer'", True), ("'headers'", False), ("", False)):
        answer = answer_to(here, code % option)
        assert (answer.body, "x-a" in answer.headers) == (b"y\n", keeps)


# ---------------------------------------------------------------- ends

ENDS = {
    "sendredirect": "response:sendredirect '/x'",
    "json": "response:json{}",
    "abort": "response:abort()",
    "allow": "response:allow{'PUT'}",
}


@pytest.mark.parametrize("name", ENDS)
def test_some_methods_end_the_page_by_raising_nil(here: Site, name: str) -> None:
    """A page can catch that, and is expired then; what it does not write raises nothing."""
    here.page(f"{ENDS[name]} trace 'never'")
    get(here.port, "/page/")
    here.page(f"""
        trace(pcall(function() {ENDS[name]} end))
        trace(response:valid(), request:method())
        trace(pcall(function() response:write "x" end))
        trace(pcall(function() {ENDS[name]} end))
        trace(pcall(print, "x"))
    """)
    get(here.port, "/page/")
    expired = "request/response expired"
    expect_traced(
        here,
        "false\tnil",
        "false\tGET",
        f"false\tprogram:4: {expired}",
        f"false\tprogram:5: {expired}",
        f"false\t{expired}",
    )
    assert here.recorder.faults == []


def test_an_error_that_is_nil_and_ends_nothing_is_a_fault(here: Site) -> None:
    """Nobody has answered."""
    assert answer_to(here, "error(nil)").status == 500
    assert here.recorder.faults[0].startswith("Lua error in LSP: stack traceback:")


def test_fields_of_an_error_stay(here: Site) -> None:
    """A 401 needs one; what was written before goes."""
    answer = answer_to(
        here, "response:setheader('WWW-Authenticate', 'Basic') print'x' response:senderror(401)"
    )
    assert (answer.status, answer.headers["www-authenticate"]) == (401, "Basic")
    assert answer.body.startswith(b"<html><body><h1>401 Unauthorized</h1><p>")


def test_methods_that_are_not_allowed_are_answered_for_the_page(here: Site) -> None:
    """OPTIONS without an error."""
    code = "request:allow{'get', 'PUT'} print'well'"
    for method, status in (("GET", 200), ("PUT", 200), ("DELETE", 405), ("OPTIONS", 200)):
        answer = answer_to(here, code, method=method)
        assert (answer.status, answer.body == b"well\n") == (status, method in ("GET", "PUT"))
        assert answer.headers.get("allow") == (None if answer.body == b"well\n" else "GET, PUT")


# ---------------------------------------------------------------- sending at once


def test_send_goes_out_at_once(here: Site) -> None:
    """And nothing is no reason to begin."""
    here.page("""
        trace(response:send(), response:committed(), response:send("a", 1), response:committed())
        _G.go_on = false while not _G.go_on do ba.sleep(1) end
        print "b"
    """)
    with client(here.port) as browser:
        browser.send(request("/page/"))
        here.recorder.wait_for_trace("0\tfalse\t2\ttrue")
        head = b""
        while not head.endswith(b"2\r\na1\r\n"):
            head += browser._reader.read1()
        here.run("go_on = true")
        while not head.endswith(b"b\n\r\n0\r\n\r\n"):
            head += browser._reader.read1()


def test_a_flush_before_anything_is_written_sends_the_head_alone(here: Site) -> None:
    """What the page writes then ends with the connection."""
    here.page("response:setheader('X-A', 1) response:flush() print'x' response:flush() print'y'")
    with client(here.port) as browser:
        browser.send(request("/page/"))
        head, _, body = browser.rest().partition(b"\r\n\r\n")
    assert body == b"x\ny\n"
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"X-A: 1" in head
    assert not any(word in head for word in (b"Content-Length", b"chunked"))


def test_a_connection_with_the_head_alone_can_be_taken(here: Site) -> None:
    """For a protocol of the page's own, behind what it has written; a WebSocket is it no more."""
    here.page("""
        response:flush() response:write "first "
        local s, early = ba.socket.req2sock(request)
        s:event(function(s)
          s:write "second "
          s:write(early or s:read())
        end)
        trace(s:websocket(), print "lost")
    """)
    upgrade = ("Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13")
    for fields in ((), (*upgrade, "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==")):
        with client(here.port) as browser:
            browser.send(request("/page/", *fields))
            data = b""
            while b"second" not in data:
                data += browser._reader.read1()
            browser.send(b"third")
            data += browser.rest()
        assert data.partition(b"\r\n\r\n")[2] == b"first second third"
    expect_traced(here, *["false\ttrue"] * 2)


# ---------------------------------------------------------------- deferred


def test_a_deferred_response_has_setters_of_its_own(here: Site) -> None:
    """Until it is closed."""
    answer = answer_to(
        here,
        """
        local d = response:deferred()
        ba.timer(function()
          trace(d:setstatus(202), d:setheader("X-A", 1), d:setmaxage(1))
          trace(d:getstatus(), d:containsheader "x-a")
          trace(d:send "a", d:committed(), select(2, pcall(d.setstatus, d, 200)))
          d:write "b" trace(d:bytecount(), d:close())
          trace(select(2, pcall(d.setstatus, d, 200)), select(2, pcall(d.flush, d)))
        end):set(1)
    """,
    )
    here.recorder.wait_for_trace("expired\texpired")
    assert (answer.status, answer.headers["x-a"], answer.body) == (202, "1", b"ab")
    assert here.recorder.traced[:4] == ["true\ttrue\ttrue", "202\t1", "true\ttrue\tError iscommitted", "2"]


def test_a_deferred_response_is_json(here: Site) -> None:
    """And then complete."""
    answer = answer_to(here, "local d = response:deferred() trace(d:json{a=1}, pcall(d.json, d, {}))")
    assert (answer.headers["content-type"], answer.body) == ("application/json", b'{"a":1}')
    expect_traced(here, "true\tfalse\texpired")


@pytest.mark.parametrize(
    ("before", "body"), [("d:write'x'", b"x"), ("d:write'x' d:flush() d:write'y'", b"1\r\nx\r\n")]
)
def test_a_deferred_response_that_is_aborted_costs_the_connection(
    here: Site, before: str, body: bytes
) -> None:
    """What had gone out is not completed, so that its client knows."""
    here.page(f"local d = response:deferred() {before} d:abort() d:abort() trace(d:valid())")
    with client(here.port) as browser:
        browser.send(request("/page/") + request("/page/"))
        assert browser.rest().partition(b"\r\n\r\n")[2] == body
    expect_traced(here, "false")


# ---------------------------------------------------------------- cookies


def test_a_cookie_is_set_when_it_is_activated(here: Site) -> None:
    """With the parts that it was given; without activation nothing is sent."""
    here.page("""
        local c = response:createcookie "id"
        trace(c:name(), c:value(), c:path(), c:maxage(), c:secure(), c:httponly(), c:domain())
        c:value "v" c:path "/a" c:maxage(60) c:secure(true) c:httponly(true) c:domain "localhost"
        trace(c:value(), c:path(), c:maxage(), c:secure(), c:httponly(), c:domain(), c:activate())
        response:createcookie "no"
        response:createcookie "plain":activate()
    """)
    with client(here.port) as browser:
        head, _ = head_and_body(browser, "/page/")
    assert [line for line in head if line.startswith("Set-Cookie")] == [
        "Set-Cookie: id=v; Path=/a; Domain=localhost; Max-Age=60; Secure; HttpOnly",
        "Set-Cookie: plain=; Path=/",
    ]
    expect_traced(
        here,
        "id\t\t/\t0\tfalse\tfalse\tnil",
        "v\t/a\t60\ttrue\ttrue\tlocalhost\ttrue",
    )


def test_a_cookie_comes_back(here: Site) -> None:
    """As an object, which can be changed or deleted; another name is nil."""
    here.page("""
        local c = request:cookie "b"
        print(c:name(), c:value(), request:cookie "c")
        c:delete()
    """)
    with client(here.port) as browser:
        head, body = head_and_body(browser, "/page/", "Cookie: a=1; b=two words; cc=3")
    assert body == b"b\ttwo words\tnil\n"
    assert "Set-Cookie: b=; Path=/; Max-Age=0" in head
    assert answer_to(here, "print(request:cookie 'b')").body == b"nil\n"


@pytest.mark.parametrize(
    "call", ["value 'a;b'", "path 'a\\n'", "domain 'a\\0'", "value()", "secure(1)", "maxage 'x'"]
)
def test_a_cookie_cannot_break_the_head(here: Site, call: str) -> None:
    """Nor can it hold what is of the wrong type; without an argument its parts are told."""
    here.page(f"trace(pcall(function() response:createcookie('a'):{call} end)) print'x'")
    assert get(here.port, "/page/").body == b"x\n"
    assert here.recorder.traced[0].startswith(
        "true" if call == "value()" else "false\tprogram:1: bad argument #1"
    )
    assert answer_to(here, "response:createcookie 'a b'").status == 500
