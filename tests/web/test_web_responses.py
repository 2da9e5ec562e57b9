"""What pages do with responses: fields that repeat, order, and the edges of what is allowed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ba_runtime import Note

from ._site import Client, Site, client, get, request, site

FORM = "Content-Type: application/x-www-form-urlencoded"


@pytest.fixture
def here() -> Iterator[Site]:
    """A fresh site."""
    with site() as fresh:
        yield fresh


def head_of(browser: Client, path: str) -> list[str]:
    """The lines of the head that answers, in their order."""
    browser.send(request(path, "Connection: close"))
    return browser.rest().partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")[1:]


# ---------------------------------------------------------------- fields


def test_cookies_add_up_and_other_fields_do_not(here: Site) -> None:
    """In their order, in any case of the name; taking one away takes the first."""
    here.page("""
        response:setheader("Set-Cookie", "a=1") response:setheader("X-One", "1")
        response:setheader("set-cookie", "b=2") response:setheader("x-one", "2")
        response:setheader("Set-Cookie", "c=3") response:setheader("X-Two", "3")
        response:setheader("X-TWO") response:setheader("X-None")
    """)
    with client(here.port) as browser:
        fields = [line for line in head_of(browser, "/page/") if line[:2] in ("Se", "se", "X-", "x-")]
        fields.remove("Server: BarracudaServer.com (Posix)")
    assert fields == ["Set-Cookie: a=1", "X-One: 2", "set-cookie: b=2", "Set-Cookie: c=3"]
    here.page("for i = 1, 3 do response:setheader('Set-Cookie', i) end response:setheader('Set-Cookie')")
    with client(here.port) as browser:
        assert [line for line in head_of(browser, "/page/") if "ookie" in line] == [
            "Set-Cookie: 2",
            "Set-Cookie: 3",
        ]


@pytest.mark.parametrize("code", [0, 1, 9, 10, 13, 31, 127])
def test_no_control_character_gets_into_a_head(here: Site, code: int) -> None:
    """By no function that writes there; a tab is allowed in a field's value."""
    here.page(f"""
        local char = string.char({code})
        for _, call in ipairs{{
          function() response:setheader("X-A", "a" .. char .. "b") end,
          function() response:setcontenttype("text/plain" .. char) end,
          function() response:sendredirect("/a" .. char .. "b") end,
          function() response:setheader("X" .. char, "b") end,
        }} do
          trace((pcall(call)))
        end
    """)
    with client(here.port) as browser:
        lines = head_of(browser, "/page/")
    assert here.recorder.traced == ["true" if code == 9 else "false", "false", "false", "false"]
    assert not any(line.startswith("Location") for line in lines)


@pytest.mark.parametrize("char", [" ", "!", "~", "\u00ff"])
def test_every_other_character_gets_into_a_value(here: Site, char: str) -> None:
    """Those at the edges of what is refused."""
    here.page(f"response:setheader('X-A', 'a\\x{ord(char):02x}b')")
    with client(here.port) as browser:
        assert f"X-A: a{char}b" in head_of(browser, "/page/")


@pytest.mark.parametrize(("status", "is_fine"), [(199, False), (200, True), (599, True), (600, False)])
@pytest.mark.parametrize("call", ["response:setstatus(%d)", "response:senderror(%d, 'x')"])
def test_a_status_is_200_to_599(here: Site, call: str, status: int, is_fine: bool) -> None:
    """By either function; of others the client gets what the server sends, and the trace says so once."""
    here.page(f"{call % status} {call.replace('%d', '%d + 0') % status if not is_fine else ''}")
    with client(here.port) as browser:
        browser.send(request("/page/", "Connection: close"))
        word = str(status) if is_fine else "???"
        assert browser.rest().startswith(f"HTTP/1.1 {word} ".encode())
    notes = [event.text for event in here.recorder.events if isinstance(event, Note)]
    assert len([note for note in notes if "the client gets `???`" in note]) == (not is_fine)


def test_a_redirect_has_the_status_that_was_asked_for(here: Site) -> None:
    """302 unless it was; what was set before goes with it."""
    here.page("response:setheader('X-A', '1') print'x' response:sendredirect('/y', 307)")
    answer = get(here.port, "/page/")
    assert (answer.status, answer.headers["location"], answer.body) == (307, "http://localhost/y", b"")
    assert answer.headers["x-a"] == "1"


