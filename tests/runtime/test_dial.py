"""A connect that is given up while its name is looked up: the answer that comes later finds nobody."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from ba_runtime._reactor import Reactor
from ba_runtime._resolver import Answer
from ba_runtime.sockets.channel import StreamChannel
from ba_runtime.sockets.channels import Channels
from ba_runtime.sockets.dial import Dial


@pytest.fixture
def reactor() -> Iterator[Reactor]:
    """A reactor that is closed afterwards."""
    made = Reactor()
    yield made
    made.close()


@pytest.mark.parametrize(
    "answer", [Answer(((socket.AF_INET, ("127.0.0.1", 9)),)), Answer(error="Name or service not known")]
)
def test_an_answer_after_the_close_connects_and_reports_nothing(reactor: Reactor, answer: Answer) -> None:
    """Neither a socket nor an event is left of it."""
    taken: list[StreamChannel] = []
    dial = Dial(1, 0, None, Channels(), reactor, taken.append)
    dial.close()
    dial.resolved(answer)
    assert dial.channel is None
    assert reactor.poll(0) == ()
    assert taken == []
