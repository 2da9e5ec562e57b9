"""Pages that have been loaded again and ask where the trace area is (`labextension/static/trace_area.js`).

Such a page has a session of its own, and no longer knows the name under which the area is updated. Front ends
without the extension do not ask; there the area is displayed anew in the next cell that runs.
"""

from __future__ import annotations

from typing import Any

from ._comms import Comms
from ._frontend import Message
from ._trace_area import TraceArea

TARGET = "ba-lua.trace-area"


def answer_reloaded_pages(comms: Comms, area: TraceArea) -> None:
    """Tells each page that has the area its name and its cell, and then sends the area as it is now."""

    def opened(comm: Any, message: Message) -> None:
        cells = message["content"].get("data", {}).get("cells", ())
        place = area.follow(str(message["header"].get("session", "")), cells)
        name, cell = place or (None, None)
        comm.send({"display_id": name, "cell": cell})
        comm.close()
        if place:
            area.refresh()

    comms.register_target(TARGET, opened)
