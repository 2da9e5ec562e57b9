"""The vendor's TraceLogger protocol, by a client written from its description alone (ba-api section 12)."""

from __future__ import annotations

import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection

from ._view import TIMEOUT_S, View, view

PATH = "/rtl/tracelogger.service/"
REQUEST_LINE, REQUEST_HEADERS, RESPONSE_HEADERS, RESPONSE_BODY, LEVEL = 2, 3, 4, 5, 7


class TraceLoggerClient:
    """Speaks the protocol as the vendor's page does."""

    def __init__(self, socket: ClientConnection) -> None:
        """Reads the settings, which come first."""
        self._socket = socket
        first = self._receive()
        assert first[0] == 1
        assert len(first) == 7
        self.settings = tuple(first[1:])

    def _receive(self) -> bytes:
        message = self._socket.recv(TIMEOUT_S)
        assert isinstance(message, bytes)
        return message

    def set(self, what: int, value: int) -> None:
        """Sends a setting."""
        self._socket.send(bytes((what, value)))

    def line(self) -> str:
        """Returns the next line; it may come in pieces, with empty messages in between."""
        text = b""
        while not text.endswith(b"\n"):
            message = self._receive()
            assert message[0] == 2
            text += message[1:]
        return text.decode()

    def until(self, end: str) -> list[str]:
        """Returns the lines up to one that ends like this."""
        lines = [self.line()]
        while not lines[-1].endswith(f"{end}\n"):
            lines.append(self.line())
        return lines

    def last_message(self) -> bytes:
        """Returns what comes before the connection is closed."""
        message = b""
        try:
            while True:
                message = self._receive()
        except ConnectionClosed:
            return message


@contextmanager
def tracelogger(here: View) -> Iterator[TraceLoggerClient]:
    """A client that has connected."""
    with here.socket(PATH) as socket:
        yield TraceLoggerClient(socket)


def free(here: View) -> int:
    """Returns the status of the vendor's question whether the service is free."""
    answer = here.get(PATH + here.query, {"x-requested-with": "XMLHttpRequest"})
    assert answer.headers["tracelogger"] == "1.0"
    return answer.status


def test_the_settings_come_first() -> None:
    """No HTTP traffic, and level 5."""
    with view() as here, tracelogger(here) as client:
        assert client.settings == (0, 0, 0, 0, 0, 5)


def test_lines_are_those_of_the_console() -> None:
    """`NAME LINE: text` with a line feed, and nothing in front of what asked for no prefix."""
    with view() as here, tracelogger(here) as client:
        here.run(
            "function f() trace('one', 2) end f()\npcall(trace, 'three') tracep(false, 5, 'four\\nfive')"
        )
        assert client.until("five") == ["f 1: one\t2\n", "pcall -1: three\n", "four\n", "five\n"]


def test_a_client_sees_the_lines_of_the_page() -> None:
    """Also errors in the background, which the console shows behind dashes."""
    with view() as here, tracelogger(here) as client, here.page() as page:
        here.run("ba.socket.event(function() error('boom', 0) end) ba.sleep(10) trace('end')")
        mine, theirs = client.until("end"), page.texts("end")
        assert mine[0] == "-------- Lua error in Cosocket: boom\n"
        assert [line.rstrip("\n").removeprefix("-------- ").removeprefix(" 1: ") for line in mine] == theirs


def test_whether_it_is_free_can_be_asked() -> None:
    """204 until a client has it, then 503."""
    with view() as here:
        assert free(here) == 204
        with tracelogger(here):
            assert free(here) == 503
        with tracelogger(here):  # whose turn comes after the former has gone
            pass
        deadline = [free(here) for _ in range(200)]
        assert deadline[-1] == 204


def test_a_second_client_takes_the_place_of_the_first() -> None:
    """Which gets a message 3 and is closed."""
    with view() as here, tracelogger(here) as first, tracelogger(here) as second:
        assert first.last_message() == b"\x03"
        here.run("trace 'for the second'")
        assert second.line() == " 1: for the second\n"