@pytest.mark.parametrize(
    ("url", "location"),
    [
        ("/y", "http://localhost/y"),
        ("y?a=b", "http://localhost/page/a%20b/y?a=b"),
        ("https://other.test/y", "https://other.test/y"),
        ("//other.test/y", "http://other.test/y"),
        ("mailto:a@b", "mailto:a@b"),
    ],
)
def test_a_redirect_leads_to_a_complete_address(here: Site, url: str, location: str) -> None:
    """It begins where the page is."""
    here.page(f"response:sendredirect '{url}'")
    assert get(here.port, "/page/a%20b/c").headers["location"] == location


@pytest.mark.parametrize(("length", "status"), [(-1, 500), (0, 200)])
def test_a_length_is_not_negative(here: Site, length: int, status: int) -> None:
    """Nothing is a length."""
    here.page(f"response:setcontentlength({length}) response:flush()")
    answer = get(here.port, "/page/")
    assert answer.status == status
    assert status == 500 or answer.headers["content-length"] == "0"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("include()", "bad argument #1 to 'include' (string expected, got no value)"),
        ("include({})", "bad argument #1 to 'include' (string expected, got table)"),
        ("forward()", "bad argument #1 to 'forward' (string expected, got no value)"),
        ("sendredirect()", "bad argument #1 to 'sendredirect' (string expected, got no value)"),
        ("sendredirect('/', 'x')", "bad argument #2 to 'sendredirect' (number expected, got string)"),
        ("senderror()", "bad argument #1 to 'senderror' (number expected, got no value)"),
        ("senderror(404, {})", "bad argument #2 to 'senderror' (string expected, got table)"),
        ("setheader()", "bad argument #1 to 'setheader' (string expected, got no value)"),
        ("setheader('X', {})", "bad argument #2 to 'setheader' (string expected, got table)"),
        ("setstatus()", "bad argument #1 to 'setstatus' (number expected, got no value)"),
        ("setcontenttype()", "bad argument #1 to 'setcontenttype' (string expected, got no value)"),
        ("setcontentlength()", "bad argument #1 to 'setcontentlength' (number expected, got no value)"),
        ("include('/nothing')", "Error pagenotfound: /nothing"),
        ("forward('/nothing')", "Error pagenotfound: /nothing"),
        ("json()", "bad argument #1 to 'json' (table expected, got no value)"),
        ("json({}, 1)", "bad argument #2 to 'json' (table expected, got number)"),
        ("reset('x')", "bad argument #1 to 'reset' (invalid option 'x')"),
    ],
)
def test_what_a_method_needs_is_asked_for_at_the_pages_line(here: Site, call: str, message: str) -> None:
    """In the words of Lua."""
    here.page(f"\n response:{call}")
    assert get(here.port, "/page/").body.decode().split("\n")[3] == f"program:2: {message}"


# ---------------------------------------------------------------- forms and bodies


def test_a_name_that_repeats_in_a_form_has_its_first_value_alone_and_its_last_in_the_table(
    here: Site,
) -> None:
    """The body comes behind the query; pairs have all of them in order."""
    here.page("""
        print(request:data"a", request:data().a, request:data"b", request:data().b)
        for name, value in request:datapairs() do print(name, value) end
    """)
    answer = get(here.port, "/page/?a=1&b=2&a=3", FORM, method="POST", body=b"b=4&a=5&a=6")
    assert answer.body.decode().split("\n") == [
        *("1\t6\t2\t4", "a\t1", "b\t2", "a\t3", "b\t4", "a\t5", "a\t6", ""),
    ]


def test_an_empty_value_counts_and_an_empty_name_does_not(here: Site) -> None:
    """Alone, in the table and in pairs."""
    here.page("""
        print('[' .. request:data'a' .. ']', '[' .. request:data().a .. ']', request:data '')
        for name in request:datapairs() do response:write(name, " ") end
    """)
    assert get(here.port, "/page/?a=1&a=&b&=2").body == b"[1]\t[]\tnil\na a b "
    assert get(here.port, "/page/?a=&a=1").body == b"[]\t[1]\tnil\na a "


