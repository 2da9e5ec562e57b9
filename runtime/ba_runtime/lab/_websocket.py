"""Owns the echo over WebSocket (RFC 6455) of a simulated host: h11, then wsproto; does no I/O.

`/raw` takes WebSockets and sends every message back as it came, in one frame and of the same type. Every
other path is 404, and a request for anything else 400. No extension and no subprotocol is agreed to.
"""

from __future__ import annotations

from http import HTTPStatus

from wsproto.connection import Connection, ConnectionType
from wsproto.events import BytesMessage, CloseConnection, Event, Ping, TextMessage
from wsproto.frame_protocol import CloseReason

from ba_runtime._h11 import h11
from ba_runtime.websocket import NotAnUpgrade, accept_upgrade

from ._clock import Clock
from ._service import Turn

_PATH = b"/raw"
_MAX_HEAD = 8 * 1024  # bytes of request line and headers together, what most servers allow
_MAX_MESSAGE = 1024 * 1024  # bytes; a message is kept until it is whole


class WebSocketConversation:
    """The server's side of one connection. It counts the WebSockets that it opened, not their messages."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=_MAX_HEAD)
        self._request: h11.Request | None = None
        self._websocket: Connection | None = None
        self._message = bytearray()  # what has come of one

    def opened(self) -> Turn:
        return Turn()

    def received(self, data: bytes) -> Turn:
        if not data:
            return Turn(is_last=True)
        if self._websocket is not None:
            return self._hear(self._websocket, data)
        try:
            return self._ask(data)
        except NotAnUpgrade:
            return self._refuse(400, b"This simulated host only accepts WebSockets, at /raw.\n")
        except h11.RemoteProtocolError as exc:
            return self._refuse(
                exc.error_status_hint, b"This simulated host does not understand the request.\n"
            )

    # ------------------------------------------------------------ the handshake

    def _ask(self, data: bytes) -> Turn:
        self._http.receive_data(data)
        event = self._http.next_event()
        if isinstance(event, h11.Request):
            self._request = event
            event = self._http.next_event()
        if event is h11.NEED_DATA:
            return Turn()
        request = self._request
        if request is None or not isinstance(event, h11.EndOfMessage):
            raise NotAnUpgrade("an upgrade request cannot have a body")
        if request.target.partition(b"?")[0] != _PATH:
            return self._refuse(404, b"This simulated host has only one WebSocket, at /raw.\n")
        answer = accept_upgrade(request.method.decode(), list(request.headers))
        self._websocket = Connection(ConnectionType.SERVER)
        # A client should wait for the answer before it sends frames; those of one that does not still count.
        turn = self._hear(self._websocket, self._http.trailing_data[0])
        return Turn(answer + turn.data, served=1, is_last=turn.is_last)

    def _refuse(self, status: int, body: bytes) -> Turn:
        headers = [
            ("Date", self._clock.http_date()),
            ("Server", "ba-lua lab (simulated)"),
            ("Content-Type", "text/plain; charset=utf-8"),
            ("Content-Length", str(len(body))),
            ("Connection", "close"),
        ]
        reason = HTTPStatus(status).phrase.encode()
        head = self._http.send(h11.Response(status_code=status, headers=headers, reason=reason)) or b""
        is_head = self._request is not None and self._request.method == b"HEAD"
        return Turn(head if is_head else head + body, is_last=True)

    # ------------------------------------------------------------ the echo

    def _hear(self, websocket: Connection, data: bytes) -> Turn:
        """Answers every frame that `data` completes, in order."""
        websocket.receive_data(data)
        sent = b""
        for event in websocket.events():
            answer = self._answer(event)
            if answer is not None:
                sent += websocket.send(answer)
            if isinstance(answer, CloseConnection):
                return Turn(sent, is_last=True)
        return Turn(sent)

    def _answer(self, event: Event) -> Event | None:
        """The event to send for one that came; the end of the WebSocket is a CloseConnection."""
        if isinstance(event, TextMessage | BytesMessage):
            return self._echo(event)
        # What breaks the protocol comes as a CloseConnection too, with the code that says why.
        return event.response() if isinstance(event, Ping | CloseConnection) else None

    def _echo(self, event: TextMessage | BytesMessage) -> Event | None:
        message = self._message
        message += event.data.encode() if isinstance(event, TextMessage) else event.data
        if len(message) > _MAX_MESSAGE:
            return CloseConnection(CloseReason.MESSAGE_TOO_BIG)
        if not event.message_finished:
            return None
        self._message = bytearray()
        if isinstance(event, TextMessage):
            return TextMessage(message.decode())
        return BytesMessage(bytes(message))
