"""Benchmarks, side by side with what people would use instead: `python -m tests.bench` (or `make bench`).

`echo.py` measures echo servers: `echo_server.lua` under `ba-lua`, `server_epoll.py`, and `server_streams.py`
with asyncio and uvloop. `load.c` is what loads them (`load.py` where there is no C compiler). `kernels.py`
measures our Jupyter kernel and IPython's. `series.py` holds figures and targets, and prints them.

Figures of different runs on a busy machine say little; those of one run, measured in turns, can be compared.
Nothing here fails for being slow.
"""
