"""What a peer sends costs time in proportion to its size: nobody can stop a program with a few bytes.

Each work is done on an input and on one four times as large. In proportion that takes four times as long, by
the square sixteen times; the bound lies between. Lua's patterns and Python's expressions have no steps to be
counted, so it is the thread's own processor time that is compared, the least of several tries.
"""

from __future__ import annotations

from collections.abc import Callable
from time import thread_time

import pytest
from tests.lua._chunks import Chunks
from tests.lua._programs import traced

from ba_runtime.http_client.conversation import Conversation
from ba_runtime.lab._clock import Clock
from ba_runtime.lab._http import HttpConversation
from ba_runtime.web.access import Access
from ba_runtime.web.folder import look_up
from ba_runtime.web.limits import Limits
from ba_runtime.web.memory import Memory
from ba_runtime.web.protocol import Protocol

FACTOR = 4
BOUND = 9
TRIES = 5


def growth(work: Callable[[int], object], size: int) -> float:
    """How many times as long the larger input takes."""

    def least(n: int) -> float:
        times = []
        for _ in range(TRIES):
            start = thread_time()
            work(n)
            times.append(thread_time() - start)
        return min(times)

    return least(FACTOR * size) / max(least(size), 1e-5)


# ---------------------------------------------------------------- heads


def answered(data: bytes) -> None:
    """What the HTTP client makes of an answer."""
    conversation = Conversation()
    conversation.begin(b"GET", b"/", [(b"Host", b"x")])
    conversation.finish()
    while conversation.next(data).kind in (b"head", b"body"):
        data = b""


def asked(data: bytes) -> None:
    """What the page server makes of a request."""
    protocol = Protocol(Limits(head_bytes=1 << 20), Access({}), Memory())
    protocol.receive(data)
    protocol.next()


def asked_of_the_lab(data: bytes) -> None:
    """What a simulated host makes of it."""
    HttpConversation("x.test", Clock.fixed("2026-01-01T12:00:00Z")).received(data)


OK = b"HTTP/1.1 200 OK\r\n"
GET = b"GET / HTTP/1.1\r\nHost: localhost\r\n"
LAST_CHUNK = OK + b"Transfer-Encoding: chunked\r\n\r\n0\r\n"
LINES = [
    *(b"x:%b\0", b"x:a%b\0", b"x:%ba\0", b"x:%b", b"x%b:", b":%b"),
]


@pytest.mark.parametrize("line", LINES)
@pytest.mark.parametrize(
    ("work", "start"),
    [(answered, OK), (answered, LAST_CHUNK), (asked, GET), (asked_of_the_lab, GET)],
    ids=["answer", "trailer", "request", "lab"],
)
def test_blanks_in_a_header_line_cost_their_number(
    work: Callable[[bytes], None], start: bytes, line: bytes
) -> None:
    """In a line that is right or wrong, wherever in it they are."""
    size = 1500 if work is asked_of_the_lab else 4000  # within what each takes
    assert growth(lambda n: work(start + line % (b" " * n) + b"\r\n\r\n"), size) < BOUND


def test_folded_lines_cost_their_number() -> None:
    """Each adds a blank to the value before it."""
    assert growth(lambda n: answered(OK + b"x:\r\n" + b" \r\n" * n + b" \0\r\n\r\n"), 2000) < BOUND


@pytest.mark.parametrize(
    ("head", "names"),
    [(b"x: a \t b \t\r\n", b"x:a \t b\n"), (b"x: \t\r\n", b"x:\n"), (b"x:\r\n \r\n a\r\n", b"x:a\n")],
)
def test_blanks_around_a_value_are_no_part_of_it(head: bytes, names: bytes) -> None:
    """Whatever is done about their cost."""
    conversation = Conversation()
    conversation.begin(b"GET", b"/", [(b"Host", b"x")])
    conversation.finish()
    assert conversation.next(OK + head + b"\r\n").text == names


# ---------------------------------------------------------------- in Lua


