"""Cipher suites and protocol versions in the documented spelling, which is the registry's without `TLS_`.

`s:cipher()` shows `ECDHE_RSA_WITH_AES_256_GCM_SHA384` where OpenSSL says `ECDHE-RSA-AES256-GCM-SHA384`, and
`AES_256_GCM_SHA384` where it says `TLS_AES_256_GCM_SHA384`.
"""

from __future__ import annotations

UNKNOWN = "UNKNOWN"

VERSIONS = {"TLSv1.2": "TLS_1_2", "TLSv1.3": "TLS_1_3"}

_EXCHANGES = (
    ("ECDHE-ECDSA-", "ECDHE_ECDSA_WITH_"),
    ("ECDHE-RSA-", "ECDHE_RSA_WITH_"),
    ("DHE-RSA-", "DHE_RSA_WITH_"),
    ("", "RSA_WITH_"),  # OpenSSL does not name the plain RSA exchange
)

# What follows the key exchange. OpenSSL leaves out the mode CBC and, for two of them, the hash.
_BULK = {
    "AES256-GCM-SHA384": "AES_256_GCM_SHA384",
    "AES128-GCM-SHA256": "AES_128_GCM_SHA256",
    "CHACHA20-POLY1305": "CHACHA20_POLY1305_SHA256",
    "AES256-CCM": "AES_256_CCM",
    "AES128-CCM": "AES_128_CCM",
    "AES256-CCM8": "AES_256_CCM_8",
    "AES128-CCM8": "AES_128_CCM_8",
    "AES256-SHA384": "AES_256_CBC_SHA384",
    "AES256-SHA256": "AES_256_CBC_SHA256",
    "AES128-SHA256": "AES_128_CBC_SHA256",
    "AES256-SHA": "AES_256_CBC_SHA",
    "AES128-SHA": "AES_128_CBC_SHA",
}


def documented_name(openssl_name: str) -> str:
    """Returns the documented spelling of a suite, `UNKNOWN` for one that is not in the tables above."""
    if openssl_name.startswith("TLS_"):
        return openssl_name[len("TLS_") :]
    for prefix, exchange in _EXCHANGES:
        if openssl_name.startswith(prefix):
            bulk = _BULK.get(openssl_name[len(prefix) :])
            return UNKNOWN if bulk is None else exchange + bulk
    return UNKNOWN
