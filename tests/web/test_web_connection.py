"""One connection of the page server: each deadline and bound, on a real socket, with a clock that is held."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator

import pytest

from ba_runtime._reactor import READ, Reactor
from ba_runtime.sockets.channel import StreamChannel
from ba_runtime.sockets.reasons import Signal
from ba_runtime.web import connection as module
from ba_runtime.web.access import Access
from ba_runtime.web.connection import MUCH_UNSENT, Connection, State, unacknowledged
from ba_runtime.web.limits import Limits
from ba_runtime.web.memory import Memory
from ba_runtime.web.outcome import Refusal
from ba_runtime.web.tracing import Tracing
from tests.lua._programs import TIMEOUT_S

from ._site import request

NUMBER = 7
LIMITS = Limits(head_s=10, body_s=30, send_s=40, idle_s=60, linger_s=2, head_bytes=1000)
GET = request("/")
LARGE = b"x" * 2_000_000
SMALL_BODY = 64 << 10


class Clock:
    """Says what time the test wants it to be."""

    now = 1000.0

    def __call__(self) -> float:
        """In seconds."""
        return self.now


class Desk:
    """The owner of the connection: notes what it hears."""

    tracing: Tracing | None = None

    def __init__(self) -> None:
        """Has heard nothing."""
        self.requests: list[bytes] = []
        self.closed_count = 0
        self.asked_count = 0
        self.is_crowded = False

    def requested(self, connection: Connection) -> None:
        """A request is whole."""
        assert connection.request is not None
        self.requests.append(connection.request.path)

    def refused(self, refusal: Refusal) -> None:
        """A client got an error from the server itself."""

    def closed(self, connection: Connection, by: bytes | None = None) -> None:
        """It is gone."""
        self.closed_count += 1

    def is_full(self) -> bool:
        """Tells what the test wants."""
        self.asked_count += 1
        return self.is_crowded


class Watched(Connection):
    """Counts what has arrived."""

    arrived = 0

    def feed(self, data: bytes) -> None:
        """Takes what arrived."""
        self.arrived += len(data)
        super().feed(data)


class Bench:
    """A connection, its client, its owner, and the reactor that moves it."""

    def __init__(self, clock: Clock, *, keeps_little: bool) -> None:
        """Connects; the system can keep little of what is sent."""
        self.clock = clock
        self.start = clock.now
        self.reactor = Reactor()
        self.desk = Desk()
        listener = socket.socket()
        if keeps_little:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        self.client = socket.socket()
        self.client.settimeout(TIMEOUT_S)
        if keeps_little:
            self.client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.client.connect(listener.getsockname())
        sock, _ = listener.accept()
        listener.close()
        channel = StreamChannel(NUMBER, sock)
        self.one = Watched(channel, self.reactor, self.desk, LIMITS, Access({}), Memory())
        self.signals: list[int] = []

    def close(self) -> None:
        """Ends everything."""
        self.client.close()
        self.one.close()
        self.reactor.close()

    def turn(self) -> None:
        """Lets the connection do what it can."""
        flat = self.reactor.poll(time.monotonic() + 0.01)
        self.signals += [int(value) for number, value in zip(flat[::2], flat[1::2], strict=True) if number]

    def arrive(self, data: bytes) -> None:
        """Sends as the client, and waits until the connection has taken it."""
        before = self.one.arrived
        self.client.sendall(data)
        while self.one.arrived < before + len(data):
            self.turn()

    def rest(self) -> bytes:
        """Reads as the client to the end."""
        data = b""
        while True:
            self.turn()
            piece = self.client.recv(1 << 16)
            if not piece:
                return data
            data += piece

    def later(self, seconds: float) -> None:
        """Lets time pass."""
        self.clock.now += seconds

    @property
    def left_s(self) -> float | None:
        """How long it is to the deadline."""
        deadline = self.one.deadline
        return None if deadline is None else deadline - self.clock.now

    @property
    def is_reading(self) -> bool:
        """Tells whether it asks for what arrives."""
        return bool(self.reactor.wanted(self.one.channel.fileno()) & READ)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The time by which connections go."""
    held = Clock()
    monkeypatch.setattr(module, "monotonic", held)
    return held


