"""`ba.create.key`, `csr`, `certificate` and `ba.parsecert`: what they make, `openssl` reads and TLS uses."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from ._crypto import crypto_session, openssl, raised, run, value
from ._programs import Session

# A root, and a server's certificate that it has signed.
AUTHORITY = """
root_key = ba.create.key()
root_request = ba.create.csr(root_key, {commonname = "Root", organization = "We", countryname = "SE"},
  {"SSL_CA"}, {"KEY_CERT_SIGN", "CRL_SIGN"})
root = assert(ba.create.certificate(root_request, root_key, nil, {from = 0, to = 2^32}))
key = ba.create.key()
request = ba.create.csr(key, {commonname = "server.test"}, {"SSL_SERVER"},
  {"DIGITAL_SIGNATURE", "KEY_ENCIPHERMENT"}, {san = {"localhost", "127.0.0.1"}})
certificate = assert(ba.create.certificate(request, root_key, root, {serial = 4711.5, hashid = "sha384"}))
"""


@pytest.fixture(scope="module")
def lua() -> Iterator[Session]:
    """A runtime with a root and what it has signed."""
    with crypto_session() as fresh:
        run(fresh, AUTHORITY)
        yield fresh


def saved(lua: Session, folder: Path, name: str) -> bytes:
    """The text in a global, also written to a file of that name."""
    run(lua, f"save('{folder}/{name}', {name})")
    return (folder / name).read_bytes()


@pytest.mark.parametrize("curve", ["SECP256R1", "SECP384R1", "SECP521R1"])
def test_a_new_key_is_on_the_curve(lua: Session, tmp_path: Path, curve: str) -> None:
    """And a new one every time."""
    run(
        lua,
        f"made = ba.create.key{{curve = '{curve}'}}"
        f"other = ba.create.key{{key = 'ECC', curve = '{curve.lower()}'}}",
    )
    key = load_pem_private_key(saved(lua, tmp_path, "made"), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    assert key.curve.name == curve.lower()
    assert value(lua, "made == other") == "false"


def test_a_new_rsa_key_has_the_bits(lua: Session, tmp_path: Path) -> None:
    """A fraction of one does not count."""
    run(lua, "made = ba.create.key{key = 'rsa', bits = 1024.5}")
    key = load_pem_private_key(saved(lua, tmp_path, "made"), None)
    assert isinstance(key, rsa.RSAPrivateKey)
    assert key.key_size == 1024
    assert value(lua, "ba.crypto.keysize(ba.create.key{key = 'rsa'})") == "256\t'RSA'"


def test_a_request_says_what_it_was_given(lua: Session, tmp_path: Path) -> None:
    """And openssl finds it signed."""
    request = x509.load_pem_x509_csr(saved(lua, tmp_path, "request"))
    assert request.subject.rfc4514_string() == "CN=server.test"
    extensions = request.extensions
    names = extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["localhost"]
    assert [str(one) for one in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1"]
    usage = extensions.get_extension_for_class(x509.KeyUsage).value
    assert (usage.digital_signature, usage.key_encipherment, usage.key_cert_sign) == (True, True, False)
    purposes = extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(purposes) == [ExtendedKeyUsageOID.SERVER_AUTH]
    openssl(tmp_path, "req -in request -verify -noout")
    run(lua, "bare = ba.create.csr(key, {commonname = 'bare.test'})")
    bare = x509.load_pem_x509_csr(saved(lua, tmp_path, "bare")).extensions
    assert [type(one.value) for one in bare] == [x509.BasicConstraints]


def test_openssl_verifies_a_certificate_by_its_issuer(lua: Session, tmp_path: Path) -> None:
    """Which is an authority, and valid for the time that was asked for; the rest is the request's."""
    root = x509.load_pem_x509_certificate(saved(lua, tmp_path, "root"))
    assert root.issuer == root.subject
    assert root.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert root.not_valid_before_utc.timestamp() == 0
    assert root.not_valid_after_utc.timestamp() == 2**32
    certificate = x509.load_pem_x509_certificate(saved(lua, tmp_path, "certificate"))
    assert certificate.serial_number == 4711
    assert certificate.issuer.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)[0].value == "We"
    assert (certificate.not_valid_after_utc - certificate.not_valid_before_utc).days == 365
    assert openssl(tmp_path, "verify -CAfile root certificate") == b"certificate: OK\n"


SERVE = """
function served(key)
  local certificate = ba.create.certificate(ba.create.csr(key, {commonname = "localhost"}), root_key, root)
  local server = ba.create.sharkssl(nil, {server = true})
  server:addcert(ba.create.sharkcert(certificate, key))
  local listener <close> = ba.socket.bind(0, {shark = server})
  listener:event(function(l) local s <close> = l:accept() s:write "hello" s:read() end)
  local store = ba.create.certstore()
  store:addcert(root)
  local _, port = listener:sockname()
  local s <close>, reason = ba.socket.connect("127.0.0.1", port, {shark = ba.create.sharkssl(store)})
  if not s then return nil, reason end
  return s:read(5000), s:trusted "localhost"
end
"""


def test_a_server_with_such_a_certificate_is_trusted(lua: Session) -> None:
    """By a client whose store has the root."""
    run(lua, SERVE)
    assert value(lua, "served(key)") == "'hello'\ttrue"


