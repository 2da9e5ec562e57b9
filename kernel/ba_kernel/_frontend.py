"""What this kernel knows of the front end: the request it is serving, and how to publish an answer to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

# A Jupyter message is nested JSON, and ipykernel gives it no type.
Message: TypeAlias = dict[str, Any]


# Where an output stands: the session of the front end that shows it, and the cell.
Home: TypeAlias = "tuple[str, str | None]"


class Publish(Protocol):
    """Sends one message on the IOPub channel as an answer to `parent`. Call it on the main loop only."""

    def __call__(self, kind: str, content: Mapping[str, object], parent: Message) -> None: ...


@dataclass(frozen=True, slots=True)
class Request:
    """One execute request: what came with it, and the number that its cell got.

    Kept by ourselves, because ipykernel's `get_parent()` may already be a completion or a comm message.

    Only what is stored in the history is numbered. Any other request has the number of the cell before it,
    for the front end; for errors and traces it is a chunk of its own, counted by `serial`.
    """

    parent: Message
    ident: list[bytes]
    cell: int
    cell_id: str | None = None
    is_silent: bool = False
    allow_stdin: bool = False
    is_stored: bool = True
    serial: int = 0

    @property
    def chunk_name(self) -> str:
        """What Lua calls the text of this request."""
        return f"cell[{self.cell}]" if self.is_stored else f"request[{self.serial}]"

    @property
    def origin(self) -> int:
        """The number that its output, traces and sockets carry; 0 where it has none."""
        return self.cell if self.is_stored else 0

    @property
    def session(self) -> str:
        """The front end's session; a reloaded page has a new one."""
        return str(self.parent.get("header", {}).get("session", ""))

    @property
    def is_console(self) -> bool:
        """Whether the front end prints outputs one below the other, and ignores updates of earlier ones.

        Jupyter Console and the Qt Console do. No message says so. They have no cells, somebody types there
        (nbclient, which knows updates, answers no questions), and they use Python's client, whose message
        numbers begin with the session's.
        """
        return self.cell_id is None and self.allow_stdin and self.is_pythons

    @property
    def is_prompt(self) -> bool:
        """Whether somebody types there, one cell after the other."""
        return self.is_console

    @property
    def is_pythons(self) -> bool:
        """Whether it was sent by a Python program, a console or nbclient, and not by a page in a browser."""
        return str(self.parent.get("header", {}).get("msg_id", "")).startswith(f"{self.session}_")


def is_still_there(home: Home, request: Request) -> bool:
    """Tells whether an output at `home` outlives the start of `request`.

    A reloaded page has a new session and no longer follows updates; a cell that runs again loses its outputs;
    and JupyterLab tells with each request which cells were deleted.
    """
    session, cell_id = home
    deleted = request.parent.get("metadata", {}).get("deletedCells") or ()
    return session == request.session and (
        cell_id is None or (cell_id != request.cell_id and cell_id not in deleted)
    )
