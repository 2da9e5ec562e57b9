"""`ba.crypto`, what key pairs are for: signatures and encryption, with others at the other side."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from ._crypto import ALGORITHMS, PASSWORD, crypto_session, make_keys, openssl, raised, run, value
from ._programs import Session
from ._tls import certificates


@pytest.fixture(scope="module")
def lua() -> Iterator[Session]:
    """A runtime with helpers for files and hexadecimal digits."""
    with crypto_session() as fresh:
        run(fresh, "function digest(data, name) return crypto.hash(name or 'sha256')(data)() end")
        yield fresh


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with keys."""
    return make_keys(tmp_path_factory.mktemp("keys"))


@pytest.mark.parametrize("name", ["rsa", "ec"])
@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_openssl_verifies_our_signatures_and_we_verify_its(
    lua: Session, keys: Path, name: str, algorithm: str
) -> None:
    """It hashes the data itself, we are given the digest. Another digest is refused by both."""
    run(lua, f"d = digest(file '{keys}/data', '{algorithm}')")
    run(lua, f"save('{keys}/ours', crypto.sign(d, file '{keys}/{name}.key'))")
    assert b"Verified OK" in openssl(keys, f"dgst -{algorithm} -verify {name}.pub -signature ours data")
    openssl(keys, f"dgst -{algorithm} -sign {name}.key -out theirs data")
    for key in ("pub", "key"):
        run(lua, f"key, theirs = file '{keys}/{name}.{key}', file '{keys}/theirs'")
        assert value(lua, "crypto.verify(theirs, key, d)") == "true"
        assert value(lua, f"crypto.verify(theirs, key, digest('x', '{algorithm}'))") == "false"


@pytest.mark.parametrize("name", ["rsa", "ec"])
def test_a_signature_is_verified_by_the_numbers_of_its_key(lua: Session, keys: Path, name: str) -> None:
    """As JSON Web Keys give them."""
    run(lua, f"key = file '{keys}/{name}.key' first, second = crypto.keyparams(key)")
    run(lua, "numbers = {n = first, e = second}" if name == "rsa" else "numbers = {x = first, y = second}")
    run(lua, "signature = crypto.sign(digest 'data', key)")
    assert value(lua, "crypto.verify(signature, digest 'data', numbers)") == "true"
    assert value(lua, "crypto.verify(signature, digest 'other', numbers)") == "false"


@pytest.mark.parametrize("curve", ["P-256", "P-384", "P-521"])
def test_the_length_of_coordinates_tells_the_curve(lua: Session, curve: str) -> None:
    """And keysize the most bytes that a signature takes."""
    name, size = {"P-256": ("SECP256R1", 72), "P-384": ("SECP384R1", 104), "P-521": ("SECP521R1", 139)}[curve]
    run(lua, f"key = ba.create.key{{curve = '{name}'}} x, y = crypto.keyparams(key)")
    assert (
        value(lua, "crypto.verify(crypto.sign(digest 'data', key), digest 'data', {x = x, y = y})") == "true"
    )
    assert value(lua, "crypto.keysize(key)") == f"{size}\t'ECC'"
    run(lua, "for i = 1, 100 do assert(#crypto.sign(digest(i), key) <= crypto.keysize(key)) end")


OPTIONS = [
    ("nil", "rsa_padding_mode:pkcs1"),
    ("{padding = 'pkcs1'}", "rsa_padding_mode:pkcs1"),
    ("{padding = 'oaep', hashid = 'sha1'}", "rsa_padding_mode:oaep"),
    ("{padding = 'oaep'}", "rsa_padding_mode:oaep -pkeyopt rsa_oaep_md:sha256 -pkeyopt rsa_mgf1_md:sha256"),
    (
        "{padding = 'oaep', hashid = 'sha512'}",
        "rsa_padding_mode:oaep -pkeyopt rsa_oaep_md:sha512 -pkeyopt rsa_mgf1_md:sha512",
    ),
    ("{padding = 'none'}", "rsa_padding_mode:none"),
]


@pytest.mark.parametrize(("op", "options"), OPTIONS)
def test_openssl_decrypts_what_we_encrypted_and_we_decrypt_its(
    lua: Session, keys: Path, op: str, options: str
) -> None:
    """In every padding; without one the data is as long as the key."""
    name = "wide" if "none" in op else "short"
    (keys / "wide").write_bytes(b"\0" + b"w" * 255)
    run(lua, f"save('{keys}/ours', crypto.encrypt(file '{keys}/{name}', file '{keys}/rsa.pub', {op}))")
    data = (keys / name).read_bytes()
    assert openssl(keys, f"pkeyutl -decrypt -inkey rsa.key -pkeyopt {options} -in ours") == data
    openssl(keys, f"pkeyutl -encrypt -pubin -inkey rsa.pub -pkeyopt {options} -in {name} -out theirs")
    run(lua, f"plain = crypto.decrypt(file '{keys}/theirs', file '{keys}/rsa.key', {op})")
    assert value(lua, f"plain == file '{keys}/{name}'") == "true"


