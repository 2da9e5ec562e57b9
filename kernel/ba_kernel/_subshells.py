"""Requests that are answered while a cell runs: those of subshells (JEP 91), and questions about names.

Theory of operation. Shell requests are handled one after the other, so behind a cell that waits for a client,
a completion would wait too. A subshell is a second line of requests beside the first: a front end creates it
on the control channel and names it in a request's header, and requests in different lines may overlap.
ipykernel gives each subshell a thread, and all shell messages a hop through one more, because its main thread
runs the cells. Ours has nothing to do while one runs: Lua has a thread of its own. So a subshell is just a
queue here, of which the main loop serves the first request while others wait, and no request pays for it.

Questions (completion, inspection and so on) that come without a subshell while a cell runs go to a queue of
their own. Their answers change nothing, and the Lua thread gives them between two tasks or not at all. So do
messages of comms, at any time: they belong to parts of a page that go on while a cell runs, and in a queue of
their own they stay in their order.

What this file never does is to run Lua: a cell of a subshell that needs it waits for its turn (`kernel.py`).
"""

from __future__ import annotations

import logging
import threading
import uuid
from collections import deque
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeAlias

from ._frontend import Message

if TYPE_CHECKING:
    from jupyter_client.session import Session

_log = logging.getLogger("ba_kernel")

QUESTIONS = frozenset(
    {
        *("complete_request", "inspect_request", "is_complete_request", "history_request"),
        *("kernel_info_request", "comm_info_request"),
    }
)
COMM_KINDS = ("comm_open", "comm_msg", "comm_close")
# A front end makes one for a console, or one for each kind of widget. One that makes more is in a loop.
MOST_SUBSHELLS = 100

# The queues of questions and of comms; all others have the names of subshells, which have no blanks.
_QUESTIONS, _COMMS = " questions", " comms"
_OWN = (_QUESTIONS, _COMMS)

# Handles one request: its identities and the message.
Serve: TypeAlias = Callable[[list[bytes], Message], Awaitable[None]]


CONTROL_REQUESTS = ("create_subshell_request", "delete_subshell_request", "list_subshell_request")


class Subshells:
    """The queues of one kernel. `control` works on any thread, the rest on the main loop."""

    def __init__(
        self,
        session: Session,
        serve: Serve,
        refuse: Callable[[list[bytes], Message, str], None],
        is_busy: Callable[[], bool],
        start: Callable[[Awaitable[None]], object],
    ) -> None:
        """`refuse` answers a request for a subshell that does not exist, `is_busy` tells whether a cell runs,
        and `start` starts a task.
        """
        self._session = session
        self._serve, self._refuse, self._is_busy, self._start = serve, refuse, is_busy, start
        self._lock = threading.Lock()
        self._queues: dict[str, deque[tuple[list[bytes], Message]]] = {name: deque() for name in _OWN}

    def control(self, kind: str, content: Message) -> Message:
        """Returns the content of the reply to a request that makes, deletes or lists subshells."""
        with self._lock:
            if kind == "list_subshell_request":
                return {"status": "ok", "subshell_id": [name for name in self._queues if name not in _OWN]}
            if kind == "delete_subshell_request":
                # What waits in its queue is still answered.
                name = str(content.get("subshell_id") or "unnamed")
                is_there = name not in _OWN and self._queues.pop(name, None) is not None
                return {"status": "ok"} if is_there else _failed(f"there is no subshell {name}")
            if len(self._queues) >= MOST_SUBSHELLS + len(_OWN):
                return _failed(f"there are {MOST_SUBSHELLS} subshells, the limit; delete some of them")
            name = str(uuid.uuid4())
            self._queues[name] = deque()
            return {"status": "ok", "subshell_id": name}

    def take(self, header: Message, frames: list[Any], *, copy: bool) -> bool:
        """Takes a message of the shell channel, unless it has to wait for the cells before it."""
        name, kind = header.get("subshell_id"), header.get("msg_type")
        if not name:
            if kind in COMM_KINDS:
                name = _COMMS
            elif kind in QUESTIONS and self._is_busy():
                name = _QUESTIONS
            else:
                return False
        try:
            identities, parts = self._session.feed_identities(frames, copy=copy)
            message = self._session.deserialize(parts, copy=copy)
        except Exception:  # unsigned, or sent twice: whoever sent it, it is not our front end
            _log.error("a message of the shell channel is not valid", exc_info=True)
            return True
        with self._lock:
            queue = self._queues.get(name)
        if queue is None:
            self._refuse(identities, message, f"there is no subshell {name}")
            return True
        queue.append((identities, message))
        if len(queue) == 1:
            self._start(self._work(queue))
        return True

    def waiting_cells(self, name: str) -> set[str]:
        """Returns the cells that wait in a subshell, behind the one that it runs."""
        with self._lock:
            queue = self._queues.get(name) or ()
        headers = [message["header"] for _, message in list(queue)[1:]]
        return {header["msg_id"] for header in headers if header["msg_type"] == "execute_request"}

    async def _work(self, queue: deque[tuple[list[bytes], Message]]) -> None:
        while queue:
            try:
                await self._serve(*queue[0])
            finally:
                queue.popleft()


def _failed(why: str) -> Message:
    return {"status": "error", "ename": "SubshellError", "evalue": why, "traceback": []}
