"""Makes certificates for tests: one function issues them, with every property a test may want wrong."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timezone

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID

from ba_runtime.tls import Context, Credentials, Options, Role

NOW = datetime(2030, 6, 1, tzinfo=timezone.utc)
LONG = (
    datetime(2020, 1, 2, 3, 4, 5, tzinfo=timezone.utc),
    datetime(2045, 3, 4, 6, 7, 8, tzinfo=timezone.utc),
)
PAST = (datetime(2015, 1, 2, tzinfo=timezone.utc), datetime(2016, 3, 4, tzinfo=timezone.utc))
FUTURE = (datetime(2040, 1, 1, tzinfo=timezone.utc), datetime(2041, 1, 1, tzinfo=timezone.utc))

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


@dataclass(frozen=True)
class Issued:
    """A certificate and its key."""

    certificate: x509.Certificate
    key: Key

    @property
    def der(self) -> bytes:
        """The certificate in DER."""
        return self.certificate.public_bytes(Encoding.DER)

    @property
    def pem(self) -> bytes:
        """The certificate in PEM."""
        return self.certificate.public_bytes(Encoding.PEM)

    def key_pem(
        self, form: PrivateFormat = PrivateFormat.TraditionalOpenSSL, password: bytes | None = None
    ) -> bytes:
        """The key in PEM, encrypted if there is a password."""
        encryption: KeySerializationEncryption = (
            NoEncryption() if password is None else BestAvailableEncryption(password)
        )
        return self.key.private_bytes(Encoding.PEM, form, encryption)

    def credentials(self, *chain: Issued) -> Credentials:
        """What a program would load, with the certificates of `chain` sent along."""
        loaded = Credentials.load(self.pem + b"".join(one.pem for one in chain), self.key_pem())
        assert isinstance(loaded, Credentials)
        return loaded


def subject(common_name: str | None) -> x509.Name:
    """A name of one attribute, or of none."""
    return x509.Name([] if common_name is None else [x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def issue(
    common_name: str | None,
    by: Issued | None = None,
    *,
    san: Sequence[x509.GeneralName | str] = (),
    is_ca: bool | None = False,
    path_length: int | None = None,
    valid: tuple[datetime, datetime] = LONG,
    key: Key | None = None,
    extensions: Sequence[x509.ExtensionType] = (),
    critical: Sequence[x509.ExtensionType] = (),
    name: x509.Name | None = None,
    issuer_name: x509.Name | None = None,
) -> Issued:
    """Issues a certificate, self-signed without `by`. `is_ca` None leaves the basic constraints out."""
    own = key or ec.generate_private_key(ec.SECP256R1())
    about = name or subject(common_name)
    builder = (
        x509.CertificateBuilder()
        .subject_name(about)
        .issuer_name(issuer_name or (by.certificate.subject if by else about))
        .public_key(own.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(valid[0])
        .not_valid_after(valid[1])
    )
    if is_ca is not None:
        builder = builder.add_extension(x509.BasicConstraints(is_ca, path_length if is_ca else None), True)
    if san:
        names = [x509.DNSName(one) if isinstance(one, str) else one for one in san]
        builder = builder.add_extension(x509.SubjectAlternativeName(names), False)
    for extension in extensions:
        builder = builder.add_extension(extension, False)
    for extension in critical:
        builder = builder.add_extension(extension, True)
    return Issued(builder.sign(by.key if by else own, hashes.SHA256()), own)


def of_version_1(one: Issued) -> Issued:
    """The same, self-signed, as certificates were before there were extensions; no library issues those."""
    _, _, certificate = _parts(one.der)[0]
    (_, fields, _), algorithm, _ = _parts(certificate)
    kept = b"".join(whole for tag, whole, _ in _parts(_parts(fields)[0][2]) if tag not in (0xA0, 0xA3))
    signed = _sequence(kept)
    assert isinstance(one.key, ec.EllipticCurvePrivateKey)
    signature = one.key.sign(signed, ec.ECDSA(hashes.SHA256()))
    bits = b"\x03" + bytes([len(signature) + 1, 0]) + signature
    der = _sequence(signed + algorithm[1] + bits)
    return Issued(x509.load_der_x509_certificate(der), one.key)


def _parts(der: bytes) -> list[tuple[int, bytes, bytes]]:
    """The elements of DER, one after the other: tag, whole element, content."""
    found = []
    while der:
        head, length = 2, der[1]
        if length > 0x80:
            head = 2 + length - 0x80
            length = int.from_bytes(der[2:head], "big")
        found.append((der[0], der[: head + length], der[head : head + length]))
        der = der[head + length :]
    return found


def _sequence(content: bytes) -> bytes:
    size = len(content)
    head = (
        b"\x82" + size.to_bytes(2, "big") if size > 255 else bytes([0x81, size])
    )  # none is shorter than 128
    return b"\x30" + head + content


@functools.cache
def rsa_key(number: int = 0) -> rsa.RSAPrivateKey:
    """An RSA key, made once for each number, since that takes a tenth of a second."""
    return rsa.generate_private_key(65537, 2048)


@dataclass(frozen=True)
class Family:
    """A root, an intermediate, and what they issued."""

    root: Issued
    intermediate: Issued
    server: Issued  # by the root
    leaf: Issued  # by the intermediate
    client: Issued  # by the root
    stranger: Issued  # self-signed


@functools.cache
def family() -> Family:
    """The certificates that most tests need, made once."""
    root = issue("Test Root", is_ca=True)
    intermediate = issue("Test Intermediate", root, is_ca=True)
    names = ("localhost", "*.wild.test")
    return Family(
        root=root,
        intermediate=intermediate,
        server=issue("server.test", root, san=names),
        leaf=issue("leaf.test", intermediate, san=names),
        client=issue("client.test", root),
        stranger=issue("stranger.test"),
    )


def server_context(*credentials: Credentials, options: Options | None = None) -> Context:
    """A server, with the family's certificate unless others are given."""
    context = Context(Role.SERVER, None, options)
    for one in credentials or (family().server.credentials(),):
        context.addcert(one)
    return context


def client_context(options: Options | None = None) -> Context:
    """A client that trusts nobody."""
    return Context(Role.CLIENT, None, options)
