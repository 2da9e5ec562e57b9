"""The resolver: what it answers at once, what it asks the system for, and what the lab takes over."""

from __future__ import annotations

import queue
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from ba_runtime._resolver import Address, Answer, Kind, Resolver

UNKNOWN = "Name or service not known"
WRONG_FAMILY = "Address family for hostname not supported"
PATIENCE_S = 20


class FakeSystem:
    """A system resolver that knows some names and, if told so, waits until it is let go."""

    def __init__(self, names: dict[str, str] | None = None, is_stuck: bool = False) -> None:
        self.names = names or {}
        self.asked: queue.Queue[tuple[str, int]] = queue.Queue()
        self.may_answer = threading.Event()
        if not is_stuck:
            self.may_answer.set()

    def __call__(
        self, name: bytes, port: int, kind: Kind, family: socket.AddressFamily
    ) -> tuple[Address, ...]:
        self.asked.put((name.decode(), threading.get_ident()))
        assert self.may_answer.wait(PATIENCE_S)
        try:
            return ((family, (self.names[name.decode()], port)),)
        except KeyError:
            raise socket.gaierror(socket.EAI_NONAME, "no such name in this test") from None


class Answers:
    """Collects answers, with the thread that each came on."""

    def __init__(self) -> None:
        self.got: queue.Queue[tuple[Answer, int]] = queue.Queue()

    def __call__(self, answer: Answer) -> None:
        self.got.put((answer, threading.get_ident()))

    def next(self) -> Answer:
        return self.got.get(timeout=PATIENCE_S)[0]

    def now(self) -> Answer:
        """The answer that must be there already, given on this thread."""
        answer, thread = self.got.get_nowait()
        assert thread == threading.get_ident()
        assert self.got.empty()
        return answer


@contextmanager
def resolving(system: FakeSystem) -> Iterator[Resolver]:
    resolver = Resolver(system)
    try:
        yield resolver
    finally:
        system.may_answer.set()
        resolver.close()


def at_once(host: str, port: int = 80, kind: Kind = "tcp", ipv6: bool = False) -> Answer:
    answers = Answers()
    with resolving(FakeSystem()) as resolver:
        resolver.lookup(host, port, kind, ipv6, answers)
        return answers.now()


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("127.1", "127.0.0.1"),
        ("0x7f.1", "127.0.0.1"),
        ("2130706433", "127.0.0.1"),
        ("255.255.255.255", "255.255.255.255"),
    ],
)
def test_numeric_ipv4_is_answered_at_once(host: str, address: str) -> None:
    """No thread is needed for what is an address already, old forms with fewer dots included."""
    assert at_once(host, 8080) == Answer(((socket.AF_INET, (address, 8080)),))


def test_numeric_ipv6_is_answered_at_once() -> None:
    """An IPv6 address needs ipv6, and comes with flow and scope as sockets want it."""
    assert at_once("::1", 8080, ipv6=True) == Answer(((socket.AF_INET6, ("::1", 8080, 0, 0)),))


@pytest.mark.parametrize(("host", "ipv6"), [("::1", False), ("127.0.0.1", True)])
def test_an_address_of_the_other_family_does_not_resolve(host: str, ipv6: bool) -> None:
    """The answer is an error in the system's words, not an address that the socket could not use."""
    assert at_once(host, ipv6=ipv6) == Answer(error=WRONG_FAMILY)


def test_the_queue_has_room_for_256_names() -> None:
    """One more is refused."""
    system = FakeSystem(is_stuck=True)
    answers = Answers()
    with resolving(system) as resolver:
        for number in range(4):  # what is being asked does not wait
            resolver.lookup(f"asked{number}.example", 1, "tcp", False, answers)
            system.asked.get(timeout=PATIENCE_S)
        for number in range(256):
            resolver.lookup(f"waits{number}.example", 1, "tcp", False, answers)
        assert answers.got.empty()
        resolver.lookup("refused.example", 1, "tcp", False, answers)
        assert answers.now() == Answer(error="Temporary failure in name resolution")
        system.may_answer.set()
        for _ in range(260):
            answers.next()


def test_a_name_of_255_characters_is_asked_for() -> None:
    """RFC 1035 section 2.3.4; whether there is such a name is for the system to say."""
    system = FakeSystem({"a" * 255: "127.0.0.2"})
    answers = Answers()
    with resolving(system) as resolver:
        resolver.lookup("a" * 255, 80, "tcp", False, answers)
        assert answers.next().addresses == ((socket.AF_INET, ("127.0.0.2", 80)),)


