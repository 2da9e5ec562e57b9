"""`ba-lua FILE.lua`: runs a file as one cell, on the command line."""

from __future__ import annotations

import argparse
import contextlib
import sys
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, wait
from pathlib import Path
from typing import BinaryIO

from ._ctrl_c import INTERRUPTED, CtrlC
from ._line_reader import LineReader
from .errors import UsageError
from .events import (
    CellResult,
    Displayed,
    ErrorReport,
    Event,
    Fault,
    InputRequested,
    LatePrint,
    Note,
    PortTaken,
    Printed,
    Stuck,
    Traced,
)
from .runtime import MAX_MEMORY, Runtime


class Console:
    """A sink that writes as the server does: responses to stdout, the trace to stderr."""

    def __init__(self, out: BinaryIO, err: BinaryIO, ask: Callable[[], None]) -> None:
        """`ask` is called when the program wants a line of input."""
        self._out = out
        self._err = err
        self._ask = ask

    def __call__(self, event: Event) -> None:
        """Writes one event; a reader that went away (a closed pipe) is no reason to stop."""
        with contextlib.suppress(BrokenPipeError, ValueError):
            self._write(event)

    def _write(self, event: Event) -> None:
        match event:
            case Printed(_, text, "stdout"):
                self._out.write(text)
                self._out.flush()
            case Printed(_, text, _):
                self._error(text)
            case Traced():
                place = f"{event.name} {event.line}: ".encode() if event.prefix else b""
                self._error(place + event.text + b"\n")
            case Displayed(forms=forms):
                text = dict(forms)["text/plain"]
                if text and (len(forms) == 1 or not event.is_update):  # not every state of a picture
                    self._out.write(text + b"\n")
                    self._out.flush()
            case LatePrint(0, text):  # of no cell, but of an application
                self._out.write(text)
                self._out.flush()
            case LatePrint(_, text):
                self._error(b"print after the program ended: " + text)
            case Fault(_, text):
                self._error(b"\n\n-------- " + text + b"\n\n")
            case Note() | PortTaken():
                self._error(f"-- {event.text}\n".encode())
            case Stuck():
                self._error(f"-- {event.text} Press Ctrl-C again to end the process.\n".encode())
            case InputRequested():
                self._ask()
            case _:
                pass

    def _error(self, text: bytes) -> None:
        self._err.write(text)
        self._err.flush()


def _explain(error: ErrorReport) -> bytes:
    if error.kind == "syntax":
        return b"ba-lua: " + error.message + b"\n"
    stack = b"".join(b"\n\t" + frame for frame in error.traceback)
    return b"ba-lua: " + error.message + b"\nstack traceback:" + stack + b"\n"


def _exit_code(result: CellResult, err: BinaryIO) -> int:
    error = result.error
    if error is None:
        return 0
    if error.kind == "exit":
        return error.exit_code
    err.write(_explain(error))
    err.flush()
    return INTERRUPTED if error.kind == "interrupt" else 1


def _read_line(runtime: Runtime, lines: LineReader) -> None:
    """Reads a line on a thread of its own, so that cosockets keep running meanwhile."""
    threading.Thread(target=lambda: runtime.reply_input(lines.read_line() or None), daemon=True).start()


def _standard_input() -> int:
    if sys.stdin is None:  # closed before the process began
        raise ValueError("there is no standard input")
    return sys.stdin.fileno()


def run(
    path: Path, *, stay: bool, max_memory: int, folder: Path | None = None, capture: str | None = None
) -> int:
    """Runs the file and returns the exit code: 0, 1 after an error, os.exit's, or 130 after Ctrl-C.

    With a folder, that is served on the page server first. `capture` is a file to write what the sockets send
    and receive to, for Wireshark.
    """
    source = path.read_bytes()
    if source.startswith(b"#"):
        source = b"--" + source
    lines = LineReader(_standard_input)
    console = Console(sys.stdout.buffer, sys.stderr.buffer, lambda: _read_line(runtime, lines))
    runtime = Runtime(console, max_memory=max_memory)
    with runtime, CtrlC(runtime.interrupt) as ctrl_c:
        try:
            if capture is not None:
                try:
                    runtime.capture(capture)
                except UsageError as error:
                    print(f"ba-lua: {error}", file=sys.stderr)
                    return 1
            if folder is not None:
                runtime.serve(str(folder)).result()
            result = runtime.run_cell(source, name=path.name, cell=1).result()
            if stay and result.error is None:
                wait({runtime.until_idle(), ctrl_c.pressed}, return_when=FIRST_COMPLETED)
                if ctrl_c.pressed.done():
                    return INTERRUPTED
        except UsageError as error:
            print(f"ba-lua: cannot serve {folder}: {error}", file=sys.stderr)
            return 1
        return _exit_code(result, sys.stderr.buffer)


def main(argv: Sequence[str] | None = None) -> int:
    """The command line; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="ba-lua",
        description="Run a Lua program with the ba.socket API. print writes to stdout, trace to stderr.",
    )
    parser.add_argument("file", type=Path, help="the Lua program to run")
    parser.add_argument("--stay", action="store_true", help="keep running until the last cosocket has ended")
    parser.add_argument(
        "--serve", type=Path, metavar="FOLDER", help="first serve the folder's pages and files, at mako.port"
    )
    parser.add_argument(
        "--max-memory",
        type=int,
        default=MAX_MEMORY >> 20,
        metavar="MIB",
        help="the limit of Lua's memory (default: %(default)s)",
    )
    parser.add_argument(
        "--capture",
        metavar="FILE",
        help="write what the sockets send and receive to a new pcapng file, with the keys of TLS connections",
    )
    options = parser.parse_args(argv)
    try:
        return run(
            options.file,
            stay=options.stay,
            max_memory=options.max_memory << 20,
            folder=options.serve,
            capture=options.capture,
        )
    except KeyboardInterrupt:  # before the program ran, or after it
        return INTERRUPTED
    except OSError as error:
        print(f"ba-lua: cannot read {options.file}: {error.strerror}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    # Modules that are imported later must not come from the folder in which the program is.
    if not (sys.flags.isolated or getattr(sys.flags, "safe_path", False)):
        del sys.path[0]
    sys.exit(main())
