"""The codec in memory, against frames made by hand."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ba_runtime.websocket import MESSAGE_BYTES, Closed, Codec, Data, control_payload

from ._wire import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, frame, header, pattern, xor

LENGTHS = (0, 1, 125, 126, 127, 65535, 65536, 1 << 20)
SIDES = pytest.mark.parametrize("is_client", [True, False], ids=["client", "server"])


def events(codec: Codec, data: bytes = b"") -> list[Data | Closed]:
    """Everything that follows from `data`."""
    codec.feed(data)
    return list(iter(codec.next, None))


def byte_by_byte(codec: Codec, data: bytes) -> Iterator[Data | Closed]:
    """The same, with one byte at a time."""
    for byte in data:
        yield from events(codec, bytes((byte,)))


def fails(codec: Codec, data: bytes) -> int:
    """Feeds what must be refused at once, and returns the code; it is in the close frame too."""
    found = events(codec, data)
    assert len(found) == 1
    closed = found[0]
    assert isinstance(closed, Closed)
    assert unmasked(closed.answer) == (CLOSE, closed.code.to_bytes(2, "big"))
    assert closed.is_fault
    assert codec.is_over
    assert codec.is_broken
    assert events(codec, data) == []
    return closed.code


def unmasked(raw: bytes) -> tuple[int, bytes]:
    """A short, final frame's opcode and payload."""
    assert raw[0] & 0xF0 == 0x80
    length = raw[1] & 0x7F
    if not raw[1] & 0x80:
        assert len(raw) == 2 + length
        return raw[0] & 0xF, raw[2:]
    key, payload = raw[2:6], raw[6:]
    assert len(payload) == length
    return raw[0] & 0xF, bytes(byte ^ key[at % 4] for at, byte in enumerate(payload))


# ------------------------------------------------------------ whole frames


@SIDES
@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.parametrize("opcode", [TEXT, BINARY])
def test_a_whole_frame_is_a_message(is_client: bool, opcode: int, length: int) -> None:
    """Every form of the length, masked and not."""
    payload = b"x" * length if opcode == TEXT else pattern(length)
    raw = frame(opcode, payload, masked=not is_client)
    assert events(Codec(is_client), raw) == [Data(payload, opcode == TEXT)]


@SIDES
@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.parametrize("is_text", [True, False])
def test_what_one_end_sends_the_other_receives(is_client: bool, is_text: bool, length: int) -> None:
    """The two directions of one connection fit."""
    payload = b"x" * length if is_text else pattern(length)
    raw = Codec(is_client).frame(payload, is_text)
    assert events(Codec(not is_client), raw) == [Data(payload, is_text)]


@pytest.mark.parametrize("length", LENGTHS)
def test_a_server_sends_the_bytes_of_the_rfc(length: int) -> None:
    """Unmasked, in one frame, with the shortest length."""
    payload = pattern(length)
    assert Codec(is_client=False).frame(payload, False) == frame(BINARY, payload)
    assert Codec(is_client=False).frame(payload, True) == frame(TEXT, payload)


def test_a_client_masks_every_frame_with_another_key() -> None:
    """RFC 6455 section 5.3."""
    codec = Codec(is_client=True)
    frames = [codec.frame(b"same", True) for _ in range(20)]
    assert all(raw[1] == 0x84 for raw in frames)
    assert len({raw[2:6] for raw in frames}) > 15


def test_frames_in_one_chunk_come_one_by_one() -> None:
    """In their order, and with nothing decoded that nobody has taken."""
    codec = Codec(is_client=True)
    codec.feed(frame(TEXT, b"one") + frame(PING, b"p") + frame(BINARY, b"two"))
    assert codec.next() == Data(b"one", True)
    assert codec.pongs == []
    assert codec.has_more
    assert codec.next() == Data(b"two", False)
    assert [unmasked(raw) for raw in codec.pongs] == [(PONG, b"p")]
    assert codec.next() is None
    assert not codec.has_more


# ------------------------------------------------------------ the short cut


@SIDES
@pytest.mark.parametrize("opcode", [TEXT, BINARY])
@pytest.mark.parametrize("length", [*LENGTHS, 499, 500, 501, 8191, 8192, 8193, 16384, 40_001])
def test_a_chunk_that_is_one_whole_frame_needs_no_feeding(is_client: bool, opcode: int, length: int) -> None:
    """The same comes out; only lengths of 8 bytes are left to wsproto."""
    payload = b"x" * length if opcode == TEXT else pattern(length)
    expected = None if length > 65535 else (payload, opcode == TEXT)
    assert Codec(is_client).whole(frame(opcode, payload, masked=not is_client)) == expected


