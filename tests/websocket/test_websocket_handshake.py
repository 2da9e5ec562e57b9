"""The opening handshake: RFC 6455 section 4."""

from __future__ import annotations

import pytest

from ba_runtime.websocket import NotAnUpgrade, accept_upgrade, is_accepted, new_key

# The example of RFC 6455 section 1.3.
KEY, ACCEPT = b"dGhlIHNhbXBsZSBub25jZQ==", b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
HEADERS = (
    (b"Host", b"localhost:8080"),
    (b"Upgrade", b"websocket"),
    (b"Connection", b"Upgrade"),
    (b"Sec-WebSocket-Key", KEY),
    (b"Sec-WebSocket-Version", b"13"),
)


def test_an_upgrade_is_accepted() -> None:
    """With the header names as the documented server spells them."""
    more = [(b"Keep-Alive", b"Keep-Alive")]
    head, _, rest = accept_upgrade("GET", HEADERS, more=more).partition(b"\r\n\r\n")
    status, *lines = head.split(b"\r\n")
    assert status.startswith(b"HTTP/1.1 101 ")  # wsproto 1.2 gives no reason, nor need it: RFC 9112, 4
    fields = dict(line.split(b": ") for line in lines)
    assert fields.pop(b"Upgrade").lower() == b"websocket"  # in any case: RFC 6455, 4.2.1
    assert fields == {
        b"Connection": b"Upgrade",
        b"Sec-WebSocket-Accept": ACCEPT,
        b"Keep-Alive": b"Keep-Alive",
    }
    assert rest == b""


def test_names_may_be_in_any_case_and_order() -> None:
    """Browsers and libraries differ."""
    lower = [(name.lower(), value.upper() if name == b"Upgrade" else value) for name, value in HEADERS]
    assert ACCEPT in accept_upgrade("GET", lower[::-1])


@pytest.mark.parametrize("value", [b"keep-alive, Upgrade", b"upgrade", b"Upgrade,keep-alive"])
def test_the_connection_header_may_say_more(value: bytes) -> None:
    """Firefox says keep-alive too."""
    headers = [(name, value if name == b"Connection" else old) for name, old in HEADERS]
    assert ACCEPT in accept_upgrade("GET", headers)


@pytest.mark.parametrize("at", [0, 5])
def test_there_may_be_several_connection_headers(at: int) -> None:
    """RFC 9110 section 5.3 makes them one."""
    headers = list(HEADERS)
    headers.insert(at, (b"connection", b"keep-alive"))
    assert ACCEPT in accept_upgrade("GET", headers)


@pytest.mark.parametrize(
    ("offered", "given", "answered"),
    [
        ([b"mqtt, chat"], b"chat", b"chat"),
        ([b"mqtt", b"chat"], b"chat", b"chat"),
        ([b"mqtt"], b"chat", None),
        ([b"Chat"], b"chat", None),
        ([], b"chat", None),
        ([b"chat"], None, None),
        ([b"chat"], b"\xff\r\nX: y", None),
    ],
)
def test_a_subprotocol_is_agreed_to_if_it_was_offered(
    offered: list[bytes], given: bytes | None, answered: bytes | None
) -> None:
    """One answer at most, and none that the client would have to refuse."""
    offers = [(b"Sec-WebSocket-Protocol", value) for value in offered]
    lines = accept_upgrade("GET", [*HEADERS, *offers], given).split(b"\r\n")
    found = [line.partition(b": ")[2] for line in lines if line.lower().startswith(b"sec-websocket-pro")]
    assert found == ([] if answered is None else [answered])


def test_no_extension_and_no_subprotocol_is_agreed_to_by_itself() -> None:
    """What browsers offer is not answered."""
    offers = [
        (b"Sec-WebSocket-Extensions", b"permessage-deflate; client_max_window_bits"),
        (b"Sec-WebSocket-Protocol", b"mqtt, chat"),
    ]
    answer = accept_upgrade("GET", [*HEADERS, *offers]).lower()
    assert b"extensions" not in answer
    assert b"protocol:" not in answer


@pytest.mark.parametrize("missing", [name for name, _ in HEADERS])
def test_what_lacks_a_header_is_no_upgrade(missing: bytes) -> None:
    """All five are needed (RFC 6455 section 4.2.1)."""
    with pytest.raises(NotAnUpgrade):
        accept_upgrade("GET", [one for one in HEADERS if one[0] != missing])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        (b"Upgrade", b"h2c"),
        (b"Connection", b"keep-alive"),
        (b"Sec-WebSocket-Version", b"8"),
        (b"Host", b"\xff\xfe"),
        (b"Host", b"xn--" + b"a" * 80),
    ],
)
def test_what_asks_for_something_else_is_no_upgrade(name: bytes, value: bytes) -> None:
    """It is an ordinary request, or nonsense."""
    headers = [(old, value if old == name else given) for old, given in HEADERS]
    with pytest.raises(NotAnUpgrade):
        accept_upgrade("GET", headers)


@pytest.mark.parametrize("method", ["POST", "HEAD", "get", ""])
def test_only_get_upgrades(method: str) -> None:
    """RFC 6455 section 4.1."""
    with pytest.raises(NotAnUpgrade):
        accept_upgrade(method, HEADERS)


def test_no_header_can_add_another_to_the_answer() -> None:
    """Line ends in a value are refused."""
    headers = [(name, b"x\r\nEvil: 1" if name == b"Sec-WebSocket-Key" else value) for name, value in HEADERS]
    with pytest.raises(NotAnUpgrade):
        accept_upgrade("GET", headers)


def test_keys_are_fresh() -> None:
    """Sixteen random bytes."""
    keys = {new_key() for _ in range(50)}
    assert len(keys) == 50
    assert {len(key) for key in keys} == {24}


def test_the_answer_belongs_to_the_key() -> None:
    """Blanks around it do not count; everything else does."""
    assert is_accepted(KEY, ACCEPT)
    assert is_accepted(KEY, b" " + ACCEPT + b" ")
    assert not is_accepted(KEY, None)
    assert not is_accepted(KEY, b"")
    assert not is_accepted(KEY, ACCEPT.lower())
    assert not is_accepted(new_key(), ACCEPT)
    assert not is_accepted(KEY, b"\xff")
