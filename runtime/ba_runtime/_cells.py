"""The cells and pages of one runtime that are to run, one after the other, and what becomes of the first.

On the Lua thread. Lua is told to start a cell, and says how it has ended through `functions`: first, where
there is any, what its value looks like or what the page has answered, then the end.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, replace
from typing import Literal, Protocol, cast

from .events import CellResult, ErrorReport, PageResult, forms, frames

Kind = Literal["syntax", "runtime", "interrupt", "memory", "exit"]


class Tell(Protocol):
    """Hands a request to Lua (`requests` in lua/boot.lua)."""

    def __call__(self, kind: str, *arguments: object) -> None: ...


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell; `path` is where to put a page, None for a cell that is no page."""

    number: int
    source: bytes
    name: bytes
    result: Future[CellResult]
    path: bytes | None = None


class Cells:
    """The queue."""

    def __init__(self, tell: Tell, is_short: Callable[[], bool], is_closing: Callable[[], bool]) -> None:
        """`is_short` tells whether memory is, `is_closing` whether no more cell is to start."""
        self._tell = tell
        self._is_short = is_short
        self._is_closing = is_closing
        self._cells: deque[Cell] = deque()
        self._answer = PageResult(0, 500, "", b"")  # of the page that runs
        self._forms: tuple[tuple[str, bytes], ...] = ()  # of the running cell's value

    def add(self, cell: Cell) -> None:
        """Queues a cell, and starts it if there is no other."""
        self._cells.append(cell)
        if len(self._cells) == 1:
            self._start()

    def page(self, source: bytes, name: bytes, number: int, path: bytes) -> tuple[Cell, Future[PageResult]]:
        """Returns a page that is to be added, and what will be its result."""
        page: Future[PageResult] = Future()
        result: Future[CellResult] = Future()
        result.add_done_callback(lambda _: self._page_over(page, result))
        return Cell(number, source, name, result, path), page

    @property
    def running(self) -> tuple[int, bytes]:
        """The number and the name of the cell that runs; 0 and nothing where none does."""
        return (self._cells[0].number, self._cells[0].name) if self._cells else (0, b"")

    def functions(self) -> Mapping[str, Callable[..., object]]:
        """Returns the part of the crossing table that tells how cells end."""
        return {
            "cell_done": self._done,
            "cell_failed": self._failed,
            "cell_shows": self._shows,
            "page_done": self._page_done,
        }

    def _start(self) -> None:
        cell = self._cells[0]
        if self._is_short():
            self._tell("memory", 1)
        if cell.path is None:
            self._tell("cell", cell.number, cell.source, cell.name)
        else:
            self._tell("page", cell.number, cell.source, cell.name, cell.path)

    # ------------------------------------------------------------ what Lua calls

    def _shows(self, *flat: bytes) -> None:
        self._forms = forms(flat)

    def _done(self, _number: int, *values: bytes) -> None:
        self._end(values, None)

    def _failed(
        self, _number: int, kind: bytes, message: bytes, source: bytes, line: int, stack: bytes, code: int
    ) -> None:
        where = source.decode("utf-8", "replace")
        self._end((), ErrorReport(cast(Kind, kind.decode()), message, where, line, frames(stack), code))

    def _end(self, values: tuple[bytes, ...], error: ErrorReport | None) -> None:
        cell = self._cells.popleft()
        shown, self._forms = self._forms, ()
        cell.result.set_result(CellResult(cell.number, values, error, () if error else shown))
        if self._cells and not self._is_closing():
            self._start()

    def _page_done(
        self, status: int, content_type: bytes, body: bytes, url: bytes | None = None, *fields: bytes
    ) -> None:
        address = None if url is None else url.decode("utf-8", "replace")
        headers = tuple(zip(fields[::2], fields[1::2], strict=True))
        self._answer = PageResult(0, status, content_type.decode("latin-1"), body, None, address, headers)

    def _page_over(self, page: Future[PageResult], result: Future[CellResult]) -> None:
        fault = result.exception()
        if fault is not None:
            page.set_exception(fault)
            return
        cell, error = result.result().cell, result.result().error
        status = self._answer.status if error is None else 500
        page.set_result(replace(self._answer, cell=cell, status=status, error=error))