@pytest.fixture
def bench(clock: Clock) -> Iterator[Bench]:
    """A fresh connection."""
    made = Bench(clock, keeps_little=True)
    yield made
    made.close()


@pytest.fixture
def roomy(clock: Clock) -> Iterator[Bench]:
    """A connection with the system's usual buffers."""
    made = Bench(clock, keeps_little=False)
    yield made
    made.close()


# ---------------------------------------------------------------- what the client sends


def test_a_head_has_its_time_from_its_first_byte(bench: Bench) -> None:
    """What comes later does not extend it; who says nothing at all has as long."""
    assert bench.left_s == LIMITS.head_s
    bench.later(4)
    bench.arrive(GET[:5])
    assert bench.left_s == LIMITS.head_s
    bench.later(4)
    bench.arrive(GET[5:-1])
    assert bench.left_s == LIMITS.head_s - 4
    bench.arrive(GET[-1:])
    assert bench.left_s is None
    assert bench.desk.requests == [b"/"]


def test_a_body_has_its_time_from_the_end_of_the_head(bench: Bench) -> None:
    """Not from each of its bytes."""
    post = request("/", method="POST", body=b"hello")
    bench.arrive(post[:-5])
    assert bench.left_s == LIMITS.body_s
    bench.later(20)
    bench.arrive(post[-5:-1])
    assert bench.left_s == LIMITS.body_s - 20
    bench.arrive(post[-1:])
    assert bench.left_s is None


@pytest.mark.parametrize("sent", [GET[:5], request("/", method="POST", body=b"hello")[:-1]])
def test_who_is_too_slow_is_told_so(bench: Bench, sent: bytes) -> None:
    """And what still comes is thrown away for a moment, so that the words arrive."""
    bench.arrive(sent)
    bench.one.expire()
    assert (bench.one.state, bench.left_s) == (State.LINGERING, LIMITS.linger_s)
    bench.client.sendall(b"more of it")
    assert bench.rest().startswith(b"HTTP/1.1 408 ")
    assert bench.desk.closed_count == 0
    bench.client.close()
    while bench.one.state is not State.CLOSED:
        bench.turn()
    assert (bench.desk.closed_count, bench.desk.requests) == (1, [])


def test_who_does_not_hang_up_is_hung_up_on(bench: Bench) -> None:
    """After that moment, without another word."""
    bench.arrive(b"not HTTP\r\n\r\n")
    assert bench.one.state is State.LINGERING
    bench.one.expire()
    assert (bench.one.state, bench.desk.closed_count) == (State.CLOSED, 1)
    assert bench.rest().startswith(b"HTTP/1.1 405 ")


def test_an_idle_client_is_dropped_without_a_word(bench: Bench) -> None:
    """It has its time anew after each answer."""
    for _ in range(2):
        bench.arrive(GET)
        bench.one.answer(200, (), b"well")
        assert bench.left_s == LIMITS.idle_s
        bench.later(50)
    bench.one.expire()
    assert bench.one.state is State.CLOSED
    assert b"408" not in bench.rest()


def test_a_next_request_has_its_time_from_when_it_is_looked_at(bench: Bench) -> None:
    """Though its first bytes came while another was answered."""
    bench.arrive(GET + GET[:5])
    bench.later(30)
    bench.one.answer(200, (), b"well")
    assert bench.left_s == LIMITS.head_s
    bench.arrive(GET[5:])
    assert bench.desk.requests == [b"/"] * 2
    assert bench.left_s is None


@pytest.mark.parametrize(("more", "is_refused"), [(0, False), (1, True)])
def test_a_small_body_is_taken_however_many_clients_there_are(
    bench: Bench, more: int, is_refused: bool
) -> None:
    """A larger one only if there is room for it."""
    bench.desk.is_crowded = True
    head = request("/", "Content-Type: text/plain", "Content-Length: 1000000", method="POST")
    bench.arrive(head + b"x" * (SMALL_BODY + more))
    assert bench.desk.asked_count == (1 if is_refused else 0)
    if is_refused:
        assert bench.rest().startswith(b"HTTP/1.1 503 ")
    else:
        assert (bench.one.state, bench.one.held_bytes) == (State.READING, SMALL_BODY)


