"""Certificates as tables: the documented form, and that nothing in a certificate can break it."""

from __future__ import annotations

import os
import random
from datetime import datetime, timezone

import pytest
from cryptography import x509
from cryptography.x509.name import _ASN1Type as Form
from cryptography.x509.oid import NameOID

from ba_runtime.tls import certificate_table, judge
from ba_runtime.tls.certificates import describe, dns_names_of, parse_der, parse_pem
from ba_runtime.tls.trust import name_matches

from ._authority import NOW, Issued, family, issue

EMPTY = dict.fromkeys(("commonname", "countryname", "locality", "organization", "province", "unit"), b"")
FULL = x509.Name([
    x509.NameAttribute(NameOID.COUNTRY_NAME, "SE"),
    x509.NameAttribute(NameOID.STATE_OR_PROVINCE_NAME, "Stateshire"),
    x509.NameAttribute(NameOID.LOCALITY_NAME, "Townville"),
    x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Vector Org"),
    x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, "Unit A"),
    x509.NameAttribute(NameOID.COMMON_NAME, "server.test"),
    x509.NameAttribute(NameOID.EMAIL_ADDRESS, "nobody@server.test"),
])  # fmt: skip


def table_of(one: Issued) -> object:
    """The table as a peer's certificate would give it, with no store."""
    return certificate_table([one.der], None)


def spoiled(one: Issued, old: bytes, new: bytes) -> bytes:
    """The certificate's bytes with some of them replaced. Its signature is wrong then, which is fine here."""
    assert old in one.der
    assert len(old) == len(new)
    return one.der.replace(old, new)


def test_a_certificate_is_shown_as_documented() -> None:
    """All names, in bytes; times as the certificate has them; of the alternative names those of DNS."""
    alternatives = [x509.DNSName("localhost"), x509.RFC822Name("a@b.test"), x509.DNSName("*.wild.test")]
    assert table_of(issue(None, family().root, name=FULL, san=alternatives)) == {
        "tzfrom": b"200102030405Z",
        "tzto": b"450304060708Z",
        "subject": {
            "commonname": b"server.test",
            "countryname": b"SE",
            "locality": b"Townville",
            "organization": b"Vector Org",
            "province": b"Stateshire",
            "unit": b"Unit A",
        },
        "issuer": {**EMPTY, "commonname": b"Test Root"},
        "san": [b"localhost", b"*.wild.test"],
    }


def test_what_a_certificate_lacks_is_empty_or_absent() -> None:
    """Names are always all there; the alternative names only if there is that extension."""
    table = table_of(issue(None))
    assert table == {"tzfrom": b"200102030405Z", "tzto": b"450304060708Z", "subject": EMPTY, "issuer": EMPTY}


def test_alternative_names_without_one_of_dns_are_an_empty_list() -> None:
    """The extension is there."""
    one = issue("x", san=[x509.RFC822Name("a@b.test")])
    assert describe(one.certificate)["san"] == []


@pytest.mark.parametrize(
    ("start", "end", "texts"),
    [
        ((1950, 1, 1), (2049, 12, 31), (b"500101000000Z", b"491231000000Z")),
        ((1999, 12, 31), (2050, 1, 1), (b"991231000000Z", b"20500101000000Z")),
        ((2000, 2, 29), (9999, 12, 31), (b"000229000000Z", b"99991231000000Z")),
    ],
)
def test_times_from_2050_on_have_four_digits_for_the_year(
    start: tuple[int, int, int], end: tuple[int, int, int], texts: tuple[bytes, bytes]
) -> None:
    """RFC 5280, 4.1.2.5: UTCTime before, GeneralizedTime after."""
    valid = (datetime(*start, tzinfo=timezone.utc), datetime(*end, tzinfo=timezone.utc))
    table = describe(issue("x", valid=valid).certificate)
    assert (table["tzfrom"], table["tzto"]) == texts


