"""Who is trusted, and why somebody is not: every case of `s:trusted()`."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from ba_runtime.tls import CertStore, certificate_table, is_ca_known, judge
from ba_runtime.tls.fit import MAX_CHAIN
from ba_runtime.tls.trust import name_matches

from ._authority import FUTURE, LONG, NOW, PAST, Issued, family, issue, of_version_1

SAN = ("localhost", "example.test", "*.wild.test", x509.IPAddress(ipaddress.ip_address("127.0.0.1")))


def store_of(*trusted: Issued) -> CertStore:
    """A store that holds these."""
    store = CertStore()
    for one in trusted:
        store.addcert(one.pem)
    return store


def verdict(chain: Sequence[Issued], name: str | None, *trusted: Issued) -> str | None:
    """What is said at the tests' present."""
    return judge([one.der for one in chain], store_of(*trusted), name, NOW)


def key_usage(may_sign: bool) -> x509.KeyUsage:
    """The extension, with the bit that a CA needs or without."""
    return x509.KeyUsage(True, False, False, False, False, may_sign, False, False, False)


# ------------------------------------------------------------ the four doubts


def test_a_known_ca_the_right_name_and_the_right_time_are_trusted() -> None:
    """Nothing else is asked."""
    assert verdict([family().server], "localhost", family().root) is None


@pytest.mark.parametrize("valid", [PAST, FUTURE], ids=["expired", "not yet valid"])
def test_wrong_dates_are_certcn(valid: tuple[object, object]) -> None:
    """And are looked at only when everything else is right."""
    one = issue("x.test", family().root, san=["localhost"], valid=PAST if valid == PAST else FUTURE)
    assert verdict([one], "localhost", family().root) == "certcn"
    assert verdict([one], "nomatch.test", family().root) == "cert"
    assert verdict([one], "localhost") == "cn"
    assert verdict([one], "nomatch.test") == "none"


def test_a_wrong_name_of_a_known_ca_is_cert() -> None:
    """No name at all is a wrong one."""
    for name in ("nomatch.test", "", None):
        assert verdict([family().server], name, family().root) == "cert"


def test_the_right_name_of_an_unknown_ca_is_cn() -> None:
    """With another CA in the store, none in it, or no store."""
    others = issue("Other Root", is_ca=True)
    assert verdict([family().server], "localhost", others) == "cn"
    assert verdict([family().server], "localhost") == "cn"
    assert judge([family().server.der], None, "localhost", NOW) == "cn"


def test_neither_is_none() -> None:
    """So is a peer without a certificate."""
    assert verdict([family().server], "nomatch.test") == "none"
    assert verdict([], "localhost", family().root) == "none"
    assert judge([family().server.der], None, None, NOW) == "none"


def test_the_present_is_the_default_time() -> None:
    """With a certificate that is valid for an hour around it."""
    from datetime import datetime, timezone

    now = datetime.now(timezone.utc)
    hour = timedelta(hours=1)
    for valid, expected in (((now - hour, now + hour), None), ((now - 2 * hour, now - hour), "certcn")):
        one = issue("x.test", family().root, valid=valid)
        assert judge([one.der], store_of(family().root), "x.test") == expected


def test_the_first_and_the_last_second_are_valid() -> None:
    """RFC 5280, 4.1.2.5: both ends are included."""
    chain, store = [family().server.der], store_of(issue("Test Root", is_ca=True, key=family().root.key))
    for moment, expected in (
        (LONG[0], None),
        (LONG[1], None),
        (LONG[0] - timedelta(seconds=1), "certcn"),
        (LONG[1] + timedelta(seconds=1), "certcn"),
    ):
        assert judge(chain, store, "localhost", moment) == expected


# ------------------------------------------------------------ names


@pytest.mark.parametrize(
    ("name", "is_covered"),
    [
        ("localhost", True),
        ("LocalHost", True),
        ("localhost.", False),
        ("server.test", True),  # the common name, although there are alternative ones
        ("example.test", True),
        ("a.wild.test", True),
        ("A.WILD.test", True),
        ("wild.test", True),
        ("b.a.wild.test", False),
        ("awild.test", False),
        (".wild.test", True),  # an empty label is as good as any; no resolver knows such a name
        ("test", False),
        ("*.wild.test", True),
        ("127.0.0.1", False),  # alternative names of addresses do not count
        ("local", False),
        ("localhost.test", False),
        ("", False),
    ],
)
def test_names_match_as_documented(name: str, is_covered: bool) -> None:
    """Case does not count, the common name does, a wildcard covers its own domain too."""
    one = issue("server.test", family().root, san=SAN)
    assert name_matches(one.certificate, name) is is_covered


