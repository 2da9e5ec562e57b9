"""One end of an open WebSocket: received bytes in, messages out; and the frames to send.

Theory of operation. wsproto's FrameDecoder finds the frames (`masking` takes the masks off) and refuses
what RFC 6455 section 5.2 forbids: reserved bits, unknown opcodes, a mask where none may be and none where
one must. Long control frames, and lengths not in their shortest form, are taken as the documented server
takes them. Its FrameProtocol makes the frames that go out. What is here is what it leaves open, or
decides otherwise than the documented server:

 - A frame that arrives in pieces is handed out in pieces, each with the bytes so far and the frame's length.
   So no frame is too long, however long it says it is, and nothing of it is kept.
 - A message in several frames has no length, so it is kept until it is whole, and given out as one; at most
   MESSAGE_BYTES, then the connection fails with 1009.
 - Text is checked to be UTF-8 as it passes, but stays bytes, cut where the network cut it.
 - What came is taken with `next`, one at a time: what nobody takes is not decoded, and no ping behind it is
   answered. `pongs` are the answers that are due so far, `controls` all control frames that came so far.
 - At most one `Closed` comes, and nothing after it. After the peer's own close frame, whatever its code, a
   program may still write; after a fault it may not (`is_broken`).
"""

from __future__ import annotations

import codecs
from typing import NamedTuple

from wsproto.frame_protocol import CloseReason, FrameProtocol, Opcode, ParseFailed

from .masking import LENGTH_BYTES, Decoder, unmasked

MESSAGE_BYTES = 16 << 20  # a message in several frames is kept up to this
SHORT_BYTES = 125  # what seven bits say of a length, RFC 6455 section 5.2

_FINAL_TEXT, _FINAL_BINARY = 0x80 | Opcode.TEXT, 0x80 | Opcode.BINARY
_Utf8 = codecs.getincrementaldecoder("utf-8")
_TO_TEXT = Opcode.BINARY ^ Opcode.TEXT
_CONTINUATION, _TEXT, _PING, _CLOSE = Opcode.CONTINUATION, Opcode.TEXT, Opcode.PING, Opcode.CLOSE


class Data(NamedTuple):
    """A whole message, or a piece of a frame: then `so_far` of its `length` bytes have come with it."""

    payload: bytes
    is_text: bool
    so_far: int | None = None
    length: int | None = None


class Closed(NamedTuple):
    """The end, said by the peer, or by us because of the peer's fault; `answer` is the frame to send."""

    code: int
    answer: bytes
    is_fault: bool = False


def control_payload(frame: bytes) -> bytes:
    """Returns what is in a control frame that a codec made."""
    at = 2 + LENGTH_BYTES.get(frame[1] & 0x7F, 0)
    return unmasked(frame[at : at + 4], frame[at + 4 :]) if frame[1] & 0x80 else frame[at:]


