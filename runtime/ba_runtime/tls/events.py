"""What an engine reports. Data that the peer sent is plain `bytes`, never empty; the rest are these."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from typing import Final, TypeAlias

READ_FAILED: Final = "socketreadfailed"
WRITE_FAILED: Final = "socketwritefailed"
HANDSHAKE: Final = "sslhandshake"
ALERT: Final = "sslalertrecv"
CRYPTO: Final = "sslcryptoerr"


@dataclass(frozen=True, slots=True)
class HandshakeDone:
    """Data flows from here on; what was queued is in what is to be sent."""


@dataclass(frozen=True, slots=True)
class Closed:
    """The peer has ended: `is_clean` with a close_notify, else the TCP stream alone came to its end."""

    is_clean: bool


@dataclass(frozen=True, slots=True)
class Failed:
    """The connection is of no use any more. `reason` is a documented string, `detail` is for people.

    `socketreadfailed`: the peer hung up before the handshake was done. `socketwritefailed`: it does not
    speak TLS, or its certificates do not fit together. `sslalertrecv`: it said why it refuses.
    `sslcryptoerr`: a signature or a record is not genuine, or our own certificate and key do not fit.
    `sslhandshake`: everything else that two ends cannot agree upon.
    """

    reason: str
    detail: str


Event: TypeAlias = "bytes | HandshakeDone | Closed | Failed"

# OpenSSL's words for what is not genuine. The last one covers all faults of a record from OpenSSL 3.2 on.
_CRYPTO_REASONS = frozenset({
    "BAD_SIGNATURE", "BAD_DECRYPT", "DECRYPTION_FAILED", "DECRYPTION_FAILED_OR_BAD_RECORD_MAC",
    "DIGEST_CHECK_FAILED", "BAD_RECORD_TYPE", "CCS_RECEIVED_EARLY", "RECORD_LAYER_FAILURE",
})  # fmt: skip
_ALERT_PREFIXES = ("SSLV3_ALERT_", "TLSV1_", "TLSV13_")  # reasons of 1000 and up in OpenSSL's sslerr.h


def failure_of(error: ssl.SSLError, head: bytes, is_open: bool) -> Failed:
    """Maps what `ssl` raised; `head` is how the peer's first record begins."""
    reason = error.reason or ""
    # What a library under TLS found (a certificate that cannot be read) comes without a name in some Pythons.
    detail = reason.lower().replace("_", " ") or "a message cannot be read"
    if not is_open and not begins_like_tls(head):
        return Failed(WRITE_FAILED, f"the peer does not speak TLS: {detail}")
    if isinstance(error, (ssl.SSLEOFError, ssl.SSLZeroReturnError)):
        return Failed(READ_FAILED, "the peer ended the connection")
    if isinstance(error, ssl.SSLCertVerificationError):
        return Failed(HANDSHAKE, f"{detail}: {error.verify_message}")
    if reason.startswith(_ALERT_PREFIXES):
        return Failed(ALERT, detail)
    if is_open or reason in _CRYPTO_REASONS:
        return Failed(CRYPTO, detail)
    return Failed(HANDSHAKE, detail)


def begins_like_tls(head: bytes) -> bool:
    """Tells whether a TLS record can begin so: a known type, major version 3 (RFC 8446, 5.1)."""
    return 20 <= head[0] <= 23 and head[1:2] in (b"", b"\3") if head else True