@SIDES
@pytest.mark.parametrize("length", [0, 1, 2, 3, 4, 5, 125, 126, 500, 501, 9000])
def test_every_other_chunk_must_be_fed(is_client: bool, length: int) -> None:
    """A byte less or more, another opcode, a wrong mask, a longer form of the length."""
    masked = not is_client
    raw = frame(BINARY, pattern(length), masked=masked)
    others = [raw[:at] for at in range(1, min(len(raw), 20))]
    others += [raw[:-1], raw + b"\x00", raw + raw]
    others += [frame(opcode, pattern(length), masked=masked) for opcode in (0, 3, 7, 8, 9, 10, 11, 15)]
    others += [frame(BINARY, pattern(length), masked=masked, rsv=rsv) for rsv in range(1, 8)]
    others += [frame(BINARY, pattern(length), masked=masked, final=False)]
    others += [frame(BINARY, pattern(length), masked=not masked)]
    if length < 126:
        mask = 0x80 if masked else 0
        others += [bytes((0x82, mask | 126, 0, length)) + raw[2:]]
        others += [bytes((0x82, mask | 127)) + length.to_bytes(8, "big") + raw[2:]]
    assert [other for other in others if Codec(is_client).whole(other) is not None] == []


@pytest.mark.parametrize("before", [b"\x81", b"\x81\x05he", b"\x81\x05", frame(TEXT, b"begun", final=False)])
def test_what_follows_something_unfinished_must_be_fed(before: bytes) -> None:
    """It is the rest of that, or out of order."""
    codec = Codec(is_client=True)
    events(codec, before)
    assert codec.whole(frame(TEXT, b"whole")) is None


def test_what_follows_something_untaken_must_be_fed() -> None:
    """Order is kept."""
    codec = Codec(is_client=True)
    codec.feed(frame(TEXT, b"one") + frame(TEXT, b"two"))
    assert codec.next() == Data(b"one", True)
    assert codec.whole(frame(TEXT, b"three")) is None
    assert codec.next() == Data(b"two", True)
    assert codec.whole(frame(TEXT, b"three")) == (b"three", True)
    codec.close()
    assert codec.whole(frame(TEXT, b"four")) is None


# ------------------------------------------------------------ pieces


def test_a_frame_in_pieces_tells_how_far_it_is() -> None:
    """As the documented server hands it out."""
    codec = Codec(is_client=False)
    raw = frame(TEXT, b"abcdefghijklmnopqrstuvwxyz", masked=True)
    assert events(codec, raw[:16]) == [Data(b"abcdefghij", True, 10, 26)]
    assert events(codec, raw[16:20]) == [Data(b"klmn", True, 14, 26)]
    assert events(codec, raw[20:]) == [Data(b"opqrstuvwxyz", True, 26, 26)]
    assert events(codec, frame(TEXT, b"next", masked=True)) == [Data(b"next", True)]


def test_a_split_header_makes_no_pieces() -> None:
    """Nothing of the payload has come with it."""
    codec = Codec(is_client=False)
    raw = frame(TEXT, b"split header", masked=True)
    assert events(codec, raw[:1]) + events(codec, raw[1:4]) == []
    assert events(codec, raw[4:]) == [Data(b"split header", True)]


@SIDES
@pytest.mark.parametrize("length", LENGTHS[:-3])
def test_byte_by_byte_nothing_is_lost(is_client: bool, length: int) -> None:
    """Each byte is a piece, and the last one says that it is the last."""
    payload = pattern(length)
    found = list(byte_by_byte(Codec(is_client), frame(BINARY, payload, masked=not is_client)))
    if length < 2:
        assert found == [Data(payload, False)]
        return
    assert b"".join(piece.payload for piece in found if isinstance(piece, Data)) == payload
    assert [piece[2:] for piece in found] == [(so_far, length) for so_far in range(1, length + 1)]


