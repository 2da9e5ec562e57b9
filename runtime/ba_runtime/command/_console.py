"""What comes out of a program: responses go to stdout, the trace and errors to stderr, as the server does
it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Protocol

from ba_runtime.events import (
    DeviceTraced,
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


class Writer(Protocol):
    """What is needed of a binary stream."""

    def write(self, data: bytes, /) -> object: ...
    def flush(self) -> object: ...


class Console:
    """A sink that writes events as text, each at once."""

    def __init__(self, out: Writer, err: Writer, ask: Callable[[], None]) -> None:
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
            case DeviceTraced(device, text):
                self._error(f"{device} ".encode() + text + b"\n")
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
            case Fault(_, text, error):
                self._error(b"\n\n-------- " + text + b"\n" + _hint(error) + b"\n")
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


def explained(error: ErrorReport) -> bytes:
    """Returns what `lua` writes about an error."""
    if error.kind == "syntax":
        return b"ba-lua: " + error.message + b"\n" + _hint(error)
    stack = b"".join(b"\n\t" + frame for frame in error.traceback)
    return b"ba-lua: " + error.message + b"\nstack traceback:" + stack + b"\n" + _hint(error)


def _hint(error: ErrorReport | None) -> bytes:
    return f"hint: {error.hint}\n".encode() if error and error.hint else b""
