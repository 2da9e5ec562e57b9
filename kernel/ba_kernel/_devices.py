"""The device of a notebook: which one it is, and the cells that run there, or here and there."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING

from ba_runtime.events import CellResult, DeviceTraced, ErrorReport, Event, Note

from ._output import Output

if TYPE_CHECKING:
    from ba_runtime.device import About, Answer, Device

    from ._local_device import LocalDevice

NOT_CONNECTED = "no device is connected; connect one with %device http://HOST/FILE.lsp"
# A connection that is lost comes back when a device has started anew.
AGAIN_S = 2.0
# A cell that connects ends when the trace is heard, or after so long.
HEARD_S = 5.0


class Where(Enum):
    """Where a cell's Lua runs."""

    HERE = auto()
    THERE = auto()
    BOTH = auto()


class DeviceFailed(Exception):
    """The device could not run a cell; the message says why."""


@dataclass(frozen=True, slots=True)
class Run:
    """What a cell did in one place: what it printed, and how it ended."""

    printed: bytes
    result: CellResult


class Devices:
    """The device that a notebook is connected to, if it is. On the main loop."""

    def __init__(self, output: Output, trace: Callable[[Event], None]) -> None:
        """`trace` takes the lines that the device traces."""
        self._output = output
        self._trace = trace
        self.device: Device | None = None
        self.about: About | None = None
        self.takes_all = False  # whether cells without a magic run there, too
        self._wanted: Where | None = None  # of the cell that runs now
        self.limit_s: float | None = None
        self._local: LocalDevice | None = None
        self.secrets: list[str] = []  # of the pages that were made here
        self._listening: asyncio.Task[None] | None = None

    @property
    def name(self) -> str:
        """What people call it; "" without one."""
        return self.device.name if self.device else ""

    def begin(self) -> None:
        """A cell starts."""
        self._wanted, self.limit_s = None, None

    def want(self, where: Where, limit_s: float | None) -> None:
        """Has the running cell's Lua run there, for so many seconds at most."""
        self._wanted, self.limit_s = where, limit_s

    @property
    def where(self) -> Where:
        """Where the Lua of the running cell is to run."""
        if self._wanted is not None:
            return self._wanted
        return Where.THERE if self.takes_all else Where.HERE

    async def connect(
        self, device: Device, about: About, *, takes_all: bool, local: LocalDevice | None = None
    ) -> None:
        """Makes this the notebook's device, and listens to its trace; returns when that is heard, if it is.

        `local` is its process, if that is to end with the connection.
        """
        self.disconnect()
        self.device, self.about, self.takes_all, self._local = device, about, takes_all, local
        heard: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._listening = asyncio.ensure_future(self._listen(device, about.tracelogger, heard))
        await asyncio.wait({heard, self._listening}, timeout=HEARD_S, return_when=asyncio.FIRST_COMPLETED)

    def disconnect(self) -> bool:
        """Forgets the device, and returns whether there was one."""
        device, self.device, self.about = self.device, None, None
        self.takes_all = False
        if self._listening is not None:
            self._listening.cancel()
            self._listening = None
        self.end()
        return device is not None

    def end(self) -> None:
        """Ends what was started here. From any thread."""
        local, self._local = self._local, None
        if local is not None:
            local.end()

    # ---- cells

    async def there(self, source: bytes, name: str, cell: int) -> CellResult:
        """Runs a cell on the device; what it prints is the cell's output. Raises DeviceFailed."""
        return await self._run(source, name, cell, self._output.write)

    async def both(
        self, source: bytes, name: str, cell: int, here: Callable[[], Awaitable[CellResult]]
    ) -> tuple[Run, Run]:
        """Runs a cell here and on the device at the same time. Raises DeviceFailed."""
        printed = bytearray()
        there = asyncio.ensure_future(self._run(source, name, cell, lambda text: printed.extend(text)))
        try:
            with self._output.captured() as own:
                result = await here()
            answered = await there
            return Run(bytes(own), result), Run(bytes(printed), answered)
        finally:
            there.cancel()
            with contextlib.suppress(asyncio.CancelledError, DeviceFailed):
                await there

    async def _run(self, source: bytes, name: str, cell: int, show: Callable[[bytes], None]) -> CellResult:
        from ba_runtime.device import BadAnswer, Refused, Unreachable

        if self.device is None:
            raise DeviceFailed(NOT_CONNECTED)
        try:
            answer = await self.device.run(source, name, show, seconds=self.limit_s)
        except (BadAnswer, Refused, Unreachable) as error:
            raise DeviceFailed(str(error)) from error
        return _result(answer, cell)

    # ---- its trace

    async def _listen(self, device: Device, told: str, heard: asyncio.Future[None]) -> None:
        """Hears the device's trace until it is disconnected; connects again where it had been heard."""
        from ba_runtime.device import NoTrace, Unreachable, listen, service_of

        name, was_heard = device.name, False

        def begun() -> None:
            nonlocal was_heard
            was_heard = True
            if not heard.done():
                heard.set_result(None)

        def show(line: bytes) -> None:
            if line:
                self._trace(DeviceTraced(name, line))

        while True:
            try:
                await listen(service_of(device.place, told), begun, show)
            except Unreachable:
                if not was_heard:
                    return
            except NoTrace as error:
                self._trace(Note(0, f"the trace of {name} is not shown: {error}"))
                return
            await asyncio.sleep(AGAIN_S)


def _result(answer: Answer, cell: int) -> CellResult:
    from ba_runtime.device import stack_of

    if answer.word == "ok":
        return CellResult(cell, answer.texts)
    message, frames = stack_of(answer)
    if answer.word == "syntax":
        return CellResult(cell, error=ErrorReport("syntax", message))
    if answer.word == "interrupt":
        return CellResult(cell, error=ErrorReport("interrupt", b""))
    return CellResult(cell, error=ErrorReport("runtime", message, traceback=frames))
