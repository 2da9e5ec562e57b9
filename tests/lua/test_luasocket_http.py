"""socket.http: requests through ltn12, in a cell and with `ba-lua`."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ba_runtime.lab import Lab
from tests.web._site import Site, site

from ._programs import session, traced


@pytest.fixture
def here() -> Iterator[Site]:
    """A runtime with a page server, in which `http`, `ltn12` and `base` are at hand."""
    with site() as running:
        running.run("""
            http, ltn12 = require "socket.http", require "ltn12"
            base = "http://127.0.0.1:" .. mako.port .. "/page/"
        """)
        yield running


def shown(here: Site, program: str) -> list[str]:
    """What a program traces that ends without an error."""
    before = len(here.recorder.traced)
    result = here.run(program)
    assert result.error is None, result.error
    return here.recorder.traced[before:]


def test_a_url_is_enough_for_its_page(here: Site) -> None:
    """The body as a text, the status, header fields in lower case, the status line."""
    here.page('response:setheader("X-One", "1") print "hello"')
    assert shown(here, "local b, c, h, s = http.request(base) trace(b, c, h['x-one'], s)") == [
        "hello\n\t200\t1\tHTTP/1.1 200 OK"
    ]


def test_a_page_goes_through_ltn12(here: Site) -> None:
    """Into any sink, through any filter, counted by a step."""
    here.page('print(("x"):rep(10000))')
    assert shown(
        here,
        """
        local pieces, steps = {}, 0
        local ok, code = http.request{
          url = base,
          sink = ltn12.sink.chain(function(c) return c and c:upper() end, (ltn12.sink.table(pieces))),
          step = function(source, sink) steps = steps + 1 return ltn12.pump.step(source, sink) end,
        }
        trace(ok, code, table.concat(pieces) == ("X"):rep(10000) .. "\\n", steps > 1)
        """,
    ) == ["1\t200\ttrue\ttrue"]


def test_a_form_is_posted_with_its_length(here: Site) -> None:
    """The short form."""
    here.page('print(request:method(), request:header("Content-Length"), request:data("a"))')
    assert shown(here, "trace((http.request(base, 'a=1&b=2')))") == ["POST\t7\t1\n"]


def test_a_body_comes_from_a_source(here: Site) -> None:
    """With a length as it is, without one in chunks."""
    here.page("local t = {} for piece in request:rawrdr() do t[#t + 1] = piece end print(table.concat(t))")
    assert shown(
        here,
        """
        local function put(headers)
          local out = {}
          http.request{
            url = base, method = "PUT", headers = headers,
            source = ltn12.source.string(("y"):rep(3000)), sink = (ltn12.sink.table(out)),
          }
          return #table.concat(out)
        end
        trace(put{["content-length"] = 3000}, put(nil))
        """,
    ) == ["3001\t3001"]


def test_redirects_are_followed_unless_told_otherwise(here: Site) -> None:
    """For GET and HEAD, and not forever."""
    here.page("""
        if path == "there" then print "arrived" return end
        response:setheader("Location", path == "loop" and "/page/loop" or "there")
        response:setstatus(302)
        print "moved"
    """)
    assert shown(
        here,
        """
        trace((http.request(base .. "from")))
        trace((select(2, http.request{url = base .. "from", redirect = false})))
        trace((select(2, http.request(base .. "loop"))))
        """,
    ) == ["arrived\n", "302", "302"]


SERVER = """
local http, ltn12 = require "socket.http", require "ltn12"
local seen
local function serve(answer)
  local _, port = listen(function(s)
    s:event(function()
      local head = ""
      while not head:find("\\r\\n\\r\\n", 1, true) do head = head .. s:read() end
      seen = head
      s:write(answer)
    end)
  end)
  return "http://127.0.0.1:" .. port .. "/a%20b;c?d=e"
