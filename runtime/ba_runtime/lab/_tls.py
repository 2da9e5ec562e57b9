"""Owns TLS around another conversation: the server's side of one connection; does no I/O."""

from __future__ import annotations

from ba_runtime.tls import Closed, Context, Engine, Event, Failed, HandshakeDone, State

from ._service import Conversation, Turn


class TlsConversation:
    """Decrypts what comes, lets the conversation inside answer, and encrypts that.

    The one inside is opened when the handshake is done. Its end, and the end of TLS, are the end of both.
    """

    def __init__(self, context: Context, inside: Conversation) -> None:
        self._inside = inside
        self._engine = Engine(context)

    def opened(self) -> Turn:
        return self._turn(self._engine.start())

    def received(self, data: bytes) -> Turn:
        return self._turn(self._engine.receive(data))

    def _turn(self, events: list[Event]) -> Turn:
        sent, served = b"", 0
        for event in events:
            if isinstance(event, Failed):
                break  # what is left to send is the alert that says why
            turn = self._answer(event)
            served += turn.served
            sent += self._engine.send(turn.data)
            if turn.is_last:
                return Turn(sent + self._engine.close(), served, is_last=True)
        return Turn(sent + self._engine.take(), served, is_last=self._engine.state is State.OVER)

    def _answer(self, event: bytes | HandshakeDone | Closed) -> Turn:
        if isinstance(event, HandshakeDone):
            return self._inside.opened()
        # The end of TLS is the end of the data; what would be said upon it, nobody reads any more.
        return self._inside.received(b"" if isinstance(event, Closed) else event)
