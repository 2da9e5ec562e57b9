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

ipykernel answers one request after the other. A cell that waits for a peer or for the keyboard would so keep
completion and help waiting, which need nothing of the cell's. These requests may therefore be taken out of
the row: `set_aside` says whether somebody else answers one.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import zmq
from zmq.eventloop.zmqstream import ZMQStream

if TYPE_CHECKING:
    from jupyter_client.session import Session

# Requests that can be answered while a cell runs.
PROMPT = frozenset(("complete_request", "inspect_request", "is_complete_request"))
# Sending a cell takes a front end much less, and nobody notices 30 ms before an error.
RUN_ALL_S = 0.03


class ShellStream(ZMQStream):
    """The ZeroMQ side of the shell channel. On the main loop only."""

    # pyzmq's socket has a type parameter that says nothing here; frames are bytes or pyzmq's Frame.
    def __init__(self, socket: Any, session: Session) -> None:
        super().__init__(socket)
        self._session = session
        self._waiting: dict[str, None] = {}
        self.set_aside: Callable[[list[Any]], bool] = lambda frames: False

    def on_recv(self, callback: Callable[[Any], Any] | None, copy: bool = True) -> None:
        """Calls `callback` with every message, as ZMQStream does, having noted which cells they bring."""
        if callback is None:
            super().on_recv(None)
            return
        handle = callback

        def received(frames: list[Any]) -> Any:
            kind = self._note(frames, copy)
            return None if kind in PROMPT and self.set_aside(frames) else handle(frames)

        super().on_recv(received, copy)

    def begin(self, message_id: str) -> None:
        """A cell has its turn."""
        self._waiting.pop(message_id, None)

    async def take_rest(self, began_s: float) -> set[str]:
        """Takes the cells that wait behind one that has failed, and began at `began_s` of `perf_counter`.

        Waits for those that may be on their way. The reply must be sent before anything else is awaited.
        """
        await asyncio.sleep(max(0, began_s + RUN_ALL_S - time.perf_counter()))
        return self.take_waiting()

    def take_waiting(self) -> set[str]:
        """Returns the messages whose cells have arrived and not begun; each of them once."""
        self.flush(zmq.POLLIN)
        waiting = set(self._waiting)
        self._waiting.clear()
        return waiting

    def _note(self, frames: list[Any], copy: bool) -> str:
        """Notes the cell that a message brings, and returns what kind of message it is."""
        try:
            parts: list[Any] = self._session.feed_identities(frames, copy=copy)[1]
            header = json.loads(parts[1] if copy else parts[1].bytes)
            if header["msg_type"] == "execute_request":
                self._waiting[header["msg_id"]] = None
            return str(header["msg_type"])
        except (IndexError, KeyError, TypeError, ValueError):
            return ""  # not a message: ipykernel says so in the log
