"""Pages that ask where the trace area is."""

from __future__ import annotations

from ba_kernel._frontend import Message
from ba_kernel._reloaded_pages import TARGET

from ._fakes import Desk, play


def ask(desk: Desk, comm_id: str) -> Message:
    """Returns the answer to a page with a session of its own."""
    header = {"msg_id": comm_id, "session": f"session of {comm_id}"}
    content = {"comm_id": comm_id, "target_name": TARGET, "data": {"cells": ["home"]}}
    desk.comms.comm_open(None, [], {"header": header, "content": content})
    answer: Message = desk.front.of_kind("comm_msg")[-1]["data"]
    assert desk.front.of_kind("comm_close")[-1]["comm_id"] == comm_id
    return answer


def test_a_page_is_told_the_areas_name_and_cell() -> None:
    """Then the area comes as it is now, and cells of that page leave it there."""

    async def scene(desk: Desk) -> None:
        assert ask(desk, "early") == {"display_id": None, "cell": None}
        await desk.run("trace one", cell_id="home")
        (shown,) = desk.front.of_kind("display_data")
        assert ask(desk, "later") == {"display_id": shown["transient"]["display_id"], "cell": "home"}
        assert desk.front.sent[-1].kind == "update_display_data"
        await desk.run("print x", session="session of later")
        assert len(desk.front.of_kind("display_data")) == 1
        assert desk.comms.comms == {}

    play(scene)
