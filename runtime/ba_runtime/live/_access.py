"""Who may see the live view: whoever has the link. Does no I/O.

A trace shows what a program sends and receives, and the view closes sockets. So every request must carry the
token of the link, which nobody can guess. Two more checks are for browsers, which carry out what any web page
asks of them: a foreign `Host` is refused, since a page may let its own name lead to 127.0.0.1 (DNS
rebinding), and so is a foreign `Origin`. `web/access.py` says which names are ours.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import parse_qs

from ba_runtime.web import Access

METHODS = (b"GET", b"HEAD")


@dataclass(frozen=True, slots=True)
class Asked:
    """A request's head; names of headers are in lower case."""

    method: bytes
    target: bytes
    headers: tuple[tuple[bytes, bytes], ...]

    @property
    def path(self) -> str:
        """The path, as it was sent."""
        return self.target.partition(b"?")[0].decode("latin-1")

    def field(self, name: bytes) -> bytes | None:
        """Returns a header, None if there is none, or more than one."""
        values = [value for this, value in self.headers if this == name]
        return values[0] if len(values) == 1 else None

    def has(self, name: bytes) -> bool:
        """Tells whether there is such a header."""
        return any(this == name for this, _ in self.headers)


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a request is refused, with the status that says so."""

    status: int
    text: str


class Lock:
    """The token of one link, and the checks."""

    def __init__(self, access: Access | None = None) -> None:
        """Makes a token of 256 random bits."""
        self.token = secrets.token_urlsafe(32)
        self._access = access or Access()

    def refusal(self, asked: Asked) -> Refused | None:
        """Returns why a request is refused, None if it is not."""
        if asked.method not in METHODS:
            return Refused(405, "Only GET is possible here.")
        host = asked.field(b"host")
        if host is None or not self._access.allows_host(host):
            return Refused(421, "The TraceLogger only answers to 127.0.0.1 and localhost. Use its link.")
        origin = asked.field(b"origin")
        if asked.has(b"origin") and (origin is None or not self._access.allows_origin(origin, host)):
            return Refused(403, "Pages of other servers may not use the TraceLogger. Open its link.")
        if not self._has_token(asked.target):
            return Refused(
                403, "The token is missing or wrong. Run %tracelogger in the notebook, and open its link."
            )
        return None

    def _has_token(self, target: bytes) -> bool:
        query = target.partition(b"?")[2].decode("latin-1")
        try:
            given: Sequence[str] = parse_qs(query, max_num_fields=20).get("token", ())
        except ValueError:
            return False
        return len(given) == 1 and secrets.compare_digest(given[0].encode(), self.token.encode())
