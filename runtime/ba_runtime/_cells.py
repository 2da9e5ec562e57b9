"""The queue of cells: which one runs, and what became of it. Belongs to the Lua thread, except `page_of`."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, replace
from typing import Literal, cast

from .events import CellResult, ErrorReport, PageResult, forms, frames
from .hints import Hints

Kind = Literal["syntax", "runtime", "interrupt", "memory", "exit"]


@dataclass(frozen=True, slots=True)
class Cell:
    """A text to run, and where its result goes."""

    number: int
    source: bytes
    name: bytes
    result: Future[CellResult]
    kind: Literal["cell", "page", "program", "timing"] = "cell"
    more: tuple[bytes | int, ...] = ()  # what else Lua must know of this kind (`requests` in lua/boot.lua)


class Cells:
    """Runs cells one after the other."""

    def __init__(self, hand_over: Callable[..., None], may_begin: Callable[[], bool], hints: Hints) -> None:
        """`hand_over` gives Lua a request; `may_begin` is asked before a cell begins."""
        self._hand_over, self._may_begin, self._hints = hand_over, may_begin, hints
        self._queue: deque[Cell] = deque()
        self._answer = PageResult(0, 500, "", b"")  # of the page that runs as a cell
        self._forms: tuple[tuple[str, bytes], ...] = ()  # of the running cell's value

    def add(self, cell: Cell) -> None:
        """Queues a cell."""
        self._queue.append(cell)
        if len(self._queue) == 1:
            self._start()

    def running(self) -> tuple[int, bytes]:
        """Returns the number of the running cell and the name of its chunk; 0 and "" for none."""
        return (self._queue[0].number, self._queue[0].name) if self._queue else (0, b"")

    def page_of(self, cell: Cell) -> Future[PageResult]:
        """Returns what will have the answer of a page that runs as a cell."""
        page: Future[PageResult] = Future()
        cell.result.add_done_callback(lambda result: self._page_over(page, result))
        return page

    def functions(self) -> Mapping[str, Callable[..., object]]:
        """Returns what Lua calls."""
        return {
            "cell_done": self._done,
            "cell_failed": self._failed,
            "cell_shows": self._shows,
            "page_done": self._page_done,
        }

    def _start(self) -> None:
        if not self._may_begin():
            return
        cell = self._queue[0]
        self._hand_over(cell.kind, cell.number, cell.source, cell.name, *cell.more)  # or nobody would end it
        self._hints.keep(cell.name, cell.source, is_page=cell.kind == "page")

    def _shows(self, *flat: bytes) -> None:
        """What the running cell's value looks like; the end of the cell follows."""
        self._forms = forms(flat)

    def _done(self, number: int, *values: bytes) -> None:
        self._end(number, values, None)

    def _failed(
        self,
        number: int,
        kind: bytes,
        message: bytes,
        source: bytes,
        line: int,
        stack: bytes,
        code: int,
        hint: bytes,
    ) -> None:
        place = source.decode("utf-8", "replace")
        name = cast(Kind, kind.decode())
        advice = self._hints.syntax(message, place) if name == "syntax" else hint.decode("utf-8", "replace")
        self._end(number, (), ErrorReport(name, message, place, line, frames(stack), code, advice))

    def _end(self, number: int, values: tuple[bytes, ...], error: ErrorReport | None) -> None:
        if not self._queue or self._queue[0].number != number:  # it was given up when starting it failed
            return
        cell = self._queue.popleft()
        shown, self._forms = self._forms, ()
        cell.result.set_result(CellResult(cell.number, values, error, () if error else shown))
        if self._queue:
            self._start()

    def _page_done(
        self, status: int, content_type: bytes, body: bytes, url: bytes | None = None, *fields: bytes
    ) -> None:
        """What the page that is running has answered; the end of its cell follows."""
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
