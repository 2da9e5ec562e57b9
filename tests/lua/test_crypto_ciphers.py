"""`ba.crypto.symmetric`: known answers, what is refused, and other implementations at the other side."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESCCM, AESGCM

from ._crypto import crypto_session, make_keys, openssl, raised, run, value
from ._programs import Session


@pytest.fixture(scope="module")
def lua() -> Iterator[Session]:
    """A runtime with helpers for files and hexadecimal digits."""
    with crypto_session() as fresh:
        yield fresh


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with keys."""
    return make_keys(tmp_path_factory.mktemp("keys"))


# NIST SP 800-38A section F.2.1.
CBC_KEY = "2b7e151628aed2a6abf7158809cf4f3c"
CBC_VECTOR = "000102030405060708090a0b0c0d0e0f"
CBC_PLAIN = "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"
CBC_TEXT = "7649abac8119b246cee98e9b12e9197d5086cb9b507219ee95db113a917678b2"


def test_cbc_gives_the_text_of_the_standard_at_once_and_in_pieces(lua: Session) -> None:
    """In both directions; a later call goes on where the one before has ended."""
    for direction, call, given, expected in (
        ("encrypt", "encrypt", CBC_PLAIN, CBC_TEXT),
        ("decrypt", "decrypt", CBC_TEXT, CBC_PLAIN),
    ):
        run(
            lua,
            f"""
            local function new()
              return crypto.symmetric("CBC", bytes "{CBC_KEY}", bytes "{CBC_VECTOR}", "{direction}")
            end
            data, one, two = bytes "{given}", new(), new()
            whole = hex(one:{call}(data))
            pieces = hex(two:{call}(data:sub(1, 16)) .. two:{call} "" .. two:{call}(data:sub(17)))
            """,
        )
        assert value(lua, "whole, pieces") == f"'{expected}'\t'{expected}'"


# The GCM specification's test case 3; RFC 3610 has no vector with a nonce of twelve bytes.
GCM_KEY, GCM_VECTOR = "feffe9928665731c6d6a8f9467308308", "cafebabefacedbaddecaf888"
GCM_PLAIN = (
    "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
    "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255"
)
GCM_TEXT = (
    "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e"
    "21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091473f5985"
)
GCM_TAG = "4d5c2af327cd64a62cf35abd2ba6fab4"


def test_gcm_gives_the_text_of_the_specification(lua: Session) -> None:
    """Every call of an object begins anew."""
    run(lua, f"c = crypto.symmetric('GCM', bytes '{GCM_KEY}', bytes '{GCM_VECTOR}')")
    for _ in range(2):
        run(lua, f"text, tag = c:encrypt(bytes '{GCM_PLAIN}')")
        assert value(lua, "hex(text), hex(tag)") == f"'{GCM_TEXT}'\t'{GCM_TAG}'"
        assert value(lua, "hex(c:decrypt(text, tag))") == f"'{GCM_PLAIN}'"


@pytest.mark.parametrize("mode", ["GCM", "CCM"])
@pytest.mark.parametrize("key_bytes", [16, 32])
def test_cryptography_unseals_what_we_sealed_and_we_what_it_did(
    lua: Session, mode: str, key_bytes: int
) -> None:
    """With what is protected beside."""
    key, nonce, data, known = b"k" * key_bytes, b"n" * 12, b"data of 16 bytes", b"head"
    theirs = {"GCM": AESGCM, "CCM": AESCCM}[mode](key).encrypt(nonce, data, known)
    run(lua, f"c = crypto.symmetric('{mode}', ('k'):rep({key_bytes}), ('n'):rep(12)) c:setauth 'head'")
    run(lua, "text, tag = c:encrypt 'data of 16 bytes'")
    assert value(lua, "hex(text .. tag)") == f"'{theirs.hex()}'"
    assert value(lua, "c:decrypt(text, tag)") == "'data of 16 bytes'"


@pytest.mark.parametrize("mode", ["GCM", "CCM"])
def test_nothing_that_was_changed_is_unsealed(lua: Session, mode: str) -> None:
    """Neither text nor tag nor what is protected beside, which setauth names without a result."""
    run(
        lua,
        f"""
        function new(auth)
          local c = crypto.symmetric("{mode}", ("k"):rep(32), ("n"):rep(12))
          assert(select("#", c:setauth(auth)) == 0)
          return c
        end
        text, tag = new "head":encrypt("eight by")
        other = string.char(text:byte() ~ 1) .. text:sub(2)
        """,
    )
    assert value(lua, "(new 'head':decrypt(text, tag))") == "'eight by'"
    for call in ("new 'head':decrypt(other, tag)", "new 'other':decrypt(text, tag)"):
        assert value(lua, call) == "nil\t'decrypt failed'"
    assert value(lua, "new 'head':decrypt(text, ('x'):rep(16))") == "nil\t'decrypt failed'"


@pytest.mark.parametrize(("mode", "block"), [("GCM", 8), ("CCM", 8), ("CBC", 16)])
def test_padding_brings_back_data_of_every_length(lua: Session, mode: str, block: int) -> None:
    """It fills up blocks of 8 bytes with GCM and CCM, and whole blocks get a block more."""
    run(
        lua,
        f"""
        local mode, block = "{mode}", {block}
        local function new(direction)
          return crypto.symmetric(mode, ("k"):rep(32), ("v"):rep(mode == "CBC" and 16 or 12), direction)
        end
        for size = 0, 50 do
          local data = ("d"):rep(size)
          local text, tag = new "encrypt":encrypt(data, "PKCS7")
          assert(#text == size // block * block + block and (tag == nil) == (mode == "CBC"))
          local plain
          if tag then plain = new():decrypt(text, tag, "PKCS7")
          else plain = new "decrypt":decrypt(text, "PKCS7") end
          assert(plain == data)
        end
        """,
    )