@pytest.mark.parametrize(
    ("query", "value"),
    [
        ("a=1;b=2", "2"),
        ("a=1;b", "1"),
        ("a;b=2", "2"),
        ("a=1&c=3;d=4", "1"),
        ("a=x=y", "x=y"),
        ("a=1%3Bb=2", "1;b=2"),
    ],
)
def test_a_semicolon_in_a_query_is_read_as_the_server_reads_it(here: Site, query: str, value: str) -> None:
    """It ends a value, and what follows takes its place; in code it is a character like others."""
    here.page("print(request:data'a', request:data'b')")
    assert get(here.port, f"/page/?{query}").body.decode() == f"{value}\tnil\n"


def test_what_surprises_in_a_form_is_explained_once(here: Site) -> None:
    """With what to do instead; a request as it should be gets no remark."""
    here.page("request:data()")
    get(here.port, "/page/?a=1&b=%3B", FORM, method="POST", body=b"a=1")
    get(here.port, "/page/", "Content-Type: text/plain", method="PUT", body=b"a=1")
    assert here.recorder.notes == []
    for _ in range(2):
        get(here.port, "/page/?a=1;b=2", FORM, method="PUT", body=b"a=1")
    starts = [note.split(",")[0] for note in here.recorder.notes]
    assert starts == [
        "a form is read from a POST with a Content-Length only",
        "a semicolon in a query ends a field's value",
    ]
    with client(here.port) as browser:
        browser.send(b"POST /page/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n\r\nx")
        assert browser.response().status == 400
    assert here.recorder.notes[2:] == [
        "the page server refused a request (400): a POST with a body needs a Content-Type"
    ]


def test_several_fields_are_asked_for_at_once(here: Site) -> None:
    """Each has its place in the result."""
    here.page("print(select('#', request:data('a', 'no', 'b')), request:data('a', 'no', 'b'))")
    assert get(here.port, "/page/?a=1&b=2").body == b"3\t1\tnil\t2\n"


@pytest.mark.parametrize(
    ("method", "fields", "body", "answer"),
    [
        ("POST", [FORM], b"a=1", "1 / URL encoded data"),
        ("POST", [FORM + "; charset=utf-8"], b"a=1", "1 / URL encoded data"),
        ("PUT", [FORM], b"a=1", "nil / a=1"),
        ("POST", [FORM, "Transfer-Encoding: chunked"], b"", "nil / "),
        ("POST", ["Content-Type: multipart/form-data; boundary=B"], b"x", "nil / multipart/form-data"),
        ("GET", [], b"", "nil / Missing content-length and not chunk encoding"),
    ],
)
def test_a_form_is_read_by_the_server_or_by_the_page(
    here: Site, method: str, fields: list[str], body: bytes, answer: str
) -> None:
    """Never by both: only a POST with its length is a form to the server."""
    here.page("""
        local ok, next_block = pcall(request.rawrdr, request)
        print(request:data'a', "/", ok and (next_block() or "") or next_block)
    """)
    sent = request("/page/", *fields, method=method, body=body)
    if "chunked" in str(fields):
        sent += b"0\r\n\r\n"
    with client(here.port) as browser:
        browser.send(sent)
        assert browser.response().body.decode() == answer.replace(" / ", "\t/\t") + "\n"


def test_a_form_of_exactly_as_many_fields_as_allowed_is_read(here: Site) -> None:
    """One more is not."""
    here.page("local n = 0 for _ in request:datapairs() do n = n + 1 end print(n)")
    for count, status in ((1000, 200), (1001, 500)):
        body = b"&".join([b"a=1"] * count)
        assert get(here.port, "/page/", FORM, method="POST", body=body).status == status


@pytest.mark.parametrize(
    ("size", "blocks"),
    [(1, [1] * 10), (3, [3, 3, 3, 1]), (9, [9, 1]), (10, [10]), (11, [10])],
)
def test_a_body_is_read_in_blocks_of_a_size(here: Site, size: int, blocks: list[int]) -> None:
    """The last may be shorter."""
    here.page(f"for block in request:rawrdr({size}) do response:write(#block, ' ') end")
    answer = get(here.port, "/page/", method="POST", body=b"0123456789")
    assert [int(word) for word in answer.body.split()] == blocks


@pytest.mark.parametrize("size", [0, -1])
def test_a_block_has_a_byte_at_least(here: Site, size: int) -> None:
    """Else there would be no end of them."""
    here.page(f"print(select(2, pcall(request.rawrdr, request, {size})))")
    answer = get(here.port, "/page/", method="POST", body=b"x").body
    assert answer.endswith(b"(size out of range)\n")


