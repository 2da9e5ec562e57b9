"""Stores of trusted certificates."""

from __future__ import annotations

import subprocess
import sys

import certifi

from ba_runtime.tls import CertStore, judge
from ba_runtime.tls.store import is_signed_by

from ._authority import NOW, family, issue


def test_adding_counts_what_is_in_the_text() -> None:
    """As documented: repeated ones again, garbage not at all."""
    store = CertStore()
    assert store.addcert(family().root.pem) == 1
    assert store.addcert(family().root.pem + family().intermediate.pem) == 2
    assert store.addcert(family().root.pem) == 1
    assert store.addcert(b"not a certificate") == 0
    assert store.addcert(family().root.key_pem()) == 0
    assert len(store) == 2


def test_the_issuers_of_a_certificate_are_found_by_name_and_signature() -> None:
    """Another CA of the same name is none of them."""
    namesake = issue("Test Root", is_ca=True)
    store = CertStore()
    store.addcert(namesake.pem + family().root.pem + family().intermediate.pem)
    assert list(store.issuers(family().server.certificate)) == [family().root.certificate]
    assert list(store.issuers(family().leaf.certificate)) == [family().intermediate.certificate]
    assert list(store.issuers(family().stranger.certificate)) == []
    assert list(store.issuers(family().root.certificate)) == [family().root.certificate]


def test_a_store_knows_the_very_certificates_it_holds() -> None:
    """Byte for byte."""
    store = CertStore()
    store.addcert(family().root.pem)
    assert family().root.certificate in store
    assert issue("Test Root", is_ca=True, key=family().root.key).certificate not in store


def test_certificates_can_be_taken_out_again() -> None:
    """However often they were added; others stay."""
    store = CertStore()
    store.addcert(family().root.pem * 2 + family().intermediate.pem)
    assert store.removecert(family().root.pem * 2 + family().server.pem) == 2
    assert store.removecert(family().root.pem) == 0
    assert list(store.issuers(family().server.certificate)) == []
    assert list(store.issuers(family().leaf.certificate)) == [family().intermediate.certificate]
    store.addcert(family().root.pem)
    assert list(store.issuers(family().server.certificate)) == [family().root.certificate]


def test_the_public_store_holds_the_roots_of_certifi() -> None:
    """All of them, each a CA that knows itself."""
    store = CertStore.public()
    assert len(store) == certifi.contents().count("BEGIN CERTIFICATE")
    assert judge([family().server.der], store, "localhost", NOW) == "cn"


def test_what_is_added_to_one_public_store_is_not_in_another() -> None:
    """So that the lab's authority stays with the runtime that has the lab."""
    one, other = CertStore.public(), CertStore.public()
    one.addcert(family().root.pem)
    assert judge([family().server.der], one, "localhost", NOW) is None
    assert judge([family().server.der], other, "localhost", NOW) == "cn"
    one.removecert(family().root.pem)
    assert judge([family().server.der], one, "localhost", NOW) == "cn"


def test_removing_from_a_public_store_comes_after_loading_it() -> None:
    """Even if that is the first thing done to it."""
    root = certifi.contents().encode()
    assert CertStore.public().removecert(root) == len(CertStore.public())


CELL = """
import sys
from ba_runtime import Runtime
with Runtime(lambda event: None) as runtime:
    result = runtime.run_cell(b"return ba.crypto.hash 'md5' 'x' ()", name="cell", cell=1).result(30)
assert result.error is None, result.error
own = {f"ba_runtime.{name}" for name in ("tls", "crypto.keys", "sockets.websocket", "web.connection")}
foreign = {"ssl", "cryptography", "certifi", "h11", "wsproto", "http", "email"}
print(*(own | foreign) & set(sys.modules))
"""


def test_nothing_of_tls_http_or_websocket_is_imported_before_it_is_used() -> None:
    """Neither at the start nor by a cell without them; a digest needs nothing of it."""
    process = subprocess.run([sys.executable, "-c", CELL], timeout=60, check=True, stdout=subprocess.PIPE)
    assert process.stdout.split() == []


def test_a_signature_by_a_key_that_cannot_sign_is_none() -> None:
    """Nor is one over a changed certificate."""
    assert is_signed_by(family().server.certificate, family().root.certificate)
    assert not is_signed_by(family().server.certificate, family().intermediate.certificate)
    assert not is_signed_by(family().root.certificate, family().server.certificate)
