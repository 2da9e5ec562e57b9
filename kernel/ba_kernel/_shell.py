"""The shell channel, with a list of the cells that have arrived and wait for their turn.

After an error the cells of the same Run All must not run, and those that are sent because of the error must.
What tells them apart is whether they arrived before the reply to the failed cell was sent, so the channel is
read dry at that moment, and what waits then is aborted: by name, since a flag that is taken back "a little
later" would also hit a cell that comes a little later.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import zmq
from zmq.eventloop.zmqstream import ZMQStream

if TYPE_CHECKING:
    from jupyter_client.session import Session


class ShellStream(ZMQStream):
    """The ZeroMQ side of the shell channel. On the main loop only."""

    # pyzmq's socket has a type parameter that says nothing here; frames are bytes or pyzmq's Frame.
    def __init__(self, socket: Any, session: Session) -> None:
        super().__init__(socket)
        self._session = session
        self._waiting: dict[str, None] = {}

    def on_recv(self, callback: Callable[[Any], Any] | None, copy: bool = True) -> None:
        """Calls `callback` with every message, as ZMQStream does, having noted which cells they bring."""
        if callback is None:
            super().on_recv(None)
            return
        handle = callback

        def received(frames: list[Any]) -> Any:
            self._note(frames, copy)
            return handle(frames)

        super().on_recv(received, copy)

    def begin(self, message_id: str) -> None:
        """A cell has its turn."""
        self._waiting.pop(message_id, None)

    def take_waiting(self) -> set[str]:
        """Returns the messages whose cells have arrived and not begun; each of them once."""
        self.flush(zmq.POLLIN)
        waiting = set(self._waiting)
        self._waiting.clear()
        return waiting

    def _note(self, frames: list[Any], copy: bool) -> None:
        try:
            parts: list[Any] = self._session.feed_identities(frames, copy=copy)[1]
            header = json.loads(parts[1] if copy else parts[1].bytes)
            if header["msg_type"] == "execute_request":
                self._waiting[header["msg_id"]] = None
        except (IndexError, KeyError, TypeError, ValueError):
            return  # not a message: ipykernel says so in the log