end
"""


@pytest.mark.parametrize(
    ("answer", "result"),
    [
        ("HTTP/1.1 200 OK\\r\\n\\r\\nuntil the end", "until the end\t200"),
        (
            "HTTP/1.1 200 OK\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n"
            "3\\r\\nabc\\r\\n2;x=y\\r\\nde\\r\\n0\\r\\nT: 1\\r\\n\\r\\n",
            "abcde\t200",
        ),
        (
            "HTTP/1.1 100 Continue\\r\\n\\r\\nHTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\nok, and more",
            "ok\t200",
        ),
        ("HTTP/1.1 204 No Content\\r\\n\\r\\nnothing of this", "\t204"),
        ("no head at all", "no head at all\t200"),
        ("HTTP/1.1 200 OK\\r\\nContent-Length: 9\\r\\n\\r\\nshort", "nil\tclosed"),
        (
            "HTTP/1.1 200 OK\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\nnonsense\\r\\n",
            "nil\tinvalid chunk size",
        ),
        ("HTTP/1.1 200 OK\\r\\n: nothing\\r\\n\\r\\n", "nil\tmalformed response headers"),
        ("", "nil\tclosed"),
    ],
)
def test_answers_of_every_kind(answer: str, result: str) -> None:
    """Framed as the server likes, or broken."""
    assert traced(SERVER + f'local b, c = http.request(serve "{answer}") trace(b, c)') == [result]


def test_what_is_sent_is_what_was_asked_for() -> None:
    """The path and query as they are, header fields in their usual spelling, a password in base64."""
    (head,) = traced(
        SERVER
        + """
        local u = serve "HTTP/1.1 200 OK\\r\\n\\r\\n"
        http.request{url = u:gsub("//", "//me:secret@"), headers = {["x-own"] = 1, ["User-Agent"] = "mine"}}
        trace(seen)
        """
    )
    lines = head.split("\r\n")
    assert lines[0] == "GET /a%20b;c?d=e HTTP/1.1"
    assert {
        "Authorization: Basic bWU6c2VjcmV0",
        "X-Own: 1",
        "User-Agent: mine",
        "Connection: close, TE",
    } <= set(lines)
    assert [line for line in lines if line.startswith("Host: 127.0.0.1:")]


def test_a_proxy_is_asked_for_the_whole_url() -> None:
    """And the connection goes to it."""
    assert traced(
        SERVER
        + """
        local proxy = serve "HTTP/1.1 200 OK\\r\\n\\r\\nfrom the proxy"
        trace((http.request{url = "http://example.test/x?y", proxy = proxy}))
        trace(seen:match "^[^\\r]+", seen:match "Host: ([^\\r]+)")
        """
    ) == ["1", "GET http://example.test/x?y HTTP/1.1\texample.test"]


def test_what_cannot_be_asked_is_nil_and_a_reason() -> None:
    """TLS is not LuaSocket's; the message says what is."""
    assert traced("""
        local http = require "socket.http"
        trace(http.request("http://127.0.0.1:" .. refused_port() .. "/"))
        trace(http.request "https://127.0.0.1/")
        trace(http.request "no url")
    """) == [
        "nil\tconnection refused",
        'nil\tsocket.http does not speak https; use require"httpc"',
        "nil\tinvalid host ''",
    ]


def test_the_lab_answers_a_program_of_luasocket() -> None:
    """Its names, its conditions and its clock are those of `ba.socket`."""
    lab = Lab()
    lab.start()
    try:
        with session() as fresh:
            fresh.runtime.use_lab(lab)
            result = fresh.run("""
                local body, code, headers = require "socket.http".request "http://simplemq.com/"
                return code, headers.server, require "socket".connect("echo.lab.test", 7):send "x"
            """)
            assert result.error is None, result.error
            assert result.values == (b"200", b'"ba-lua lab (simulated)"', b"1")
    finally:
        lab.stop()


def test_an_http_get_runs_with_the_command(tmp_path: Path) -> None:
    """As a script, against a page of its own."""
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "index.lsp").write_text("<?lsp= 6 * 7 ?>", encoding="utf-8")
    (tmp_path / "get.lua").write_text(
        """
        local http, ltn12 = require "socket.http", require "ltn12"
        local url = "http://127.0.0.1:" .. mako.port .. "/index.lsp"
        http.request{url = url, sink = ltn12.sink.file(io.stdout)}
        """,
        encoding="utf-8",
    )
    process = subprocess.run(
        [sys.executable, "-m", "ba_runtime", "--serve", "site", "get.lua"],
        cwd=tmp_path,
        capture_output=True,
        timeout=30,
    )
    assert process.returncode == 0, process.stderr
    assert b"42" in process.stdout