@pytest.mark.parametrize("pattern", ["*", "*.", "a*.test", "*a.test", "x.*.test", "**.test"])
def test_odd_patterns_cover_themselves_alone(pattern: str) -> None:
    """A star stands for a whole first label or for itself."""
    certificate = issue(pattern).certificate
    for name in ("a.test", "test", "x.a.test", "aa.test", "anything"):
        assert not name_matches(certificate, name)


def test_an_address_matches_as_a_common_name_only() -> None:
    """As text."""
    assert verdict([issue("127.0.0.1", family().root)], "127.0.0.1", family().root) is None
    assert verdict([issue("x.test", family().root, san=SAN)], "127.0.0.1", family().root) == "cert"


@pytest.mark.parametrize(
    ("pattern", "name"),
    [
        ("*.0.0.1", "127.0.0.1"),
        ("*.0.0.1.", "127.0.0.1."),
        ("*.0.0.1", "0.0.1"),
        ("*.1", "127.1"),
        ("*.0x1", "127.0x1"),
        ("*.0.0.1", "::ffff:127.0.0.1"),
        ("*.5", "fe80::1%eth0.5"),
        ("*.a5", "fe80::1%eth0.a5"),
    ],
)
def test_a_wildcard_never_covers_an_address(pattern: str, name: str) -> None:
    """In none of the forms that connect takes; the same text is still a match."""
    assert not name_matches(issue(pattern).certificate, name)
    assert name_matches(issue(name).certificate, name)


@pytest.mark.parametrize("name", ["a.b1", "a.1b", "1.a", "0x1.a", "a.0xg"])
def test_a_wildcard_covers_names_with_digits(name: str) -> None:
    """They are not addresses."""
    assert name_matches(issue("*." + name.partition(".")[2]).certificate, name)


def test_a_name_after_a_zero_byte_is_not_cut_off() -> None:
    """The trick of `good.test\\0.evil.test`."""
    certificate = issue("good.test\0.evil.test").certificate
    assert not name_matches(certificate, "good.test")


# ------------------------------------------------------------ chains


def test_a_chain_is_followed_through_what_the_peer_sent_in_its_order() -> None:
    """In another one, or with something in between, the CA is unknown, as to the server."""
    middle = issue("Middle", family().root, is_ca=True)
    lower = issue("Lower", middle, is_ca=True)
    leaf = issue("localhost", lower)
    for chain in ([leaf, lower, middle], [leaf, lower, middle, family().stranger]):
        assert verdict(chain, "localhost", family().root) is None
        assert verdict(chain, "localhost", middle) is None  # a store may hold an intermediate alone
    for chain in ([leaf, middle, lower], [leaf, family().stranger, lower, middle]):
        assert verdict(chain, "localhost", family().root) == "cn"
        assert verdict(chain, "localhost", lower) is None


def test_a_missing_intermediate_is_an_unknown_ca() -> None:
    """Unless the store has it."""
    assert verdict([family().leaf], "localhost", family().root) == "cn"
    assert verdict([family().leaf], "localhost", family().intermediate) is None


def test_the_root_may_be_sent_along_and_is_not_trusted_for_that() -> None:
    """Only the store counts."""
    chain = [family().leaf, family().intermediate, family().root]
    assert verdict(chain, "localhost", family().root) is None
    assert verdict(chain, "localhost") == "cn"


def test_a_self_signed_certificate_is_trusted_when_it_is_in_the_store() -> None:
    """As devices have them; a CA bit is not needed for that."""
    assert verdict([family().stranger], "stranger.test") == "cn"
    assert verdict([family().stranger], "stranger.test", family().root) == "cn"
    assert verdict([family().stranger], "stranger.test", family().stranger) is None


def test_a_namesake_of_the_ca_is_not_the_ca() -> None:
    """The signature decides."""
    fake = issue("Test Root", is_ca=True)
    assert verdict([issue("localhost", fake), fake], "localhost", family().root) == "cn"
    assert verdict([issue("localhost", fake)], "localhost", family().root, fake) is None


