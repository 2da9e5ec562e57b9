"""Pages and their objects on real sockets: request, response, errors, deferred responses, directories."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ba_runtime import Fault, Traced

from ._site import Client, Site, client, get, request, site


@pytest.fixture
def here() -> Iterator[Site]:
    """A fresh site."""
    with site() as fresh:
        yield fresh


def page(here: Site, code: str, path: str = "/page/x", *fields: str, **more: object) -> str:
    """The body of what a page answers once."""
    here.page(code)
    method, body = str(more.get("method", "GET")), more.get("body", b"")
    assert isinstance(body, bytes)
    return get(here.port, path, *fields, method=method, body=body).body.decode()


# ---------------------------------------------------------------- request


def test_a_request_knows_how_it_was_asked(here: Site) -> None:
    """Method, path, version, names."""
    code = "print(request:method(), request:uri(), request:url(), request:domain(), request:version(), path)"
    answer = page(here, code, "/page/a%20b?c=d")
    assert answer == "GET\t/page/a b\thttp://localhost/page/a%20b\tlocalhost\t1.1\ta b\n"


def test_a_request_has_its_headers(here: Site) -> None:
    """One in any case, or all in a table by their names as they were sent; of the same name the last."""
    code = """
    local all = request:header()
    print(request:header'X-ONE', request:header'no', request:header'x-two', all['X-Two'],
      all['x-two'], all.Host)
    """
    answer = page(here, code, "/page/", "X-One: 1", "X-Two: 2", "X-Two: 3")
    assert answer == "1\tnil\t2\t3\tnil\tlocalhost\n"


def test_fields_come_from_the_query_and_the_form(here: Site) -> None:
    """The first of a name counts; pairs come in order."""
    code = """
    print(request:data"a", request:data"b", request:data"c", request:data"no", request:data().d)
    for name, value in request:datapairs() do print(name, value) end
    """
    kind = "Content-Type: application/x-www-form-urlencoded"
    answer = page(here, code, "/page/?a=1&b=x+y%21", kind, method="POST", body=b"a=2&c=&d=%C3%A4")
    assert answer == "1\tx y!\t\tnil\tä\na\t1\nb\tx y!\na\t2\nc\t\nd\tä\n"


def test_too_many_fields_end_the_page_with_words(here: Site) -> None:
    """A thousand are taken."""
    kind = "Content-Type: application/x-www-form-urlencoded"
    answer = page(here, "request:data()", "/page/", kind, method="POST", body=b"&".join([b"a=1"] * 1001))
    assert "too many form fields" in answer
    assert page(here, "print(#request:data'a')", "/page/", kind, method="POST", body=b"a=1&" * 999) == "1\n"


def test_a_body_can_be_read_as_it_is(here: Site) -> None:
    """In blocks, any bytes."""
    code = "local n = 0 for block in request:rawrdr(10) do n = n + 1 response:write(block) end print(n)"
    body = bytes(range(256))
    here.page(code)
    assert get(here.port, "/page/", method="POST", body=body).body == body + b"26\n"


def test_a_request_tells_both_ends(here: Site) -> None:
    """As a socket does."""
    here.page("print(request:peername()) print(request:sockname())")
    with client(here.port) as browser:
        port = browser.sock.getsockname()[1]
        assert (
            browser.get("/page/").body.decode()
            == f"127.0.0.1\t{port}\tfalse\n127.0.0.1\t{here.port}\tfalse\n"
        )


def test_wrong_arguments_are_blamed_in_the_words_of_lua(here: Site) -> None:
    """On the objects and on req2sock."""
    code = """
    print(select(2, pcall(request.method, 1)))
    print(select(2, pcall(response.write, io)))
    print(select(2, pcall(response.setheader, response, "a b", "c")))
    print(select(2, pcall(response.setheader, response, "a", "b\\nc")))
    print(select(2, pcall(response.setstatus, response, "x")))
    print(select(2, pcall(ba.socket.req2sock, {})))
    """
    answer = page(here, code).splitlines()
    assert [line.partition("(")[2] for line in answer] == [
        "HTTPCMD expected, got number)",
        "HTTPCMD expected, got table)",
        "invalid header name)",
        "control character in a header)",
        "number expected, got string)",
        "HTTPCMD expected, got table)",
    ]


# ---------------------------------------------------------------- response


def test_write_takes_strings_and_numbers_and_counts_bytes(here: Site) -> None:
    """print takes everything and says true."""
    assert (
        page(here, "local n = response:write('ab', 1, true, nil, 2.5) print(n, print())")
        == "ab12.5\n6\ttrue\n"
    )


def test_a_page_sets_status_and_headers(here: Site) -> None:
    """There is no type unless it says one."""
    here.page(
        "response:setstatus(201) response:setheader('X-A', 1) response:setcontenttype'text/plain' print'x'"
    )
    answer = get(here.port, "/page/")
    assert (answer.status, answer.headers["x-a"], answer.headers["content-type"]) == (201, "1", "text/plain")
    here.page("print'x'")
    assert "content-type" not in get(here.port, "/page/").headers


def test_json_is_the_whole_response(here: Site) -> None:
    """With the headers that were set; what was written before is not in it, and the page ends with it."""
    here.page("response:setheader('X-A', 1) print'before' response:json{a=1} trace'after'")
    answer = get(here.port, "/page/")
    assert answer.headers["content-type"] == "application/json"
    assert (answer.body, answer.headers["x-a"]) == (b'{"a":1}', "1")
    here.page("response:json({1}, {a=2})")
    assert get(here.port, "/page/").body == b'[[1],{"a":2}]'
    assert here.recorder.traced == []


def test_a_long_page_comes_in_chunks_and_waits_for_its_client(here: Site) -> None:
    """It never holds more than a buffer, so a client that does not read stops it."""
    here.page("for i = 1, 4000 do response:write(('x'):rep(10000)) sent = i _G.sent = i end trace'done'")
    with client(here.port) as browser:
        browser.send(request("/page/"))
        assert browser.sock.recv(1) == b"H"
        here.run("local before repeat before = sent ba.sleep(100) until sent and sent == before")
        assert int(here.value("sent")) < 2000
        assert "done" not in here.recorder.traced
        here.run("s = ba.clock() ba.sleep(1)")  # and a cell runs meanwhile
        total = 1 + len(browser.sock.recv(100))
        while total < 40_000_000:
            total += len(browser.sock.recv(1 << 20))
        here.recorder.wait_for_trace("done")


def test_a_page_whose_client_is_gone_ends(here: Site) -> None:
    """At its next output, without a report: nobody did anything wrong."""
    code = """
    local _ <close> = setmetatable({}, {__close = function() trace"over" end})
    while true do print(("x"):rep(999)) end
    """
    here.page(code)
    browser = Client(here.port)
    browser.send(request("/page/"))
    browser.sock.recv(1000)
    browser.close()
    here.recorder.wait_for_trace("over")
    here.run("")
    assert here.recorder.faults == []


def test_a_page_without_end_lets_others_go_on(here: Site) -> None:
    """Even if its client takes everything at once."""
    here.page("while true do print(('x'):rep(9999)) end")
    with client(here.port) as browser:
        browser.send(request("/page/"))
        cell = here.runtime.run_cell(b"for i = 1, 20 do ba.sleep(1) end", name="cell", cell=9)
        while not cell.done():
            browser.sock.recv(1 << 20)
        assert cell.result().error is None


def test_a_redirect_ends_the_page(here: Site) -> None:
    """And whatever is called later raises, as documented."""
    code = """
    ba.socket.event(function(s)
      s:read(20) trace(pcall(print, "x")) trace(pcall(response.write, response, "x"))
    end)
    print"lost" response:sendredirect"/other" trace"never"
    """
    here.page(code)
    answer = get(here.port, "/page/")
    assert (answer.status, answer.headers["location"]) == (302, "http://localhost/other")
    assert answer.body == b""
    here.recorder.wait_for_trace("false\trequest/response expired", 2)
    assert "never" not in here.recorder.traced


def test_abort_sends_what_was_written(here: Site) -> None:
    """Also from inside a pcall or a coroutine."""
    assert page(here, "print'a' pcall(coroutine.wrap(function() response:abort() end)) print'b'") == "a\n"


def test_senderror_replaces_what_was_written(here: Site) -> None:
    """The page goes on, in silence."""
    here.page("print'a' response:senderror(403, 'not you') print'b' trace'on'")
    answer = get(here.port, "/page/")
    body = b"<html><body><h1>403 Forbidden</h1>not you<p>BarracudaServer.com (Posix)</p></body></html>"
    assert (answer.status, answer.body, answer.headers["content-type"]) == (403, body, "text/html")
    here.recorder.wait_for_trace("on")


def test_reset_forgets_until_something_has_gone_out(here: Site) -> None:
    """Then it says false."""
    code = """
    response:setheader("X-A", 1) print"a" trace(response:reset())
    print"b" response:flush() trace(response:reset())
    """
    here.page(code)
    answer = get(here.port, "/page/")
    assert answer.body == b"b\n"
    assert "x-a" not in answer.headers
    assert here.recorder.traced == ["true", "false"]


# ---------------------------------------------------------------- errors


def test_an_error_is_a_500_and_a_report(here: Site) -> None:
    """In the words of the server, with the traceback; the connection lives on."""
    here.page("print'lost'\nerror'boom'")
    with client(here.port) as browser:
        answer = browser.get("/page/")
        assert answer.status == 500
        assert answer.body.startswith(b"\n\n-------- Lua error:\nprogram:2: boom\nstack traceback:\n")
        assert b"lost" not in answer.body
        assert browser.get("/page/").status == 500
    assert here.recorder.faults[0].startswith("Lua error in LSP: program:2: boom\nstack traceback:\n\t")
    assert "ba:" not in here.recorder.faults[0]


def test_an_error_in_a_page_that_has_begun_is_shown_in_it(here: Site) -> None:
    """As a red block, and escaped."""
    answer = page(here, "print'a' response:flush() error'<boom>'")
    assert answer.startswith("a\n<pre ")
    assert "&lt;boom&gt;" in answer


@pytest.mark.parametrize(
    ("code", "report"),
    [
        ("error{}", "Lua error in LSP: stack traceback:"),
        ("coroutine.yield()", "attempt to yield from outside a coroutine"),
        ("local function f() return f() + 1 end f()", "stack overflow"),
        ("os.exit()", "os.exit ends a program"),
    ],
)
def test_no_error_stays_without_an_answer(here: Site, code: str, report: str) -> None:
    """Nor stops the next page."""
    here.page(code)
    assert get(here.port, "/page/").status == 500
    here.recorder.wait(lambda: any(report in text for text in here.recorder.faults))
    here.page("print'well'", "other")
    assert get(here.port, "/other/").body == b"well\n"


def test_what_a_page_traces_belongs_to_its_cell(here: Site) -> None:
    """The one that made the directory; faults too."""
    here.page("trace'here' error'boom'")
    get(here.port, "/page/")
    events = here.recorder.events
    (traced,) = (event for event in events if isinstance(event, Traced))
    (fault,) = (event for event in events if isinstance(event, Fault))
    assert traced.cell == fault.cell > 0


# ---------------------------------------------------------------- later answers


def test_a_deferred_response_answers_when_it_is_closed(here: Site) -> None:
    """The page's own output goes nowhere; what is written after that raises, a second close does nothing."""
    code = """
    local d = response:deferred()
    print"lost"
    ba.timer(function()
      d:setstatus(202) trace(d:write("late", 1), d:valid())
      d:close() d:close() trace(pcall(d.write, d, "x")) trace(d:valid())
    end):set(20)
    """
    here.page(code)
    answer = get(here.port, "/page/")
    assert (answer.status, answer.body) == (202, b"late1")
    here.recorder.wait_for_trace("false")
    assert here.recorder.traced == ["true\ttrue", "false\texpired", "false"]


