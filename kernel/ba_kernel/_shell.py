"""The shell channel, with a list of the cells that have arrived and wait for their turn.

After an error the cells of the same Run All must not run, and those that are sent because of the error must.
What tells them apart is whether they arrived before the reply to the failed cell was sent, so the channel is
read dry at that moment, and what waits then is aborted: by name, since a flag that is taken back "a little
later" would also hit a cell that comes a little later.

A front end sends a Run All cell by cell, without waiting for replies, and nothing in the protocol marks the
last one. So there is no event to wait for: a cell that fails within a millisecond would be answered while the
rest of its Run All is still on its way, and that would run. Its reply therefore waits until RUN_ALL_S after
the cell began. That hides no race: nothing happens between the last look at the channel and the reply, and a
cell that is sent because of the reply comes after both, however long the pause was. What the pause decides is
only how slowly a front end may send and still have the rest of its cells aborted; one that is slower gets
them run, as if they had been started by hand.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

import zmq
from zmq.eventloop.zmqstream import ZMQStream

from ._frontend import Message

if TYPE_CHECKING:
    from jupyter_client.session import Session

# Sending a cell takes a front end much less, and nobody notices 30 ms before an error.
RUN_ALL_S = 0.03


class Divert(Protocol):
    """Takes a message, or not."""

    def __call__(self, header: Message, frames: list[Any], *, copy: bool) -> bool: ...


def _nothing(header: Message, frames: list[Any], *, copy: bool) -> bool:
    return False


class ShellStream(ZMQStream):
    """The ZeroMQ side of the shell channel. On the main loop only."""

    # pyzmq's socket has a type parameter that says nothing here; frames are bytes or pyzmq's Frame.
    def __init__(self, socket: Any, session: Session) -> None:
        super().__init__(socket)
        self._session = session
        self._waiting: dict[str, None] = {}
        self._divert: Divert = _nothing

    def divert(self, take: Divert) -> None:
        """Shows every message to `take` first, with its header; what that takes is nobody else's."""
        self._divert = take

    def on_recv(self, callback: Callable[[Any], Any] | None, copy: bool = True) -> None:
        """Calls `callback` with every message, as ZMQStream does, having noted which cells they bring."""
        if callback is None:
            super().on_recv(None)
            return
        handle = callback

        def received(frames: list[Any]) -> Any:
            header = self._header(frames, copy)
            if self._divert(header, frames, copy=copy):
                return None
            if header.get("msg_type") == "execute_request":
                self._waiting[header["msg_id"]] = None
            return handle(frames)

        super().on_recv(received, copy)

    def begin(self, message_id: str) -> None:
        """A cell has its turn."""
        self._waiting.pop(message_id, None)

    async def take_rest(self, began_s: float) -> set[str]:
        """Takes the cells that wait behind one that has failed, and began at `began_s` of `perf_counter`.

        Waits for those that may be on their way. The reply must be sent before anything else is awaited.
        """
        await self.catch_up(began_s)
        return self.take_waiting()

    async def catch_up(self, began_s: float) -> None:
        """Reads what has arrived, or may be on its way, when a cell that began then has failed."""
        await asyncio.sleep(max(0, began_s + RUN_ALL_S - time.perf_counter()))
        self.flush(zmq.POLLIN)

    def take_waiting(self) -> set[str]:
        """Returns the messages whose cells have arrived and not begun; each of them once."""
        self.flush(zmq.POLLIN)
        waiting = set(self._waiting)
        self._waiting.clear()
        return waiting

    def _header(self, frames: list[Any], copy: bool) -> Message:
        try:
            parts: list[Any] = self._session.feed_identities(frames, copy=copy)[1]
            header: Message = json.loads(parts[1] if copy else parts[1].bytes)
            return header if header["msg_id"] else {}
        except (IndexError, KeyError, TypeError, ValueError):
            return {}  # not a message: ipykernel says so in the log
