"""Certificates with keys: formats, passwords, and that nothing leaks."""

from __future__ import annotations

import os
import ssl
import tempfile
import traceback
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from ba_runtime.tls import Credentials, credentials

from ._authority import Issued, client_context, family, issue, rsa_key, server_context
from ._pair import Pair

UNRECOGNIZED = "pem_key_unrecognized_format"
PASSPHRASE = "pem_key_passphrase_required"
PKCS1, PKCS8 = PrivateFormat.TraditionalOpenSSL, PrivateFormat.PKCS8
FORMS = pytest.mark.parametrize("form", [PKCS1, PKCS8], ids=["traditional", "pkcs8"])
KINDS = pytest.mark.parametrize("kind", ["rsa", "ec"])


def issued(kind: str) -> Issued:
    """A certificate with that kind of key."""
    return issue("server.test", family().root, key=rsa_key()) if kind == "rsa" else family().server


def works(loaded: Credentials | str) -> bool:
    """Whether a server can use it."""
    assert isinstance(loaded, Credentials), loaded
    Pair(client_context(), server_context(loaded)).connected()
    return True


@KINDS
@FORMS
def test_keys_load_in_every_documented_form(kind: str, form: PrivateFormat) -> None:
    """PKCS#1, SEC 1 and PKCS#8."""
    one = issued(kind)
    assert works(Credentials.load(one.pem, one.key_pem(form)))


@KINDS
@FORMS
def test_encrypted_keys_need_their_password(kind: str, form: PrivateFormat) -> None:
    """A wrong one is as good as none."""
    one = issued(kind)
    pem = one.key_pem(form, b"secret")
    assert works(Credentials.load(one.pem, pem, b"secret"))
    assert Credentials.load(one.pem, pem) == PASSPHRASE
    assert Credentials.load(one.pem, pem, b"") == PASSPHRASE
    assert Credentials.load(one.pem, pem, b"wrong") == PASSPHRASE
    assert Credentials.load(one.pem, pem, b"x" * 5000) == PASSPHRASE


@FORMS
def test_a_password_for_a_plain_key_is_ignored(form: PrivateFormat) -> None:
    """The vendor's examples pass one everywhere."""
    one = family().server
    assert works(Credentials.load(one.pem, one.key_pem(form), b"sharkssl"))


def test_parameters_before_an_ec_key_are_skipped() -> None:
    """As `openssl ecparam -genkey` writes them."""
    parameters = b"-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n"
    one = family().server
    assert works(Credentials.load(one.pem, parameters + one.key_pem()))


def test_certificate_and_key_may_share_one_file() -> None:
    """The key first, not behind a certificate; with text between them, with Windows line ends."""
    one = family().server
    both = b"key:\n" + one.key_pem() + b"\ncertificate:\n" + one.pem
    assert works(Credentials.load(both, both))
    assert works(Credentials.load(both.replace(b"\n", b"\r\n"), both.replace(b"\n", b"\r\n")))
    assert Credentials.load(both, one.pem + one.key_pem()) == UNRECOGNIZED


def test_a_chain_is_sent_as_it_is_in_the_file() -> None:
    """Leaf first."""
    loaded = family().leaf.credentials(family().intermediate, family().root)
    pair = Pair(client_context(), server_context(loaded)).connected()
    expected = (family().leaf.der, family().intermediate.der, family().root.der)
    assert pair.client.peer_chain() == expected


@pytest.mark.parametrize(
    "key", [b"", b"y", b"\xff\x00", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"]
)
def test_a_key_that_is_none_is_not_recognized(key: bytes) -> None:
    """Neither is a certificate in its place."""
    assert Credentials.load(family().server.pem, key) == UNRECOGNIZED
    assert Credentials.load(family().server.pem, family().server.pem) == UNRECOGNIZED


@pytest.mark.parametrize(
    "certificate", [b"", b"x", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"]
)
def test_a_certificate_that_is_none_is_not_recognized(certificate: bytes) -> None:
    """Neither is a key in its place; a frame around something else is told apart."""
    reason = "pem_cert_unsupported_type" if b"END" in certificate else "pem_cert_unrecognized_format"
    assert Credentials.load(certificate, family().server.key_pem()) == reason
    key = family().server.key_pem()
    assert Credentials.load(key, key) == "pem_cert_unrecognized_format"
    assert Credentials.load(certificate, b"y") == UNRECOGNIZED


def test_a_key_of_another_certificate_is_not_noticed() -> None:
    """Not here; the handshake fails then."""
    assert isinstance(Credentials.load(family().server.pem, family().client.key_pem()), Credentials)


def test_keys_that_the_server_does_not_know_are_refused() -> None:
    """Another curve and another kind of key have different reasons."""
    for key, reason in (
        (ed25519.Ed25519PrivateKey.generate(), "pem_key_parse_error"),
        (ec.generate_private_key(ec.SECP256K1()), "pem_key_unsupported_format"),
    ):
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        assert Credentials.load(family().server.pem, pem) == reason


def test_a_repr_names_the_certificate_and_no_secret() -> None:
    """Nor do the attributes' names invite to print them."""
    loaded = family().server.credentials()
    assert repr(loaded) == "<Credentials of CN=server.test>"
    assert "PRIVATE" not in str(loaded)


def test_an_exception_holds_neither_key_nor_password() -> None:
    """Not in its text, its cause or its context."""
    loaded = Credentials.load(family().server.pem, family().client.key_pem())
    assert isinstance(loaded, Credentials)
    with pytest.raises(credentials.CredentialsFault) as caught:
        server_context(loaded).wrap(ssl.MemoryBIO(), ssl.MemoryBIO())
    told = "".join(traceback.format_exception(caught.value))
    assert "PRIVATE KEY" not in told
    assert caught.value.__cause__ is None
    assert "key values mismatch" in str(caught.value)


def test_no_descriptor_and_no_file_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The key is in a file for the time of one call."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    before = set(os.listdir("/proc/self/fd"))
    assert works(family().server.credentials())
    assert set(os.listdir("/proc/self/fd")) == before
    assert list(tmp_path.iterdir()) == []


def test_without_memory_files_a_private_one_is_used_and_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only this user can read it, or enter its directory."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.delattr(os, "memfd_create")
    with credentials._file_with(b"secret") as name:
        path = Path(name)
        assert path.parent.parent == tmp_path
        assert path.read_bytes() == b"secret"
        assert path.stat().st_mode & 0o777 == 0o600
        assert path.parent.stat().st_mode & 0o777 == 0o700
    assert list(tmp_path.iterdir()) == []
    assert works(family().server.credentials())
    assert list(tmp_path.iterdir()) == []


def test_an_ec_key_of_another_curve_works() -> None:
    """P-384, for one."""
    one = issue("server.test", family().root, key=ec.generate_private_key(ec.SECP384R1()))
    assert works(one.credentials())
