"""The certificates that the TLS scripts name, with the names and dates that their recorded results show."""

from __future__ import annotations

import datetime as dt
import ipaddress
from collections.abc import Sequence
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
Date = tuple[int, int, int]

NOT_BEFORE, NOT_AFTER = (2020, 1, 2), (2045, 3, 4)
NAMES: list[x509.GeneralName] = [
    *(x509.DNSName(name) for name in ("localhost", "example.test", "*.wild.test")),
    x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
]


def _name(common: str, organization: str = "Vector Org", unit: str = "Unit A") -> x509.Name:
    fields = (
        (NameOID.COUNTRY_NAME, "SE"),
        (NameOID.STATE_OR_PROVINCE_NAME, "Stateshire"),
        (NameOID.LOCALITY_NAME, "Townville"),
        (NameOID.ORGANIZATION_NAME, organization),
        (NameOID.ORGANIZATIONAL_UNIT_NAME, unit),
        (NameOID.COMMON_NAME, common),
    )
    return x509.Name([x509.NameAttribute(oid, text) for oid, text in fields])


def _rsa() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def _certificate(
    subject: x509.Name,
    issuer: x509.Name,
    key: Key,
    signer: Key,
    names: Sequence[x509.GeneralName] = (),
    *,
    is_ca: bool = False,
    not_before: Date = NOT_BEFORE,
    not_after: Date = NOT_AFTER,
) -> x509.Certificate:
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(dt.datetime(*not_before, 3, 4, 5))
        .not_valid_after(dt.datetime(*not_after, 6, 7, 8))
        .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.sign(signer, hashes.SHA256())


def _key_pem(key: Key, password: bytes | None = None, *, pkcs8: bool = False) -> bytes:
    form = serialization.PrivateFormat.PKCS8 if pkcs8 else serialization.PrivateFormat.TraditionalOpenSSL
    secrecy: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if password is not None:
        secrecy = serialization.BestAvailableEncryption(password)
    return key.private_bytes(serialization.Encoding.PEM, form, secrecy)


def _pem(*certificates: x509.Certificate) -> bytes:
    return b"".join(one.public_bytes(serialization.Encoding.PEM) for one in certificates)


def write_all(folder: Path) -> None:
    """Writes every certificate and key into `folder`."""
    folder.mkdir(parents=True)
    files: dict[str, bytes] = {}

    def add(name: str, key: Key, *chain: x509.Certificate) -> None:
        files[f"{name}.pem"], files[f"{name}.key"] = _pem(*chain), _key_pem(key)

    root, root_name = _rsa(), _name("Vector Root CA", unit="Root Unit")
    add("ca", root, _certificate(root_name, root_name, root, root, is_ca=True))
    server = _rsa()
    add("server", server, _certificate(_name("server.test"), root_name, server, root, NAMES))
    files["server.pk8.key"] = _key_pem(server, pkcs8=True)
    files["server.enc.key"] = _key_pem(server, b"secret")
    middle, middle_name = _rsa(), _name("Vector Intermediate", unit="Inter Unit")
    issued = _certificate(middle_name, root_name, middle, root, is_ca=True)
    files["inter.pem"] = _pem(issued)
    leaf = _rsa()
    add("chain", leaf, _certificate(_name("leaf.test"), middle_name, leaf, middle, NAMES), issued)
    old = _rsa()
    dates: dict[str, Date] = {"not_before": (2015, 1, 2), "not_after": (2016, 3, 4)}
    add("expired", old, _certificate(_name("expired.test"), root_name, old, root, NAMES, **dates))  # type: ignore[arg-type]
    wrong = _rsa()
    others = [x509.DNSName("wrong.test"), x509.DNSName("other.test")]
    add("wronghost", wrong, _certificate(_name("wrong.test"), root_name, wrong, root, others))
    address = _rsa()
    add("ipcn", address, _certificate(_name("127.0.0.1"), root_name, address, root))
    alone = _rsa()
    alone_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    add("selfsigned", alone, _certificate(alone_name, alone_name, alone, alone, [x509.DNSName("localhost")]))
    other, other_name = _rsa(), _name("Other Root CA")
    add("otherca", other, _certificate(other_name, other_name, other, other, is_ca=True))
    curve = ec.generate_private_key(ec.SECP256R1())
    add("ec", curve, _certificate(_name("ec.test"), root_name, curve, root, NAMES))
    client = _rsa()
    add("client", client, _certificate(_name("client.test", unit="Clients"), root_name, client, root))
    for name, content in files.items():
        (folder / name).write_bytes(content)
