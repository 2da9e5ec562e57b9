"""Cells of subshells that need no Lua: they run while another cell does, and leave its things alone."""

from __future__ import annotations

from ._cell import Cells
from ._frontend import Request
from ._magic_table import MAGICS, split
from ._magics import Body


class Beside(Cells):
    """Runs one such cell. On the main loop.

    Input, faults, displays, pictures and the trace area stay with the cell that runs Lua. `Workbench` gives
    this one an output of its own.
    """

    def _begin(self, request: Request) -> None:
        self._output.begin(request)

    async def _end(self) -> None:
        self._output.end()


def can_run_beside(code: str) -> bool:
    """Tells whether a cell consists of magics that need not wait for another cell's end."""
    cell = split(code)
    if cell.body is not Body.TEXT and cell.has_body:
        return False
    magics = ((MAGICS.get(call.name), call.rest) for call in cell.calls)
    return all(magic is None or magic.is_beside(rest) for magic, rest in magics)  # None: fails at once
