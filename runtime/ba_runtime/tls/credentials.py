"""A certificate chain with its private key, as `ba.create.sharkcert` makes it.

What a program gives is normalised once, when it is loaded: the chain to PEM, the key to PKCS#8. Neither the
key nor a password is ever in a `repr`, in a text of ours, or in an exception that is passed on.

`ssl` reads keys from files only. Where Linux offers it, that is a file in memory with no name (memfd); else a
file that only this user may read, in a directory that only this user may enter, for the time of one call.
"""

from __future__ import annotations

import contextlib
import os
import ssl
import tempfile
from collections.abc import Iterator
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from ba_runtime.errors import BaError

from .certificates import attempt, has_pem, parse_pem, subject_of

UNRECOGNIZED = "pem_key_unrecognized_format"
PASSPHRASE_REQUIRED = "pem_key_passphrase_required"
UNSUPPORTED_CURVE = "pem_key_unsupported_format"
UNKNOWN_KIND = "pem_key_parse_error"
CERTIFICATE_UNRECOGNIZED = "pem_cert_unrecognized_format"
CERTIFICATE_UNREADABLE = "pem_cert_unsupported_type"

# Those that the server knows.
_CURVES = (ec.SECP256R1, ec.SECP384R1, ec.SECP521R1)

_OPEN_FILES = Path("/proc/self/fd")


class CredentialsFault(BaError):
    """A chain and a key that cannot be used together, or not with this OpenSSL; the program's fault."""


class Credentials:
    """A chain, leaf first, and the leaf's key."""

    __slots__ = ("_chain", "_key", "_subject", "is_mixed")

    def __init__(self, chain: bytes, key: bytes, subject: str, is_mixed: bool) -> None:
        """Takes PEM texts, whom the leaf is about, and whether it is of RSA and signed by a curve's key.

        Made by `load`.
        """
        self._chain = chain
        self._key = key
        self._subject = subject
        self.is_mixed = is_mixed

    @classmethod
    def load(cls, cert_pem: bytes, key_pem: bytes, password: bytes | None = None) -> Credentials | str:
        """Reads a chain (leaf first) and a key in PKCS#1, SEC 1 or PKCS#8.

        Returns the credentials, or the documented reason. The key is read first:

        | reason | what was given |
        |---|---|
        | `pem_key_unrecognized_format` | not a key |
        | `pem_key_passphrase_required` | an encrypted key; `password` is missing or wrong |
        | `pem_key_unsupported_format` | a key on a curve that the server does not know |
        | `pem_key_parse_error` | a key of a kind that the server does not know |
        | `pem_cert_unrecognized_format` | not a certificate |
        | `pem_cert_unsupported_type` | a certificate in PEM that cannot be read |

        A password for a key that is not encrypted is ignored. As in the original, nobody checks here whether
        the key belongs to the certificate; the handshake will tell.
        """
        key = _plain_key(key_pem, password)
        if isinstance(key, str):
            return key
        chain = parse_pem(cert_pem)
        if not chain:
            return CERTIFICATE_UNREADABLE if has_pem(cert_pem) else CERTIFICATE_UNRECOGNIZED
        pem = b"".join(certificate.public_bytes(Encoding.PEM) for certificate in chain)
        subject = subject_of(chain[0])
        return cls(pem, key, "?" if subject is None else subject.rfc4514_string(), _is_mixed(chain[0]))

    def __repr__(self) -> str:
        return f"<Credentials of {self._subject}>"

    def load_into(self, context: ssl.SSLContext) -> None:
        """Gives chain and key to `context`. Raises CredentialsFault when OpenSSL does not take them."""
        try:
            with _file_with(self._key + self._chain) as path:
                context.load_cert_chain(path)
        except ssl.SSLError as error:
            reason = (error.reason or "not usable").lower().replace("_", " ")
            raise CredentialsFault(f"certificate of {self._subject}: {reason}") from None


def _is_mixed(leaf: x509.Certificate) -> bool:
    key = attempt(leaf.public_key)
    is_signed_by_curve = attempt(lambda: isinstance(leaf.signature_algorithm_parameters, ec.ECDSA))
    return isinstance(key, rsa.RSAPublicKey) and bool(is_signed_by_curve)


def _plain_key(pem: bytes, password: bytes | None) -> bytes | str:
    """Returns the key without encryption in PKCS#8, or the documented reason."""
    if pem.partition(b"-----BEGIN ")[2].startswith(b"CERTIFICATE"):  # the original looks no further
        return UNRECOGNIZED
    is_encrypted = b"ENCRYPTED" in pem  # in the label (PKCS#8, RFC 7468) or in Proc-Type (RFC 1421)
    if is_encrypted and not password:
        return PASSPHRASE_REQUIRED
    try:
        key = load_pem_private_key(pem, password if is_encrypted else None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return PASSPHRASE_REQUIRED if is_encrypted else UNRECOGNIZED
    if isinstance(key, ec.EllipticCurvePrivateKey):
        if not isinstance(key.curve, _CURVES):
            return UNSUPPORTED_CURVE
    elif not isinstance(key, rsa.RSAPrivateKey):
        return UNKNOWN_KIND
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@contextlib.contextmanager
def _file_with(secret: bytes) -> Iterator[str]:
    """Lends a path under which OpenSSL can read `secret`."""
    if hasattr(os, "memfd_create") and _OPEN_FILES.exists():
        descriptor = os.memfd_create("credentials", os.MFD_CLOEXEC)
        try:
            with open(descriptor, "wb", closefd=False) as file:
                file.write(secret)
            yield f"/proc/self/fd/{descriptor}"
        finally:
            os.close(descriptor)
        return
    with _private_file(secret) as path:
        yield path


@contextlib.contextmanager
def _private_file(secret: bytes) -> Iterator[str]:
    """Lends a real file; `mkdtemp` and the flags make directory and file this user's alone."""
    with tempfile.TemporaryDirectory(prefix="ba-") as directory:
        path = os.path.join(directory, "credentials.pem")
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(descriptor, "wb") as file:
            file.write(secret)
        yield path