def test_a_certificate_that_is_no_ca_cannot_sign() -> None:
    """Neither one that the peer sent nor one in the store."""
    victim = family().server  # genuine, but not a CA
    forged = issue("localhost", victim)
    assert verdict([forged, victim], "localhost", family().root) == "cn"
    assert verdict([forged], "localhost", victim) == "cn"


def test_a_ca_must_say_so_unless_it_is_a_root_of_version_1() -> None:
    """There were no extensions then; those of a later one, pinned or sent, would have said so."""
    root = of_version_1(issue("Old Root", is_ca=None))
    assert root.certificate.version is x509.Version.v1
    middle = issue("Old Middle", root, is_ca=None)
    assert verdict([issue("localhost", root)], "localhost", root) is None
    assert verdict([issue("localhost", middle), middle], "localhost", root) == "cn"
    pinned = issue("device.test", is_ca=None)
    assert verdict([pinned], "device.test", pinned) is None
    assert verdict([issue("localhost", pinned)], "localhost", pinned) == "cn"
    assert verdict([issue("localhost", pinned), pinned], "localhost", pinned) == "cn"


UNKNOWN = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.99999.1"), b"\5\0")


@pytest.mark.parametrize("extension", [UNKNOWN, x509.PrecertPoison()], ids=["unknown", "poison"])
@pytest.mark.parametrize("where", ["leaf", "middle", "root", "pinned"])
@pytest.mark.parametrize(("is_critical", "expected"), [(True, "cn"), (False, None)])
def test_a_critical_extension_that_is_not_known_is_refused(
    where: str, extension: x509.ExtensionType, is_critical: bool, expected: str | None
) -> None:
    """Whoever has it: it may say when the certificate does not count. Others do no harm."""

    def made(place: str, by: Issued | None = None) -> Issued:
        own = [extension] if place == where else []
        plain, critical = ([], own) if is_critical else (own, [])
        is_ca = place in {"root", "middle"}
        return issue(place, by, is_ca=is_ca, extensions=plain, critical=critical)

    root = made("root")
    middle = made("middle", root)
    pinned = made("pinned")
    if where == "pinned":
        assert verdict([pinned], "pinned", pinned) == expected
    else:
        assert verdict([made("leaf", middle), middle], "leaf", root) == expected


def test_extensions_that_cannot_be_read_are_refused_unless_that_very_certificate_is_trusted() -> None:
    """There may be a demand among them."""
    broken = x509.UnrecognizedExtension(x509.SubjectAlternativeName.oid, b"\x30\x03\x82\x01")
    leaf = issue("localhost", family().root, extensions=[broken])
    assert verdict([leaf], "localhost", family().root) == "cn"
    assert verdict([leaf], "localhost", leaf) is None


@pytest.mark.parametrize(
    "extension",
    [
        x509.NameConstraints([x509.DNSName("other.test")], None),
        x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING]),
    ],
    ids=["name constraints", "extended key usage"],
)
def test_what_the_readme_says_is_not_looked_at_changes_nothing(extension: x509.ExtensionType) -> None:
    """Critical or not."""
    root = issue("Root", is_ca=True, critical=[extension])
    assert verdict([issue("localhost", root)], "localhost", root) is None


@pytest.mark.parametrize("may_sign", [True, False])
def test_a_key_usage_that_excludes_signing_certificates_is_honoured(may_sign: bool) -> None:
    """RFC 5280, 4.2.1.3."""
    middle = issue("Middle", family().root, is_ca=True, extensions=[key_usage(may_sign)])
    root = issue("Root", is_ca=True, extensions=[key_usage(may_sign)])
    expected = None if may_sign else "cn"
    assert verdict([issue("localhost", middle), middle], "localhost", family().root) == expected
    assert verdict([issue("localhost", root)], "localhost", root) == expected


@pytest.mark.parametrize(("length", "expected"), [(0, "cn"), (1, None), (None, None)])
def test_a_path_length_is_honoured(length: int | None, expected: str | None) -> None:
    """How many CAs may stand below."""
    root = issue("Root", is_ca=True, path_length=length)
    middle = issue("Middle", root, is_ca=True, path_length=0)
    assert verdict([issue("localhost", middle), middle], "localhost", root) == expected
    assert verdict([issue("localhost", root)], "localhost", root) is None


