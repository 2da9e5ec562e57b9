"""The live view: the trace, the sockets, the picture of the flow and the lab's network, in a page that moves.

`feed.py` decides what a viewer is sent, and `messages.py` says what that looks like; both know nothing of
what carries it. `window.py` is the TraceLogger in a window of its own: `_server.py` serves its page on
loopback (`_access.py` says to whom, `_http.py` and `_channel.py` how) and the vendor's protocol
(`_service.py`). `_panes.py` has the views besides the trace, and `_source.py` what all this needs of the
runtime.
`static/tracelogger.js` is the page itself, a module that a notebook can show as well.
"""

from ._server import file as page_file
from ._source import Lua, Recording, Source
from .feed import BATCH_S, Feed, Viewer
from .window import SharedFeed, TraceLogger

__all__ = [
    "BATCH_S",
    "Feed",
    "Lua",
    "Recording",
    "SharedFeed",
    "Source",
    "TraceLogger",
    "Viewer",
    "page_file",
]
