"""What Lua asks of a connection with TLS, by the number of its socket.

A nested table crosses to Lua flat, as `path, text, path, text …` with `parent/subject/commonname` for a path:
Lua builds it (lua/sockets/shark.lua).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, cast
from weakref import WeakKeyDictionary

from .names import host_text
from .stream import Stream

if TYPE_CHECKING:
    from .secure import SecureStream

DOUBTS = {  # the documented words of `trusted`, explained
    "certcn": "certcn (out of date)",
    "cert": "cert (another name)",
    "cn": "cn (unknown CA)",
    "none": "none (unknown CA, another name)",
}


class TlsCalls:
    """The calls on the connections of one Lua state. Every method runs on the Lua thread."""

    def __init__(self, endpoints: Mapping[int, object]) -> None:
        """Connections are found in `endpoints`."""
        self._endpoints = endpoints
        self._trust: WeakKeyDictionary[SecureStream, str] = WeakKeyDictionary()

    def functions(self) -> dict[str, Callable[..., object]]:
        """Returns what Lua may call, by name."""
        return {
            "tls_name": self.name,
            "tls_failure": self.failure,
            "tls_certificate": self.certificate,
            "tls_cipher": self.cipher,
            "tls_doubt": self.doubt,
            "tls_is_resumed": self.is_resumed,
            "tls_release_session": self.release_session,
            "tls_feed": self.feed,
        }

    def _stream(self, number: int) -> SecureStream | None:
        endpoint = self._endpoints.get(number)
        # Without importing TLS for a question about a plain connection.
        is_secure = isinstance(endpoint, Stream) and endpoint.is_secure
        return cast("SecureStream", endpoint) if is_secure else None

    def name(self, number: int, host: bytes, port: int) -> None:
        """Says whom a connection without TLS leads to, where that is a host behind a proxy.

        TLS that is put on it then asks for that name.
        """
        endpoint = self._endpoints.get(number)
        if isinstance(endpoint, Stream) and not endpoint.is_secure:
            endpoint.host, endpoint.port = host_text(host), port

    def failure(self, number: int) -> bytes | None:
        """Returns the documented reason for which TLS failed; None when it did not."""
        stream = self._stream(number)
        failed = stream.failure if stream is not None else None
        return None if failed is None else failed.reason.encode()

    def certificate(self, number: int) -> tuple[bool | bytes, ...] | None:
        """Returns whether the peer's CA is known, and its certificate flat; None without TLS."""
        stream = self._stream(number)
        if stream is None:
            return None
        from ba_runtime.tls import flat  # there is a connection, so it is imported by now

        table, is_known = stream.certificate()
        return is_known, *(() if table is None else flat(table))

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

    def trust(self, number: int) -> str:
        """Returns `trusted`, or why not; of a client, whether its CA is known; empty where nobody vouches.

        Judging takes signatures, so what was found is kept for as long as the connection.
        """
        stream = self._stream(number)
        if stream is None or not stream.is_shaken:
            return ""
        if stream not in self._trust:
            self._trust[stream] = _trust(stream)
        return self._trust[stream]

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


def _trust(stream: SecureStream) -> str:
    if stream.host is None:  # whose name nobody asked for
        table, is_known = stream.certificate()
        return "" if table is None else "known CA" if is_known else "unknown CA"
    doubt = stream.doubt(None)
    return "trusted" if doubt is None else f"not trusted: {DOUBTS[doubt.decode()]}"