@pytest.mark.parametrize(
    "host",
    [
        "",
        "a" * 256,
        "www\0.example.com",
        "127.0.0.1\0",
        "b\u00fccher.example",
        "\udcff\udcfe",
        "127.0.0.1 and more",
        " 127.0.0.1",
        "127.0.0.1\n",
    ],
)
def test_what_cannot_be_a_name_is_an_error_at_once(host: str) -> None:
    """Empty, too long, with a NUL, not ASCII, an address with something around it: none of it raises."""
    assert at_once(host) == Answer(error=UNKNOWN)


@pytest.mark.parametrize("host", ["[::1]", "::g", "1:2", "::1%nosuchinterface"])
def test_what_has_a_colon_but_is_no_ipv6_address_is_an_error_at_once(host: str) -> None:
    """Names have no colons, so nobody is asked."""
    answer = at_once(host, ipv6=True)
    assert answer.addresses == ()
    assert answer.error != ""


def test_a_name_is_asked_for_on_another_thread() -> None:
    """The calling thread never waits for the system's resolver."""
    system = FakeSystem({"host.example": "127.0.0.9"})
    answers = Answers()
    with resolving(system) as resolver:
        resolver.lookup("host.example", 443, "tcp", False, answers)
        answer, answer_thread = answers.got.get(timeout=PATIENCE_S)
    name, asking_thread = system.asked.get_nowait()
    assert answer == Answer(((socket.AF_INET, ("127.0.0.9", 443)),))
    assert name == "host.example"
    assert asking_thread == answer_thread != threading.get_ident()


def test_the_systems_words_are_the_error() -> None:
    """Lua programs are shown what the resolver said."""
    answers = Answers()
    with resolving(FakeSystem()) as resolver:
        resolver.lookup("nobody.example", 80, "udp", False, answers)
        assert answers.next() == Answer(error="no such name in this test")


@pytest.mark.parametrize("kind", ["tcp", "udp"])
def test_localhost_resolves_with_the_real_resolver(kind: Kind) -> None:
    """Without a fake, names go to getaddrinfo; each address comes once."""
    answers = Answers()
    resolver = Resolver()
    try:
        resolver.lookup("localhost", 9, kind, False, answers)
        assert answers.next() == Answer(((socket.AF_INET, ("127.0.0.1", 9)),))
    finally:
        resolver.close()


def test_a_slow_name_does_not_delay_another() -> None:
    """Several names are asked for at the same time."""
    system = FakeSystem({"a.example": "127.0.0.2", "b.example": "127.0.0.3"}, is_stuck=True)
    answers = Answers()
    with resolving(system) as resolver:
        resolver.lookup("a.example", 1, "tcp", False, answers)
        resolver.lookup("b.example", 1, "tcp", False, answers)
        asked = {system.asked.get(timeout=PATIENCE_S) for _ in range(2)}
        assert {name for name, _ in asked} == {"a.example", "b.example"}
        assert len({thread for _, thread in asked}) == 2


def test_threads_are_made_when_needed_and_few() -> None:
    """A resolver that was never asked has no thread; one with very much to do has four."""
    system = FakeSystem(is_stuck=True)
    answers = Answers()
    before = set(threading.enumerate())
    with resolving(system) as resolver:
        resolver.lookup("127.0.0.1", 1, "tcp", False, answers)
        assert set(threading.enumerate()) == before
        for number in range(20):
            resolver.lookup(f"host{number}.example", 1, "tcp", False, answers)
        assert len(set(threading.enumerate()) - before) == 4


def test_too_many_waiting_names_are_an_error() -> None:
    """The queue is bounded: a runaway loop gets an error at once, and every lookup exactly one answer."""
    system = FakeSystem(is_stuck=True)
    answers = Answers()
    with resolving(system) as resolver:
        for number in range(1000):
            resolver.lookup(f"host{number}.example", 1, "tcp", False, answers)
        refused = answers.got.qsize()
        # Four are being asked at most, and 256 wait; how many of the four were taken out by then is chance.
        assert 1000 - 256 - 4 <= refused <= 1000 - 256
        assert answers.next() == Answer(error="Temporary failure in name resolution")
        system.may_answer.set()
        for _ in range(999):
            answers.next()
    assert answers.got.empty()