def test_a_deferred_response_that_is_dropped_is_closed(here: Site) -> None:
    """By the collector."""
    here.page("response:deferred():write'all there is'")
    with client(here.port) as browser:
        browser.send(request("/page/"))
        here.run("for i = 1, 4 do ba.sleep(1) collectgarbage() end")
        assert browser.response().body == b"all there is"


def test_a_page_in_a_pool_starts_afresh(here: Site) -> None:
    """Tasks are used again, but not their globals, buffers or owners."""
    here.page("print(x, request:data'n') x = 1 ba.sleep(1)")
    with client(here.port) as browser:
        answers = [browser.get(f"/page/?n={n}").body for n in range(40)]
    assert answers == [f"nil\t{n}\n".encode() for n in range(40)]


def test_many_pages_wait_at_once(here: Site) -> None:
    """Each in its own task; all answer, in the order of their sleep."""
    here.page("ba.sleep(tonumber(request:data'ms')) print(request:data'ms')")
    browsers = [Client(here.port) for _ in range(60)]
    for i, browser in enumerate(browsers):
        browser.send(request(f"/page/?ms={(i * 7) % 60}"))
    for i, browser in enumerate(browsers):
        assert browser.response().body == f"{(i * 7) % 60}\n".encode()
        browser.close()


# ---------------------------------------------------------------- directories


