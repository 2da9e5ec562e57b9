"""Takes the mask off what a client sent (RFC 6455 section 5.3).

wsproto does it by tables in Python, which takes most of the time of a large message: 54 µs of 65,000 bytes.
tornado, which every installation has because ipykernel needs it, comes with a C function: 3 µs. Where there
is only its source without a compiler, wsproto's way remains.
"""

from __future__ import annotations

from wsproto.frame_protocol import CloseReason, FrameDecoder, Opcode, ParseFailed, XorMaskerSimple

try:
    from tornado.speedups import websocket_mask as unmasked
except ImportError:

    def unmasked(mask: bytes, data: bytes) -> bytes:
        """Returns `data` with each byte XORed with the mask's four in turn."""
        return bytes(XorMaskerSimple(mask).process(bytearray(data)))


__all__ = ["MAX_CONTROL_BYTES", "Decoder", "Unmasking", "unmasked"]

OPCODE_MASK = 0x0F
NOT_FINAL_CONTROL_MASK = 0x88  # the bits "final" and "control" of a frame's first byte
CONTROLS = frozenset({Opcode.CLOSE, Opcode.PING, Opcode.PONG})
LENGTH_BYTES = {126: 2, 127: 8}  # of the lengths that do not fit in seven bits, by what is in these

# RFC 6455 (5.5) allows 125; the server sends and takes more, and says 1003 to lengths of 64 bits. A control
# frame is kept until it is whole.
MAX_CONTROL_BYTES = 0xFFFF


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
    """wsproto's decoder, but for the masks, and for what the server takes though RFC 6455 forbids it."""

    def parse_header(self) -> bool:
        """Returns whether a frame's head has come whole; raises ParseFailed as wsproto's does."""
        begun = self.buffer.buffer[:1]
        if begun and begun[0] & NOT_FINAL_CONTROL_MASK == Opcode.CLOSE and begun[0] & OPCODE_MASK in CONTROLS:
            raise ParseFailed("a control frame in pieces", CloseReason.UNSUPPORTED_DATA)
        if not super().parse_header():
            return False
        if isinstance(self.masker, XorMaskerSimple):
            # The mask is not public there; the tests of frames in pieces notice when it is somewhere else.
            self.masker = Unmasking(bytes(self.masker._masking_key))  # type: ignore[assignment]
        return True

    def parse_extended_payload_length(self, opcode: Opcode, payload_len: int) -> int | None:
        """Returns a frame's length, None while it has not come: in any form, and of a control frame too."""
        size = LENGTH_BYTES.get(payload_len)
        if size is None:
            return payload_len
        data = self.buffer.consume_exactly(size)
        if data is None:
            return None
        length = int.from_bytes(data, "big")
        if length >> 63:
            raise ParseFailed("a length of more than 63 bits")
        if opcode.iscontrol() and length > MAX_CONTROL_BYTES:
            raise ParseFailed("a control frame of more than 64 KiB", CloseReason.UNSUPPORTED_DATA)
        return length
