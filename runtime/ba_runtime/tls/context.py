"""What connections have in common: role, trusted certificates, own certificates, remembered sessions.

A `Context` is what `ba.create.sharkssl` makes. The contexts of `ssl` underneath are made when they are
needed, one for each list of application protocols, since that is a property of the context there. They are
as lenient as documented: a client takes any certificate, and the program asks `trust.judge`. TLS 1.2 and
1.3 only, no renegotiation. A server with a store asks its clients for a certificate; `unofficial` says how,
and why each of its connections then has a context of its own (2 ms).

Of two certificates with the same kind of key the later one is used, of several kinds the one the peer can
verify: RSA and EC side by side are the case that matters.
"""

from __future__ import annotations

import ipaddress
import re
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from .credentials import Credentials
from .keylog import KeyLog
from .sessions import SessionCache
from .store import CertStore
from .unofficial import ask_for_certificate, stop_listening

# What one call of the system brings of a large transfer. Each wakes the peer, which costs more than it
# looks: through 256 KiB an upload took a quarter longer.
SCRATCH_BYTES = 1 << 20
CLIENT_SESSIONS = 8  # the documented default of `cachesize`
ALPN_MAX_BYTES = 0xFFFF  # RFC 7301, 3.1: what fits in the extension

# What a host may be called, an underscore included (RFC 6066, 3; RFC 2181, 11); OpenSSL takes 255 bytes.
_HOST_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,254}")


class Role(Enum):
    """Which end of a connection."""

    CLIENT = "client"
    SERVER = "server"


@dataclass(frozen=True, slots=True)
class Options:
    """What a program may choose.

    `cachesize` is how many sessions a client remembers (default 8); a server with 0, its default, gives none
    in TLS 1.3. `newest` is the newest version to speak, `ciphers` names the suites of TLS 1.2 in OpenSSL's
    language. Without `mixed`, RSA certificates that a curve's key has signed are not used.
    """

    cachesize: int | None = None
    newest: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3
    ciphers: str | None = None
    mixed: bool = True


class Context:
    """The settings of connections, for one role."""

    def __init__(
        self,
        role: Role,
        store: CertStore | None = None,
        options: Options | None = None,
        keys: Callable[[], KeyLog | None] = lambda: None,
    ) -> None:
        """Makes a context without a certificate of its own; `store` is what it trusts.

        `keys` tells, for each connection, where its keys are to be logged, if anywhere.
        """
        self._keys = keys
        self.role = role
        self.store = store
        self._options = options or Options()
        self._credentials: list[Credentials] = []
        self._made: dict[tuple[str, ...], ssl.SSLContext] = {}
        default = CLIENT_SESSIONS if role is Role.CLIENT else 0
        size = default if self._options.cachesize is None else max(0, self._options.cachesize)
        self.sessions = SessionCache(size)
        self._scratch: memoryview | None = None

    @property
    def scratch(self) -> memoryview:
        """Returns memory to receive into, the same for all connections: nothing stays between calls."""
        if self._scratch is None:
            self._scratch = memoryview(bytearray(SCRATCH_BYTES))
        return self._scratch

    @property
    def is_server(self) -> bool:
        """Tells the role."""
        return self.role is Role.SERVER

    @property
    def asks_for_certificate(self) -> bool:
        """Tells whether clients are asked for a certificate."""
        return self.is_server and self.store is not None

    def addcert(self, credentials: Credentials) -> bool:
        """Adds a certificate for connections to come."""
        self._credentials.append(credentials)
        self._made.clear()
        self.sessions.clear()  # they belong to the contexts that were made
        return True

    def wrap(
        self,
        incoming: ssl.MemoryBIO,
        outgoing: ssl.MemoryBIO,
        server_name: str | None = None,
        alpn: tuple[str, ...] = (),
        session: ssl.SSLSession | None = None,
    ) -> ssl.SSLObject:
        """Makes one end of a connection. Raises CredentialsFault when an own certificate cannot be used."""
        context = self._context(alpn)
        keys = self._keys()
        if keys is not None:
            keys.apply(context)
        name = None if self.is_server else sni_name(server_name)
        if session is not None:
            try:
                return context.wrap_bio(incoming, outgoing, False, name, session)
            except ValueError:  # it was made before `addcert` made all contexts anew
                pass
        return context.wrap_bio(incoming, outgoing, self.is_server, name)

    def handshake_over(self, connection: ssl.SSLObject) -> None:
        """Must be called when the handshake of a connection is done, or has failed."""
        if self.asks_for_certificate:
            stop_listening(connection.context)

    def _context(self, alpn: tuple[str, ...]) -> ssl.SSLContext:
        if self.asks_for_certificate:
            return self._make(alpn)
        made = self._made.get(alpn)
        if made is None:
            made = self._made[alpn] = self._make(alpn)
        return made

    def _make(self, alpn: tuple[str, ...]) -> ssl.SSLContext:
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER if self.is_server else ssl.PROTOCOL_TLS_CLIENT)
        if self.is_server:
            # Tickets of TLS 1.2 cost a server no memory, whereas session ids, used instead, would.
            made.num_tickets = 2 if self.sessions.size and not self.asks_for_certificate else 0
        else:
            made.check_hostname = False
            made.verify_mode = ssl.CERT_NONE
        made.minimum_version = ssl.TLSVersion.TLSv1_2
        made.maximum_version = self._options.newest
        if self._options.ciphers is not None:
            made.set_ciphers(self._options.ciphers)
        made.options |= ssl.OP_NO_RENEGOTIATION
        for credentials in self._credentials:
            # A server that is left without a certificate fails in the handshake, and its client hears of it.
            if self._options.mixed or not credentials.is_mixed:
                credentials.load_into(made)
        if alpn:
            made.set_alpn_protocols(list(alpn))
        if self.asks_for_certificate and self.store is not None:
            ask_for_certificate(made, self.store)
        return made


def alpn_list(text: bytes) -> tuple[str, ...]:
    """Splits the comma separated list of the option `alpn`; what cannot be a protocol's name is left out."""
    names = []
    left = ALPN_MAX_BYTES
    for part in text.split(b","):
        name = part.strip()
        if 0 < len(name) <= 255 and name.isascii() and len(name) < left:
            names.append(name.decode("ascii"))
            left -= len(name) + 1
    return tuple(names)


def sni_name(host: str | None) -> str | None:
    """Returns the name to send to the server, None for an address or what is no name (RFC 6066, 3)."""
    name = (host or "").rstrip(".")
    try:
        ipaddress.ip_address(name)
        return None
    except ValueError:
        pass
    try:
        ascii_name = name.encode("idna").decode("ascii")  # as `ssl` does it: labels of 1 to 63 bytes
    except UnicodeError:
        return None
    return ascii_name if _HOST_NAME.fullmatch(ascii_name) else None
