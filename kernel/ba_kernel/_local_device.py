"""A device for those who have none: `ba-lua --serve` in a process of its own, with the page for cells."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path

from ba_runtime.device import Device, new_secret, page_with, place_of

NAME = "ba-lua"
PAGE = "cells.lsp"
START_S = 20.0
# It ends with whoever started it, however that ends: then its standard input does.
_PROGRAM = "print(mako.port) io.stdout:flush() io.read('a') os.exit()"


class LocalDevice:
    """The process, from its start to its end."""

    def __init__(self, process: asyncio.subprocess.Process, folder: str, device: Device) -> None:
        """`folder` has the page, and is removed at the end."""
        self._process = process
        self._folder = folder
        self.device = device

    @staticmethod
    async def start() -> LocalDevice:
        """Starts one and returns it when it answers. Raises OSError if it does not."""
        secret, folder = new_secret(), tempfile.mkdtemp(prefix="ba-lua-device-")  # nobody else may read it
        try:
            Path(folder, PAGE).write_text(page_with(secret), encoding="utf-8")
            command = ["-m", "ba_kernel.command", "--serve", folder, "--tracelogger", "-e", _PROGRAM]
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                *command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                start_new_session=True,  # the stop button is for the cells here
            )
            port = await _port(process)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        return LocalDevice(process, folder, Device(place_of(f"http://127.0.0.1:{port}/{PAGE}"), secret, NAME))

    def end(self) -> None:
        """Ends the process. From any thread."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._process.pid, signal.SIGKILL)
        shutil.rmtree(self._folder, ignore_errors=True)


async def _port(process: asyncio.subprocess.Process) -> int:
    assert process.stdout is not None
    try:
        line = await asyncio.wait_for(process.stdout.readline(), START_S)
    except asyncio.TimeoutError:
        line = b""
    if not line.strip().isdigit():
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        raise OSError("ba-lua does not start on this computer")
    return int(line)
