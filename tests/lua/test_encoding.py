"""Base64 and URL encoding: `ba.b64encode`, `ba.urlencode` and their family."""

from __future__ import annotations

import base64
import random
import zlib
from urllib.parse import unquote_to_bytes

import pytest

from ba_runtime import _base64, _deflate

from ._chunks import Chunks

HOST = {
    "b64encode": _base64.encode,
    "b64urlencode": _base64.encode_for_url,
    "b64decode": _base64.decode,
    "deflate": _deflate.deflate,
}


@pytest.fixture
def lua() -> Chunks:
    """A state with the functions as globals."""
    chunks = Chunks(HOST)
    chunks.run("for name, f in pairs(import 'data/encoding') do _G[name] = f end")
    return chunks


@pytest.mark.parametrize("size", [0, 1, 2, 3, 4, 57, 1000])
def test_base64_gives_back_every_byte(lua: Chunks, size: int) -> None:
    """In both alphabets, with padding and without."""
    data = random.Random(size).randbytes(size)
    lua.run("data = '" + "".join(f"\\x{byte:02x}" for byte in data) + "'")
    assert lua.run("return b64encode(data)") == base64.b64encode(data)
    assert lua.run("return b64urlencode(data, true)") == base64.urlsafe_b64encode(data)
    assert lua.run("return b64urlencode(data)") == base64.urlsafe_b64encode(data).rstrip(b"=")
    for encoded in ("b64encode(data)", "b64urlencode(data)", "b64urlencode(data, true)"):
        assert lua.run(f"return b64decode({encoded})") == data


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("aGVs\r\n bG8=", b"hello"),
        ("aGVs*bG\xff8", b"hello"),
        ("-_+/", b"\xfb\xff\xbf"),
        ("a", b""),
        ("aGVsbG8sa", b"hello,"),
        ("YQ==YWI=", b"a\x06\x16"),
        ("YWI\0YWI", b"ab"),
        ("====", b""),
    ],
)
def test_decoding_makes_the_best_of_a_text(lua: Chunks, text: str, data: bytes) -> None:
    """Foreign characters, either alphabet, half a byte, and what stands behind the padding."""
    assert lua.run(f"return b64decode('{text.encode('unicode_escape').decode()}')") == data


def test_urlencode_leaves_alone_what_the_original_does(lua: Chunks) -> None:
    """All 255 bytes but NUL: some punctuation and what breaks lines become %xx, in small letters."""
    encoded = lua.run(
        "local t = {} for c = 1, 255 do t[c] = urlencode(string.char(c)) end return table.concat(t)"
    )
    changed = b"\t\n\r #$%&'+,;<=>?@[\\]^`{|}~"
    assert encoded == b"".join(b"%%%02x" % c if c in changed else bytes([c]) for c in range(1, 256))


@pytest.mark.parametrize(
    ("text", "decoded"),
    [
        ("a%20b+c", b"a b c"),
        ("%e2%82%AC", "€".encode()),
        ("%", b"%"),
        ("%4", b"%4"),
        ("%zz%41", b"%zzA"),
        ("%2541", b"%41"),
        ("%u20ac%u0041", "€A".encode()),
        ("%u20a%u", b"%u20a%u"),
        ("%ud83d", b"\xed\xa0\xbd"),
    ],
)
def test_urldecode_reads_what_is_encoded(lua: Chunks, text: str, decoded: bytes) -> None:
    """Once, and nothing else."""
    assert lua.run(f"return urldecode('{text}')") == decoded


def test_urldecode_undoes_urlencode(lua: Chunks) -> None:
    """And agrees with Python's."""
    lua.run("text = '' for c = 1, 255 do text = text .. string.char(c) end")
    assert lua.run("return urldecode(urlencode(text)) == text") is True
    encoded = lua.run("return urlencode(text)")
    assert unquote_to_bytes(encoded) == lua.run("return text")


def test_a_nul_ends_the_text_of_a_url(lua: Chunks) -> None:
    """The original's strings are C's. An encoded one ends it too."""
    assert lua.run("return urlencode('a b\\0c'), urldecode('a+b\\0c'), urldecode('a%00b')") == (
        b"a%20b",
        b"a b",
        b"a",
    )


@pytest.mark.parametrize(
    "name", ["b64encode", "b64urlencode", "b64decode", "urlencode", "urldecode", "deflate"]
)
def test_only_strings_and_numbers_are_taken(lua: Chunks, name: str) -> None:
    """Everything else raises at the caller."""
    assert lua.run(f"return {name}(42) ~= nil") is True
    for argument, got in (("", "no value"), ("nil", "nil"), ("{}", "table")):
        message = f"test:1: bad argument #1 to '{name}' (string expected, got {got})"
        assert lua.error(f"{name}({argument})") == message.encode()


@pytest.mark.parametrize(("pad", "got"), [("1", "number"), ("'x'", "string"), ("{}", "table")])
def test_padding_is_a_boolean(lua: Chunks, pad: str, got: str) -> None:
    """Or not there."""
    assert lua.run("return b64urlencode('a', nil), b64urlencode('a', false)") == (b"YQ", b"YQ")
    message = f"test:1: bad argument #2 to 'b64urlencode' (boolean expected, got {got})"
    assert lua.error(f"b64urlencode('a', {pad})") == message.encode()


def test_deflate_writes_what_zlib_reads(lua: Chunks) -> None:
    """Any bytes, and less of them where they repeat."""
    lua.run("data = ('abc\\0\\xff'):rep(1000)")
    written = lua.run("return deflate(data)")
    assert zlib.decompress(written) == lua.run("return data")
    assert len(written) < 100
    assert zlib.decompress(lua.run("return deflate('')")) == b""