def test_close_answers_what_is_open() -> None:
    """Whoever still waits, in the queue or in the middle of being asked, is told, and only once."""
    system = FakeSystem(is_stuck=True)
    answers = Answers()
    before = set(threading.enumerate())
    with resolving(system) as resolver:
        for number in range(10):
            resolver.lookup(f"host{number}.example", 1, "tcp", False, answers)
        resolver.close()
        assert [answers.next().error for _ in range(10)] == ["Request canceled"] * 10
        workers = set(threading.enumerate()) - before
    for worker in workers:
        worker.join(PATIENCE_S)
        assert not worker.is_alive()
    assert answers.got.empty()


def test_after_close_names_are_an_error_and_addresses_are_not() -> None:
    """Only what needs a thread is gone."""
    answers = Answers()
    resolver = Resolver(FakeSystem())
    resolver.close()
    resolver.close()
    resolver.lookup("host.example", 1, "tcp", False, answers)
    assert answers.now() == Answer(error="Request canceled")
    resolver.lookup("127.0.0.1", 1, "tcp", False, answers)
    assert answers.now().error == ""


def workers() -> set[threading.Thread]:
    """The resolvers' threads."""
    return {thread for thread in threading.enumerate() if thread.name == "ba-resolver"}


def test_the_threads_end_when_the_resolver_is_closed() -> None:
    """Those that wait for work at once, those that ask as soon as they are answered."""
    before = workers()
    system = FakeSystem({"host.example": "127.0.0.2"}, is_stuck=True)
    answers = Answers()
    resolver = Resolver(system)
    for _ in range(4):
        resolver.lookup("host.example", 1, "tcp", False, answers)
    ours = workers() - before
    assert len(ours) == 4
    for _ in ours:
        system.asked.get(timeout=PATIENCE_S)
    system.may_answer.set()
    for _ in ours:
        assert answers.next().error == ""
    system.may_answer.clear()
    resolver.lookup("host.example", 1, "tcp", False, answers)
    system.asked.get(timeout=PATIENCE_S)
    resolver.close()
    assert answers.next() == Answer(error="Request canceled")
    system.may_answer.set()
    for thread in ours:
        thread.join(PATIENCE_S)
    assert not any(thread.is_alive() for thread in ours)
    assert answers.got.empty()


def test_an_answer_comes_even_when_the_system_call_breaks(caplog: pytest.LogCaptureFixture) -> None:
    """An exception nobody thought of is logged and becomes an error answer."""

    def broken(name: bytes, port: int, kind: Kind, family: socket.AddressFamily) -> tuple[Address, ...]:
        raise RuntimeError("a bug in this test")

    answers = Answers()
    resolver = Resolver(broken)
    try:
        resolver.lookup("host.example", 1, "tcp", False, answers)
        assert answers.next() == Answer(error=UNKNOWN)
    finally:
        resolver.close()
    assert "host.example" in caplog.text


def test_a_receiver_that_raises_does_not_stop_the_others() -> None:
    """All four workers survive receivers that break their promise."""
    system = FakeSystem({"host.example": "127.0.0.2"})

    def rude(answer: Answer) -> None:
        raise RuntimeError("a bug in this test")

    answers = Answers()
    with resolving(system) as resolver:
        for _ in range(8):
            resolver.lookup("host.example", 1, "tcp", False, rude)
        resolver.lookup("host.example", 1, "tcp", False, answers)
        assert answers.next().error == ""


