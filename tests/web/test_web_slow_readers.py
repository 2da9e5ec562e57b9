"""A client that takes a large answer slowly."""

from __future__ import annotations

import time

from ba_runtime.web import Limits

from ._site import client, request, site

SIZE = 24_000_000
PIECE = 64 << 10
PAUSE_S = 0.02  # what makes the reader slow; nothing is timed by it


def test_a_slow_but_steady_reader_gets_all_of_a_large_answer() -> None:
    """The system has room for more but every second or so, which is longer than the server is patient."""
    with site(Limits(send_s=0.4, head_s=60)) as here:
        here.page(f"for i = 1, {SIZE // 10_000} do response:write(('x'):rep(10000)) end trace 'done'")
        with client(here.port) as browser:
            browser.send(request("/page/", "Connection: close"))
            total = 0
            while data := browser.sock.recv(PIECE):
                total += len(data)
                time.sleep(PAUSE_S)
        assert total > SIZE
        here.recorder.wait_for_trace("done")
        assert here.recorder.faults == []
