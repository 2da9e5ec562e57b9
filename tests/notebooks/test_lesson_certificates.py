"""The certificates of lesson 6: they fit together, last long, and say what they are for."""

from __future__ import annotations

import ssl
from datetime import datetime, timezone
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from ba_runtime.tls import CertStore, Credentials, judge

from .certificates import CERTIFICATES, MARK, make


@pytest.fixture(params=["saved", "new"])
def directory(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """The directory that is part of the project, or one that was just made."""
    if request.param == "saved":
        return CERTIFICATES
    make(tmp_path)
    return tmp_path


def read(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


@pytest.mark.parametrize("year", [2026, 2045])
def test_who_trusts_the_root_trusts_the_server(directory: Path, year: int) -> None:
    """As `localhost` and under no other name, in the first year and in the last."""
    store = CertStore()
    assert store.addcert((directory / "ca.pem").read_bytes()) == 1
    chain = [read(directory / "localhost.pem").public_bytes(Encoding.DER)]
    now = datetime(year, 6, 1, tzinfo=timezone.utc)
    assert judge(chain, store, "localhost", now) is None
    assert judge(chain, store, "example.com", now) == "cert"


def test_the_key_belongs_to_the_certificate(directory: Path) -> None:
    """A server can be made of them."""
    credentials = Credentials.load(
        (directory / "localhost.pem").read_bytes(), (directory / "localhost.key").read_bytes()
    )
    assert isinstance(credentials, Credentials)
    credentials.load_into(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER))


def test_certificates_are_marked_and_the_roots_key_is_gone(directory: Path) -> None:
    """Whoever looks at one reads what it is for; nobody can issue another."""
    for name in ("ca.pem", "localhost.pem"):
        assert MARK in read(directory / name).subject.rfc4514_string()
    names = {path.name for path in directory.iterdir()} - {"README.md"}
    assert names == {"ca.pem", "localhost.pem", "localhost.key"}