def test_python_exits_while_a_lookup_hangs() -> None:
    """A name server that does not answer keeps nobody from leaving."""
    program = """
import threading
from ba_runtime._resolver import Resolver
asked = threading.Event()
def hangs(name, port, kind, family):
    asked.set()
    threading.Event().wait()
Resolver(hangs).lookup("host.example", 80, "tcp", False, print)
assert asked.wait(20)
"""
    done = subprocess.run([sys.executable, "-c", program], timeout=60, capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


ROUTES = {("lab.example", 80, "tcp"): ("127.0.0.1", 40001), ("lab.example", 123, "udp"): ("127.0.0.2", 40002)}


def lab_lookup(host: str, port: int, kind: Kind, ipv6: bool = False) -> Answer:
    answers = Answers()
    with resolving(FakeSystem()) as resolver:
        resolver.set_routes(
            {(name, p, "tcp" if k == "tcp" else "udp"): e for (name, p, k), e in ROUTES.items()}
        )
        resolver.lookup(host, port, kind, ipv6, answers)
        return answers.now()


@pytest.mark.parametrize("host", ["lab.example", "LAB.Example", "lab.example."])
def test_a_route_replaces_name_and_port(host: str) -> None:
    """The lab's hosts are answered at once, however the name is written."""
    assert lab_lookup(host, 80, "tcp") == Answer(((socket.AF_INET, ("127.0.0.1", 40001)),))
    assert lab_lookup(host, 123, "udp") == Answer(((socket.AF_INET, ("127.0.0.2", 40002)),))


@pytest.mark.parametrize(("port", "kind"), [(81, "tcp"), (80, "udp"), (123, "tcp")])
def test_a_lab_host_on_another_port_is_the_loopback_address(port: int, kind: Kind) -> None:
    """What the lab does not offer is refused by this computer, not asked of the internet."""
    assert lab_lookup("lab.example", port, kind) == Answer(((socket.AF_INET, ("127.0.0.1", port)),))


def test_port_zero_gives_the_address_of_a_lab_host() -> None:
    """A lookup of the bare address has no port to be routed by."""
    assert lab_lookup("lab.example", 0, "tcp") == Answer(((socket.AF_INET, ("127.0.0.1", 0)),))


def test_a_lab_host_has_no_ipv6_address() -> None:
    """The lab listens on IPv4 only, and says so as a real host without IPv6 does."""
    assert lab_lookup("lab.example", 80, "tcp", ipv6=True) == Answer(error=WRONG_FAMILY)


def test_a_name_that_only_ends_like_a_lab_host_is_asked_for() -> None:
    """Nobody else's name is taken over."""
    system = FakeSystem({"www.lab.example": "127.0.0.7"})
    answers = Answers()
    with resolving(system) as resolver:
        resolver.set_routes({("lab.example", 80, "tcp"): ("127.0.0.1", 40001)})
        resolver.lookup("www.lab.example", 80, "tcp", False, answers)
        assert answers.next() == Answer(((socket.AF_INET, ("127.0.0.7", 80)),))


def test_without_routes_the_name_is_asked_for_again() -> None:
    """Switching the lab off brings the internet back; a later change of the mapping changes nothing."""
    system = FakeSystem({"lab.example": "127.0.0.8"})
    routes: dict[tuple[str, int, Kind], tuple[str, int]] = {("lab.example", 80, "tcp"): ("127.0.0.1", 40001)}
    answers = Answers()
    with resolving(system) as resolver:
        resolver.set_routes(routes)
        routes.clear()
        resolver.lookup("lab.example", 80, "tcp", False, answers)
        assert answers.now().addresses[0][1] == ("127.0.0.1", 40001)
        resolver.set_routes(None)
        resolver.lookup("lab.example", 80, "tcp", False, answers)
        assert answers.next().addresses[0][1] == ("127.0.0.8", 80)


def test_what_is_known_is_remembered_until_the_routes_change() -> None:
    """A numeric address can be a route's name too."""
    resolver = Resolver(FakeSystem())
    first = resolver.known("192.0.2.1", 9, "udp", False)
    assert resolver.known("192.0.2.1", 9, "udp", False) is first
    assert first == Answer(((socket.AF_INET, ("192.0.2.1", 9)),))
    resolver.set_routes({("192.0.2.1", 9, "udp"): ("127.0.0.1", 1234)})
    assert resolver.known("192.0.2.1", 9, "udp", False) == Answer(((socket.AF_INET, ("127.0.0.1", 1234)),))
    resolver.set_routes(None)
    assert resolver.known("192.0.2.1", 9, "udp", False) == first
    resolver.close()


def test_a_name_that_must_be_asked_for_is_not_known() -> None:
    """And asking whether it is known asks nobody."""
    system = FakeSystem({"example.test": "192.0.2.1"})
    resolver = Resolver(system)
    assert resolver.known("example.test", 9, "udp", False) is None
    assert system.asked.empty()
    resolver.close()


@pytest.mark.parametrize("host", ["x" * 1000, "::1%1"])
def test_what_is_too_long_or_has_a_zone_is_not_remembered(host: str) -> None:
    """The first would take memory, the second can mean something else later."""
    resolver = Resolver(FakeSystem())
    resolver.known(host, 9, "udp", True)
    assert resolver._override._remembered.cache_info().currsize == 0
    resolver.close()


def test_few_answers_are_remembered() -> None:
    """However many addresses a program sends to."""
    resolver = Resolver(FakeSystem())
    for port in range(1, 2000):
        resolver.known("127.0.0.1", port, "udp", False)
    assert resolver._override._remembered.cache_info().currsize == 512
    resolver.close()