def test_an_expired_intermediate_or_root_is_a_matter_of_dates() -> None:
    """The dates of every certificate count."""
    middle = issue("Middle", family().root, is_ca=True, valid=PAST)
    assert verdict([issue("localhost", middle), middle], "localhost", family().root) == "certcn"
    root = issue("Root", is_ca=True, valid=PAST)
    assert verdict([issue("localhost", root)], "localhost", root) == "certcn"
    assert verdict([issue("localhost", root)], "nomatch.test", root) == "cert"


def test_of_two_paths_the_valid_one_counts() -> None:
    """A CA that was renewed: same name and key, another certificate; of two that are sent the first."""
    old = issue("Middle", family().root, is_ca=True, valid=PAST)
    new = issue("Middle", family().root, is_ca=True, key=old.key)
    leaf = issue("localhost", new)
    assert verdict([leaf, new, old], "localhost", family().root) is None
    assert verdict([leaf, old, new], "localhost", family().root) == "certcn"
    old_root = issue("Root", is_ca=True, valid=PAST)
    new_root = issue("Root", is_ca=True, key=old_root.key)
    assert verdict([issue("localhost", new_root)], "localhost", old_root, new_root) is None


def test_certificates_that_sign_each_other_end_nowhere() -> None:
    """Two CAs in a circle, and one that has signed itself under its own name twice."""
    one = issue("One", is_ca=True)
    two = issue("Two", one, is_ca=True)
    one_again = issue("One", two, is_ca=True, key=one.key)
    chain = [issue("localhost", two), two, one_again, one]
    assert verdict(chain, "localhost", family().root) == "cn"
    assert certificate_table([one.der for one in chain], store_of(family().root)) is not None


def test_a_chain_is_looked_at_up_to_a_length() -> None:
    """So that a peer cannot make us verify signatures for ever."""
    strangers = [family().stranger] * MAX_CHAIN
    assert verdict([family().leaf, *strangers, family().intermediate], "localhost", family().root) == "cn"


def test_a_changed_byte_anywhere_in_a_chain_is_never_trusted_more() -> None:
    """Signatures cover everything but themselves."""
    chain = [family().leaf.der, family().intermediate.der]
    store = store_of(family().root)
    assert judge(chain, store, "localhost", NOW) is None
    for which in range(2):
        for position in range(len(chain[which])):
            changed = bytearray(chain[which])
            changed[position] ^= 0x10
            spoiled = [*chain[:which], bytes(changed), *chain[which + 1 :]]
            assert judge(spoiled, store, "localhost", NOW) is not None


# ------------------------------------------------------------ what certificate() adds


def names_up(chain: Sequence[Issued], *trusted: Issued) -> list[bytes]:
    """The common names from the peer's certificate up."""
    table = certificate_table([one.der for one in chain], store_of(*trusted))
    names = []
    while table is not None:
        names.append(table["subject"]["commonname"])
        table = table.get("parent")
    return names


def test_parents_are_those_sent_and_at_last_the_one_in_the_store() -> None:
    """A chain of two and a known root give a parent of a parent."""
    leaf, middle, root = family().leaf, family().intermediate, family().root
    assert names_up([leaf, middle], root) == [b"leaf.test", b"Test Intermediate", b"Test Root"]
    assert names_up([leaf, middle]) == [b"leaf.test", b"Test Intermediate"]
    assert names_up([leaf]) == [b"leaf.test"]
    assert names_up([leaf], middle) == [b"leaf.test", b"Test Intermediate"]
    assert names_up([leaf, root, middle], root) == [b"leaf.test"]
    assert names_up([leaf, family().stranger], root) == [b"leaf.test"]


def test_a_self_signed_certificate_has_no_parent() -> None:
    """It would be itself."""
    assert names_up([family().stranger], family().stranger) == [b"stranger.test"]
    assert names_up([family().root, family().root], family().root) == [b"Test Root"]


def test_no_certificate_is_no_table() -> None:
    """A server whose client showed none."""
    assert certificate_table([], store_of(family().root)) is None
    assert not is_ca_known([], store_of(family().root))


def test_a_known_ca_is_told_apart_from_trust() -> None:
    """Neither name nor dates matter for it."""
    old = issue("old.test", family().root, valid=PAST)
    assert is_ca_known([old.der], store_of(family().root))
    assert not is_ca_known([old.der], store_of(family().intermediate))
    assert not is_ca_known([old.der], None)
    assert is_ca_known([family().leaf.der, family().intermediate.der], store_of(family().root))
