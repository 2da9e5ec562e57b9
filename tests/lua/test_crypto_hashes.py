"""`ba.crypto.hash`, `sha1` and `PBKDF2`: digests, and keys from passwords."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterator

import pytest

from ba_runtime import _base64, crypto

from ._chunks import Chunks
from ._crypto import ALGORITHMS, crypto_session, raised, run, value
from ._programs import Session


@pytest.fixture(scope="module")
def lua() -> Iterator[Session]:
    """A runtime with helpers for files and hexadecimal digits."""
    with crypto_session() as fresh:
        yield fresh


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("size", [0, 1, 63, 64, 65, 1000, (1 << 18) + 1])
def test_a_digest_is_the_same_however_the_data_comes(lua: Session, algorithm: str, size: int) -> None:
    """At once, in pieces, chained, and again after the digest was taken; hashlib knows what it is."""
    data = (bytes(range(256)) * (size // 256 + 1))[:size]
    expected = f"'{hashlib.new(algorithm, data).hexdigest()}'"
    run(
        lua,
        f"""
        local all = {{}} for i = 0, 255 do all[i + 1] = string.char(i) end
        data = table.concat(all):rep({size // 256 + 1}):sub(1, {size})
        h = crypto.hash "{algorithm}"
    """,
    )
    assert value(lua, "h(data)(true, 'hex')") == expected
    assert value(lua, "hex(h(data)())") == expected
    assert value(lua, "hex(h(data:sub(1, 7))(data:sub(8, 100))(data:sub(101))(true, 'binary'))") == expected
    assert value(lua, "h(true, 'hex')") == f"'{hashlib.new(algorithm).hexdigest()}'"


# RFC 2202 sections 2 and 3, RFC 4231 section 4: key, data, digests by algorithm.
HMAC_CASES = [
    ("0b" * 20, "4869205468657265", "sha1", "b617318655057264e28bc0b6fb378c8ef146be00"),
    ("0b" * 16, "4869205468657265", "md5", "9294727a3638bb1c13f48ef8158bfc9d"),
    (
        "4a656665",
        "7768617420646f2079612077616e7420666f72206e6f7468696e673f",
        "sha256",
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
    ),
    (
        "aa" * 131,  # longer than a block
        "54657374205573696e67204c6172676572205468616e20426c6f636b2d53697a65204b6579202d2048617368204b6579"
        "204669727374",
        "sha256",
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
    ),
]


@pytest.mark.parametrize(("key", "data", "algorithm", "digest"), HMAC_CASES)
def test_hmac_gives_the_digests_of_the_standards(
    lua: Session, key: str, data: str, algorithm: str, digest: str
) -> None:
    """And a second time with the same key, after the first was taken."""
    run(lua, f"h = crypto.hash('hmac', '{algorithm}', bytes '{key}')")
    for _ in range(2):
        assert value(lua, f"h(bytes '{data[:8]}')(bytes '{data[8:]}')(true, 'hex')") == f"'{digest}'"


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_hmac_knows_every_algorithm(lua: Session, algorithm: str) -> None:
    """The key may be of any length, none too."""
    for key in (b"", b"k", b"k" * 1000):
        digest = hmac.new(key, b"data", algorithm).hexdigest()
        assert value(lua, f"crypto.hash('hmac', '{algorithm}', '{key.decode()}')('data')(true, 'hex')") == (
            f"'{digest}'"
        )


def test_a_long_string_is_read_in_any_coroutine(lua: Session) -> None:
    """A user's, a cosocket's, and one within the other; the string is not changed."""
    data = b"some bytes " * 100_000
    run(
        lua,
        """
        data, found = ("some bytes "):rep(100000), {}
        local function add() found[#found + 1] = crypto.hash "sha256" (data)(data:sub(3))(true, "hex") end
        coroutine.wrap(add)()
        ba.socket.event(function() add() coroutine.wrap(add)() end)
        table.sort({1, 2}, function() if #found < 4 then add() end end)
        """,
    )
    lua.settle()
    digest = hashlib.sha256(data + data[2:]).hexdigest()
    assert value(lua, "table.concat(found, ' ')") == f"'{' '.join([digest] * 4)}'"
    assert value(lua, "data == ('some bytes '):rep(100000)") == "true"


def test_a_long_string_crosses_in_pieces_where_it_cannot_be_read_in_place() -> None:
    """As on a platform whose lupa does not export Lua's functions."""
    lua = Chunks({**crypto.functions(), "b64encode": _base64.encode})
    digest = lua.run(
        "return import 'crypto/hash'.new 'sha1' (('x'):rep(1000001))(('y'):rep(300000))(true, 'hex')"
    )
    assert digest == hashlib.sha1(b"x" * 1_000_001 + b"y" * 300_000).hexdigest().encode()


def test_two_digests_do_not_disturb_each_other(lua: Session) -> None:
    """Not even of the same algorithm, nor across cells."""
    run(lua, "a, b = crypto.hash 'sha1', crypto.hash 'sha1' a 'on' b 'tw'")
    run(lua, "a 'e' b 'o'")
    assert value(lua, "a(true, 'hex'), b(true, 'hex')") == "\t".join(
        f"'{hashlib.sha1(word).hexdigest()}'" for word in (b"one", b"two")
    )


DIGEST_BYTES = {"sha1": 20, "sha2": 32}
# RFC 6070 section 2, RFC 7914 section 11.
PBKDF2_CASES = [
    ("'sha1', 'password', 'salt', 1, 20", "0c60c80f961f0e71f3a9b524af6012062fe037a6"),
    ("'sha1', 'password', 'salt', 4096, 20", "4b007901b765489abead49d926f721d065a429c1"),
    ("'sha1', 'pass\\0word', 'sa\\0lt', 4096, 16", "56fa6aa75548099dcc37d7f03425e0c3"),
    (
        "'sha1', 'passwordPASSWORDpassword', 'saltSALTsaltSALTsaltSALTsaltSALTsalt', 4096, 25",
        "3d2eec4fe41c849b80c8d83662c0e44a8b291a964cf2f07038",
    ),
    (
        "'sha256', 'passwd', 'salt', 1, 64",
        "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc"
        "49ca9cccf179b645991664b39d77ef317c71b845b1e30bd509112041d3a19783",
    ),
]


@pytest.mark.parametrize(("arguments", "key"), PBKDF2_CASES)
def test_pbkdf2_gives_the_keys_of_the_standards(lua: Session, arguments: str, key: str) -> None:
    """Any bytes may be in password and salt. The server gives whole digests of it."""
    run(lua, f"key = crypto.PBKDF2({arguments})")
    assert value(lua, "hex(key)").startswith(f"'{key}")
    assert value(lua, "#key") == str(
        -(-len(key) // 2 // DIGEST_BYTES[arguments[1:5]]) * DIGEST_BYTES[arguments[1:5]]
    )


def test_a_key_that_is_longer_than_asked_for_is_remarked_once() -> None:
    """With what to write instead; one of whole digests is not."""
    with crypto_session() as fresh:
        run(fresh, "crypto.PBKDF2('sha1', 'p', 's', 1, 40)")
        assert fresh.recorder.notes == []
        run(fresh, "for _ = 1, 2 do assert(#crypto.PBKDF2('sha1', 'p', 's', 1, 32) == 40) end")
        assert [note.count("key:sub(1, length)") for note in fresh.recorder.notes] == [1]


def test_an_encoding_is_known_by_its_beginning(lua: Session) -> None:
    """As on the server: `base64` begins as `binary` does."""
    run(lua, "h = crypto.hash 'md5'")
    digest = hashlib.md5(b"x").digest()
    for name, text in (
        ("b64url", base64.b64encode(digest).decode()),
        ("hexadecimal", digest.hex()),
        ("base64", digest.hex()),
    ):
        shown = "hex(h 'x' (true, 'base64'))" if name == "base64" else f"h 'x' (true, '{name}')"
        assert value(lua, shown) == f"'{text}'"
    assert raised(lua, "h(true, 'HEX')") == "program:1: Unknown encoding"
    assert raised(lua, "h(true, '')") == "program:1: Unknown encoding"


def test_adding_data_returns_another_function_for_the_same_digest(lua: Session) -> None:
    """Either goes on with it."""
    run(lua, "one = crypto.hash 'sha1' two = one 'a' one 'b' two 'c'")
    assert value(lua, "one ~= two, one(true, 'hex')") == f"true\t'{hashlib.sha1(b'abc').hexdigest()}'"
    assert value(lua, "two(true, 'hex')") == f"'{hashlib.sha1(b'').hexdigest()}'"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("crypto.hash 'nosuch'", "Unknown algorithm"),
        ("crypto.hash ''", "Unknown algorithm"),
        ("crypto.hash 'SHA1'", "Unknown algorithm"),
        ("crypto.hash 'sha3_256'", "Unknown algorithm"),
        ("crypto.hash({})", "bad argument #1 to 'hash' (string expected, got table)"),
        ("crypto.hash('hmac', 'nosuch', 'k')", "Unknown hash algorithm"),
        ("crypto.hash 'hmac'", "bad argument #2 to 'hash' (string expected, got no value)"),
        ("crypto.hash('hmac', 'sha1')", "bad argument #3 to 'hash' (string expected, got no value)"),
        ("local h = crypto.hash() h(true, 'x')", "Unknown encoding"),
        ("local h = crypto.hash() h {}", "bad argument #1 to 'h' (string expected, got table)"),
        ("local h = crypto.hash() h(true, {})", "bad argument #2 to 'h' (string expected, got table)"),
        ("crypto.sha1 {}", "bad argument #1 to 'sha1' (string expected, got table)"),
        ("crypto.PBKDF2('nosuch', 'p', 's', 1, 1)", "Unknown hash algorithm"),
        ("crypto.PBKDF2('sha1', 'p', 's')", "bad argument #4 to 'PBKDF2' (number expected, got no value)"),
        ("crypto.PBKDF2('sha1', 'p', 's', 0, 1)", "bad argument #4 to 'PBKDF2' (out of range)"),
        ("crypto.PBKDF2('sha1', 'p', 's', 1, 0)", "bad argument #5 to 'PBKDF2' (out of range)"),
        ("crypto.PBKDF2('sha1', 'p', 's', 1, (1 << 20) + 1)", "bad argument #5 to 'PBKDF2' (out of range)"),
        ("crypto.PBKDF2('sha1', 'p', 's', 1 << 40, 1)", "bad argument #4 to 'PBKDF2' (too many iterations)"),
        ("crypto.PBKDF2('sha1', 'p', 's', 5000001, 21)", "bad argument #4 to 'PBKDF2' (too many iterations)"),
    ],
)
def test_wrong_arguments_of_digests_raise(lua: Session, call: str, message: str) -> None:
    """With the position of the caller."""
    assert raised(lua, call) == f"program:1: {message}"


def test_nobody_sees_the_python_behind_a_digest(lua: Session) -> None:
    """The function has no upvalue and no metatable to look at."""
    assert value(lua, "debug.getupvalue(crypto.hash(), 1), getmetatable(crypto.hash())") == "nil\tnil"
