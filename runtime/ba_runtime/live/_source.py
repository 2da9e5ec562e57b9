"""What the live view needs of whoever holds the Lua state, which may be another one after a reset."""

from __future__ import annotations

from concurrent.futures import Future
from typing import TYPE_CHECKING, Protocol

from ba_runtime.events import SocketInfo
from ba_runtime.web import HttpTrace

if TYPE_CHECKING:
    from ba_runtime.lab import Lab
    from ba_runtime.observe import Event as Seen


class Recording(Protocol):
    """Part of `ba_runtime.observe.recording.Recording`."""

    @property
    def dropped(self) -> int: ...
    def events(self) -> tuple[Seen, ...]: ...
    def end(self) -> Future[None]: ...


class Lua(Protocol):
    """Part of `ba_runtime.Runtime`."""

    def sockets(self) -> Future[tuple[SocketInfo, ...]]: ...
    def close_sockets(
        self, *, socket: int | None = ..., cell: int | None = ...
    ) -> Future[tuple[SocketInfo, ...]]: ...
    def record(self) -> Recording: ...
    def trace_http(self, wanted: HttpTrace) -> None: ...
    def set_trace_level(self, level: int, asker: str = ...) -> None: ...


class Source(Protocol):
    """Holds the Lua state of the moment. Any thread may look."""

    @property
    def running(self) -> Lua | None:
        """The Lua state, None where there is none now."""

    @property
    def lab(self) -> Lab | None:
        """The lab network, None while it is off."""
