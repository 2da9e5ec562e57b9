"""Masks of received frames: the C function and the fallback, whole and in pieces."""

from __future__ import annotations

import importlib
import importlib.util
import random
import sys
from collections.abc import Iterator
from types import ModuleType

import pytest

from ba_runtime.websocket import masking


@pytest.fixture(params=["tornado's", "wsproto's"])
def module(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The module with each of the two functions, whichever this installation has."""
    if request.param == "wsproto's":
        monkeypatch.setitem(sys.modules, "tornado.speedups", None)
    elif importlib.util.find_spec("tornado.speedups") is None:
        pytest.skip("tornado was installed without its C function")
    yield importlib.reload(masking)
    monkeypatch.undo()
    importlib.reload(masking)


def expected(mask: bytes, data: bytes) -> bytes:
    """RFC 6455 section 5.3, as it is written there."""
    return bytes(byte ^ mask[at % 4] for at, byte in enumerate(data))


@pytest.mark.parametrize("size", [0, 1, 3, 4, 7, 8, 125, 126, 8191, 65_535, 65_541])
def test_a_payload_is_unmasked(module: ModuleType, size: int) -> None:
    data = random.Random(size).randbytes(size)
    for mask in (b"\0\0\0\0", b"\xff\xff\xff\xff", b"\x01\x80\x00\x7f"):
        assert module.unmasked(mask, data) == expected(mask, data)


def test_pieces_of_a_frame_go_on_with_the_mask_where_the_last_one_ended(module: ModuleType) -> None:
    rng = random.Random(7)
    mask, data = b"\x01\x02\x40\xff", rng.randbytes(5000)
    unmasking = module.Unmasking(mask)
    got, at = bytearray(), 0
    while at < len(data):
        size = rng.randrange(0, 13)
        got += unmasking.process(bytearray(data[at : at + size]))
        at += size
    assert got == expected(mask, data)


def test_the_decoder_unmasks_a_frame_that_comes_byte_by_byte(module: ModuleType) -> None:
    mask, data = b"\x9a\x01\xfe\x55", random.Random(3).randbytes(300)
    decoder = module.Decoder(False)
    got = bytearray()
    for byte in b"\x82\xfe\x01\x2c" + mask + expected(mask, data):
        decoder.receive_bytes(bytes([byte]))
        if decoder.header is not None or decoder.parse_header():
            frame = decoder.process_buffer()
            if frame is not None:
                got += frame.payload
    assert got == data
    assert decoder.header is None, "the frame is whole"