LUA = {
    "a cookie with blanks": """
        local text = "Set-Cookie:a=x" .. (" "):rep(n) .. "y\\n"
        return function() return import "http_client/fields".cookies(text)() end
    """,
    "a cookie that ends in blanks": """
        local text = "Set-Cookie:a=x" .. (" "):rep(n) .. "\\n"
        return function() return import "http_client/fields".cookies(text)() end
    """,
    "a cookie of blanks": """
        local text = "Set-Cookie:" .. (" "):rep(n) .. "\\n"
        return function() return import "http_client/fields".cookies(text)() end
    """,
    "fields of one name": """
        local text = ("a:b\\n"):rep(n * 4)
        return function() return import "http_client/fields".table(text).a end
    """,
    "a long line of a page": """
        local text = "<?lsp " .. ("a=1 "):rep(n // 4) .. "\\n?>"
        return function() return import "web/lsp".translate(text) end
    """,
    "tags of a page": """
        local text = ("<?lsp a=1 --?>x\\n<?lspx"):rep(n // 16)
        return function() return import "web/lsp".translate(text) end
    """,
}


@pytest.fixture(scope="module")
def lua() -> Chunks:
    """A state with the modules of the runtime."""
    return Chunks()


@pytest.mark.parametrize("kind", LUA)
def test_lua_reads_what_a_peer_sends_once(lua: Chunks, kind: str) -> None:
    """No pattern tries one blank after the other as the first of the last."""

    def ready(n: int) -> Callable[[], object]:
        made: Callable[[], object] = lua.run(f"local n = {n} {LUA[kind]}")
        return made

    size = 4000
    works = {n: ready(n) for n in (size, size * FACTOR)}
    assert growth(lambda n: works[n](), size) < BOUND


@pytest.mark.parametrize(
    ("line", "cookies"),
    [
        ("a=b", "a=b"),
        ("  a  =  b c  ; Path=/", "a=b c"),
        ("a=", "a="),
        ("a=   ", "a="),
        ("a=b=c", "a=b=c"),
        ("=b", ""),
        ("a", ""),
        ("a b=c", ""),
    ],
)
def test_a_cookie_has_a_name_and_a_value(lua: Chunks, line: str, cookies: str) -> None:
    """Without the blanks around either."""
    code = """
        local name, value = import "http_client/fields".cookies "Set-Cookie:%s\\n"()
        return name and name .. "=" .. value or ""
    """
    assert lua.run(code % line) == cookies.encode()


# Both need a runtime around them: `work(n)` is what is measured.
IN_A_RUNTIME = {
    "blanks between an object's values": """
        local texts = {}
        function prepare(n)
          texts[n] = "[" .. '{"a":1,' .. (" "):rep(n) .. '"b":2}' .. (',{"a":1,"b":2}'):rep(n // 30) .. "]"
        end
        function work(n) return ba.json.decode(texts[n]) end
        size = 60000
    """,
    "an include from a long path": """
        function prepare(n) end
        function work(n) return asked("/" .. ("a"):rep(n) .. "/") end
        size = 3500
        local dir = ba.create.dir()
        dir:setfunc(function(_ENV)
          pcall(response.include, response, "nothing")
          print "well"
          return true
        end)
        dir:insert()
        local http = require "httpc".create()
        function asked(path)
          http:request{url = "http://127.0.0.1:" .. mako.port .. path}
          return http:read "*a"
        end
    """,
}
MEASURE = """
    local function least(n)
      local best = math.huge
      for _ = 1, 5 do
        local start = os.clock()
        assert(work(n))
        best = math.min(best, os.clock() - start)
      end
      return best
    end
    prepare(size) prepare(4 * size)
    trace(least(4 * size) / math.max(least(size), 1e-5))
"""


@pytest.mark.parametrize("kind", IN_A_RUNTIME)
def test_a_runtime_reads_what_a_peer_sends_once(kind: str) -> None:
    """What was seen before is compared with what comes only while that is short."""
    (ratio,) = traced(IN_A_RUNTIME[kind] + MEASURE)
    assert float(ratio) < BOUND


# ---------------------------------------------------------------- paths


def test_a_path_of_many_parts_is_looked_up_to_the_first_that_is_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """And no further."""
    import os

    looked_up = []
    genuine = os.lstat

    def counting(path: bytes) -> os.stat_result:
        looked_up.append(path)
        return genuine(path)

    monkeypatch.setattr(os, "lstat", counting)
    assert look_up(b"/", b"no-such-folder" + b"/a" * 5000) is None
    assert len(looked_up) < 10