def test_lines_of_a_lower_priority_are_sent_when_the_level_says_so() -> None:
    """And not before: a higher number is a lower priority."""
    with view() as here, tracelogger(here) as client:
        here.run("tracep(6, 'early') trace 'first'")
        assert client.until("first") == [" 1: first\n"]
        client.set(LEVEL, 7)
        client.set(REQUEST_LINE, 0)  # the settings are taken in order
        _until_level(here, 7)
        here.run("tracep(7, 'seen') tracep(8, 'not seen') trace 'second'")
        assert client.until("second") == [" 1: seen\n", " 1: second\n"]
        client.set(LEVEL, 3)
        client.set(LEVEL, 4)
        _until_level(here, 5)
        here.run("trace 'not seen' tracep(4, 'third')")
        assert client.until("third")[-1] == " 1: third\n"


def _until_level(here: View, level: int) -> None:
    """Waits until the runtime traces up to this priority."""
    feed = here.window.shared.feed
    assert feed is not None
    while True:
        with feed.lock:  # it is told while this is held
            if feed._told[2] == level:
                return
        here.run("ba.sleep(5)")


def test_the_level_is_kept_for_the_next_client() -> None:
    """As the server keeps it; 20 is the highest."""
    with view() as here:
        with tracelogger(here) as client:
            client.set(LEVEL, 255)
            _until_level(here, 20)
        with tracelogger(here) as client:
            assert client.settings[-1] == 20


def test_requests_are_traced_when_a_client_asks_for_it() -> None:
    """The request line as the server writes it, then the rest."""
    with view() as here, tracelogger(here) as client:
        port = here.run(
            "dir = ba.create.dir('page') dir:setfunc(function(_ENV) response:write('body!') return true end) "
            "dir:insert() return mako.port"
        ).values[0]
        for what in (REQUEST_LINE, REQUEST_HEADERS, RESPONSE_HEADERS, RESPONSE_BODY):
            client.set(what, 1)
        feed = here.window.shared.feed
        assert feed is not None
        while not all(feed.http):
            here.run("ba.sleep(5)")
        with urllib.request.urlopen(
            f"http://127.0.0.1:{port.decode()}/page/x?a=1", timeout=TIMEOUT_S
        ) as answer:
            assert answer.read() == b"body!"
        lines = client.until("body!")
        assert lines[0] == '127.0.0.1 GET "/page/x" ?a=1\n'
        assert any(line.startswith("Host: 127.0.0.1") for line in lines)
        assert "HTTP/1.1 200 OK\n" in lines


@pytest.mark.parametrize("message", [b"", b"\x07", b"\x07\x05\x05", b"\xff\x01", b"\x01\x01"])
def test_what_makes_no_sense_is_ignored(message: bytes) -> None:
    """The client stays, and its settings too."""
    with view() as here, here.socket(PATH) as socket:
        client = TraceLoggerClient(socket)
        socket.send(message)
        here.run("trace 'still here'")
        assert client.line() == " 1: still here\n"


def test_a_message_without_end_costs_the_connection() -> None:
    """Nobody has more to say than two bytes."""
    with view() as here, here.socket(PATH) as socket:
        client = TraceLoggerClient(socket)
        socket.send(b"\x07" * 100_000)
        assert client.last_message() == b""


def test_lines_that_came_too_fast_are_counted() -> None:
    """The ring keeps 10,000; a client that was too slow for more is told how many it has missed."""
    with view() as here, tracelogger(here) as client:
        here.run("for i = 1, 30000 do trace(i) end trace 'end'")
        lines = client.until("end")
        lost = sum(int(line.split()[1]) for line in lines if line.startswith("-- "))
        assert lost + sum(not line.startswith("-- ") for line in lines) == 30_001
        numbers = [int(line.split()[1]) for line in lines[:-1] if not line.startswith("-- ")]
        assert numbers == sorted(numbers)
