"""Base64 (RFC 4648) as `ba.b64encode` and its family have it: strict in writing, lenient in reading."""

from __future__ import annotations

import binascii

_STANDARD = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_TO_STANDARD = bytes.maketrans(b"-_", b"+/")
_TO_URL = bytes.maketrans(b"+/", b"-_")
_FOREIGN = bytes(set(range(256)) - set(_STANDARD) - set(b"-_"))


def encode(data: bytes) -> bytes:
    """Returns the text in the usual alphabet, padded, on one line."""
    return binascii.b2a_base64(data, newline=False)


def encode_for_url(data: bytes, pad: bool) -> bytes:
    """Returns the text in the alphabet for URLs and file names; padding is a choice."""
    text = encode(data).translate(_TO_URL)
    return text if pad else text.rstrip(b"=")


def decode(text: bytes) -> bytes:
    """Returns what the text up to a NUL stands for.

    Both alphabets count. What belongs to neither is skipped, as is padding, wherever it stands. A last
    character that makes no byte is dropped.
    """
    letters = text.partition(b"\0")[0].translate(_TO_STANDARD, _FOREIGN)
    if len(letters) % 4 == 1:
        letters = letters[:-1]
    return binascii.a2b_base64(letters + b"=" * (-len(letters) % 4))
