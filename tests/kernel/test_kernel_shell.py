"""Which cells have arrived and not begun, as the shell channel knows it; and when a kernel is an orphan."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
import zmq
from jupyter_client.session import Session

from ba_kernel import _shell
from ba_kernel._parent import is_alive, is_orphan
from ba_kernel._session import new_session
from ba_kernel._shell import ShellStream

Send = Callable[[str, str], str]
Scene = Callable[[ShellStream, Send], Coroutine[object, object, None]]


def play(scene: Scene) -> None:
    """Runs a test with a shell channel, and with what sends a message to it and returns its id."""

    async def run() -> None:
        context: zmq.Context[Any] = zmq.Context()
        shell, front = context.socket(zmq.ROUTER), context.socket(zmq.DEALER)
        shell.bind("inproc://shell")
        front.connect("inproc://shell")
        session = new_session("key", "hmac-sha256")
        stream = ShellStream(shell, session)
        stream.on_recv(lambda _: None, copy=False)

        def send(kind: str, code: str) -> str:
            message = session.send(front, kind, {"code": code})
            assert message is not None
            return str(message["header"]["msg_id"])

        try:
            await scene(stream, send)
        finally:
            stream.close()
            front.close()
            context.term()

    asyncio.run(run())


def test_what_has_arrived_waits_until_it_begins() -> None:
    """Each cell is handed out once, and what comes later is not among them."""

    async def scene(stream: ShellStream, send: Send) -> None:
        first, second = send("execute_request", "1"), send("execute_request", "2")
        stream.flush(zmq.POLLIN)
        stream.begin(first)
        assert stream.take_waiting() == {second}
        assert stream.take_waiting() == set()
        third = send("execute_request", "3")
        assert stream.take_waiting() == {third}

    play(scene)


def test_cells_that_are_on_their_way_are_waited_for() -> None:
    """A cell that fails at once is over before the rest of its Run All has been sent."""

    async def scene(stream: ShellStream, send: Send) -> None:
        sent: list[str] = []
        asyncio.get_running_loop().call_later(0.001, lambda: sent.append(send("execute_request", "2")))
        assert await stream.take_rest(time.perf_counter()) == set(sent)
        assert sent

    play(scene)


def test_nothing_is_waited_for_behind_a_cell_that_has_taken_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """The others have arrived by then."""
    monkeypatch.setattr(_shell, "RUN_ALL_S", 1000)

    async def scene(stream: ShellStream, send: Send) -> None:
        second = send("execute_request", "2")
        assert await asyncio.wait_for(stream.take_rest(time.perf_counter() - 1001), 100) == {second}

    play(scene)


def test_only_cells_wait() -> None:
    """Completions and the like are answered after an error too, and what is no message is nobody's cell."""

    async def scene(stream: ShellStream, send: Send) -> None:
        send("complete_request", "pri")
        assert stream.take_waiting() == set()

    play(scene)


def test_a_session_sends_any_text_and_copies_any_length() -> None:
    """Half a letter as an escape, everything else as it was."""
    session = new_session("key", "hmac-sha256")
    assert session.pack({"a": "\ud83d ä"}) == b'{"a": "\\ud83d \\u00e4"}'
    assert session.pack({"a": "ä"}) == Session().pack({"a": "ä"})
    assert session.copy_threshold > 10**12


@pytest.mark.parametrize(
    ("front_end", "first", "now", "alive", "orphan"),
    [
        (100, 100, 100, {100}, False),
        (100, 100, 1, set(), True),  # init took over
        (100, 100, 50, {50, 100}, True),  # another process did
        (100, 200, 200, {100, 200}, False),  # behind a shell
        (100, 200, 200, {200}, True),  # which outlives the front end
        (100, 200, 1, {100}, False),  # or goes away by itself
    ],
)
def test_an_orphan_has_lost_who_started_it(
    front_end: int, first: int, now: int, alive: set[int], orphan: bool
) -> None:
    """The parent, or the front end behind it."""
    assert is_orphan(front_end, first, now, alive.__contains__) is orphan


def test_a_process_is_alive_or_not() -> None:
    """Also one that belongs to somebody else, such as the first."""
    assert is_alive(1)
    assert not is_alive(2**22 + 1)  # beyond the highest number that Linux gives
