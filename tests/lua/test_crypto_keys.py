"""`ba.crypto`, what key pairs are for: signatures and encryption, with `openssl` at the other side."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ._crypto import ALGORITHMS, PASSWORD, crypto_session, make_keys, openssl, raised, run, value
from ._programs import Session
from ._tls import certificates


@pytest.fixture(scope="module")
def lua() -> Iterator[Session]:
    """A runtime with helpers for files and hexadecimal digits."""
    with crypto_session() as fresh:
        yield fresh


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with keys."""
    return make_keys(tmp_path_factory.mktemp("keys"))


@pytest.mark.parametrize("name", ["rsa", "ec"])
@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("kind", ["PKCS1", "PSS"])
def test_openssl_verifies_our_signatures_and_we_verify_its(
    lua: Session, keys: Path, name: str, algorithm: str, kind: str
) -> None:
    """With the public key, and with the public half of the private one; changed data is refused by both."""
    pss = "-sigopt rsa_padding_mode:pss" if (name, kind) == ("rsa", "PSS") else ""
    op = f"{{hash = '{algorithm}', type = '{kind}'}}"
    run(lua, f"save('{keys}/ours', crypto.sign(file '{keys}/data', file '{keys}/{name}.key', {op}))")
    said = openssl(keys, f"dgst -{algorithm} {pss} -verify {name}.pub -signature ours data")
    assert b"Verified OK" in said
    openssl(keys, f"dgst -{algorithm} {pss} -sign {name}.key -out theirs data")
    for key in ("pub", "key"):
        run(lua, f"key = file '{keys}/{name}.{key}'")
        verify = f"crypto.verify(file '{keys}/data' .. MORE, file '{keys}/theirs', key, {op})"
        assert value(lua, verify.replace("MORE", "''")) == "true"
        assert value(lua, verify.replace("MORE", "'x'")) == "false"


@pytest.mark.parametrize(
    ("op", "options"),
    [
        ("nil", "rsa_padding_mode:pkcs1"),
        ("{type = 'OAEP', hash = 'sha1'}", "rsa_padding_mode:oaep"),
        (
            "{type = 'OAEP'}",
            "rsa_padding_mode:oaep -pkeyopt rsa_oaep_md:sha256 -pkeyopt rsa_mgf1_md:sha256",
        ),
        (
            "{type = 'OAEP', hash = 'sha512', label = 'AB'}",
            "rsa_padding_mode:oaep -pkeyopt rsa_oaep_md:sha512 -pkeyopt rsa_mgf1_md:sha512 "
            "-pkeyopt rsa_oaep_label:4142",
        ),
    ],
)
def test_openssl_decrypts_what_we_encrypted_and_we_decrypt_its(
    lua: Session, keys: Path, op: str, options: str
) -> None:
    """In either padding."""
    run(lua, f"save('{keys}/ours', crypto.encrypt(file '{keys}/short', file '{keys}/rsa.pub', {op}))")
    short = (keys / "short").read_bytes()
    assert openssl(keys, f"pkeyutl -decrypt -inkey rsa.key -pkeyopt {options} -in ours") == short
    openssl(keys, f"pkeyutl -encrypt -pubin -inkey rsa.pub -pkeyopt {options} -in short -out theirs")
    assert (
        value(
            lua, f"crypto.decrypt(file '{keys}/theirs', file '{keys}/rsa.key', {op}) == file '{keys}/short'"
        )
        == "true"
    )


def test_locked_keys_open_with_their_password_alone(lua: Session, keys: Path) -> None:
    """Those of every call that takes a private key."""
    for name in ("rsa", "ec"):
        locked = f"file '{keys}/{name}.locked'"
        signed = f"crypto.sign('data', {locked}, {{password = %s}})"
        assert (
            value(lua, f"crypto.verify('data', {signed % repr(PASSWORD)}, file '{keys}/{name}.pub')")
            == "true"
        )
        for wrong in ("'x'", "''", "nil"):
            assert value(lua, signed % wrong) == "nil\t'pem_key_passphrase_required'"
            assert value(lua, f"crypto.keysize({locked}, {wrong})") == "nil\t'pem_key_passphrase_required'"
            assert value(lua, f"crypto.keyparams({locked}, {wrong})") == "nil\t'pem_key_passphrase_required'"
    text = f"crypto.encrypt('data', file '{keys}/rsa.pub')"
    assert (
        value(lua, f"crypto.decrypt({text}, file '{keys}/rsa.locked', {{password = '{PASSWORD}'}})")
        == "'data'"
    )
    assert value(lua, f"crypto.decrypt({text}, file '{keys}/rsa.locked')") == (
        "nil\t'pem_key_passphrase_required'"
    )


def test_keys_tell_their_size_and_numbers(lua: Session, keys: Path) -> None:
    """As `openssl` does; the same of a private key, a public one and a certificate."""
    modulus = openssl(keys, "rsa -in rsa.key -noout -modulus").decode().strip().partition("=")[2].lower()
    point = openssl(keys, "pkey -in ec.key -pubout -outform DER").hex()[-128:]
    for end in ("key", "pub"):
        run(lua, f"rsa, ec = file '{keys}/rsa.{end}', file '{keys}/ec.{end}'")
        assert value(lua, "crypto.keysize(rsa), crypto.keysize(ec)") == "256\t32"
        run(lua, "r, e = crypto.keyparams(rsa), crypto.keyparams(ec)")
        assert value(lua, "r.type, hex(r.n), hex(r.e)") == f"'RSA'\t'{modulus}'\t'010001'"
        assert value(lua, "e.type, e.curve, hex(e.x .. e.y)") == f"'EC'\t'P-256'\t'{point}'"
    assert value(lua, f"crypto.keysize(file '{certificates()}/server.pem')") == "256"
    assert value(lua, f"crypto.keyparams(file '{certificates()}/ec.pem').curve") == "'P-256'"


