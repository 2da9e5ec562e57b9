"""Owns the TCP services with protocols of the lab's own, of which it only knows the `Conversation`."""

from __future__ import annotations

from collections.abc import Callable

from ._connections import Connections
from ._link import Link
from ._passage import FarEnd
from ._pipe import Mark, Pipe
from ._service import Conversation, Host, Turn


class StreamService(Connections):
    """Holds a conversation with everyone who connects."""

    def __init__(
        self,
        host: Host,
        converse: Callable[[], Conversation],
        *,
        link: Link | None = None,
        idle_s: float = 60.0,
        max_connections: int = 100,
    ) -> None:
        """Opens nothing yet.

        `converse` makes the conversation for one connection; the rest is as for `Connections`.
        """
        super().__init__(host, link, idle_s, max_connections)
        self._converse = converse

    def _far_end(self) -> FarEnd:
        return _Talk(self._converse(), self._count)


class _Talk:
    """A conversation at the far end of a connection."""

    def __init__(self, conversation: Conversation, count: Callable[[int], None]) -> None:
        self._conversation = conversation
        self._count = count

    async def run(self, to_host: Pipe, from_host: Pipe) -> bool:
        turn: Turn | None = None
        while turn is None or not turn.is_last:
            item = await to_host.get()
            if item is Mark.RESET:
                await from_host.put(Mark.RESET)
                return False
            if item is Mark.OPENED:
                turn = self._conversation.opened()
            else:
                turn = self._conversation.received(item if isinstance(item, bytes) else b"")
            # Counted before it is sent: whoever has the answer finds it in the count.
            self._count(turn.served)
            await from_host.put(turn.data)
        await from_host.put(Mark.ENDED)
        return True
