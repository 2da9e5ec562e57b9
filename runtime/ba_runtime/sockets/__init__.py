"""System sockets as the Lua side uses them: numbers outside, non-blocking sockets inside.

Where things are: `channel` is the one way to a system socket, and where it can be listened to; `channels`
makes them. `network` is the table of all sockets and the functions Lua calls; `stream` a TCP connection
with its write queue, `secure` one with TLS, `websocket` what frames go over one; `listener` accepts; `dial`
connects, address by address; `datagram` is UDP; `names` are host names that are looked up;
`tls_objects` are contexts and what they are made of, `tls_calls` what Lua asks of a connection with TLS;
`table` is the socket table; `options` names socket options, `addresses` local ones; `reasons` turns errno
into the documented strings.
"""

from .network import Network
from .table import Rows, socket_rows

__all__ = ["Network", "Rows", "socket_rows"]
