"""`python -m tests.notebooks.certificates`: make the certificates of lesson 6 anew, valid until 2046.

A root and, from it, one certificate for `localhost` with its key. The key is in everybody's copy of the
lessons, so it proves nothing; that is written in the certificates. The root's own key is never saved: nobody
can issue anything else in its name.
"""

from __future__ import annotations

import sys
from datetime import datetime, timezone
from ipaddress import IPv4Address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from ._runs import ROOT

CERTIFICATES = ROOT / "notebooks" / "certs"
MARK = "For lessons only"
BEGIN = datetime(2026, 1, 1, tzinfo=timezone.utc)
END = datetime(2046, 1, 1, tzinfo=timezone.utc)


def _name(common_name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, MARK),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


def _issue(
    common_name: str, key: ec.EllipticCurvePrivateKey, issuer: str, signer: ec.EllipticCurvePrivateKey
) -> x509.Certificate:
    is_ca = key is signer
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(common_name))
        .issuer_name(_name(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(BEGIN)
        .not_valid_after(END)
        .add_extension(x509.BasicConstraints(is_ca, 0 if is_ca else None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False
        )
    )
    if not is_ca:
        names = [x509.DNSName("localhost"), x509.IPAddress(IPv4Address("127.0.0.1"))]
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False).add_extension(
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False
        )
    return builder.sign(signer, hashes.SHA256())


def make(directory: Path = CERTIFICATES) -> None:
    """Writes `ca.pem`, `localhost.pem` and `localhost.key` into a directory."""
    root_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    root = _issue("Lesson Root", root_key, "Lesson Root", root_key)
    leaf = _issue("localhost", key, "Lesson Root", root_key)
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "ca.pem").write_bytes(root.public_bytes(Encoding.PEM))
    (directory / "localhost.pem").write_bytes(leaf.public_bytes(Encoding.PEM))
    (directory / "localhost.key").write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )


if __name__ == "__main__":
    make(*map(Path, sys.argv[1:2]))
