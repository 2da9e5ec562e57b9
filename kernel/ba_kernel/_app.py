"""The kernel's process: service threads around the channels, signals, and an orderly end.

This does what `ipykernel.kernelapp` does, from the same parts (`IOPubThread`, `Heartbeat`, `ControlThread`),
without importing that module: it pulls in IPython's shell, debugger and completer, which
costs a quarter of the time from start to first reply and is of no use to Lua. There is no shell channel
thread either, because it only serves subshells: without the hop through it a trivial cell takes half the
time.

Nothing here knows Lua or a message's content.
"""

from __future__ import annotations

import contextlib
import logging
import signal
import sys
import threading
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import zmq

from ._channels import PORTS, CannotStart, Channels, read_connection_file
from ._parent import watch_parent

# The kernel's own channels, threads and Lua state take 44; the rest is for imports and a few sockets.
NEEDED_DESCRIPTORS = 64

if TYPE_CHECKING:
    from .kernel import BaLuaKernel


def run(connection_file: str) -> int:
    """Serves one front end until it asks for shutdown or its process is gone; returns the exit code."""
    try:
        _run(connection_file)
    except CannotStart as problem:
        print(f"ba-lua-kernel: {problem}", file=sys.stderr)
        return 1
    return 0


def _run(connection_file: str) -> None:
    _on_signal("SIGINT", signal.SIG_IGN)  # until there is something to interrupt
    _need_descriptors()
    info = read_connection_file(connection_file)
    app = App(Channels(info or {"key": str(uuid.uuid4())}))
    if info:
        app.serve()
    else:
        with _connection_file(connection_file, app):
            app.serve()


class App:
    """One kernel process around its channels. Its imports are slow, so they wait until the channels exist."""

    def __init__(self, channels: Channels) -> None:
        from ipykernel.control import ControlThread
        from ipykernel.heartbeat import Heartbeat
        from ipykernel.iostream import IOPubThread

        from ._session import new_session

        info = channels.info
        self.channels = channels
        self.session = new_session(info["key"], info["signature_scheme"])
        try:
            self._publisher = IOPubThread(channels.iopub, session=self.session)
        except TypeError:  # ipykernel 6 does not say welcome, and needs no session for it
            self._publisher = IOPubThread(channels.iopub)
        self._publisher.start()
        self._control = ControlThread(daemon=True)
        self._control.start()
        # A thread needs a file descriptor to publish. This one has to get it now: an interrupt must be
        # answered also when the user's sockets have taken all that there are.
        self._control.io_loop.add_callback(self._publisher.schedule, lambda: None)
        # A ZeroMQ context of its own: the heart must beat while the other one is busy.
        address = (info["transport"], info["ip"], info.get("hb_port", 0))
        heartbeat = Heartbeat(zmq.Context(), address, **channels.curve_keys)
        info["hb_port"] = heartbeat.port
        heartbeat.start()

    def serve(self) -> None:
        """Answers requests on this thread until one of them is shutdown."""
        from tornado.ioloop import IOLoop

        watch_parent()
        kernel, loop = self._kernel(), IOLoop.current()
        # Whether a cell runs or not; and it must never raise in the middle of our own work.
        _on_signal("SIGINT", lambda _signal, _frame: kernel.interrupt())
        for name in ("SIGTERM", "SIGHUP"):  # an end like any other, with nothing left behind
            _on_signal(name, lambda _signal, _frame: loop.add_callback_from_signal(loop.stop))
        kernel.start()
        loop.start()
        kernel.stop()
        self._close()

    def _close(self) -> None:
        self._control.stop()
        self._control.join(timeout=1)
        self._publisher.stop()
        self._publisher.close()
        self.channels.close()

    def _kernel(self) -> BaLuaKernel:
        from zmq.eventloop.zmqstream import ZMQStream

        from ._shell import ShellStream
        from .kernel import BaLuaKernel

        return BaLuaKernel(
            session=self.session,
            shell_stream=ShellStream(self.channels.shell, self.session),
            control_stream=ZMQStream(self.channels.control, self._control.io_loop),
            control_thread=self._control,
            iopub_thread=self._publisher,
            iopub_socket=self._publisher.background_socket,
            stdin_socket=self.channels.stdin,
            log=logging.getLogger("ba_kernel"),
        )


@contextlib.contextmanager
def _connection_file(name: str, app: App) -> Iterator[None]:
    """Writes down how to connect, for a kernel that was started by hand, and removes the file again."""
    from jupyter_client.connect import write_connection_file

    info = app.channels.info
    ports = {port: info[port] for port in PORTS}
    write_connection_file(name, **ports, ip=info["ip"], key=info["key"].encode())
    print(f"Connect with: jupyter console --existing {name}", file=sys.stderr)
    try:
        yield
    finally:
        Path(name).unlink(missing_ok=True)


def _on_signal(name: str, handler: Callable[[int, FrameType | None], None] | signal.Handlers) -> None:
    """Handles a signal where there is such a one, on the main thread: Python allows it there only."""
    if hasattr(signal, name) and threading.current_thread() is threading.main_thread():
        signal.signal(getattr(signal, name), handler)


def _need_descriptors() -> None:
    """Raises the process's own limit as far as that is needed and allowed."""
    if sys.platform == "win32":
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= NEEDED_DESCRIPTORS:
        return
    if hard != resource.RLIM_INFINITY and hard < NEEDED_DESCRIPTORS:
        allowed = f"needs {NEEDED_DESCRIPTORS} file descriptors, and {hard} are allowed"
        raise CannotStart(f"{allowed}; raise the limit (ulimit -n)")
    resource.setrlimit(resource.RLIMIT_NOFILE, (NEEDED_DESCRIPTORS, hard))
