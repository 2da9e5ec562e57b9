"""What Lua says about TLS: stores, certificates and contexts by number, and questions about a connection.

The objects of `ba.create` are numbers here, freed when Lua's userdata goes. `tls/` is imported when the first
of them is made, so that a program without TLS does not wait for it.

A nested table crosses to Lua flat, as `path, text, path, text …` with `parent/subject/commonname` for a path:
Lua builds it (lua/sockets/shark.lua).
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, TypeAlias, cast

from ba_runtime._reactor import Reactor

from .stream import Stream

if TYPE_CHECKING:
    from ba_runtime.tls import CertStore, Context, Credentials

    from .secure import SecureStream

    Secure: TypeAlias = Callable[[int, int, socket.socket], SecureStream]


class Security:
    """The TLS objects of one Lua state. Every method runs on the Lua thread."""

    def __init__(self, reactor: Reactor, endpoints: Mapping[int, object]) -> None:
        """Starts with none; connections report to `reactor`, and are found in `endpoints`."""
        self._reactor = reactor
        self._endpoints = endpoints
        self._objects: dict[int, CertStore | Credentials | Context] = {}
        self._last_number = 0
        self._public: CertStore | None = None
        self._lab_root: bytes | None = None

    def functions(self) -> dict[str, Callable[..., object]]:
        """Returns what Lua may call, by name."""
        return {
            "tls_store": self.store,
            "tls_store_add": self.store_add,
            "tls_credentials": self.credentials,
            "tls_context": self.context,
            "tls_context_add": self.context_add,
            "tls_public_context": self.public_context,
            "tls_forget": self.forget,
            "tls_certificate": self.certificate,
            "tls_cipher": self.cipher,
            "tls_doubt": self.doubt,
            "tls_is_resumed": self.is_resumed,
            "tls_release_session": self.release_session,
            "tls_feed": self.feed,
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

    def credentials(self, cert: bytes, key: bytes, password: bytes | None = None) -> int | tuple[None, bytes]:
        """Reads a certificate and its key; the number, or nil and the documented reason."""
        from ba_runtime.tls import Credentials

        loaded = Credentials.load(cert, key, password)
        return (None, loaded.encode()) if isinstance(loaded, str) else self._add(loaded)

    # ------------------------------------------------------------ contexts

    def context(self, store: int, is_server: bool, cache_size: int | None = None) -> int:
        """Makes a context; `store` 0 is none."""
        from ba_runtime.tls import Context, Options, Role

        role = Role.SERVER if is_server else Role.CLIENT
        trusted = self._store(store) if store else None
        return self._add(Context(role, trusted, Options(cachesize=cache_size)))

    def context_add(self, number: int, credentials: int) -> bool:
        """Gives a context a certificate of its own."""
        from ba_runtime.tls import Credentials

        own = self._objects[credentials]
        assert isinstance(own, Credentials)
        return self._context(number).addcert(own)

    def public_context(self) -> int:
        """Makes the client context that trusts the public roots, and the lab's while it is on."""
        from ba_runtime.tls import CertStore, Context, Role

        self._public = CertStore.public()
        if self._lab_root is not None:
            self._public.addcert(self._lab_root)
        return self._add(Context(Role.CLIENT, self._public))

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

    # ------------------------------------------------------------ connections

    def client(self, context: int, host: str, port: int, alpn: bytes | None) -> Secure:
        """Returns what makes a client's connection of a socket."""
        return self._securer(context, host, port, alpn, announces=True)

    def server(self, context: int) -> Secure:
        """Returns what makes a connection of an accepted socket; its first read or write shakes hands."""
        return self._securer(context, None, 0, None, announces=False)

    def _securer(
        self, number: int, host: str | None, port: int, alpn: bytes | None, *, announces: bool
    ) -> Secure:
        from ba_runtime.tls import Engine, alpn_list

        from .secure import SecureStream

        context = self._context(number)
        protocols = alpn_list(alpn) if alpn else ()

        def secure(number: int, cell: int, sock: socket.socket) -> SecureStream:
            engine = Engine(context, host, port, protocols)
            return SecureStream(number, cell, sock, self._reactor, engine, host, announces=announces)

        return secure

    def _stream(self, number: int) -> SecureStream | None:
        endpoint = self._endpoints.get(number)
        # Without importing TLS for a question about a plain connection.
        is_secure = isinstance(endpoint, Stream) and type(endpoint) is not Stream
        return cast("SecureStream", endpoint) if is_secure else None

    def failure(self, number: int) -> bytes | None:
        """Returns the documented reason for which TLS failed; None when it did not."""
        stream = self._stream(number)
        failed = stream.failure if stream is not None else None
        return None if failed is None else failed.reason.encode()

    def certificate(self, number: int) -> tuple[bool | bytes, ...] | None:
        """Returns whether the peer's CA is known, and its certificate flat; None without TLS."""
        stream = self._stream(number)
        return stream.certificate() if stream is not None else None

    def cipher(self, number: int) -> tuple[bytes, bytes] | None:
        """Returns suite and version; None without TLS, or before the handshake is done."""
        stream = self._stream(number)
        return stream.cipher() if stream is not None else None

    def version(self, number: int) -> str:
        """Returns the version in use, as `1.3`; `yes` until it is agreed and for a listener; else empty."""
        if getattr(self._endpoints.get(number), "secure", None) is not None:
            return "yes"
        stream = self._stream(number)
        agreed = stream.cipher() if stream is not None else None
        if agreed is None:
            return "" if stream is None else "yes"
        return agreed[1].decode().removeprefix("TLS_").replace("_", ".")

    def doubt(self, number: int, name: bytes | None = None) -> bytes | None:
        """Returns why the peer is not to be trusted; None when it is."""
        stream = self._stream(number)
        return stream.doubt(name) if stream is not None else b"none"

    def is_resumed(self, number: int) -> bool | None:
        """Tells whether the handshake was a short one; None without TLS."""
        stream = self._stream(number)
        return stream.is_resumed if stream is not None else None

    def release_session(self, number: int) -> bool:
        """Forgets the session of this connection; tells whether there was one."""
        stream = self._stream(number)
        return stream is not None and stream.is_shaken and stream.engine.release_session()

    def feed(self, number: int, received: bytes) -> None:
        """Gives a connection what had been received, but not handled, when TLS was put on it."""
        stream = self._stream(number)
        if stream is not None:
            stream.feed(received)

    def upgrader(self, context: int, host: str | None, port: int, alpn: bytes | None) -> Secure:
        """Returns what makes a connection of a plain one, on either side, and announces its handshake."""
        return self._securer(context, host, port, alpn, announces=True)


def flat(table: Mapping[str, object], path: bytes = b"") -> Iterator[bytes]:
    """Yields the paths and texts of a certificate's table."""
    for key, value in table.items():
        name = path + key.encode()
        if isinstance(value, Mapping):
            yield from flat(value, name + b"/")
        elif isinstance(value, (list, tuple)):
            for index, text in enumerate(value, 1):
                yield b"%s/%d" % (name, index)
                yield _bytes(text)
        else:
            yield name
            yield _bytes(value)


def _bytes(text: object) -> bytes:
    return text if isinstance(text, bytes) else str(text).encode("utf-8", "surrogateescape")