@SIDES
@pytest.mark.parametrize("chunk", [1000, 8192, 65536])
def test_a_large_frame_comes_in_pieces(is_client: bool, chunk: int) -> None:
    """The mask goes on from piece to piece."""
    payload = pattern(300_000)
    raw = frame(BINARY, payload, masked=not is_client)
    codec = Codec(is_client)
    found = [one for at in range(0, len(raw), chunk) for one in events(codec, raw[at : at + chunk])]
    assert b"".join(piece.payload for piece in found if isinstance(piece, Data)) == payload
    assert found[-1][2:] == (300_000, 300_000)


def test_a_frame_that_claims_to_be_huge_costs_nothing() -> None:
    """Its pieces are handed out; none is kept."""
    codec = Codec(is_client=True)
    huge = (1 << 63) - 1
    assert events(codec, header(0x82, huge) + b"start") == [Data(b"start", False, 5, huge)]
    for _ in range(100):
        assert len(events(codec, bytes(8192))) == 1
    assert not codec.has_more


def test_text_is_cut_where_the_network_cut_it() -> None:
    """Even inside a character: bytes so far are bytes."""
    codec = Codec(is_client=True)
    raw = frame(TEXT, "aé".encode())
    assert events(codec, raw[:4]) == [Data(b"a\xc3", True, 2, 3)]
    assert events(codec, raw[4:]) == [Data(b"\xa9", True, 3, 3)]


# ------------------------------------------------------------ messages in several frames


@SIDES
@pytest.mark.parametrize("opcode", [TEXT, BINARY])
def test_frames_of_one_message_are_put_together(is_client: bool, opcode: int) -> None:
    """Pings in between are answered, and do not end up in it."""
    masked = not is_client
    raw = (
        frame(opcode, b"one ", final=False, masked=masked)
        + frame(PING, b"1", masked=masked)
        + frame(CONTINUATION, b"", final=False, masked=masked)
        + frame(CONTINUATION, b"two ", final=False, masked=masked)
        + frame(PONG, b"unasked", masked=masked)
        + frame(CONTINUATION, b"three", masked=masked)
        + frame(opcode, b"next", masked=masked)
    )
    codec = Codec(is_client)
    assert events(codec, raw) == [Data(b"one two three", opcode == TEXT), Data(b"next", opcode == TEXT)]
    assert [unmasked(pong) for pong in codec.pongs] == [(PONG, b"1")]
    assert next(iter(byte_by_byte(Codec(is_client), raw))) == Data(b"one two three", opcode == TEXT)


def test_a_character_may_lie_in_two_frames() -> None:
    """RFC 6455 section 5.6: the whole message is UTF-8."""
    raw = frame(TEXT, b"\xe2\x82", final=False) + frame(CONTINUATION, b"\xac")
    assert events(Codec(is_client=True), raw) == [Data("€".encode(), True)]


def test_a_fragmented_message_is_whole_up_to_the_bound() -> None:
    """Sixteen frames of the largest message that is kept."""
    assert MESSAGE_BYTES == 16 << 20
    part = pattern(1 << 20)
    codec = Codec(is_client=True)
    for at in range(15):
        assert events(codec, frame(CONTINUATION if at else BINARY, part, final=False)) == []
    assert events(codec, frame(CONTINUATION, part)) == [Data(part * 16, False)]


def test_a_message_past_the_bound_is_too_big() -> None:
    """1009, at the byte that is too much, and the rest is not waited for."""
    codec = Codec(is_client=True)
    assert events(codec, frame(BINARY, bytes(MESSAGE_BYTES), final=False)) == []
    assert fails(codec, header(0, 1 << 40) + b"x") == 1009


@pytest.mark.parametrize(
    "raw",
    [
        frame(CONTINUATION, b"of nothing"),
        frame(CONTINUATION, b"of nothing", final=False),
        frame(TEXT, b"a", final=False) + frame(TEXT, b"b"),
        frame(TEXT, b"a", final=False) + frame(BINARY, b"b", final=False),
    ],
)
def test_frames_in_the_wrong_order_are_refused(raw: bytes) -> None:
    """RFC 6455 section 5.4."""
    assert fails(Codec(is_client=True), raw) == 1002


def test_a_message_begins_again_after_another() -> None:
    """A continuation belongs to one message alone."""
    codec = Codec(is_client=True)
    assert events(codec, frame(TEXT, b"a", final=False) + frame(CONTINUATION, b"b")) == [Data(b"ab", True)]
    assert fails(codec, frame(CONTINUATION, b"c")) == 1002


# ------------------------------------------------------------ faults


