"""Chains that end a client's handshake because their certificates do not fit, and those that do not."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from ba_runtime.tls import CertStore, Context, Role
from ba_runtime.tls.fit import MAX_CHAIN, in_order, misfit, parse_chain

from ._authority import Issued, family, issue, of_version_1
from ._pair import Pair, reason_of


def store_of(*trusted: Issued) -> CertStore:
    """A store with these certificates."""
    store = CertStore()
    for one in trusted:
        store.addcert(one.pem)
    return store


def fault(chain: Sequence[Issued], *trusted: Issued) -> str:
    """What does not fit: its last words; "" when everything does."""
    words = misfit([one.der for one in chain], store_of(*trusted))
    return "" if words is None else " ".join(words.split()[-4:])


def test_what_a_server_should_send_fits() -> None:
    """Alone, with its issuers, with the root; whoever is trusted."""
    leaf, middle, root = family().leaf, family().intermediate, family().root
    for trusted in ((), (root,), (middle,), (family().stranger,)):
        for chain in ([leaf], [leaf, middle], [leaf, middle, root], [family().stranger], [root], []):
            assert fault(chain, *trusted) == ""


def test_what_belongs_to_no_other_does_not_fit() -> None:
    """An intermediate of somebody else."""
    other = issue("Other", family().root, is_ca=True)
    for chain in ([family().leaf, other], [family().leaf, family().intermediate, other]):
        assert fault(chain, family().root) == "none of the others"


@pytest.mark.parametrize("is_ca", [False, None])
def test_what_signs_must_be_a_ca(is_ca: bool | None) -> None:
    """By its basic constraints, which a certificate of version 1 lacks."""
    middle = issue("Middle", family().root, is_ca=is_ca)
    assert fault([issue("localhost", middle), middle], family().root) == "is not a CA's"
    old = of_version_1(issue("Old", is_ca=True))
    assert fault([issue("localhost", old), old], old) == "is not a CA's"


def test_a_signature_must_be_its_issuers() -> None:
    """Of one that is sent, and of a known CA of the issuer's name; one that is no CA is not asked."""
    namesake = issue("Test Root", is_ca=True)
    leaf = issue("localhost", namesake)
    assert fault([leaf, family().root]) == "issuer has not signed"
    assert fault([leaf], family().root) == "name has not signed"
    assert fault([leaf], family().root, namesake) == ""
    assert fault([issue("Test Root", is_ca=False)], issue("Test Root", is_ca=False)) == ""


def test_another_order_and_a_missing_issuer_fit() -> None:
    """They are a matter of trust."""
    lower = issue("Lower", family().intermediate, is_ca=True)
    leaf = issue("localhost", lower)
    for chain in ([leaf, family().intermediate, lower], [leaf, family().root, lower, family().intermediate]):
        assert fault(chain, family().root) == ""
    assert fault([leaf], family().root) == ""
    assert in_order([one.certificate for one in (leaf, family().intermediate, lower)]) == [leaf.certificate]


def test_what_cannot_be_read_is_passed_over() -> None:
    """And a chain is looked at up to a length."""
    leaf, middle = family().leaf, family().intermediate
    assert misfit([leaf.der, b"nonsense", middle.der], store_of(family().root)) is None
    assert misfit([b"nonsense", middle.der], store_of(family().root)) is None
    assert len(parse_chain([leaf.der] * 100)) == MAX_CHAIN


def test_the_public_roots_are_not_read_for_it() -> None:
    """A program that connects once does not wait for them."""
    store = CertStore.public()
    assert misfit([family().leaf.der], store) is None
    assert misfit([family().leaf.der, family().intermediate.der], store) is None
    assert store._wants_public


@pytest.mark.parametrize("is_trusting", [True, False])
def test_a_chain_that_does_not_fit_ends_the_handshake(is_trusting: bool) -> None:
    """In the word that the server has for it; the other side hears a goodbye."""
    server = Context(Role.SERVER)
    server.addcert(family().server.credentials(family().stranger))
    client = Context(Role.CLIENT, store_of(family().root) if is_trusting else None)
    pair = Pair(client, server).pump()
    assert reason_of(pair.client_events) == "socketwritefailed"
    assert reason_of(pair.server_events) is None