@pytest.mark.parametrize("form", list(Form), ids=lambda form: form.name)
def test_every_kind_of_string_can_be_a_name(form: Form) -> None:
    """Also the old ones, and a bit string, which is no text."""
    with_accents = form in (Form.UTF8String, Form.T61String, Form.BMPString, Form.UniversalString)
    text = "café" if with_accents else "cafe"
    try:
        if form is Form.BitString:
            attribute: x509.NameAttribute[str] | x509.NameAttribute[bytes] = x509.NameAttribute(
                NameOID.X500_UNIQUE_IDENTIFIER, b"\0cafe", _type=form
            )
        else:
            attribute = x509.NameAttribute(NameOID.COMMON_NAME, text, _type=form)
        one = issue(None, name=x509.Name([attribute]))
    except (TypeError, ValueError):
        pytest.skip("not a kind of string that a name can be made of here")
    encoding = {Form.BMPString: "utf-16-be", Form.UniversalString: "utf-32-be"}.get(form, "utf-8")
    expected = b"" if form is Form.BitString else text.encode(encoding)
    assert describe(parse_der(one.der))["subject"]["commonname"] == expected


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(b"\x0c\x06ab\xff\xfeef", id="UTF-8 that is none"),
        pytest.param(b"\x14\x06ab\xe9\xe8ef", id="T61 in Latin-1"),
        pytest.param(b"\x1e\x06abcde\xff", id="BMP of an odd kind"),
        pytest.param(b"\x1e\x06\xd8\x00\x00a\x00b", id="BMP with half a pair"),
        pytest.param(b"\x1c\x06abcdef", id="Universal of a wrong length"),
        pytest.param(b"\x13\x06ab@*\x00f", id="Printable with what is not"),
        pytest.param(b"\x02\x06abcdef", id="a number"),
        pytest.param(b"\x30\x06abcdef", id="a sequence"),
        pytest.param(b"\x0c\x86abcdef", id="a length that is none"),
    ],
)
def test_a_name_that_cannot_be_read_never_raises(name: bytes) -> None:
    """At worst all of it is empty, and nobody is trusted for it."""
    der = spoiled(issue("abcdef", family().root), b"\x0c\x06abcdef", name)
    table = certificate_table([der, family().root.der], None)
    assert table is not None
    assert table["subject"].keys() == EMPTY.keys()
    assert judge([der], None, "abcdef", NOW) in ("none", "cn")
    assert judge([der], None, "other", NOW) == "none"


def test_alternative_names_that_cannot_be_read_count_as_absent() -> None:
    """A DNS name that is not ASCII, and an extension that is not even that."""
    one = issue("x", san=["abcdef.test"])
    not_ascii = parse_der(spoiled(one, b"abcdef.test", b"ab\xff\xfeef.test"))
    assert not_ascii is not None
    assert dns_names_of(not_ascii) is None
    assert "san" not in describe(not_ascii)
    no_list = parse_der(spoiled(one, b"\x30\x0d\x82\x0babcdef.test", b"\x02\x0d\x82\x0babcdef.test"))
    assert no_list is not None
    assert "san" not in describe(no_list)


def test_what_is_no_certificate_is_a_table_without_content() -> None:
    """A peer's certificate that OpenSSL takes and the library does not."""
    table = certificate_table([b"no certificate"], None)
    assert table == {"tzfrom": b"", "tzto": b"", "subject": EMPTY, "issuer": EMPTY}
    assert judge([b"no certificate"], None, "x", NOW) == "none"


def test_a_changed_byte_anywhere_never_raises() -> None:
    """Every byte, and some runs of them with a fixed seed."""
    dice = random.Random(3)
    der = issue(None, family().root, name=FULL, san=["localhost"]).der
    for position in range(len(der)):
        changed = bytearray(der)
        changed[position] ^= dice.choice((1, 0x20, 0x80, 0xFF))
        assert certificate_table([bytes(changed), family().root.der], None) is not None
        judge([bytes(changed), family().root.der], None, "localhost", NOW)
    for _ in range(300):
        start = dice.randrange(len(der))
        noise = os.urandom(dice.randrange(20))
        certificate_table([der[:start] + noise + der[start + len(noise) :]], None)


def test_the_last_of_several_common_names_counts() -> None:
    """A name may have any number of them; the last one is shown, and the one to be trusted."""
    names = [x509.NameAttribute(NameOID.COMMON_NAME, text) for text in ("one", "two")]
    certificate = issue(None, name=x509.Name(names)).certificate
    assert describe(certificate)["subject"]["commonname"] == b"two"
    assert name_matches(certificate, "two")
    assert not name_matches(certificate, "one")


def test_pem_may_hold_anything_between_the_certificates() -> None:
    """Comments, keys, halves; the order stays."""
    one, two = family().root, family().server
    text = b"# root\r\n" + one.pem + one.key_pem() + b"-----BEGIN CERTIFICATE-----\nAA" + two.pem + b"end"
    assert parse_pem(text) in ([one.certificate], [one.certificate, two.certificate])
    assert parse_pem(one.pem + b"\n\nnoise\n" + two.pem.replace(b"\n", b"\r\n")) == [
        one.certificate,
        two.certificate,
    ]


@pytest.mark.parametrize(
    "pem",
    [
        b"",
        b"not a certificate",
        b"\xff\x00" * 100,
        b"-----BEGIN CERTIFICATE-----",
        b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        b"-----BEGIN CERTIFICATE-----\n\xff\xff\n-----END CERTIFICATE-----\n",
    ],
)
def test_garbage_holds_no_certificate(pem: bytes) -> None:
    """And does not raise."""
    assert parse_pem(pem) == []


def test_a_flood_of_beginnings_is_read_in_one_pass() -> None:
    """A megabyte of them takes no time that depends on their square."""
    assert parse_pem(b"-----BEGIN CERTIFICATE-----" * 40_000) == []