def test_directories_form_a_tree(here: Site) -> None:
    """By priority, then in order, a parent before its children; false lets the next one try."""
    code = """
    local function made(name, priority, answer)
      local dir = ba.create.dir(name, priority)
      dir:setfunc(function(_ENV, path) print(answer, path) return answer ~= "no" and path ~= "i/x" end)
      return dir
    end
    outer, inner = made("o", 0, "outer"), made("i", 0, "inner")
    first, second = made("o", 5, "no"), made("p", 0, "p")
    outer:insert() outer:insert(inner) first:insert() second:insert()
    trace(inner:baseuri(), outer:baseuri())
    trace(select(2, pcall(inner.insert, inner)))
    outer:unlink() trace(select(2, pcall(inner.insert, inner, outer))) outer:insert()
    trace(second:unlink(), second:unlink())
    """
    assert here.run(code).error is None
    with client(here.port) as browser:
        assert browser.get("/o/i/x").body == b"no\ti/x\nouter\ti/x\ninner\tx\n"
        assert browser.get("/o/i/y").body == b"no\ti/y\nouter\ti/y\n"
        assert browser.get("/o/x").body == b"no\tx\nouter\tx\n"
        redirect = browser.get("/o?q")
        assert (redirect.status, redirect.headers["location"]) == (302, "http://localhost/o/?q")
        assert browser.get("/ox").status == 404
        assert browser.get("/p/").status == 404
    assert here.recorder.traced[0] == "/o/i/\t/o/"
    assert here.recorder.traced[1].endswith("Directory already inserted")
    assert here.recorder.traced[2].endswith("a directory cannot be inserted below itself")
    assert here.recorder.traced[3] == "true\tfalse"


