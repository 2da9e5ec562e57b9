"""The page server's half in Python: everything between a browser's bytes and a whole request.

Lua (`lua/web/server.lua`) hears of a request when its head and body are complete, checked and bounded, and
answers with whole pieces of a response. Where things are: `protocol.py` HTTP itself, on h11, without I/O;
`heads.py` the heads of responses; `outcome.py` what it makes of a client's bytes; `connection.py` one
browser's connection on the reactor; `server.py` all of them, and what Lua calls; `tracing.py` the trace of
what goes over them; `memory.py` heads that came before; `access.py` who may ask; `folder.py` files below a
served folder; `limits.py` every bound.
"""

from .access import Access
from .limits import Limits
from .server import WebServer
from .tracing import HttpTrace

__all__ = ["Access", "HttpTrace", "Limits", "WebServer"]
