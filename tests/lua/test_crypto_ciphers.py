"""`ba.crypto.symmetric`: known answers, what is refused, and `openssl` at the other side."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

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


# NIST SP 800-38A appendix F.
AES_KEY = "2b7e151628aed2a6abf7158809cf4f3c"
AES_TEXT = "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"
MODES = [
    ("AES-ECB", "", "3ad77bb40d7a3660a89ecaf32466ef97f5d3d58503b9699de785895a96fdbaaf"),
    (
        "CBC",
        "000102030405060708090a0b0c0d0e0f",
        "7649abac8119b246cee98e9b12e9197d5086cb9b507219ee95db113a917678b2",
    ),
    (
        "aes-ctr",
        "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff",
        "874d6191b620e3261bef6864990db6ce9806f66b7970fdff8617187bb9fffdff",
    ),
]


@pytest.mark.parametrize(("mode", "iv", "text"), MODES)
def test_aes_gives_the_texts_of_the_standard(lua: Session, mode: str, iv: str, text: str) -> None:
    """In both directions, and every call begins anew."""
    run(lua, f"c = crypto.symmetric('{mode}', bytes '{AES_KEY}', {f'bytes [[{iv}]]' if iv else 'nil'})")
    for _ in range(2):
        assert value(lua, f"hex(c:encrypt(bytes '{AES_TEXT}'))") == f"'{text}'"
        assert value(lua, f"hex(c:decrypt(bytes '{text}'))") == f"'{AES_TEXT}'"


# The GCM specification's test case 4, RFC 8439 section 2.8.2.
SEALS = [
    (
        "GCM",
        "feffe9928665731c6d6a8f9467308308",
        "cafebabefacedbaddecaf888",
        "feedfacedeadbeeffeedfacedeadbeefabaddad2",
        "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
        "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
        "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e"
        "21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091",
        "5bc94fbc3221a5db94fae95ae7121a47",
    ),
    (
        "CHACHA20-POLY1305",
        "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f",
        "070000004041424344454647",
        "50515253c0c1c2c3c4c5c6c7",
        b"Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, "
        b"sunscreen would be it.".hex(),
        "d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d6"
        "3dbea45e8ca9671282fafb69da92728b1a71de0a9e060b2905d6a5b67ecd3b36"
        "92ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc"
        "3ff4def08e4b7a9de576d26586cec64b6116",
        "1ae10b594f09e26a7e902ecbd0600691",
    ),
]


@pytest.mark.parametrize(("mode", "key", "iv", "auth", "plain", "text", "tag"), SEALS)
def test_sealing_ciphers_give_the_texts_of_the_standards(
    lua: Session, mode: str, key: str, iv: str, auth: str, plain: str, text: str, tag: str
) -> None:
    """And give nothing once the text, the tag or what is protected beside was changed."""
    run(
        lua,
        f"""
        c = crypto.symmetric('{mode}', bytes '{key}', bytes '{iv}'):setauth(bytes '{auth}')
        text, tag = c:encrypt(bytes '{plain}')
        """,
    )
    assert value(lua, "hex(text), hex(tag)") == f"'{text}'\t'{tag}'"
    assert value(lua, "hex(c:decrypt(text, tag))") == f"'{plain}'"
    other = "string.char(text:byte() ~ 1) .. text:sub(2)"
    assert value(lua, f"c:decrypt({other}, tag)") == "nil\t'tag'"
    for wrong in ("text", "''", "tag:sub(1, 15)", "tag .. 'x'", "('x'):rep(16)"):
        assert value(lua, f"c:decrypt(text, {wrong})") == "nil\t'tag'"
    assert value(lua, "c:setauth('other'):decrypt(text, tag)") == "nil\t'tag'"


@pytest.mark.parametrize("mode", ["GCM", "CBC", "CTR", "ECB", "CHACHA20"])
def test_padding_brings_back_data_of_every_length(lua: Session, mode: str) -> None:
    """Whole blocks get a block more, so that nothing is ambiguous."""
    iv = {"GCM": 12, "CHACHA20": 12, "ECB": 0}.get(mode, 16)
    run(
        lua,
        f"""
        local c = crypto.symmetric("{mode}", ("k"):rep(32), ("v"):rep({iv}))
        local seals = "{mode}" == "GCM" or "{mode}" == "CHACHA20"
        for size = 0, 50 do
          local data = ("d"):rep(size)
          local text, tag = c:encrypt(data, "PKCS7")
          assert(#text == size // 16 * 16 + 16 and (tag ~= nil) == seals)
          if seals then assert(c:decrypt(text, tag, "PKCS7") == data)
          else assert(c:decrypt(text, "PKCS7") == data) end
        end
        """,
    )


@pytest.mark.parametrize("mode", ["CBC", "ECB"])
def test_half_blocks_and_wrong_padding_are_errors(lua: Session, mode: str) -> None:
    """Where nothing fills up the last block."""
    run(lua, f"c = crypto.symmetric('{mode}', ('k'):rep(16), '{('CBC' in mode and 'v' * 16) or ''}')")
    assert value(lua, "c:encrypt 'half'") == "nil\t'length'"
    assert value(lua, "c:decrypt 'half'") == "nil\t'length'"
    assert value(lua, "c:decrypt(c:encrypt(('d'):rep(16)), 'PKCS7')") == "nil\t'padding'"
    assert value(lua, "c:decrypt('', 'PKCS7')") == "nil\t'padding'"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("crypto.symmetric('DES', K)", "Unknown cipher"),
        ("crypto.symmetric('GCM', 'k', V)", "Invalid key length"),
        ("crypto.symmetric('CHACHA20', ('k'):rep(16), 'twelve bytes')", "Invalid key length"),
        ("crypto.symmetric('CBC', K, 'v')", "Invalid IV length"),
        ("crypto.symmetric('ECB', K, V)", "Invalid IV length"),
        ("crypto.symmetric('GCM', K, '')", "Invalid IV length"),
        ("crypto.symmetric('GCM')", "bad argument #2 to 'symmetric' (string expected, got no value)"),
        ("crypto.symmetric('GCM', K)", "bad argument #3 to 'symmetric' (string expected, got no value)"),
        ("local c = crypto.symmetric('ECB', K) c:setauth 'x'", "setauth needs GCM or ChaCha20-Poly1305"),
        ("local c = crypto.symmetric('ECB', K) c:encrypt('x', 'zeros')", "Unknown padding"),
        ("local c = crypto.symmetric('ECB', K) c:decrypt('x', 'zeros')", "Unknown padding"),
        (
            "local c = crypto.symmetric('GCM', K, V) c:decrypt 'x'",
            "bad argument #2 to 'decrypt' (string expected, got no value)",
        ),
        (
            "local c = crypto.symmetric('GCM', K, V) c.encrypt({}, 'x')",
            "bad argument #1 to 'encrypt' (BASYMMETRIC expected, got table)",
        ),
    ],
)
def test_wrong_arguments_of_ciphers_raise(lua: Session, call: str, message: str) -> None:
    """With the position of the caller."""
    assert raised(lua, f"local K, V = ('k'):rep(16), ('v'):rep(16) {call}") == f"program:1: {message}"


@pytest.mark.parametrize("mode", ["cbc", "ctr", "ecb"])
def test_openssl_deciphers_what_we_enciphered(lua: Session, keys: Path, mode: str) -> None:
    """And the other way round."""
    key, iv = "00112233445566778899aabbccddeeff" * 2, "0f" * 16
    vector = "" if mode == "ecb" else f"-iv {iv}"
    lua_iv = "nil" if mode == "ecb" else f"bytes '{iv}'"
    padding = "nil" if mode == "ctr" else "'PKCS7'"
    run(
        lua,
        f"""
        local c = crypto.symmetric("{mode}", bytes "{key}", {lua_iv})
        save("{keys}/{mode}", c:encrypt(file "{keys}/data", {padding}))
        """,
    )
    assert (
        openssl(keys, f"enc -d -aes-256-{mode} -K {key} {vector} -in {mode}") == (keys / "data").read_bytes()
    )
    openssl(keys, f"enc -aes-256-{mode} -K {key} {vector} -in data -out theirs.{mode}")
    run(
        lua,
        f"""
        local c = crypto.symmetric("{mode}", bytes "{key}", {lua_iv})
        assert(c:decrypt(file "{keys}/theirs.{mode}", {padding}) == file "{keys}/data")
        """,
    )
