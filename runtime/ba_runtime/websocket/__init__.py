"""WebSocket (RFC 6455) on wsproto, without any I/O.

Where things are: `handshake` answers an upgrade request and checks an answer; `codec` turns received bytes
into messages, pieces of them and the end, and what a program writes into frames; `masking` takes masks off.
None knows a socket: `sockets/websocket.py` joins a codec and a connection, `lua/sockets/websocket.lua` is
what programs see of it.
"""

from .codec import MESSAGE_BYTES, Closed, Codec, Data, control_payload
from .handshake import NotAnUpgrade, accept_upgrade, is_accepted, new_key

__all__ = [
    "MESSAGE_BYTES",
    "Closed",
    "Codec",
    "Data",
    "NotAnUpgrade",
    "accept_upgrade",
    "control_payload",
    "is_accepted",
    "new_key",
]