@pytest.mark.parametrize("rsv", [1, 2, 3, 4, 5, 6, 7])
@pytest.mark.parametrize("opcode", [TEXT, BINARY, PING, CLOSE])
def test_reserved_bits_are_refused(opcode: int, rsv: int) -> None:
    """There is no extension that could mean them."""
    assert fails(Codec(is_client=True), frame(opcode, rsv=rsv)) == 1002


@SIDES
@pytest.mark.parametrize("opcode", [3, 4, 5, 6, 7, 11, 12, 13, 14, 15])
def test_unknown_opcodes_are_refused(is_client: bool, opcode: int) -> None:
    """RFC 6455 section 5.2."""
    assert fails(Codec(is_client), frame(opcode, b"?", masked=not is_client)) == 1002


@SIDES
@pytest.mark.parametrize("opcode", [TEXT, BINARY, PING, CLOSE])
def test_a_wrong_mask_is_refused(is_client: bool, opcode: int) -> None:
    """A server's peer must mask, a client's must not (RFC 6455 section 5.1)."""
    assert fails(Codec(is_client), frame(opcode, masked=is_client)) == 1002


@pytest.mark.parametrize("opcode", [PING, PONG, CLOSE])
@pytest.mark.parametrize("raw", [b"", b"in two"])
def test_control_frames_come_whole(opcode: int, raw: bytes) -> None:
    """1003, as the server has it, where RFC 6455 section 5.4 would have 1002."""
    assert fails(Codec(is_client=True), frame(opcode, raw, final=False)) == 1003
    assert fails(Codec(is_client=True), frame(opcode, raw, final=False)[:2]) == 1003


@pytest.mark.parametrize("opcode", [PING, PONG, CLOSE])
def test_control_frames_have_at_most_64_kib(opcode: int) -> None:
    """They are kept until they are whole; RFC 6455 section 5.5 has 125 bytes."""
    assert fails(Codec(is_client=True), header(0x80 | opcode, 0x10000)) == 1003
    found = events(Codec(is_client=True), frame(opcode, b"\x03\xe8" + bytes(0xFFFD)))
    assert [one.code for one in found if isinstance(one, Closed)] == ([1000] if opcode == CLOSE else [])


def test_a_long_ping_is_answered_with_its_payload() -> None:
    """And a program may send one; whoever listens sees what is inside."""
    ping = pattern(0xFFFF)
    for is_client in (True, False):
        codec = Codec(is_client)
        assert events(codec, frame(PING, ping, masked=not is_client)) == []
        assert [control_payload(pong) for pong in codec.pongs] == [ping]
        assert codec.controls == [(PING, ping)]
        assert control_payload(codec.ping(ping)) == ping
    assert Codec(is_client=False).ping(bytes(126)) == b"\x89\x7e\x00\x7e" + bytes(126)


@pytest.mark.parametrize(
    "raw",
    [
        b"\x82\x7e\x00\x05hello",
        b"\x82\x7f" + (5).to_bytes(8, "big") + b"hello",
    ],
)
def test_lengths_may_have_any_form(raw: bytes) -> None:
    """As the server takes them; RFC 6455 section 5.2 has the shortest."""
    assert events(Codec(is_client=True), raw) == [Data(b"hello", False)]
    assert [one.payload for one in byte_by_byte(Codec(is_client=True), raw) if isinstance(one, Data)] == [
        bytes((byte,)) for byte in b"hello"
    ]


def test_lengths_have_63_bits() -> None:
    """RFC 6455 section 5.2."""
    assert fails(Codec(is_client=True), b"\x82\x7f" + (1 << 63).to_bytes(8, "big")) == 1002