class Codec:
    """The frames of one connection, in both directions."""

    def __init__(self, is_client: bool) -> None:
        """A client masks what it sends; a server's peer must."""
        self._decoder = Decoder(is_client)
        self._protocol = FrameProtocol(is_client, [])
        self._is_client = is_client
        self._mask_bit = 0 if is_client else 0x80  # of what is received
        self._shortest_head = 2 if is_client else 6
        self.pongs: list[bytes] = []
        self.controls: list[tuple[int, bytes]] = []  # opcode and payload; whoever takes them clears both
        self.is_over = False
        self.is_broken = False  # …by a fault of the peer
        self._is_in_message = False  # between the first and the last of its frames
        self._message: bytearray | None = None  # what is kept of a message in several frames
        self._is_text = False
        self._utf8: codecs.IncrementalDecoder | None = None  # of text that has begun
        self._length = 0  # of the frame that has begun…
        self._so_far = 0  # …and what has come of it; 0 when none has

    # ------------------------------------------------------------ receiving

    def feed(self, data: bytes) -> None:
        """Takes what arrived; `next` has what follows from it. After the end it is dropped."""
        if not self.is_over:
            self._decoder.receive_bytes(data)

    def whole(self, data: bytes) -> tuple[bytes, bool] | None:
        """Returns the message and whether it is text when `data` is just that: one whole, final frame.

        None when it is anything else, or something came before it: then `data` must be fed. Most of what a
        program receives is such a frame, and for a short one this takes 1 µs where wsproto takes 5.
        """
        size, head, first = len(data), self._shortest_head, data[0]
        if size < head or (first != _FINAL_TEXT and first != _FINAL_BINARY):
            return None
        length = data[1] ^ self._mask_bit
        if length == 126 and size >= head + 128:  # a shorter one may not have this form
            length = data[2] << 8 | data[3]
            head += 2
        elif length > 125:
            return None
        if head + length != size or self._is_in_message or self.is_over:
            return None
        if self._decoder.buffer.buffer or self._decoder.header is not None:
            return None
        payload = data[head:]
        if not self._is_client:
            payload = unmasked(data[head - 4 : head], payload)
        if first == _FINAL_BINARY:
            return payload, False
        try:
            payload.decode()
        except UnicodeDecodeError:
            return None
        return payload, True

    @property
    def has_more(self) -> bool:
        """Tells whether there are bytes that have not been looked at; they need not make a frame."""
        return bool(self._decoder.buffer.buffer) and not self.is_over

    def next(self) -> Data | Closed | None:
        """Returns what came next; None when more bytes are needed, and after the end."""
        decoder = self._decoder
        while not self.is_over:
            try:
                if self._so_far:
                    length = self._length
                elif decoder.header is None and not decoder.parse_header():
                    return None
                else:
                    assert decoder.header is not None
                    length = decoder.header.payload_len
                frame = decoder.process_buffer()
            except ParseFailed as fault:
                return self._fail(fault.code)
            if frame is None:
                return None
            opcode, payload, is_whole, is_last = frame
            assert not isinstance(payload, (str, tuple))  # a FrameProtocol's might be; a decoder's are bytes…
            payload = bytes(payload)  # …or, before wsproto 1.3, a bytearray
            event: Data | Closed | None
            if opcode >= _CLOSE:
                event = self._control(opcode, payload)
            else:
                event = self._data(opcode, payload, length, is_whole, is_last)
            if event is not None:
                return event
        return None

    def _data(
        self, opcode: Opcode, payload: bytes, length: int, is_whole: bool, is_last: bool
    ) -> Data | Closed | None:
        begins = not self._so_far
        if begins and not self._begin(opcode, is_last):
            return self._fail(CloseReason.PROTOCOL_ERROR)
        ends = is_whole and is_last
        if self._is_text and not self._is_utf8(payload, ends):
            return self._fail(CloseReason.INVALID_FRAME_PAYLOAD_DATA)
        so_far = self._so_far + len(payload)
        self._so_far, self._length = (0, 0) if is_whole else (so_far, length)
        self._is_in_message = not ends
        message = self._message
        if message is None:
            return (
                Data(payload, self._is_text)
                if begins and is_whole
                else Data(payload, self._is_text, so_far, length)
            )
        if len(message) + len(payload) > MESSAGE_BYTES:
            return self._fail(CloseReason.MESSAGE_TOO_BIG)
        message += payload
        if not ends:
            return None
        self._message = None
        return Data(bytes(message), self._is_text)

    def _begin(self, opcode: Opcode, is_last: bool) -> bool:
        """Notes that a frame begins; False when it may not (RFC 6455 section 5.4)."""
        if (opcode is _CONTINUATION) is not self._is_in_message:
            return False
        if opcode is not _CONTINUATION:
            self._is_text = opcode is _TEXT
            self._message = None if is_last else bytearray()
        return True

    def _is_utf8(self, payload: bytes, ends: bool) -> bool:
        decoder = self._utf8
        try:
            if decoder is None and ends:
                payload.decode()
                return True
            if decoder is None:
                decoder = self._utf8 = _Utf8()
            decoder.decode(payload, ends)
        except UnicodeDecodeError:
            return False
        if ends:
            self._utf8 = None
        return True

    def _control(self, opcode: Opcode, payload: bytes) -> Closed | None:
        self.controls.append((opcode, payload))
        if opcode is _CLOSE:
            return self._peer_closes(payload)
        if opcode is _PING:
            self.pongs.append(self._control_frame(Opcode.PONG, payload))
        return None

    def _peer_closes(self, payload: bytes) -> Closed:
        """The program gets any code; none, or half of one, is 1000. The answer says 1000, whatever came."""
        code = int.from_bytes(payload[:2], "big") if len(payload) > 1 else int(CloseReason.NORMAL_CLOSURE)
        return Closed(code, self.close())

    def _fail(self, code: CloseReason) -> Closed:
        self._message = None
        self.is_broken = True
        return Closed(int(code), self.close(code), is_fault=True)

    # ------------------------------------------------------------ sending

    def frame(self, payload: bytes, is_text: bool) -> bytes:
        """Returns a message's one frame. Text goes out as it is: that it is UTF-8 is the caller's care."""
        if not self._is_client:  # nothing to mask, so one copy does, where wsproto makes four
            length = len(payload)
            first = _FINAL_TEXT if is_text else _FINAL_BINARY
            if length <= SHORT_BYTES:
                return bytes((first, length)) + payload
            if length <= 0xFFFF:
                return bytes((first, 126, length >> 8, length & 0xFF)) + payload
        frame = self._protocol.send_data(payload)
        if not is_text:
            return bytes(frame)
        # wsproto takes text as `str` only, which would cost a look at all of it.
        changed = bytearray(frame)  # before wsproto 1.3 it was bytes
        changed[0] ^= _TO_TEXT
        return bytes(changed)

    def ping(self, payload: bytes) -> bytes:
        """Returns a ping's frame; at most MAX_CONTROL_BYTES of payload."""
        return self._control_frame(Opcode.PING, payload)

    def _control_frame(self, opcode: Opcode, payload: bytes) -> bytes:
        """Returns the frame, also one that is longer than wsproto makes it."""
        frame = bytearray(self._protocol.send_data(payload))
        frame[0] ^= Opcode.BINARY ^ opcode
        return bytes(frame)

    def close(self, code: int = CloseReason.NORMAL_CLOSURE) -> bytes:
        """Returns a close frame; nothing that is received after this counts."""
        self.is_over = True
        return bytes(self._protocol.close(code))
