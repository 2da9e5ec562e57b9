"""Mixed traffic for a long time: `python -m tests.soak` (or `make soak`), ten minutes unless told otherwise.

`traffic.lua` runs in one runtime: echo servers for TCP, UDP, TLS and WebSockets, and lanes of clients that
compare a digest of all that comes back. `outside.py` does the same from Python's own sockets, and `cells.py`
runs cells between them, some of which have to be interrupted. `samples.py` looks at memory, descriptors and
threads while everything stands still for a moment, and says what has grown.
"""