def test_data_of_every_length_that_fits_is_encrypted_and_decrypted(lua: Session, keys: Path) -> None:
    """Of 256 bytes, padding takes eleven."""
    run(lua, f"key = file '{keys}/rsa.key'")
    for size in (0, 1, 244, 245):
        run(lua, f"data = ('\\0x'):rep(200):sub(1, {size})")
        assert value(lua, "crypto.decrypt(crypto.encrypt(data, key), key) == data") == "true"


JWT = """
local function part(t) return ba.b64urlencode(ba.json.encode(t)) end
function token(alg, key)
  local text = part{alg = alg, typ = "JWT"} .. "." .. part{sub = "somebody"}
  local signature = crypto.sign(digest(text), key)
  if alg == "ES256" then
    local r, s = crypto.sigparams(signature)
    signature = r .. s
  end
  return text .. "." .. ba.b64urlencode(signature)
end
function accepted(token, alg, key)
  local text, signature = token:match "^(.+)%.(.-)$"
  signature = ba.b64decode(signature)
  if alg == "ES256" then
    signature = crypto.sigparams(signature:sub(1, 32), signature:sub(33))
  end
  return crypto.verify(signature, key, digest(text))
end
"""


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@pytest.mark.parametrize(("alg", "name"), [("RS256", "rsa"), ("ES256", "ec")])
def test_tokens_pass_between_us_and_others(lua: Session, keys: Path, alg: str, name: str) -> None:
    """JSON Web Signatures (RFC 7515), checked and made by `cryptography` at the other side."""
    run(lua, JWT)
    run(lua, f"key, public = file '{keys}/{name}.key', file '{keys}/{name}.pub'")
    token = value(lua, f"token('{alg}', key)").strip("'")
    text, _, signature = token.rpartition(".")
    assert json.loads(_decoded(text.split(".")[1])) == {"sub": "somebody"}
    raw = _decoded(signature)
    public = load_pem_public_key((keys / f"{name}.pub").read_bytes())
    if isinstance(public, rsa.RSAPublicKey):
        public.verify(raw, text.encode(), padding.PKCS1v15(), hashes.SHA256())
    else:
        assert isinstance(public, ec.EllipticCurvePublicKey)
        assert len(raw) == 64
        der = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
        public.verify(der, text.encode(), ec.ECDSA(hashes.SHA256()))
    assert value(lua, f"accepted('{token}', '{alg}', public)") == "true"
    assert value(lua, f"accepted('x{token}', '{alg}', public)") == "false"


def test_locked_keys_open_with_their_password_alone(lua: Session, keys: Path) -> None:
    """Those of every call that takes a private key."""
    for name in ("rsa", "ec"):
        locked = f"file '{keys}/{name}.locked'"
        signed = f"crypto.sign(digest 'data', {locked}, {{password = %s}})"
        verified = f"crypto.verify({signed % repr(PASSWORD)}, file '{keys}/{name}.pub', digest 'data')"
        assert value(lua, verified) == "true"
        assert value(lua, f"#crypto.keyparams({locked}, {PASSWORD!r}) > 0") == "true"
        assert value(lua, f"crypto.keysize({locked}, {PASSWORD!r}) > 0") == "true"
        for wrong in ("'x'", "''", "nil"):
            assert value(lua, signed % wrong) == "nil\t'Invalid key'"
            assert value(lua, f"crypto.keysize({locked}, {wrong})") == "nil\t'Invalid key'"
            assert value(lua, f"crypto.keyparams({locked}, {wrong})") == "nil\t'failed'"
    run(lua, f"text = crypto.encrypt('data', file '{keys}/rsa.pub')")
    assert (
        value(lua, f"crypto.decrypt(text, file '{keys}/rsa.locked', {{password = '{PASSWORD}'}})") == "'data'"
    )
    assert value(lua, f"crypto.decrypt(text, file '{keys}/rsa.locked')") == "nil\t'Invalid key'"


