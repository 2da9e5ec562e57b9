"""Owns the lab network as a whole, as others see it.

Theory of operation. `Lab.start` makes a daemon thread with an asyncio loop of its own (`_run.py`), which
opens every service (`_hosts.py`) on an ephemeral port of the loopback interface and then waits to be
stopped. The lab changes nothing outside itself: `routes` says what name, port and kind answers where,
`ca_pem` whom to trust, `hold` how long connecting takes, and `Runtime.use_lab` takes all of them. The lab
must never touch the Lua thread or a socket of the user's.
"""

from __future__ import annotations

import asyncio
import logging
import re
import socket
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from ba_runtime._resolver import Endpoint, Kind, Route
from ba_runtime.sockets.reasons import in_words

from ._authority import Authority
from ._clock import Clock
from ._errors import LabError
from ._hosts import own_services, services
from ._link import Link
from ._run import Run
from ._service import Service
from .conditions import Conditions
from .incidents import Incident, OnIncident

# What is broadcast reaches this computer and no other: every port of this "name" is the same port here.
_BROADCAST: Route = ("255.255.255.255", 0, "udp")
_MAX_OWN_HOSTS = 32  # each takes two descriptors
_LABEL = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"  # RFC 1123 section 2.1
_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_MAX_NAME = 253  # characters, RFC 1035 section 2.3.4 less the root and the first length

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class HostStatus:
    """One simulated host: what it is called, where it really is, and how many requests it has answered.

    `served` counts requests; connections at the echo host and on the way to the user's own servers,
    datagrams over UDP. `conditions` are those on the way to it, the same for all its ports, None where
    there cannot be any.
    """

    host: str
    port: int
    kind: Kind
    address: Endpoint
    what: str
    served: int
    conditions: Conditions | None


