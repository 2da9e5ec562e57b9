"""What the tests of `ba.crypto` share: a runtime with helpers, and keys that `openssl` made."""

from __future__ import annotations

import random
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ._programs import Session, session

ALGORITHMS = ("md5", "sha1", "sha224", "sha256", "sha384", "sha512")
PASSWORD = "hunter2-or-so"

_HELPERS = """
crypto = ba.crypto
function hex(s) return (s:gsub(".", function(c) return string.format("%02x", c:byte()) end)) end
function bytes(digits) return (digits:gsub("%x%x", function(d) return string.char(tonumber(d, 16)) end)) end
function file(path) local f <close> = assert(io.open(path, "rb")) return f:read "a" end
function save(path, data) local f <close> = assert(io.open(path, "wb")) assert(f:write(data)) end
"""


@contextmanager
def crypto_session() -> Iterator[Session]:
    """A runtime with helpers for files and hexadecimal digits."""
    with session() as fresh:
        run(fresh, _HELPERS)
        yield fresh


def make_keys(folder: Path) -> Path:
    """Writes keys: `rsa`, `ec` (P-256), their public halves, both with PASSWORD; and data to use them on."""
    openssl(folder, "genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out rsa.key")
    openssl(folder, "ecparam -genkey -noout -name prime256v1 -out ec.key")
    openssl(folder, "genpkey -algorithm ed25519 -out ed.key")
    for name in ("rsa", "ec"):
        openssl(folder, f"pkey -in {name}.key -pubout -out {name}.pub")
        openssl(folder, f"pkey -in {name}.key -aes128 -passout pass:{PASSWORD} -out {name}.locked")
    (folder / "data").write_bytes(random.Random(1).randbytes(5000))
    (folder / "short").write_bytes(b"\0short data\xff")
    return folder


def openssl(folder: Path, command: str) -> bytes:
    """Runs a command of `openssl`; returns what it said."""
    return subprocess.run(
        ["openssl", *command.split()], cwd=folder, check=True, capture_output=True, timeout=30
    ).stdout


def run(lua: Session, source: str) -> None:
    result = lua.run(source)
    assert result.error is None, result.error


def value(lua: Session, expression: str) -> str:
    """Returns what Lua shows for the expression, strings in single quotes."""
    return lua.value(expression).replace('"', "'")


def raised(lua: Session, call: str) -> str:
    """Returns the message that a call raises."""
    return value(lua, f"select(2, pcall(function() {call} end))")[1:-1]
