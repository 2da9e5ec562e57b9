"""The opening handshake (RFC 6455 section 4), for those who have parsed the HTTP themselves.

The server's side is wsproto's whole; the client's is its nonce and its accept token, since our HTTP client
sends the request and reads the answer like any other.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence

from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection, Request
from wsproto.utilities import (
    LocalProtocolError,
    RemoteProtocolError,
    generate_accept_token,
    generate_nonce,
)

from ba_runtime._h11 import h11
from ba_runtime.errors import BaError

# What a request can be instead of an upgrade: refused by wsproto, or not even HTTP to h11 (no Host, an odd
# name), or with a Host that is no name.
REFUSALS = (
    RemoteProtocolError,
    LocalProtocolError,
    h11.LocalProtocolError,
    h11.RemoteProtocolError,
    UnicodeError,
)


class NotAnUpgrade(BaError):
    """The request asks for no WebSocket, or wrongly: the peer's doing."""


def accept_upgrade(
    method: str,
    headers: Sequence[tuple[bytes, bytes]],
    subprotocol: bytes | None = None,
    *,
    more: Sequence[tuple[bytes, bytes]] = (),
) -> bytes:
    """Returns the whole 101 response to an upgrade request.

    `headers` are the request's names and values, in any case and order. No extension is agreed to, and a
    subprotocol only if it is the one given and the client has offered it: a client fails the connection when
    it is answered another one (section 4.1). `more` are headers of the answer besides. Raises NotAnUpgrade
    for every other request.
    """
    if method != "GET":
        raise NotAnUpgrade(f"an upgrade request must be a GET, not a {method}")
    connection = WSConnection(ConnectionType.SERVER)
    try:
        connection.initiate_upgrade_connection(_joined(headers), b"/")
        wanted = None if subprotocol is None else subprotocol.decode("latin-1")
        requests = (event for event in connection.events() if isinstance(event, Request))
        is_offered = any(wanted in request.subprotocols for request in requests)
        answer = AcceptConnection(subprotocol=wanted if is_offered else None, extra_headers=list(more))
        return connection.send(answer)
    except REFUSALS as exc:
        raise NotAnUpgrade(str(exc)) from exc


def _joined(headers: Sequence[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """One Connection header of several, as RFC 9110 section 5.3 allows; wsproto looks at the last alone."""
    tokens = [value for name, value in headers if name.lower() == b"connection"]
    others = [(name, value) for name, value in headers if name.lower() != b"connection"]
    return [*others, (b"Connection", b", ".join(tokens))] if tokens else others


def new_key() -> bytes:
    """Returns a fresh Sec-WebSocket-Key."""
    return generate_nonce()


def is_accepted(key: bytes, accept: bytes | None) -> bool:
    """Tells whether `accept`, the answer's Sec-WebSocket-Accept, belongs to `key`; None is no answer."""
    return accept is not None and hmac.compare_digest(generate_accept_token(key), accept.strip())
