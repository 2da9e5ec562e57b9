"""The TLS objects of `ba.create`: stores, certificates and contexts, by their numbers.

They are numbers to Lua, freed when Lua's userdata goes; none of these numbers is a socket's. `tls/` is
imported when the first of them is made, so that a program without TLS does not wait for it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

from ba_runtime._reactor import Reactor

if TYPE_CHECKING:
    from ba_runtime.tls import CertStore, Context, Credentials
    from ba_runtime.tls.keylog import KeyLog

    from .channel import StreamChannel
    from .secure import SecureStream

    Secure: TypeAlias = Callable[[StreamChannel, int], SecureStream]


# Python's list, headed by what the original negotiates with a curve's key (recorded).
SERVER_SUITES = (
    "ECDHE-ECDSA-CHACHA20-POLY1305:ECDH+AESGCM:ECDH+CHACHA20:ECDH+AES:DHE+AES:"
    "!aNULL:!eNULL:!aDSS:!SHA1:!AESCCM:@SECLEVEL=2"
)


class TlsObjects:
    """The TLS objects of one Lua state. Every method runs on the Lua thread."""

    def __init__(self, reactor: Reactor) -> None:
        """Starts with none; the connections that contexts make report to `reactor`."""
        self._reactor = reactor
        self._objects: dict[int, CertStore | Credentials | Context] = {}
        self._last_number = 0
        self._public: CertStore | None = None
        self._lab_root: bytes | None = None
        self.keys: KeyLog | None = None  # of every connection, while there is a capture

    def key_log(self) -> KeyLog | None:
        """Returns where keys are to be logged now, if anywhere."""
        return self.keys

    def functions(self) -> dict[str, Callable[..., object]]:
        """Returns what Lua may call, by name."""
        return {
            "tls_store": self.store,
            "tls_store_add": self.store_add,
            "tls_parse": self.parse,
            "tls_credentials": self.credentials,
            "tls_context": self.context,
            "tls_context_add": self.context_add,
            "tls_public_context": self.public_context,
            "tls_forget": self.forget,
        }

    def _add(self, thing: CertStore | Credentials | Context) -> int:
        self._last_number += 1
        self._objects[self._last_number] = thing
        return self._last_number

    def forget(self, number: int) -> None:
        """Lets an object go; connections that use it keep it."""
        self._objects.pop(number, None)

    # ------------------------------------------------------------ stores and certificates

    def store(self) -> int:
        """Makes an empty store of trusted certificates."""
        from ba_runtime.tls import CertStore

        return self._add(CertStore())

    def store_add(self, number: int, pem: bytes) -> int:
        """Adds certificates; returns how many there were in the text."""
        return self._store(number).addcert(pem)

    def _store(self, number: int) -> CertStore:
        from ba_runtime.tls import CertStore

        store = self._objects[number]
        assert isinstance(store, CertStore)
        return store

    @staticmethod
    def parse(certificate: bytes) -> tuple[bytes, ...] | None:
        """Returns what the first certificate in PEM, or one in DER, says; paths and texts in turn."""
        from ba_runtime.tls import describe, flat, parse_der, parse_pem

        first = next(iter(parse_pem(certificate)), None) or parse_der(certificate)
        return None if first is None else tuple(flat(describe(first)))

    def credentials(self, cert: bytes, key: bytes, password: bytes | None = None) -> int | tuple[None, bytes]:
        """Reads a certificate and its key; the number, or nil and the documented reason."""
        from ba_runtime.tls import Credentials

        loaded = Credentials.load(cert, key, password)
        return (None, loaded.encode()) if isinstance(loaded, str) else self._add(loaded)

    # ------------------------------------------------------------ contexts

    def context(self, store: int, is_server: bool, cache_size: int | None = None) -> int:
        """Makes a context; `store` 0 is none. A server does what the original's does.

        That is TLS 1.2 only, and no RSA certificate that a curve's key has signed.
        """
        from ssl import TLSVersion

        from ba_runtime.tls import Context, Options, Role

        role = Role.SERVER if is_server else Role.CLIENT
        options = Options(cachesize=cache_size)
        if is_server:
            options = replace(options, newest=TLSVersion.TLSv1_2, ciphers=SERVER_SUITES, mixed=False)
        trusted = self._store(store) if store else None
        return self._add(Context(role, trusted, options, self.key_log))

    def context_add(self, number: int, credentials: int) -> tuple[bool, bool]:
        """Gives a context a certificate; tells whether it can, and whether its connections will fail."""
        from ba_runtime.tls import Credentials

        own = self._objects[credentials]
        assert isinstance(own, Credentials)
        context = self._context(number)
        return context.addcert(own), context.is_server and own.is_mixed

    def public_context(self) -> int:
        """Makes the client context that trusts the public roots, and the lab's while it is on."""
        from ba_runtime.tls import CertStore, Context, Role

        self._public = CertStore.public()
        if self._lab_root is not None:
            self._public.addcert(self._lab_root)
        return self._add(Context(Role.CLIENT, self._public, keys=self.key_log))

    def trust_lab(self, root: bytes | None) -> None:
        """Makes the public context trust this root of a lab network too, in place of an earlier one."""
        former, self._lab_root = self._lab_root, root
        if self._public is None:
            return
        if former is not None:
            self._public.removecert(former)
        if root is not None:
            self._public.addcert(root)

    def _context(self, number: int) -> Context:
        from ba_runtime.tls import Context

        context = self._objects[number]
        assert isinstance(context, Context)
        return context

    # ------------------------------------------------------------ what a context makes

    def announcing(self, context: int, host: str | None, port: int, alpn: bytes | None) -> Secure:
        """Returns what puts TLS on a connected channel, on either side, and announces the handshake's end."""
        return self._securer(context, host, port, alpn, announces=True)

    def accepting(self, context: int) -> Secure:
        """Returns what puts TLS on an accepted channel; its first read or write shakes hands."""
        return self._securer(context, None, 0, None, announces=False)

    def _securer(
        self, context_number: int, host: str | None, port: int, alpn: bytes | None, *, announces: bool
    ) -> Secure:
        from ba_runtime.tls import Engine, alpn_list

        from .secure import SecureStream

        context = self._context(context_number)
        protocols = alpn_list(alpn) if alpn else ()

        def secure(channel: StreamChannel, cell: int) -> SecureStream:
            engine = Engine(context, host, port, protocols)
            return SecureStream(channel, cell, self._reactor, engine, host, announces=announces)

        return secure
