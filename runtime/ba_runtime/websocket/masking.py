"""Takes the mask off what a client sent (RFC 6455 section 5.3).

wsproto does it by tables in Python, which takes most of the time of a large message: 54 µs of 65,000 bytes.
tornado, which every installation has because ipykernel needs it, comes with a C function: 3 µs. Where there
is only its source without a compiler, wsproto's way remains.
"""

from __future__ import annotations

from wsproto.frame_protocol import FrameDecoder, XorMaskerSimple

try:
    from tornado.speedups import websocket_mask as unmasked
except ImportError:

    def unmasked(mask: bytes, data: bytes) -> bytes:
        """Returns `data` with each byte XORed with the mask's four in turn."""
        return bytes(XorMaskerSimple(mask).process(bytearray(data)))


__all__ = ["Decoder", "Unmasking", "unmasked"]


class Unmasking:
    """What wsproto's decoder calls for each piece of one frame."""

    def __init__(self, mask: bytes) -> None:
        """Begins a frame with this mask of four bytes."""
        self._mask = mask

    def process(self, data: bytearray) -> bytearray:
        """Takes the mask off the next piece."""
        mask = self._mask
        turn = len(data) % 4
        self._mask = mask[turn:] + mask[:turn]
        return bytearray(unmasked(mask, bytes(data)))


class Decoder(FrameDecoder):
    """wsproto's decoder, but for the masks."""

    def parse_header(self) -> bool:
        """Returns whether a frame's head has come whole; raises ParseFailed as wsproto's does."""
        if not super().parse_header():
            return False
        if isinstance(self.masker, XorMaskerSimple):
            # The mask is not public there; the tests of frames in pieces notice when it is somewhere else.
            self.masker = Unmasking(bytes(self.masker._masking_key))  # type: ignore[assignment]
        return True