def test_wrong_padding_is_no_data(lua: Session) -> None:
    """What decrypts to no padding at all; padding to 16 bytes, as others have it with GCM, is padding."""
    run(lua, "g = crypto.symmetric('GCM', ('k'):rep(16), ('v'):rep(12))")
    run(lua, "c = function(way) return crypto.symmetric('CBC', ('k'):rep(16), ('v'):rep(16), way) end")
    for plain in ("('d'):rep(16)", "('\\0'):rep(16)", "('d'):rep(14) .. '\\1\\2'", "('\\17'):rep(32)"):
        run(lua, f"text, tag = g:encrypt({plain})")
        assert value(lua, "g:decrypt(text, tag, 'PKCS7')") == "nil\t'decrypt failed'"
        run(lua, f"text = c 'encrypt':encrypt({plain})")
        assert value(lua, "c 'decrypt':decrypt(text, 'PKCS7')") == "nil\t'decrypt failed'"
    assert value(lua, "c 'decrypt':decrypt('', 'PKCS7')") == "nil\t'decrypt failed'"
    run(lua, "text, tag = g:encrypt('12345' .. ('\\11'):rep(11))")
    assert value(lua, "g:decrypt(text, tag, 'PKCS7')") == "'12345'"


CIPHERS = """
local K, V = ("k"):rep(16), ("v"):rep(12)
local G, C = crypto.symmetric("GCM", K, V), crypto.symmetric("CCM", K, V)
local E = crypto.symmetric("CBC", K, K, "encrypt")
local D = crypto.symmetric("CBC", K, K, "decrypt")
""".replace("\n", " ")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("crypto.symmetric('CTR', K, K)", "Unknown cipher"),
        ("crypto.symmetric('gcm', K, V)", "Unknown cipher"),
        ("crypto.symmetric('AES-GCM', K, V)", "Unknown cipher"),
        ("crypto.symmetric('GCM', ('k'):rep(24), V)", "Key length must be 16 or 32"),
        ("crypto.symmetric('GCM', K, K)", "IV len must be 12"),
        ("crypto.symmetric('CCM', K, '')", "IV len must be 12"),
        ("crypto.symmetric('CBC', K, V, 'encrypt')", "IV len must be 16"),
        ("crypto.symmetric('GCM')", "bad argument #2 to 'symmetric' (string expected, got no value)"),
        ("crypto.symmetric('GCM', K)", "bad argument #3 to 'symmetric' (string expected, got no value)"),
        ("crypto.symmetric('CBC', K, K)", "bad argument #4 to 'symmetric' (string expected, got no value)"),
        ("G:encrypt 'half'", "Invalid block length"),
        ("C:decrypt('half', K)", "Invalid block length"),
        ("E:encrypt '8 bytes.'", "Invalid block length"),
        ("D:decrypt '8 bytes.'", "Invalid block length"),
        ("D:decrypt('8 bytes.', 'PKCS7')", "Invalid block length"),
        ("E:decrypt(K)", "Not in decrypt mode"),
        ("D:encrypt(K)", "Not in encrypt mode"),
        ("G:encrypt('x', 'zeros')", "Padding must be PKCS7"),
        ("D:decrypt(K, 'zeros')", "Padding must be PKCS7"),
        ("C:encrypt(('x'):rep(1 << 24))", "CCM takes at most 16777207 bytes"),
        ("G:decrypt(K, 'short tag')", "Arg 2: tag len must be 16"),
        ("G:decrypt 'x'", "bad argument #2 to 'decrypt' (string expected, got no value)"),
        ("G.setauth({}, 'x')", "bad argument #1 to 'setauth' (BASYMMETRIC expected, got table)"),
        ("G.decrypt({}, 'x')", "bad argument #1 to 'decrypt' (BASYMMETRIC expected, got table)"),
        ("G.encrypt({}, 'x')", "bad argument #1 to 'encrypt' (BASYMMETRIC expected, got table)"),
    ],
)
def test_wrong_arguments_of_ciphers_raise(lua: Session, call: str, message: str) -> None:
    """With the position of the caller."""
    assert raised(lua, f"{CIPHERS} {call}") == f"program:1: {message}"


def test_openssl_deciphers_what_we_enciphered_by_cbc(lua: Session, keys: Path) -> None:
    """And the other way round."""
    key, iv = "00112233445566778899aabbccddeeff" * 2, "0f" * 16
    arguments = f"'CBC', bytes '{key}', bytes '{iv}'"
    run(
        lua,
        f"save('{keys}/ours', crypto.symmetric({arguments}, 'encrypt'):encrypt(file '{keys}/data', 'PKCS7'))",
    )
    assert openssl(keys, f"enc -d -aes-256-cbc -K {key} -iv {iv} -in ours") == (keys / "data").read_bytes()
    openssl(keys, f"enc -aes-256-cbc -K {key} -iv {iv} -in data -out theirs")
    run(lua, f"data = crypto.symmetric({arguments}, 'decrypt'):decrypt(file '{keys}/theirs', 'PKCS7')")
    assert value(lua, f"data == file '{keys}/data'") == "true"