def test_keys_tell_their_size_and_numbers(lua: Session, keys: Path) -> None:
    """As `openssl` does; the exponent comes in words of four bytes. These two do not take certificates."""
    modulus = openssl(keys, "rsa -in rsa.key -noout -modulus").decode().strip().partition("=")[2].lower()
    point = openssl(keys, "pkey -in ec.key -pubout -outform DER").hex()[-128:]
    for end in ("key", "pub"):
        run(lua, f"rsa, ec = file '{keys}/rsa.{end}', file '{keys}/ec.{end}'")
        assert value(lua, "crypto.keysize(rsa)") == "256\t'RSA'"
        assert value(lua, "crypto.keysize(ec)") == "72\t'ECC'"
        run(lua, "n, e = crypto.keyparams(rsa)")
        assert value(lua, "hex(n), hex(e)") == f"'{modulus}'\t'00010001'"
        run(lua, "x, y = crypto.keyparams(ec)")
        assert value(lua, "hex(x .. y)") == f"'{point}'"
    for name in ("server", "ec"):
        run(lua, f"certificate = file '{certificates()}/{name}.pem'")
        assert value(lua, "crypto.keysize(certificate)") == "nil\t'Invalid key'"
        assert value(lua, "crypto.keyparams(certificate)") == "nil\t'failed'"


def test_a_curve_signature_comes_apart_into_two_numbers_and_together_again(lua: Session, keys: Path) -> None:
    """Both as long as a coordinate; anything else is not a signature."""
    run(lua, f"signature = crypto.sign(digest 'data', file '{keys}/ec.key')")
    run(lua, f"save('{keys}/ec.sig', signature) r, s = crypto.sigparams(signature)")
    said = openssl(keys, "asn1parse -inform DER -in ec.sig").decode()
    numbers = [line.rpartition(":")[2].lower().zfill(64) for line in said.splitlines() if "INTEGER" in line]
    assert value(lua, "hex(r), hex(s)") == "\t".join(f"'{number}'" for number in numbers)
    assert value(lua, "crypto.sigparams(r, s) == signature") == "true"
    for wrong in ("''", "'x'", "signature .. 'x'", "signature:sub(1, -2)", "('x'):rep(1000)"):
        assert value(lua, f"crypto.sigparams({wrong})") == "nil\t'invalid'"
    for wrong in ("'', 's'", "'r', '\\0\\0'", "'r', ('s'):rep(67)"):
        assert value(lua, f"crypto.sigparams({wrong})") == "nil\t'invalid'"


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        ("crypto.sign(digest 'x', 'garbage')", "Invalid key"),
        ("crypto.sign(digest 'x', RSA_PUB)", "Invalid key"),
        ("crypto.sign(digest 'x', RSA:sub(1, 900))", "Invalid key"),
        ("crypto.sign(digest 'x', RSA .. (' '):rep(8192))", "Invalid key"),
        ("crypto.sign('hello', RSA)", "failed"),
        ("crypto.sign('hello', EC)", "failed"),
        ("crypto.sign(('x'):rep(200), RSA)", "failed"),
        ("crypto.sign(digest 'x', RSA, {padding = 'oaep'})", "failed"),
        ("crypto.verify('s', '', digest 'x')", "Invalid key"),
        ("crypto.verify('s', ED, digest 'x')", "Invalid key"),
        ("crypto.verify('s', RSA_PUB .. (' '):rep(65536), digest 'x')", "Invalid key"),
        ("crypto.verify('s', RSA)", "Incorrect use"),
        ("crypto.verify('s', digest 'x', {})", "Incorrect use"),
        ("crypto.verify('s', digest 'x', {x = 'x'})", "Incorrect use"),
        ("crypto.verify('s', digest 'x', {x = ('x'):rep(32), y = ('y'):rep(32)})", "Invalid key"),
        ("crypto.verify('s', digest 'x', {x = 'x', y = 'y'})", "Invalid key"),
        ("crypto.verify('s', digest 'x', {n = 'n', e = 'e'})", "Invalid key"),
        ("crypto.verify('s', digest 'x', {n = ('n'):rep(1 << 20), e = '\\1\\0\\1'})", "Invalid key"),
        ("crypto.encrypt(('x'):rep(246), RSA_PUB)", "failed"),
        ("crypto.encrypt('x', RSA_PUB, {padding = 'none'})", "failed"),
        ("crypto.encrypt(('\\255'):rep(256), RSA_PUB, {padding = 'none'})", "failed"),
        ("crypto.encrypt('x', EC_PUB)", "Incorrect use"),
        ("crypto.encrypt('x', 'garbage')", "Invalid key"),
        ("crypto.decrypt('x', RSA)", "failed"),
        ("crypto.decrypt(('\\1'):rep(256), RSA)", "failed"),
        ("crypto.decrypt(('\\255'):rep(256), RSA)", "failed"),
        ("crypto.decrypt('x', EC)", "Incorrect use"),
        ("crypto.decrypt('x', RSA_PUB)", "Invalid key"),
        ("crypto.decrypt(('x'):rep(256), RSA, {padding = 'oaep'})", "failed"),
        ("crypto.keysize 'garbage'", "Invalid key"),
        ("crypto.keysize(ED)", "Invalid key"),
        ("crypto.keyparams(ED)", "failed"),
    ],
)
def test_wrong_keys_and_data_are_a_reason(lua: Session, keys: Path, call: str, reason: str) -> None:
    """Never an error that is raised."""
    for name in ("rsa.key", "rsa.pub", "ec.key", "ec.pub", "ed.key"):
        run(lua, f"{name.upper().replace('.KEY', '').replace('.', '_')} = file '{keys}/{name}'")
    assert value(lua, call) == f"nil\t'{reason}'"


