"""Comms: lines of messages between a part of the front end and one of the kernel ("Custom Messages" in the
Jupyter protocol), by the package `comm`, which all of Jupyter's kernels use.

The package expects one manager for the whole process, and for every message IPython, which costs a quarter of
a second to import. Here a comm knows its manager instead. Everything is on the main loop, and nothing waits:
a callback that raises is reported in the log, and the kernel goes on.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol

from comm.base_comm import BaseComm, CommManager

from ._frontend import Message

_log = logging.getLogger("ba_kernel")

# Of those that front ends have opened. A page that goes away leaves its comms open, so the oldest is closed.
MOST_COMMS = 100


class PublishComm(Protocol):
    """Sends one message on the IOPub channel; an empty `parent` is that of no request."""

    def __call__(
        self,
        kind: str,
        content: Mapping[str, object],
        parent: Message,
        metadata: Mapping[str, object] | None,
        buffers: list[bytes] | None,
    ) -> None: ...


class Comm(BaseComm):
    """One comm of this kernel's, until one of the two sides closes it."""

    def __init__(self, comms: Comms, target_name: str, **how: Any) -> None:
        """Opens the front end's side too, unless `how`, for `BaseComm`, says that it is open (`primary`)."""
        self._comms = comms
        super().__init__(target_name=target_name, **how)

    def __del__(self) -> None:
        """Does nothing: the collector may run on any thread, and must not send."""

    def publish_msg(
        self,
        msg_type: str,
        data: dict[str, Any] | None = None,
        metadata: dict[str, Any] | None = None,
        buffers: list[bytes] | None = None,
        **keys: Any,
    ) -> None:
        """Sends a message about this comm."""
        content = {"data": data or {}, "comm_id": self.comm_id, **keys}
        self._comms.publish(msg_type, content, metadata, buffers)

    def open(
        self,
        data: dict[str, Any] | None = None,
        metadata: dict[str, Any] | None = None,
        buffers: list[bytes] | None = None,
    ) -> None:
        """Opens the front end's side."""
        self._comms.register_comm(self)
        names = {"target_name": self.target_name, "target_module": self.target_module}
        self.publish_msg("comm_open", data, metadata, buffers, **names)
        self._closed = False

    def close(
        self,
        data: dict[str, Any] | None = None,
        metadata: dict[str, Any] | None = None,
        buffers: list[bytes] | None = None,
        deleting: bool = False,
    ) -> None:
        """Closes both sides; again is nothing."""
        if not self._closed:
            self._closed = True
            self._comms.comms.pop(self.comm_id, None)
            self.publish_msg("comm_close", data, metadata, buffers)

    def handle_msg(self, msg: Message) -> None:
        """Takes a message of the front end's."""
        if self._msg_callback:
            self._msg_callback(msg)


class Comms(CommManager):
    """The comms of one kernel, and who takes those that front ends open (`register_target`)."""

    def __init__(self, publish: PublishComm) -> None:
        super().__init__()
        self._publish = publish
        self._parent: Message = {}

    def publish(
        self,
        kind: str,
        content: Mapping[str, object],
        metadata: Mapping[str, object] | None = None,
        buffers: list[bytes] | None = None,
    ) -> None:
        """Sends a message, as an answer to the one that is being handled, if one is."""
        self._publish(kind, content, self._parent, metadata, buffers)

    def get_comm(self, comm_id: object) -> BaseComm | None:
        """Returns an open comm, None if there is none with this id: a page may be older than the kernel."""
        return self.comms.get(comm_id) if isinstance(comm_id, str) else None

    # ---- requests; the stream and the identities are ipykernel's

    def comm_open(self, stream: Any, ident: Any, msg: Message) -> None:
        """Takes a comm that a front end opens; closes it if nobody here knows its target."""
        content = msg["content"]
        comm_id, target = content.get("comm_id"), content.get("target_name")
        if not isinstance(comm_id, str) or comm_id in self.comms:
            # Not closed: that would end another one, which has the same id.
            _log.warning("a comm cannot be opened as %r: no such id, or one in use", comm_id)
            return
        with self._answering(msg):
            comm = Comm(self, str(target), comm_id=comm_id, primary=False)
            self.register_comm(comm)
            self._take(comm, self.targets.get(comm.target_name), msg)
            self._stay_within_bounds()

    def comm_msg(self, stream: Any, ident: Any, msg: Message) -> None:
        """Passes a message on; one for a comm that is not open is dropped."""
        with self._answering(msg):
            super().comm_msg(stream, ident, msg)

    def comm_close(self, stream: Any, ident: Any, msg: Message) -> None:
        """Forgets a comm that a front end has closed."""
        with self._answering(msg):
            super().comm_close(stream, ident, msg)

    def _take(self, comm: Comm, opened: Callable[[Comm, Message], object] | None, msg: Message) -> None:
        if opened is not None:
            try:
                opened(comm, msg)
                return
            except Exception:
                _log.error("a comm for %s could not be opened", comm.target_name, exc_info=True)
        comm.close()

    def _stay_within_bounds(self) -> None:
        theirs = [comm for comm in self.comms.values() if not comm.primary]
        for comm in theirs[:-MOST_COMMS]:
            _log.warning("front ends have opened more than %d comms; the oldest is closed", MOST_COMMS)
            comm.close()

    @contextmanager
    def _answering(self, msg: Message) -> Iterator[None]:
        self._parent = msg
        try:
            yield
        finally:
            self._parent = {}
