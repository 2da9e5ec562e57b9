"""Clients on Python's own sockets, with its own TLS: what they send comes back, byte for byte."""

from __future__ import annotations

import random
import socket
import ssl
import threading

TIMEOUT_S = 30.0


class Client(threading.Thread):
    """Makes connections, one after the other, until `end`; stands still between two while it is told to."""

    def __init__(self, kind: str, port: int, seed: str, context: ssl.SSLContext | None = None) -> None:
        """`kind` is its name in the table; with a context it uses TLS."""
        super().__init__(name=f"outside {kind}", daemon=True)
        self.kind = kind
        self.moved = self.rounds = 0
        self.wrong = ""
        self.standing = threading.Event()
        self._may_go = threading.Event()
        self._may_go.set()
        self._ending = False
        self._port, self._context, self._chance = port, context, random.Random(seed)

    def pause(self) -> None:
        """Waits until no connection is open."""
        self._may_go.clear()
        if not self.standing.wait(TIMEOUT_S * 2):
            self.wrong = self.wrong or "does not come to rest"

    def resume(self) -> None:
        """Goes on."""
        self.standing.clear()
        self._may_go.set()

    def end(self) -> None:
        """Ends the thread."""
        self._ending = True
        self._may_go.set()
        self.join(TIMEOUT_S)

    def run(self) -> None:
        """Called by `start`."""
        while not self._ending and not self.wrong:
            if not self._may_go.is_set():
                self.standing.set()
                self._may_go.wait()
                continue
            try:
                self._converse()
            except OSError as fault:
                self.wrong = repr(fault)
            self.rounds += 1
        self.standing.set()

    def _converse(self) -> None:
        with socket.create_connection(("127.0.0.1", self._port), TIMEOUT_S) as plain:
            if self._context is None:
                self._exchange(plain, 100_000)
            else:
                with self._context.wrap_socket(plain) as secure:
                    self._exchange(secure, 50_000)

    def _exchange(self, connection: socket.socket, most: int) -> None:
        """Sends and reads in turn, at most what fits into the buffers on the way: nobody reads meanwhile."""
        for _ in range(self._chance.randint(1, 4)):
            sent = self._chance.randbytes(self._chance.choice((1, 100, 10_000, most)))
            connection.sendall(sent)
            came = bytearray()
            while len(came) < len(sent) and (piece := connection.recv(1 << 16)):
                came += piece
            if came != sent:
                self.wrong = f"{len(sent)} bytes were sent, and {len(came)} came back, or others"
                return
            self.moved += len(sent)


def anyone() -> ssl.SSLContext:
    """Returns a context that believes every certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