def test_a_block_is_a_kilobyte_unless_it_is_said(here: Site) -> None:
    """And an empty body has none."""
    here.page(
        "local n = 0 for block in request:rawrdr() do n = n + 1 response:write(#block, ' ') end print(n)"
    )
    assert get(here.port, "/page/", method="POST", body=b"x" * 1025).body == b"1024 1 2\n"
    assert get(here.port, "/page/", "Content-Length: 0", method="POST").body == b"0\n"


# ---------------------------------------------------------------- order


def test_directories_of_one_priority_are_asked_in_the_order_of_their_insertion(here: Site) -> None:
    """Higher ones before, lower ones after them, whatever the order of those."""
    code = """
    local function made(name, priority)
      local dir = ba.create.dir("d", priority)
      dir:setfunc(function(_ENV) response:write(name, " ") return false end)
      return dir
    end
    local dirs = {}
    for i, priority in ipairs{0, 5, 0, -5, 5, 0, 127, -127, -5, 0} do
      dirs[i] = made(i, priority)
      dirs[i]:insert()
    end
    dirs[3]:unlink() dirs[3]:insert() -- behind its equals
    local last = ba.create.dir("d", -127)
    last:setfunc(function(_ENV) print "end" return true end)
    last:insert()
    """
    assert here.run(code).error is None
    assert get(here.port, "/d/").body == b"7 2 5 1 6 10 3 4 9 8 end\n"


@pytest.mark.parametrize(("priority", "is_fine"), [(127, True), (128, False), (-127, True), (-128, False)])
def test_a_priority_has_its_bounds(here: Site, priority: int, is_fine: bool) -> None:
    """As on the server."""
    result = here.run(f"ba.create.dir('x', {priority})")
    assert (result.error is None) is is_fine


def test_a_directory_that_is_gone_answers_nothing_more(here: Site) -> None:
    """Its neighbours do, and it can come back; a whole branch goes with its parent."""
    code = """
    function made(name)
      local dir = ba.create.dir(name)
      dir:setfunc(function() return false end)
      return dir
    end
    outer, one, two, three = made "o", made "1", made "2", made "3"
    for _, dir in ipairs{one, two, three} do
      dir:setfunc(function(_ENV) print(dir:baseuri()) return true end)
      outer:insert(dir)
    end
    outer:insert()
    two:unlink()
    """
    assert here.run(code).error is None
    with client(here.port) as browser:
        found = [browser.get(f"/o/{n}/").status for n in (1, 2, 3)]
        assert found == [200, 404, 200]
        here.run("outer:insert(two)")
        assert browser.get("/o/2/").body == b"/o/2/\n"
        here.run("two:unlink() two:insert()")  # somewhere else, and no longer there
        assert [browser.get(path).status for path in ("/o/2/", "/2/")] == [404, 200]
        here.run("outer:unlink()")
        assert [browser.get(path).status for path in ("/o/1/", "/2/")] == [404, 200]


# ---------------------------------------------------------------- includes


@pytest.mark.parametrize(("depth", "is_fine"), [(10, True), (11, False)])
def test_pages_include_each_other_to_a_depth(here: Site, depth: int, is_fine: bool) -> None:
    """Deeper ones are an error, and no endless loop."""
    here.page("""
        local n = tonumber(path)
        print(n)
        if n > 0 then response:include(tostring(n - 1)) end
    """)
    answer = get(here.port, f"/page/{depth}")
    if is_fine:
        assert answer.body.split() == [b"%d" % n for n in range(depth, -1, -1)]
    else:
        assert answer.status == 500
        assert b"too deeply" in answer.body


def test_relative_paths_begin_where_the_page_is_that_runs(here: Site) -> None:
    """Again after an include has returned."""
    here.page("print(path)", "b")
    here.page(
        """
        print(path)
        if path == "x/1" then
          response:include "2" response:include "2?q" response:include "/b/4"
        elseif path == "y/5" then
          response:include "6" response:include "/a/x/7" response:include "6"
        end
    """,
        "a",
    )
    assert get(here.port, "/a/x/1").body.split() == [b"x/1", b"x/2", b"x/2", b"4"]