class Lab:
    """The lab network. It is off until `start`; every method may be called from any thread.

    `clock` is what its servers believe the time to be, the real time when it is None. `seed` makes the luck
    of its conditions: with the same one, the same datagrams are lost on every run.

    `on_incident` is None, or is called with each `Incident` that conditions cause: on the lab's thread, so
    it must return at once and must not call the lab. It may be set at any time.
    """

    def __init__(self, clock: Clock | None = None, *, seed: int = 0) -> None:
        """Opens nothing yet."""
        self.on_incident: OnIncident | None = None
        self._clock = clock or Clock()
        self._seed = seed
        self._authority = Authority()
        self._lock = threading.Lock()
        self._running: Run | None = None

    def start(self) -> None:
        """Opens every host; does nothing if they are open. Raises LabError if the computer cannot."""
        with self._lock:
            if self._running is not None:
                return
            links: dict[str, Link] = {}

            def link(name: str) -> Link:
                return links.setdefault(name, Link(name, self._seed, self._report))

            try:
                self._running = Run(services(self._clock, self._authority, link), links)
            except (OSError, RuntimeError, asyncio.TimeoutError) as exc:
                raise LabError(f"the lab network could not start: {_why(exc)}") from exc

    def stop(self) -> None:
        """Closes every host and connection and joins the thread; does nothing if the lab is off.

        The user's own hosts and all conditions are forgotten.
        """
        with self._lock:
            running, self._running = self._running, None
            if running is not None:
                running.stop()

    @property
    def ca_pem(self) -> bytes:
        """The root that this lab's TLS hosts can be trusted by; the same before, during and after a run.

        The first look takes a few milliseconds, as it makes the root.
        """
        return self._authority.root_pem

    @property
    def routes(self) -> Mapping[Route, Endpoint]:
        """Where each (host, port, kind) answers; empty when the lab is off."""
        running = self._running
        if running is None:
            return MappingProxyType({})
        return MappingProxyType({**running.routes, _BROADCAST: ("127.0.0.1", 0)})

    def is_there(self, name: str, port: int) -> bool:
        """Tells whether connections to a host get as far as somebody who may take them.

        It is False for a server of the user's own that does not listen. Then the name should lead straight to
        the server's port, where the system refuses, which the lab cannot do in its place.
        """
        running = self._running
        return running is None or running.is_there(name, port)

    def hold(self, name: str, ready: Callable[[], None]) -> bool:
        """Holds a connection to the host `name` up for as long as its handshake takes under conditions.

        Returns True if that is some time; then `ready` is called when it is over, exactly once and on some
        other thread, even if the lab is stopped before. Returns False, and never calls it, if that is now.
        """
        running = self._running
        return running is not None and running.hold(name, ready)

    @property
    def is_time_fixed(self) -> bool:
        """Whether the clock of the hosts stands still, so that everything is to be the same on every run."""
        return self._clock.fixed_unix_ns is not None

    def status(self) -> tuple[HostStatus, ...]:
        """Describes every host; empty when the lab is off."""
        running = self._running
        return () if running is None else tuple(_status(running, service) for service in running.services)

    # ------------------------------------------------------------ conditions

    def conditions(self, host: str) -> Conditions:
        """Returns the conditions on the way to a host, whatever its port.

        Raises ValueError if the lab has no such host, LabError if it is off.
        """
        name = _canonical(host)
        return _link(self._on(), name).conditions

    def set_conditions(self, host: str, conditions: Conditions) -> None:
        """Puts conditions in force on the way to a host, in place of those before, and touches no other host.

        When this returns they are in force, for open connections and for what is on its way too; and the
        random numbers of the host begin again. Raises ValueError if the lab has no such host, or if all
        that the conditions change concerns datagrams, and the host does not take any; LabError if the lab
        is off, or if a port that was closed by `is_refusing` cannot be opened again.
        """
        name = _canonical(host)
        with self._lock:
            running = self._on()
            _link(running, name)
            if (conditions.duplicate or conditions.reorder) and not _takes_datagrams(running, name):
                raise ValueError(
                    f"{name} only uses TCP, which hides duplicates and reordering from programs; "
                    "set them for a host that takes datagrams, such as echo.lab.test"
                )
            self._set(running, {name: conditions})

    def clear(self, host: str | None = None) -> None:
        """Ends the conditions on the way to a host, or to all of them; raises as `set_conditions` does."""
        with self._lock:
            running = self._on()
            names = tuple(running.links) if host is None else (_canonical(host),)
            for name in names:
                _link(running, name)
            self._set(running, dict.fromkeys(names, Conditions()))

    def add_host(self, name: str, port: int) -> None:
        """Gives the user's own server a name in the lab, so that it can be reached through conditions.

        What connects to `name` at `port`, or sends datagrams there, is carried on to 127.0.0.1:`port`,
        where a server has to listen by then. Call `Runtime.use_lab` again to let programs know the name.
        Does nothing if it is known already. Raises ValueError for what cannot be a name or a port, or is
        the lab's own; LabError if the lab is off, full, or short of descriptors.
        """
        own = _checked_name(name)
        if not 1 <= port <= 65_535:
            raise ValueError(f"{port} is not a port; ports are 1 to 65535")
        with self._lock:
            running = self._on()
            link = running.links.get(own) or Link(own, self._seed, self._report)
            more = own_services(own, port, link)
            known = {service.host for service in running.services}
            if all(service.host in known for service in more):
                return
            if any((host.name, host.port) == (own, port) for host in known):
                raise ValueError(f"{own}:{port} is already a host of the lab; choose another name or port")
            if sum(type(service) is type(more[0]) for service in running.services) >= _MAX_OWN_HOSTS:
                raise LabError(f"the lab already has {_MAX_OWN_HOSTS} servers of your own, its limit")
            try:
                running.add(more, link)
            except OSError as exc:
                raise LabError(f"the lab could not open {own}:{port}: {in_words(exc)}") from exc

    def _on(self) -> Run:
        if self._running is None:
            raise LabError("the lab network is off")
        return self._running

    def _set(self, running: Run, conditions: Mapping[str, Conditions]) -> None:
        try:
            running.set(conditions)
        except OSError as exc:
            raise LabError(
                f"a port of the lab could not be opened again; turn the lab off and on: {in_words(exc)}"
            ) from exc

    def _report(self, incident: Incident) -> None:
        listener = self.on_incident
        if listener is None:
            return
        try:
            listener(incident)
        except Exception:
            # The listener is somebody else's; the connections of the lab must not pay for it.
            _log.exception("the listener to incidents failed")


def _canonical(host: str) -> str:
    return host.lower().removesuffix(".")


def _checked_name(name: str) -> str:
    """Returns a name as the lab has it; raises ValueError if it cannot be one."""
    canonical = _canonical(name)
    if len(canonical) > _MAX_NAME or not _NAME.fullmatch(canonical):
        raise ValueError(f"{name!r} cannot be a host name: use letters, digits, hyphens, and dots between")
    try:
        socket.inet_aton(canonical)
    except OSError:
        return canonical
    raise ValueError(f"{name!r} is an address; a host needs a name, such as device.lab.test")


def _link(running: Run, name: str) -> Link:
    """Returns the way to a host; raises ValueError, with what would help, if there is none."""
    link = running.links.get(name)
    if link is not None:
        return link
    if any(service.host.name == name for service in running.services):
        raise ValueError(f"{name} never answers, so conditions would have no effect there")
    import difflib  # two milliseconds that only a mistake should cost

    close = difflib.get_close_matches(name, running.links, n=1)
    hint = f"; did you mean {close[0]}?" if close else ""
    raise ValueError(f"the lab has no host {name!r}{hint}")


def _takes_datagrams(running: Run, name: str) -> bool:
    return any(service.host.name == name and service.host.kind == "udp" for service in running.services)


def _status(running: Run, service: Service) -> HostStatus:
    host = service.host
    link = running.links.get(host.name)
    return HostStatus(
        host.name,
        host.port,
        host.kind,
        running.endpoint(host.name, host.port, host.kind),
        host.what,
        service.served,
        None if link is None else link.conditions,
    )


def _why(fault: Exception) -> str:
    return in_words(fault) if isinstance(fault, OSError) else str(fault)
