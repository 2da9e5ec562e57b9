"""What `ba.crypto` computes with: `hashlib` and `hmac`, and for keys and ciphers the `cryptography` package.

Where things are: `hashes.py` has digests, message authentication and PBKDF2; `keys.py` reads keys;
`asymmetric.py` signs, verifies, encrypts and decrypts with them; `symmetric.py` has ciphers whose key both
sides know.

Nothing of it is imported before it is used, so that a program without it does not wait for `cryptography`. No
function raises on what a program gives; none has a key, a password or data in what it reports.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

_FUNCTIONS = {
    "hashes": ("digest_maker", "hmac_maker", "hexlify", "pbkdf2"),
    "keys": ("key_numbers", "key_size"),
    "asymmetric": ("sign", "verify", "encrypt", "decrypt", "signature_numbers"),
    "symmetric": ("seal", "unseal", "encipher", "decipher"),
}


def _later(module: str, name: str) -> Callable[..., object]:
    """Returns a function that imports the one it stands for when it is first called."""

    def call(*arguments: object) -> object:
        return getattr(import_module(f".{module}", __name__), name)(*arguments)

    return call


def functions() -> dict[str, Callable[..., object]]:
    """Returns what Lua may call, by name."""
    return {f"crypto_{name}": _later(module, name) for module, names in _FUNCTIONS.items() for name in names}
