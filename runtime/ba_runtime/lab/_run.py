"""Owns the one thread on which all hosts of the lab run, from one start to one stop."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections.abc import Callable, Coroutine, Iterable, Mapping
from concurrent.futures import Future
from types import MappingProxyType
from typing import TypeVar

from ba_runtime._resolver import Endpoint, Kind, Route

from ._hold import Holds
from ._link import Link
from ._relay import StreamRelay, listens
from ._service import Service
from .conditions import Conditions

T = TypeVar("T")

_log = logging.getLogger(__name__)


class Run:
    """The lab's thread with everything on it. Every method may be called from any other thread.

    `routes`, `services` and `links` are replaced and never changed, so they can be read on any thread.
    """

    def __init__(self, services: Iterable[Service], links: Mapping[str, Link]) -> None:
        """Returns when every host is open. Raises what kept one of them from it, with nothing left open.

        `links` has the way to each host that there is a way to.
        """
        self.services: tuple[Service, ...] = ()
        self.links = links
        self.routes: Mapping[Route, Endpoint] = MappingProxyType({})
        self._opened: Future[None] = Future()
        self._stopping = asyncio.Event()
        self._closing = contextlib.AsyncExitStack()
        # Not new_event_loop and asyncio.run: in a process with Jupyter the first may give uvloop's, and the
        # second may be nest_asyncio's, which knows no loop but the main thread's.
        self._loop = asyncio.SelectorEventLoop()
        self._holds = Holds(self._loop)
        self._thread = threading.Thread(
            target=self._work, args=(tuple(services),), name="ba-lab", daemon=True
        )
        try:
            self._thread.start()
        except RuntimeError:
            self._loop.close()
            raise
        try:
            self._opened.result()
        except BaseException:  # a host would not open, or somebody interrupted the waiting
            self.stop()
            raise

    def stop(self) -> None:
        """Closes every host and connection, and joins the thread."""
        # A loop that has closed has nothing left to stop.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join()

    def add(self, services: Iterable[Service], link: Link) -> None:
        """Opens more ports of a host. Raises OSError if one of them cannot be opened; then none is."""
        self._ask(self._add(tuple(services), link))

    def set(self, conditions: Mapping[str, Conditions]) -> None:
        """Puts conditions in force at some hosts. Raises OSError when a port cannot be opened again."""
        self._ask(self._set(conditions))

    def is_there(self, name: str, port: int) -> bool:
        """Answers for `Lab.is_there`."""
        return all(
            listens(port)
            for service in self.services
            if isinstance(service, StreamRelay) and (service.host.name, service.host.port) == (name, port)
        )

    def hold(self, name: str, ready: Callable[[], None]) -> bool:
        """Does what `Lab.hold` does."""
        link = self.links.get(name)
        return link is not None and self._holds.hold(link, ready)

    def endpoint(self, name: str, port: int, kind: Kind) -> Endpoint:
        """Tells where a host answers."""
        return self.routes[name, port, kind]

    # ------------------------------------------------------------ on the thread

    def _ask(self, work: Coroutine[object, object, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def _work(self, services: tuple[Service, ...]) -> None:
        with contextlib.closing(self._loop):
            try:
                self._loop.run_until_complete(self._live(services))
            except Exception as exc:
                if self._opened.done():
                    raise  # a bug in the closing; the thread's hook reports it
                self._opened.set_exception(exc)

    async def _live(self, services: tuple[Service, ...]) -> None:
        async with self._closing as closing:
            closing.callback(self._holds.close)
            await self._open(services, closing)
            self._opened.set_result(None)
            await self._stopping.wait()

    async def _add(self, services: tuple[Service, ...], link: Link) -> None:
        async with contextlib.AsyncExitStack() as closing:
            await self._open(services, closing)
            self._closing.push_async_callback(closing.pop_all().aclose)
        self.links = MappingProxyType({**self.links, link.name: link})

    async def _open(self, services: tuple[Service, ...], closing: contextlib.AsyncExitStack) -> None:
        routes = dict(self.routes)
        for service in services:
            closing.push_async_callback(service.close)
            host = service.host
            routes[host.name, host.port, host.kind] = await service.open()
        self.routes = MappingProxyType(routes)
        self.services = (*self.services, *services)

    async def _set(self, conditions: Mapping[str, Conditions]) -> None:
        for name, value in conditions.items():
            self.links[name].set(value)
