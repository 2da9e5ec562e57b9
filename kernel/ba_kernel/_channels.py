"""The kernel's ZeroMQ sockets, bound before anything slow is imported.

A front end connects as soon as it has started us, and ZeroMQ tries a refused connection again only after
100 ms. So this module imports nothing but zmq: what is sent while Jupyter's modules load waits in the
sockets.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import zmq

# What a front end has not fetched when we end is worth waiting for a second, as in ipykernel.
LINGER_MS = 1000
# How long a port may be taken by somebody else before we give up.
PORT_S = 2.0

PORTS = ("shell_port", "iopub_port", "stdin_port", "control_port", "hb_port")


class CannotStart(Exception):
    """The surroundings do not allow a kernel; the message says what is wrong with them."""


class Channels:
    """Four bound sockets, and what a front end must know to use them."""

    # The values are what JSON has: text and numbers. A socket's type parameter says nothing here.
    def __init__(self, info: Mapping[str, Any]) -> None:
        """Binds to the ports that a connection file names, and to free ones where it names none."""
        defaults = {"transport": "tcp", "ip": "127.0.0.1", "key": "", "signature_scheme": "hmac-sha256"}
        self.info: dict[str, Any] = {**defaults, **info}
        self.context = zmq.Context()
        try:
            self.shell = self._bind(zmq.ROUTER, "shell_port")
            self.stdin = self._bind(zmq.ROUTER, "stdin_port")
            self.control = self._bind(zmq.ROUTER, "control_port")
            # XPUB tells newer ipykernels who subscribes, so that they can say welcome; to others it is a PUB.
            self.iopub = self._bind(zmq.XPUB, "iopub_port")
        except zmq.ZMQError as error:
            self.context.destroy(linger=0)
            raise CannotStart(f"cannot use the connection: {error}") from error

    @property
    def curve_keys(self) -> dict[str, bytes]:
        """The keys for encrypted channels, which newer versions of jupyter_client hand out; else nothing."""
        names = ("curve_publickey", "curve_secretkey")
        return {name: self.info[name].encode() for name in names if self.info.get(name)}

    def close(self) -> None:
        """Closes the sockets that nobody else has closed; what has been sent still goes out."""
        for socket in (self.shell, self.stdin, self.control, self.iopub):
            socket.close()

    def _bind(self, kind: int, port_name: str) -> zmq.Socket[Any]:
        socket: zmq.Socket[Any] = self.context.socket(kind)
        socket.linger = LINGER_MS
        if kind == zmq.ROUTER:
            # A front end that reconnects with its old identity must be heard, as pyzmq advises.
            socket.router_handover = 1
        for name, key in self.curve_keys.items():
            setattr(socket, name, key)
            socket.curve_server = True
        ip, port = self.info["ip"], self.info.get(port_name, 0)
        if self.info["transport"] == "ipc":
            socket.bind(f"ipc://{ip}-{port}")
        elif port:
            _bind_patiently(socket, f"tcp://{ip}:{port}")
        else:
            self.info[port_name] = socket.bind_to_random_port(f"tcp://{ip}")
        return socket


def _bind_patiently(socket: zmq.Socket[Any], address: str) -> None:
    """Binds, waiting a little if somebody has the port.

    Jupyter finds a free port and lets go of it before we start; meanwhile the system may give it to any
    connection that goes out, which mostly does not last.
    """
    deadline = time.monotonic() + PORT_S
    while True:
        try:
            socket.bind(address)
        except zmq.ZMQError as error:  # noqa: PERF203 - it is not a loop that has to be fast
            if error.errno != zmq.EADDRINUSE or time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        else:
            return


def read_connection_file(name: str) -> dict[str, Any]:
    """Returns what a connection file says, nothing if there is no such file, but a place for one."""
    file = Path(name)
    try:
        if not file.exists() and file.parent.is_dir():
            return {}
        info = json.loads(file.read_bytes())
    except (OSError, ValueError) as error:
        raise CannotStart(f"cannot read the connection file {name}: {error}") from error
    if not isinstance(info, dict):
        raise CannotStart(f"cannot read the connection file {name}: it is not a JSON object")
    return info