def test_what_nobody_answers_is_not_found(here: Site) -> None:
    """Also what a function declined after writing something."""
    here.page("print'x' return false")
    for path in ("/", "/nothing", "/page/"):
        answer = get(here.port, path)
        assert (answer.status, answer.body.partition(b"</h1>")[0]) == (404, b"<html><body><h1>404 Not Found")


# ---------------------------------------------------------------- connections that change hands


def test_a_socket_becomes_a_request(here: Site) -> None:
    """With what was read of it already; the object is dead afterwards."""
    here.page("print('hello', request:data'a')")
    code = """
    local l = ba.socket.bind(0)
    port = select(2, l:sockname())
    l:event(function(l)
      local s = l:accept()
      s:event(function(s)
        local data = s:read()
        trace(ba.socket.sock2req(s, data))
        trace(s:state())
      end)
    end)
    """
    assert here.run(code).error is None
    with client(int(here.value("port"))) as browser:
        assert browser.get("/page/?a=b").body == b"hello\tb\n"
        assert browser.get("/page/?a=c").body == b"hello\tc\n"
    assert here.recorder.traced[0] == ""


def test_a_page_that_gave_its_connection_away_answers_no_more(here: Site) -> None:
    """Its print succeeds silently, its end sends nothing."""
    here.page("local s = ba.socket.req2sock(request, true) trace(print'x') s:write'raw' s:close()")
    with client(here.port) as browser:
        browser.send(request("/page/"))
        assert browser.rest() == b"raw"
    assert here.recorder.traced == ["true"]
