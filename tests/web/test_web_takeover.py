"""When a page can take its connection, `ba.socket.req2sock`, and when the client has its answer already."""

from __future__ import annotations

import pytest

from ._site import client, get, request, site

TAKE = "trace(ba.socket.req2sock(request, true))"
TOO_LATE = {
    "a committed response": f"print 'x' response:flush() {TAKE}",
    "a request that was taken": f"local s = ba.socket.req2sock(request, true) {TAKE} s:close()",
}


@pytest.mark.parametrize("when", TOO_LATE)
def test_a_connection_whose_answer_has_begun_cannot_be_taken(when: str) -> None:
    """The page gets nil and the reason."""
    with site() as here:
        here.page(TOO_LATE[when])
        with client(here.port) as browser:
            browser.send(request("/page/"))
            here.recorder.wait_for_trace("nil\tinvalidsocketcon")


def test_a_connection_whose_answer_is_complete_cannot_be_taken() -> None:
    """Although the request is still referred to."""
    with site() as here:
        here.page("ba.kept = request print 'x'")
        assert get(here.port, "/page/").body == b"x\n"
        assert here.value("ba.socket.req2sock(ba.kept, true)") == 'nil\t"invalidsocketcon"'