def test_a_large_body_is_taken_if_there_is_room(bench: Bench) -> None:
    """That is asked again and again."""
    body = b"x" * (SMALL_BODY + 100_000)
    bench.arrive(request("/", method="POST", body=body))
    assert bench.desk.asked_count > 1
    assert bench.one.request is not None
    assert bench.one.request.body == body


def test_a_pipeline_is_read_ahead_up_to_a_bound(bench: Bench) -> None:
    """Counted anew for each request that is answered."""
    bench.arrive(GET)
    long = request("/", "X: " + "y" * (LIMITS.head_bytes - len(request("/", "X: "))))
    for _ in range(2):
        bench.arrive(long)
        assert bench.is_reading
        bench.one.answer(200, (), b"well")
    bench.arrive(long)
    assert bench.is_reading
    bench.arrive(GET[:1])
    assert not bench.is_reading
    bench.one.answer(200, (), b"well")
    bench.one.answer(200, (), b"well")
    assert bench.is_reading
    bench.arrive(GET[1:])
    assert bench.desk.requests == [b"/"] * 5


# ---------------------------------------------------------------- what the client takes


def test_a_client_that_takes_nothing_is_given_up(bench: Bench) -> None:
    """In its time, and whoever answers hears of it."""
    bench.arrive(GET)
    assert bench.one.head(200, (), len(LARGE)) == 0
    assert bench.one.data(LARGE) > 0
    assert bench.left_s == LIMITS.send_s
    bench.later(LIMITS.send_s)
    bench.one.expire()
    assert (bench.one.state, bench.desk.closed_count) == (State.CLOSED, 1)
    assert bench.one.data(b"more") == bench.one.end() == -1
    bench.turn()
    assert bench.signals == [Signal.SEND_FAILED]


def test_a_client_that_takes_a_little_is_not_given_up(roomy: Bench) -> None:
    """Though the system takes nothing more from us for it; as long as it goes on."""
    roomy.arrive(GET)
    roomy.one.head(200, (), None)
    left = roomy.one.data(LARGE * 5)
    assert left > 0
    for _ in range(5):
        roomy.later(LIMITS.send_s)
        sock = roomy.one.channel.sock
        before = unacknowledged(sock)
        while unacknowledged(sock) >= before:  # no turn: the connection itself sends nothing
            assert roomy.client.recv(1000)
        roomy.one.expire()
        assert roomy.one.state is State.ANSWERING
        assert (roomy.left_s, roomy.one.queued_bytes) == (LIMITS.send_s, left)
    roomy.later(LIMITS.send_s - 1)
    assert roomy.left_s == 1
    roomy.later(1)
    roomy.one.expire()
    assert roomy.one.state is State.CLOSED


def test_what_goes_out_extends_the_time(bench: Bench) -> None:
    """When all is out there is none, and the page goes on."""
    bench.arrive(GET)
    bench.one.head(200, (), len(LARGE))
    left = bench.one.data(LARGE)
    bench.later(10)
    while bench.one.queued_bytes == left:
        bench.client.recv(100_000)
        bench.turn()
    assert bench.left_s == LIMITS.send_s
    assert bench.signals == []
    while bench.one.queued_bytes:
        bench.client.recv(100_000)
        bench.turn()
    bench.turn()
    assert bench.left_s is None
    assert bench.signals == [Signal.DRAINED]


def test_a_client_is_idle_only_when_it_has_all_of_the_answer(bench: Bench) -> None:
    """Until then it has the time for taking it."""
    body = LARGE[:50_000]
    bench.arrive(GET)
    assert bench.one.answer(200, (), body) > 0
    assert (bench.one.state, bench.left_s) == (State.READING, LIMITS.send_s)
    bench.later(30)
    while bench.one.queued_bytes:
        bench.client.recv(10_000)
        bench.turn()
    assert bench.left_s == LIMITS.idle_s