def test_a_curve_signature_comes_apart_into_two_numbers(lua: Session, keys: Path) -> None:
    """Both as long as a coordinate; anything else is no signature."""
    run(lua, f"signature = crypto.sign('data', file '{keys}/ec.key')  r, s = crypto.sigparams(signature)")
    run(lua, f"save('{keys}/ec.sig', signature)")
    said = openssl(keys, "asn1parse -inform DER -in ec.sig").decode()
    numbers = [line.rpartition(":")[2].lower().zfill(64) for line in said.splitlines() if "INTEGER" in line]
    assert value(lua, "hex(r), hex(s)") == "\t".join(f"'{number}'" for number in numbers)
    for wrong in ("''", "'x'", "signature .. 'x'", "signature:sub(1, -2)", "('x'):rep(1000)"):
        assert value(lua, f"crypto.sigparams({wrong})") == "nil\t'signature'"


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        ("crypto.sign('x', 'garbage')", "pem_key_unrecognized_format"),
        ("crypto.sign('x', RSA_PUB)", "pem_key_unrecognized_format"),
        ("crypto.sign('x', RSA:sub(1, 900))", "pem_key_unrecognized_format"),
        ("crypto.sign('x', RSA .. (' '):rep(8192))", "pem_key_unsupported_format"),
        ("crypto.verify('x', 's', '')", "pem_key_unrecognized_format"),
        ("crypto.verify('x', 's', RSA_PUB .. (' '):rep(65536))", "pem_key_unsupported_format"),
        ("crypto.encrypt(('x'):rep(246), RSA_PUB)", "length"),
        ("crypto.encrypt('x', EC_PUB)", "keytype"),
        ("crypto.decrypt('x', RSA)", "length"),
        ("crypto.decrypt('x', EC)", "keytype"),
        ("crypto.decrypt(('x'):rep(256), RSA, {type = 'OAEP'})", "padding"),
        (
            "crypto.decrypt(crypto.encrypt('x', RSA, {type = 'OAEP'}), RSA, {type = 'OAEP', label = 'l'})",
            "padding",
        ),
        ("crypto.keysize 'garbage'", "pem_key_unrecognized_format"),
        ("crypto.keyparams(ED)", "pem_key_unsupported_format"),
    ],
)
def test_wrong_keys_and_data_are_a_reason(lua: Session, keys: Path, call: str, reason: str) -> None:
    """Never an error that is raised."""
    for name in ("rsa.key", "rsa.pub", "ec.key", "ec.pub", "ed.key"):
        run(lua, f"{name.upper().replace('.KEY', '').replace('.', '_')} = file '{keys}/{name}'")
    assert value(lua, call) == f"nil\t'{reason}'"


def test_a_wrong_signature_is_false_and_no_error(lua: Session, keys: Path) -> None:
    """Of any length, for any key."""
    for name in ("rsa", "ec"):
        for signature in ("''", "'x'", "('x'):rep(256)", "('x'):rep(100000)"):
            assert value(lua, f"crypto.verify('data', {signature}, file '{keys}/{name}.pub')") == "false"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("crypto.sign('x', 'k', {hash = 'nosuch'})", "Unknown hash algorithm"),
        ("crypto.sign('x', 'k', {type = 'OAEP'})", "Unknown type"),
        ("crypto.encrypt('x', 'k', {type = 'PSS'})", "Unknown type"),
        ("crypto.encrypt('x', 'k', {type = 'OAEP', hash = 'md5'})", "Unknown hash algorithm"),
        ("crypto.sign('x', 'k', {password = 1})", "option 'password': string expected, got number"),
        ("crypto.sign('x', 'k', 'op')", "bad argument #3 to 'sign' (table expected, got string)"),
        ("crypto.sign('x')", "bad argument #2 to 'sign' (string expected, got no value)"),
        ("crypto.verify('x', 's')", "bad argument #3 to 'verify' (string expected, got no value)"),
        ("crypto.verify('x', 's', 'k', 1)", "bad argument #4 to 'verify' (table expected, got number)"),
        ("crypto.decrypt({}, 'k')", "bad argument #1 to 'decrypt' (string expected, got table)"),
        ("crypto.keysize()", "bad argument #1 to 'keysize' (string expected, got no value)"),
        ("crypto.keyparams('k', {})", "bad argument #2 to 'keyparams' (string expected, got table)"),
        ("crypto.sigparams {}", "bad argument #1 to 'sigparams' (string expected, got table)"),
    ],
)
def test_wrong_arguments_of_key_functions_raise(lua: Session, call: str, message: str) -> None:
    """With the position of the caller, and nothing of the arguments' content."""
    assert raised(lua, call) == f"program:1: {message}"


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
            local c = crypto.symmetric("GCM", password:rep(3):sub(1, 32), password)
            trace(tostring(h), tostring(c))
            ba.socket.event(function() error(c) end)
            """,
        )
        lua.settle()
        everything = repr(lua.recorder.events)
    assert "pem_key_passphrase_required" in everything
    assert "pem_key_unrecognized_format" in everything
    assert "BASYMMETRIC" in everything
    assert PASSWORD not in everything
    for name in ("rsa.key", "rsa.locked"):
        lines = (keys / name).read_text().splitlines()
        assert not [line for line in lines if len(line) > 40 and line in everything]
