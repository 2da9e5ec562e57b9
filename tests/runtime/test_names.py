"""Host names on their way to addresses: on which thread an answer is used, and what is kept of it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest

from ba_runtime._reactor import Reactor
from ba_runtime._resolver import Answer, Done, Kind, Resolver
from ba_runtime.sockets.names import Names
from ba_runtime.sockets.reasons import Signal

FOUND = Answer(((socket.AF_INET, ("127.0.0.1", 7)),))


class QuickResolver(Resolver):
    """A resolver whose thread has answered before `lookup` returns."""

    def lookup(self, host: str, port: int, kind: Kind, ipv6: bool, done: Done) -> None:
        """Answers on a thread, and waits for that."""
        thread = threading.Thread(target=done, args=(FOUND,))
        thread.start()
        thread.join()


@pytest.fixture
def reactor() -> Iterator[Reactor]:
    """A reactor on which nothing waits."""
    reactor = Reactor()
    yield reactor
    reactor.close()


def test_an_answer_is_used_on_the_asking_thread_however_quick_it_is(reactor: Reactor) -> None:
    """An answer that another thread has before the question is over is a late one all the same."""
    used: list[int] = []

    def use(_: Answer) -> Signal:
        used.append(threading.get_ident())
        return Signal.RESOLVED

    assert Names(reactor, QuickResolver()).ask(5, b"name", 7, "tcp", False, use) is None
    assert used == []
    assert reactor.poll() == (-5, Signal.RESOLVED)
    assert used == [threading.get_ident()]


def test_an_answer_that_is_known_is_used_at_once(reactor: Reactor) -> None:
    """Its signal comes from the question, not as an event; the address can be taken once."""
    names = Names(reactor, Resolver())
    assert names.ask_address(5, b"127.1") is Signal.RESOLVED
    assert names.take_address(5) == b"127.0.0.1"
    assert names.take_address(5) is None
    assert reactor.poll(0) == ()


def test_what_nobody_takes_goes_with_its_number(reactor: Reactor) -> None:
    """Neither the address that was found nor the resolver's words are kept for ever."""
    names = Names(reactor, Resolver())
    names.ask_address(5, b"127.1")
    assert names.keep_words(6, Answer(error="unknown")) is Signal.CANNOT_RESOLVE
    names.forget(5)
    names.forget(6)
    assert names.take_address(5) is None
    assert names.take_words(6) is None