def test_a_server_with_a_certificate_of_two_kinds_of_keys_is_of_no_use() -> None:
    """As on a device: an RSA key's certificate that a curve's key has signed. The trace says so, once."""
    with crypto_session() as fresh:
        run(fresh, AUTHORITY + SERVE)
        for _ in range(2):
            assert value(fresh, "served(ba.create.key{key = 'rsa'})") == "nil\t'sslalertrecv'"
        assert [note for note in fresh.recorder.notes if "RSA certificate" in note] == fresh.recorder.notes[
            :1
        ]


def test_a_certificate_is_read_from_pem_and_der(lua: Session, tmp_path: Path) -> None:
    """With the fields that a socket's certificate() has."""
    saved(lua, tmp_path, "certificate")
    openssl(tmp_path, "x509 -in certificate -outform DER -out der")
    run(lua, f"tables = {{ba.parsecert(certificate), ba.parsecert(file '{tmp_path}/der')}}")
    for i in (1, 2):
        assert (
            value(lua, f"tables[{i}].subject.commonname, tables[{i}].issuer.commonname")
            == "'server.test'\t'Root'"
        )
        assert value(lua, f"tables[{i}].san[1], tables[{i}].san[2]") == "'localhost'\tnil"
        assert value(lua, f"#tables[{i}].tzfrom") == "13"
    for garbage in ("''", "'x'", "key", "request"):
        assert value(lua, f"ba.parsecert({garbage})") == "nil\t'pem_cert_unrecognized_format'"


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        ("csr('garbage', {})", "Invalid key"),
        ("csr(key, {countryname = 'SWE'})", "Invalid name"),
        ("csr(key, {commonname = '\\xff'})", "Invalid name"),
        ("csr(key, {commonname = 'x'}, nil, nil, {san = {'\\xc3\\xb6.test'}})", "Invalid name"),
        ("certificate('garbage', root_key, root)", "Invalid certificate request"),
        ("certificate(request:gsub('MII', 'MIJ', 1), root_key, root)", "Invalid certificate request"),
        ("certificate(request, 'garbage', root)", "Invalid key"),
        ("certificate(request, root_key, 'garbage')", "Invalid certificate"),
        ("certificate(request, key, root)", "The key does not belong to the certificate"),
        ("certificate(request, root_key)", "The key does not belong to the certificate"),
        ("certificate(request, root_key, root, {from = 10, to = 5})", "failed"),
        ("certificate(request, root_key, root, {to = 1e300})", "failed"),
        ("certificate(request, root_key, root, {from = -1e300})", "failed"),
        ("certificate(request, root_key, root, {serial = -1})", "failed"),
    ],
)
def test_what_cannot_be_made_is_a_reason(lua: Session, call: str, reason: str) -> None:
    """Never an error that is raised."""
    call = call.replace("request:gsub('MII', 'MIJ', 1)", "(request:gsub('MII', 'MIJ', 1))")
    assert value(lua, f"ba.create.{call}") == f"nil\t'{reason}'"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("key 'rsa'", "bad argument #1 to 'key' (table expected, got string)"),
        ("key{key = 'dsa'}", "option 'key' must be 'ecc' or 'rsa'"),
        ("key{curve = 'SECP256K1'}", "Unknown curve"),
        ("key{key = 'rsa', bits = 512}", "option 'bits' must be 1024 to 4096, not 512"),
        ("key{key = 'rsa', bits = '2048'}", "option 'bits': number expected, got string"),
        ("csr(key)", "bad argument #2 to 'csr' (table expected, got no value)"),
        ("csr(key, {}, 'SSL_SERVER')", "bad argument #3 to 'csr' (table expected, got string)"),
        ("csr(key, {}, {}, 'CRL_SIGN')", "bad argument #4 to 'csr' (table expected, got string)"),
        ("csr(key, {}, {}, {}, 'sha256')", "bad argument #5 to 'csr' (table expected, got string)"),
        ("csr(key, {name = 'x'})", "unknown name 'name' in the subject"),
        ("csr(key, {commonname = 1})", "commonname: a string without zeros expected, got number"),
        ("csr(key, {commonname = 'x\\0y'})", "commonname: a string without zeros expected, got string"),
        ("csr(key, {}, {'SSL'})", "unknown certificate type 'SSL'"),
        ("csr(key, {}, {}, {'SIGN'})", "unknown key usage 'SIGN'"),
        ("csr(key, {}, {}, {}, {hashid = 'md5'})", "Unknown hash algorithm"),
        ("csr(key, {}, {}, {}, {san = 'x'})", "option 'san': table expected, got string"),
        ("certificate(request)", "bad argument #2 to 'certificate' (string expected, got no value)"),
        (
            "certificate(request, key, root, 1)",
            "bad argument #4 to 'certificate' (table expected, got number)",
        ),
        ("certificate(request, key, root, {to = {}})", "option 'to': number expected, got table"),
    ],
)
def test_wrong_arguments_raise(lua: Session, call: str, message: str) -> None:
    """With the position of the caller."""
    assert raised(lua, f"ba.create.{call}") == f"program:1: {message}"