BAD_TEXTS = (b"\xff", b"a\xc3", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xc0\xaf", b"ok \x80")


@pytest.mark.parametrize("text", BAD_TEXTS)
def test_text_that_is_not_utf8_is_refused(text: bytes) -> None:
    """1007; surrogates and overlong forms are none."""
    assert Codec(is_client=True).whole(frame(TEXT, text)) is None
    assert fails(Codec(is_client=True), frame(TEXT, text)) == 1007
    split = frame(TEXT, text[:1], final=False) + frame(CONTINUATION, text[1:])
    assert fails(Codec(is_client=True), split) == 1007


@pytest.mark.parametrize("text", BAD_TEXTS)
def test_text_in_pieces_is_checked_too(text: bytes) -> None:
    """What was good has been handed out."""
    found = list(byte_by_byte(Codec(is_client=False), frame(TEXT, b"good " + text, masked=True)))
    assert [piece.payload for piece in found[:5] if isinstance(piece, Data)] == [b"g", b"o", b"o", b"d", b" "]
    closed = found[-1]
    assert isinstance(closed, Closed)
    assert closed.code == 1007


def test_binary_may_be_anything() -> None:
    """Nobody looks at it."""
    assert events(Codec(is_client=True), frame(BINARY, bytes(range(256)))) == [Data(bytes(range(256)), False)]


def test_bad_text_does_not_spoil_a_new_codec() -> None:
    """State belongs to one connection."""
    assert fails(Codec(is_client=True), frame(TEXT, b"\xff")) == 1007
    assert events(Codec(is_client=True), frame(TEXT, b"fine")) == [Data(b"fine", True)]


# ------------------------------------------------------------ control frames


@SIDES
@pytest.mark.parametrize("payload", [b"", b"payload", pattern(125)])
def test_a_ping_is_answered_with_its_payload(is_client: bool, payload: bytes) -> None:
    """RFC 6455 section 5.5.3."""
    codec = Codec(is_client)
    assert events(codec, frame(PING, payload, masked=not is_client)) == []
    assert [unmasked(raw) for raw in codec.pongs] == [(PONG, payload)]
    assert [raw[1] & 0x80 for raw in codec.pongs] == [0x80 if is_client else 0]


def test_pongs_are_dropped() -> None:
    """Nobody waits for them."""
    codec = Codec(is_client=True)
    assert events(codec, frame(PONG, b"unasked") + frame(PONG)) == []
    assert codec.pongs == []


def test_a_ping_has_the_bytes_of_the_rfc() -> None:
    """As the documented server sends it."""
    assert Codec(is_client=False).ping(b"BAS") == bytes.fromhex("8903424153")


@SIDES
@pytest.mark.parametrize("code", [1000, 1001, 1002, 1003, *range(1007, 1012), 3000, 3999, 4000, 4999])
@pytest.mark.parametrize("reason", [b"", "für immer".encode(), b"x" * 123])
def test_a_close_is_answered_with_1000(is_client: bool, code: int, reason: bytes) -> None:
    """Whatever it says, as documented."""
    raw = frame(CLOSE, code.to_bytes(2, "big") + reason, masked=not is_client)
    (closed,) = events(Codec(is_client), raw + frame(TEXT, b"late", masked=not is_client))
    assert isinstance(closed, Closed)
    assert closed.code == code
    assert unmasked(closed.answer) == (CLOSE, b"\x03\xe8")


def test_an_empty_close_is_1000() -> None:
    """As documented; the RFC would say 1005."""
    (closed,) = events(Codec(is_client=False), frame(CLOSE, masked=True))
    assert closed == Closed(1000, bytes.fromhex("880203e8"))


@pytest.mark.parametrize("code", [0, 999, 1004, 1005, 1006, 1015, 2999, 5000, 65535])
@pytest.mark.parametrize("reason", [b"", b"\xff"])
def test_codes_that_nobody_may_send_are_passed_on(code: int, reason: bytes) -> None:
    """As the server does it, and whatever the reason is; RFC 6455 section 7.4 has rules for both."""
    codec = Codec(is_client=False)
    assert events(codec, frame(CLOSE, code.to_bytes(2, "big") + reason, masked=True)) == [
        Closed(code, bytes.fromhex("880203e8"))
    ]
    assert codec.is_over
    assert not codec.is_broken


def test_half_a_close_code_is_1000() -> None:
    """As the server has it."""
    assert events(Codec(is_client=False), frame(CLOSE, b"\x03", masked=True)) == [
        Closed(1000, bytes.fromhex("880203e8"))
    ]


def test_after_our_own_close_nothing_is_received() -> None:
    """The program has closed, so nobody reads."""
    codec = Codec(is_client=False)
    assert codec.close() == bytes.fromhex("880203e8")
    assert events(codec, frame(TEXT, b"late", masked=True) + frame(PING, masked=True)) == []
    assert codec.pongs == []


def test_the_mask_of_these_tests_is_the_rfcs() -> None:
    """Section 5.7's example, with the key of these tests."""
    assert xor(xor(b"Hello")) == b"Hello"
    assert frame(TEXT, b"Hello") == bytes.fromhex("810548656c6c6f")
