"""Compression for `ba.deflate`: the zlib format (RFC 1950), which HTTP calls `deflate`."""

from __future__ import annotations

import zlib


def deflate(data: bytes) -> bytes:
    """Returns the data compressed, as a whole."""
    return zlib.compress(data)
