"""What a capture hears, on its way from the Lua thread to the thread that writes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

End: TypeAlias = tuple[str, int]  # address and port


@dataclass(frozen=True, slots=True)
class Opened:
    """A connection of the program's, by socket number, with its own end and the peer's."""

    number: int
    local: End
    peer: End
    is_client: bool


@dataclass(frozen=True, slots=True)
class Refused:
    """Nobody listens at the peer's end, which the program has called from this end of its own."""

    local: End
    peer: End


@dataclass(frozen=True, slots=True)
class Moved:
    """Bytes of a connection: sent when `is_ours`, else received."""

    number: int
    is_ours: bool
    data: bytes


@dataclass(frozen=True, slots=True)
class Lost:
    """That many bytes moved, but the capture could not keep them."""

    number: int
    is_ours: bool
    count: int


@dataclass(frozen=True, slots=True)
class Ended:
    """One side sends no more, or has reset the connection: the program's when `is_ours`, else the peer's."""

    number: int
    is_ours: bool
    is_reset: bool


@dataclass(frozen=True, slots=True)
class Gone:
    """The program has closed the socket."""

    number: int


@dataclass(frozen=True, slots=True)
class Datagram:
    """A datagram, sent when `is_ours`, else received."""

    source: End
    destination: End
    data: bytes
    is_ours: bool


@dataclass(frozen=True, slots=True)
class Named:
    """A name that an address is known by."""

    address: str
    name: str


@dataclass(frozen=True, slots=True)
class Secrets:
    """Lines of a TLS key log."""

    lines: bytes


Heard: TypeAlias = Opened | Refused | Moved | Lost | Ended | Gone | Datagram | Named | Secrets