def test_a_head_that_comes_while_an_answer_goes_out_has_no_more_time_for_that(bench: Bench) -> None:
    """However slowly the client takes the answer."""
    bench.arrive(GET)
    assert bench.one.answer(200, (), LARGE[:200_000]) > 0
    bench.arrive(GET[:5])
    assert bench.left_s == LIMITS.head_s
    bench.later(8)
    left = bench.one.queued_bytes
    while bench.one.queued_bytes == left:
        bench.client.recv(10_000)
        bench.turn()
    assert bench.left_s == 2


@pytest.mark.parametrize(("less", "state"), [(0, State.READING), (1, State.DRAINING)])
def test_the_next_request_waits_while_much_of_the_last_answer_does(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, less: int, state: State
) -> None:
    """It is begun once all has gone out. Much is a quarter of a megabyte."""
    assert MUCH_UNSENT == 256 << 10
    bench.arrive(GET + GET[:5])
    bench.one.head(200, (), len(LARGE))
    left = bench.one.data(LARGE)
    monkeypatch.setattr(module, "MUCH_UNSENT", left - less)
    bench.one.end()
    assert bench.one.state is state
    while bench.one.queued_bytes:
        bench.client.recv(100_000)
        bench.turn()
    assert (bench.one.state, bench.desk.requests) == (State.READING, [b"/"])
    bench.arrive(GET[5:])
    assert bench.desk.requests == [b"/"] * 2


@pytest.mark.parametrize("size", [50_000, len(LARGE)])
def test_a_client_that_half_closes_behind_its_answer_gets_all_of_it(bench: Bench, size: int) -> None:
    """Whether much of it waits or little, and then the end."""
    bench.arrive(GET)
    assert bench.one.answer(200, (), LARGE[:size], is_sized=True) > 0
    bench.client.shutdown(socket.SHUT_WR)
    for _ in range(5):
        bench.turn()
    assert bench.rest().partition(b"\r\n\r\n")[2] == LARGE[:size]
    assert (bench.one.state, bench.desk.closed_count) == (State.CLOSED, 1)


def test_a_last_answer_goes_out_before_the_connection_is_closed(bench: Bench) -> None:
    """All of it; nobody is idle meanwhile, and what comes is not read as a request."""
    bench.arrive(request("/", "Connection: close"))
    bench.one.answer(200, (), LARGE, is_sized=True)
    assert (bench.one.state, bench.left_s) == (State.CLOSING, LIMITS.send_s)
    bench.client.sendall(GET)
    assert bench.rest().partition(b"\r\n\r\n")[2] == LARGE
    assert (bench.one.state, bench.left_s) == (State.LINGERING, LIMITS.linger_s)
    assert bench.desk.requests == [b"/"]


@pytest.mark.parametrize("fields", [["Connection: close"], []], ids=["closing", "kept"])
def test_an_end_is_read_once(bench: Bench, fields: list[str]) -> None:
    """Else the system would report it again and again while the answer goes out."""
    bench.arrive(request("/", *fields))
    bench.one.answer(200, (), LARGE, is_sized=True)
    bench.client.shutdown(socket.SHUT_WR)
    while bench.is_reading:
        bench.turn()
    assert bench.rest().partition(b"\r\n\r\n")[2] == LARGE
    assert (bench.one.state, bench.desk.closed_count) == (State.CLOSED, 1)


def test_a_client_that_is_gone_takes_no_answer(bench: Bench) -> None:
    """Whoever answers hears of it once; its answers go nowhere."""
    bench.arrive(GET)
    bench.client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    bench.client.close()
    while bench.one.state is not State.CLOSED:
        bench.turn()
    bench.turn()
    assert (bench.signals, bench.desk.closed_count) == ([Signal.SEND_FAILED], 1)
    assert bench.one.answer(200, (), b"x") == -1
    bench.one.hang_up()
    assert bench.desk.closed_count == 1
