"""The two things that TLS needs here and `ssl` has only under private names.

Both are asked for before they are used, and both have a fallback that uses public names only, so that a
Python without them loses a detail and not TLS. Nothing outside this file touches a private name of `ssl`.

The peer's chain. `SSLObject.get_unverified_chain` is public from Python 3.13; before, the object underneath
has a method of that name. Fallback: the leaf alone.

Asking for a client certificate and accepting any. The original asks and leaves the judgement to the program
(`s:trusted()`), but `ssl` either asks for no certificate or verifies it, and ends the handshake over one that
it does not trust. So, for that one connection, the certificate is made trusted while the handshake runs: the
context hands every message to `_msg_callback` before OpenSSL looks at it, and the leaf of the message
Certificate (RFC 5246, 7.4.2; RFC 8446, 4.4.2) goes into the context's own store, where a partial chain ends.
The client still has to prove that it owns the key. A context serves one connection then, so nothing that a
peer sends outlives it. What cannot be had: OpenSSL still refuses a leaf whose extended key usage excludes
clients, and keys below its security level (RSA of less than 2048 bits). Fallback: only clients whose
certificate comes from the store get in, and clients without any.
"""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import Callable
from typing import Any, cast

from .store import CertStore

# OpenSSL's X509_V_FLAG_NO_CHECK_TIME: dates are for `trust` to judge. `ssl` has no name for it.
_NO_CHECK_TIME = 0x200000

_HANDSHAKE = 22  # record content type, RFC 8446, 5.1
_CERTIFICATE = 11  # handshake message type, RFC 8446, 4


def peer_chain(connection: ssl.SSLObject) -> tuple[bytes, ...]:
    """Returns the certificates that the peer sent in this handshake, in DER, leaf first.

    When a session was resumed it sent none, but OpenSSL still knows the leaf. Call it after the handshake.
    """
    leaf = connection.getpeercert(binary_form=True)
    if not leaf:  # the public method of Python 3.13.0 raises then
        return ()
    for owner in (connection, getattr(connection, "_sslobj", None)):
        # Any: what the private method returns has no type that could be named.
        get_chain = cast("Callable[[], Any] | None", getattr(owner, "get_unverified_chain", None))
        chain = get_chain() if get_chain is not None else None
        if chain:
            return tuple(_der(entry) for entry in chain)
    return (leaf,)


def _der(entry: Any) -> bytes:
    """The private method gives objects (1 is PEM to them, 2 is DER), the public one bytes."""
    return entry if isinstance(entry, bytes) else bytes(entry.public_bytes(2))


def has_message_callback() -> bool:
    """Tells whether any client certificate can be accepted."""
    return hasattr(ssl.SSLContext, "_msg_callback")


def ask_for_certificate(context: ssl.SSLContext, store: CertStore) -> None:
    """Makes a server context ask its one client for a certificate, and take any, or none."""
    context.verify_mode = ssl.CERT_OPTIONAL
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN | ssl.VerifyFlags(_NO_CHECK_TIME)
    if not has_message_callback():
        known = store.der_certificates()
        if known:
            context.load_verify_locations(cadata=known)
        return

    def on_message(
        _: object, direction: str, version: int, content_type: int, message_type: int, message: bytes
    ) -> None:
        if direction == "read" and content_type == _HANDSHAKE and message_type == _CERTIFICATE:
            leaf = leaf_of_message(message, has_context=version == ssl.TLSVersion.TLSv1_3)
            with contextlib.suppress(ssl.SSLError, ValueError):  # not a certificate: OpenSSL will say so
                context.load_verify_locations(cadata=leaf)

    context._msg_callback = on_message  # type: ignore[attr-defined]  # no stub has private names


def stop_listening(context: ssl.SSLContext) -> None:
    """Ends what `ask_for_certificate` began, so that application data costs no callback."""
    if has_message_callback():
        context._msg_callback = None  # type: ignore[attr-defined]  # no stub has private names


def leaf_of_message(message: bytes, has_context: bool) -> bytes:
    """Returns the first certificate of a handshake message Certificate, empty when there is none."""
    start = 4  # type and length of the message
    if has_context:  # TLS 1.3: certificate_request_context, with its length before it
        start += 1 + (message[start] if len(message) > start else 0)
    start += 3  # length of the list
    length = int.from_bytes(message[start : start + 3], "big")
    return message[start + 3 : start + 3 + length]