def test_a_wrong_signature_is_false_and_no_error(lua: Session, keys: Path) -> None:
    """Of any length, for any key, and for something that is not a digest."""
    for name in ("rsa", "ec"):
        run(lua, f"key = file '{keys}/{name}.pub'")
        for signature in ("''", "'x'", "('x'):rep(256)", "('x'):rep(100000)"):
            assert value(lua, f"crypto.verify({signature}, key, digest 'data')") == "false"
        assert value(lua, "crypto.verify('x', key, 'hello')") == "false"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("crypto.sign('x', 'k', {padding = 'pss'})", "Unknown padding"),
        ("crypto.verify('x', 'k', 'd', {padding = 1})", "Unknown padding"),
        ("crypto.encrypt('x', 'k', {padding = 'PKCS1'})", "Unknown padding"),
        ("crypto.encrypt('x', 'k', {padding = 'oaep', hashid = 'md5'})", "Unknown hash algorithm"),
        ("crypto.sign('x', 'k', {password = 1})", "option 'password': string expected, got number"),
        ("crypto.sign('x', 'k', 'op')", "bad argument #3 to 'sign' (table expected, got string)"),
        ("crypto.sign('x')", "bad argument #2 to 'sign' (string expected, got no value)"),
        ("crypto.verify('x')", "bad argument #2 to 'verify' (string expected, got no value)"),
        ("crypto.verify('x', 's', 'k', 1)", "bad argument #4 to 'verify' (table expected, got number)"),
        ("crypto.decrypt({}, 'k')", "bad argument #1 to 'decrypt' (string expected, got table)"),
        ("crypto.keysize()", "bad argument #1 to 'keysize' (string expected, got no value)"),
        ("crypto.keyparams('k', {})", "bad argument #2 to 'keyparams' (string expected, got table)"),
        ("crypto.sigparams {}", "bad argument #1 to 'sigparams' (string expected, got table)"),
        ("crypto.sigparams('r', {})", "bad argument #2 to 'sigparams' (string expected, got table)"),
    ],
)
def test_wrong_arguments_of_key_functions_raise(lua: Session, call: str, message: str) -> None:
    """With the position of the caller, and nothing of the arguments' content."""
    assert raised(lua, call) == f"program:1: {message}"


def test_hashid_counts_for_oaep_alone(lua: Session, keys: Path) -> None:
    """The hash of a signature is told by the digest's length, and unknown options are not looked at."""
    run(lua, f"key = file '{keys}/rsa.key' plain = crypto.sign(digest 'x', key)")
    for op in ("{hashid = 'sha1'}", "{hashid = 'x'}", "{nopadding = true}", "{padding = 'none'}"):
        assert value(lua, f"crypto.sign(digest 'x', key, {op}) == plain") == "true"


def test_no_error_path_shows_a_key_or_a_password(keys: Path) -> None:
    """Every call that takes one, with everything in the wrong place; what it returns or raises is traced."""
    with crypto_session() as lua:
        run(
            lua,
            f"""
            local password, key, locked = "{PASSWORD}", file "{keys}/rsa.key", file "{keys}/rsa.locked"
            local values = {{password, key, locked, key:sub(1, 900), {{password}}, {{password = password}}}}
            for name in pairs(crypto) do
              for _, a in ipairs(values) do for _, b in ipairs(values) do for _, c in ipairs(values) do
                local ok, nothing, why = pcall(crypto[name], a, b, c)
                if not ok then trace(name, nothing) elseif not nothing then trace(name, why) end
              end end end
            end
            local h = crypto.hash("hmac", "sha1", key)
            local c = crypto.symmetric("GCM", password:rep(3):sub(1, 32), password:sub(1, 12))
            trace(tostring(h), tostring(c))
            ba.socket.event(function() error(c) end)
            """,
        )
        lua.settle()
        everything = repr(lua.recorder.events)
    assert "Invalid key" in everything
    assert "failed" in everything
    assert "BASYMMETRIC" in everything
    assert PASSWORD not in everything
    for name in ("rsa.key", "rsa.locked"):
        lines = (keys / name).read_text().splitlines()
        assert not [line for line in lines if len(line) > 40 and line in everything]
