"""`--device URL`: the program runs on a device instead of here."""

from __future__ import annotations

import asyncio
import getpass
import os
import sys

from ba_runtime._ctrl_c import INTERRUPTED
from ba_runtime.device import (
    VARIABLE,
    Answer,
    BadAnswer,
    Device,
    NoTrace,
    Refused,
    Unreachable,
    listen,
    place_of,
    service_of,
    stack_of,
)
from ba_runtime.errors import UsageError
from ba_runtime.text import readable

from ._options import Options

# Lines that a device has traced before the program's end are on their way for so long at most.
TRACE_S = 0.2


def run_on_device(options: Options) -> int:
    """Runs the program on a device and returns the exit code: 0, 1 after an error, 130 after Ctrl-C.

    Raises OSError about the program's file, and UsageError.
    """
    if options.chunks or options.is_interactive or options.serve or options.capture:
        raise UsageError("--device runs one script on a device, and takes no other options")
    source, name = options.source()
    try:
        place = place_of(options.device or "", is_trusting=options.is_untrusted)
    except ValueError as error:
        raise UsageError(str(error)) from error
    secret = os.environ.get(VARIABLE) or _typed(place.path)
    try:
        return asyncio.run(_run(Device(place, secret), source, name))
    except (BadAnswer, Refused, Unreachable) as error:
        raise UsageError(str(error)) from error


def _typed(path: str) -> str:
    if sys.stdin is None or not sys.stdin.isatty():
        raise UsageError(f"the device's page needs its secret: {VARIABLE}=SECRET ba-lua --device …")
    return getpass.getpass(f"The secret in {path.rpartition('/')[2]}: ")


async def _run(device: Device, source: bytes, name: str) -> int:
    about = await device.about()
    ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    trace = asyncio.ensure_future(_trace(device, about.tracelogger, ready))
    await asyncio.wait({trace, ready}, return_when=asyncio.FIRST_COMPLETED)
    try:
        answer = await device.run(source, name, _print)
        await asyncio.wait({trace}, timeout=TRACE_S)
    finally:
        trace.cancel()
    return _ended(answer)


async def _trace(device: Device, told: str, ready: asyncio.Future[None]) -> None:
    def begun() -> None:
        if not ready.done():
            ready.set_result(None)

    try:
        await listen(service_of(device.place, told), begun, _print_trace)
    except (NoTrace, Unreachable) as error:
        _print_trace(f"-- the trace of {device.place.name} is not shown: {error}".encode())


def _print(data: bytes) -> None:
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def _print_trace(line: bytes) -> None:
    if line:
        sys.stderr.buffer.write(line + b"\n")
        sys.stderr.buffer.flush()


def _ended(answer: Answer) -> int:
    if answer.word == "ok":
        return 0
    if answer.word == "interrupt":
        return INTERRUPTED
    message, stack = stack_of(answer)
    frames = "".join(f"\n\t{readable(frame)}" for frame in stack)
    trace = f"\nstack traceback:{frames}" if stack else ""
    print(f"ba-lua: {readable(message)}{trace}", file=sys.stderr, flush=True)
    return 1
