"""What `ba.crypto` computes with: `hashlib` and `hmac`, and for keys and ciphers the `cryptography` package.

Where things are: `hashes.py` has digests, message authentication and PBKDF2; `keys.py` reads keys;
`asymmetric.py` signs, verifies, encrypts and decrypts with them; `symmetric.py` has ciphers whose key both
sides know; `issue.py` makes keys, and requests and certificates for them.

Nothing of it is imported before it is used, so that a program without it does not wait for `cryptography`. No
function raises on what a program gives; none has a key, a password or data in what it reports.
"""

from __future__ import annotations

from collections.abc import Callable

from ba_runtime._later import later

_FUNCTIONS = {
    "hashes": (
        *("digest_start", "hmac_start", "hash_copy", "hash_update", "hash_feeder", "hash_digest", "digest"),
        *("hexlify", "pbkdf2"),
    ),
    "keys": ("key_numbers", "key_size"),
    "asymmetric": (
        *("sign", "verify", "verify_by_modulus", "verify_by_point", "encrypt", "decrypt"),
        *("signature_numbers", "signature_of"),
    ),
    "symmetric": ("seal", "unseal", "encipher", "decipher"),
    "issue": ("create_rsa_key", "create_curve_key", "create_request", "create_certificate"),
}


def functions() -> dict[str, Callable[..., object]]:
    """Returns what Lua may call, by name."""
    return {
        f"crypto_{name}": later(f"{__name__}.{module}", name)
        for module, names in _FUNCTIONS.items()
        for name in names
    }
