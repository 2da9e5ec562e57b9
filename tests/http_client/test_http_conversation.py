"""One connection's talk with a server, in memory."""

from __future__ import annotations

import pytest

from ba_runtime.http_client import Conversations, NoUrl, Url, join, parse
from ba_runtime.http_client.conversation import MAX_HEAD_BYTES, Conversation, Fault, Step

HOST = [(b"Host", b"x")]
OK = b"HTTP/1.1 200 OK\r\n"


def asked(method: bytes = b"GET", *, fields: list[tuple[bytes, bytes]] | None = None) -> Conversation:
    """A conversation whose request has been sent."""
    conversation = Conversation()
    assert isinstance(conversation.begin(method, b"/", fields or HOST), bytes)
    assert isinstance(conversation.finish(), bytes)
    return conversation


def steps(conversation: Conversation, *pieces: bytes) -> list[Step]:
    """All the steps in these pieces but `more`."""
    found: list[Step] = []
    for piece in pieces:
        step = conversation.next(piece)
        while step.kind not in {b"more", b"fault"} and not (found and found[-1].kind == b"end"):
            found.append(step)
            step = conversation.next(None)
        if step.kind == b"fault" and not (found and found[-1].kind == b"end"):
            return [*found, step]
    return found


def body_of(found: list[Step]) -> bytes:
    """What the steps say of the body."""
    return b"".join(step.value for step in found if step.kind == b"body" and isinstance(step.value, bytes))


def test_a_request_is_sent_as_it_was_asked_for() -> None:
    """Names keep their case."""
    conversation = Conversation()
    sent = conversation.begin(b"GET", b"/a?b=c", [(b"Host", b"x"), (b"X-In", b"1")])
    assert sent == b"GET /a?b=c HTTP/1.1\r\nHost: x\r\nX-In: 1\r\n\r\n"
    assert conversation.finish() == conversation.finish() == b""


def test_a_response_comes_in_steps_however_it_is_cut() -> None:
    """Byte by byte the same as in one piece."""
    text = OK + b"Content-Length: 5\r\nx-Y: a:b\r\n\r\nhello"
    whole = steps(asked(), text)
    assert whole[0] == Step(b"head", 200, b"Content-Length:5\nx-Y:a:b\n")
    assert whole[-1] == Step(b"end", 1)
    single = steps(asked(), *(text[i : i + 1] for i in range(len(text))))
    assert (single[0], single[-1]) == (whole[0], whole[-1])
    assert body_of(single) == body_of(whole) == b"hello"


def test_interim_responses_are_passed_over() -> None:
    """100 and 103 say nothing of the request's fate."""
    found = steps(asked(), b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + OK)
    assert found == []
    found = steps(asked(), b"HTTP/1.1 100 Continue\r\n\r\n" + OK + b"Content-Length: 0\r\n\r\n")
    assert [step.kind for step in found] == [b"head", b"end"]


def test_trailers_end_a_chunked_body() -> None:
    """They are not told."""
    found = steps(
        asked(), OK + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nX-Sum: 1\r\n\r\n"
    )
    assert (body_of(found), found[-1]) == (b"abcde", Step(b"end", 1))


@pytest.mark.parametrize(
    ("method", "head"),
    [
        (b"HEAD", OK + b"Content-Length: 100\r\n\r\n"),
        (b"GET", b"HTTP/1.1 204 No Content\r\n\r\n"),
        (b"GET", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 100\r\n\r\n"),
    ],
)
def test_some_responses_have_no_body_whatever_they_say(method: bytes, head: bytes) -> None:
    """RFC 9112, 6.3."""
    assert [step.kind for step in steps(asked(method), head)] == [b"head", b"end"]


def test_a_body_without_a_length_ends_with_the_connection() -> None:
    """Where the response says that it will close; then nothing can follow."""
    for fields in (b"Connection: close\r\n", b"Connection: x, Close\r\n"):
        for version in (b"1.0", b"1.1"):
            head = b"HTTP/%b 200 OK\r\n%b\r\nabc" % (version, fields)
            found = steps(asked(), head, b"def", b"")
            assert (body_of(found), found[-1]) == (b"abcdef", Step(b"end", 0))


@pytest.mark.parametrize("head", [OK, OK + b"Connection: keep-alive\r\n", b"HTTP/1.0 200 OK\r\n"])
def test_a_body_that_nothing_says_the_end_of_is_not_read(head: bytes) -> None:
    """As the server has it; what has come of it is left over for whoever takes the connection."""
    conversation = asked()
    found = steps(conversation, head + b"\r\nabc")
    assert [step.kind for step in found] == [b"head", b"end"]
    assert found[-1] == conversation.next(None) == Step(b"end", 2)
    assert conversation.left_over() == b"abc"


@pytest.mark.parametrize(
    "text", [OK + b"Content-Length: 9\r\n\r\nabc", OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nab"]
)
def test_a_body_cut_short_is_a_fault(text: bytes) -> None:
    """And stays one."""
    conversation = asked()
    assert steps(conversation, text, b"")[-1].kind == b"fault"
    assert conversation.next(b"more").kind == conversation.next(None).kind == b"fault"


@pytest.mark.parametrize(
    "text",
    [
        b"\x00\xff\x17garbage\r\n\r\n",
        b"SSH-2.0-OpenSSH\r\n\r\n",
        b"HTTP/1.1 99999 no\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
        OK + b"Content-Length: -1\r\n\r\n",
        OK + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n",
        OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n",
        OK + b"no colon\r\n\r\n",
        OK + b"a b: c\r\n\r\n",
        OK + b"x: a\x00b\r\n\r\n",
        OK + b"Transfer-Encoding: chunked\r\n\r\nnot hex\r\n",
        OK + b"x: " + b"y" * (MAX_HEAD_BYTES + 1),
        b"z" * (MAX_HEAD_BYTES + 1),
        OK + b"Transfer-Encoding: chunked\r\n\r\n1;" + b"z" * (MAX_HEAD_BYTES + 1),
    ],
)
def test_what_is_no_response_is_a_fault(text: bytes) -> None:
    """With words about it."""
    fault = steps(asked(), *(text[i : i + 8192] for i in range(0, len(text), 8192)))[-1]
    assert fault.kind == b"fault"
    assert fault.text


def test_what_comes_beyond_the_end_is_not_the_next_response() -> None:
    """A connection with something left over is not used again."""
    assert steps(asked(), OK + b"Content-Length: 0\r\n\r\n" + OK)[-1] == Step(b"end", 0)


def test_connection_close_ends_it() -> None:
    """The server says so."""
    assert steps(asked(), OK + b"Content-Length: 0\r\nConnection: close\r\n\r\n")[-1] == Step(b"end", 0)


def test_a_length_beside_chunks_ends_it() -> None:
    """The chunks count, and nothing that follows (RFC 9112, 6.3); the next response is looked at anew."""
    chunks = b"Transfer-Encoding: chunked\r\n%b\r\n2\r\nhe\r\n0\r\n\r\n"
    found = steps(asked(), OK + chunks % b"Content-Length: 9\r\n")
    assert (body_of(found), found[-1]) == (b"he", Step(b"end", 0))
    assert steps(asked(), OK + b"Content-Length: 9\r\n" + chunks % b"")[-1] == Step(b"end", 0)
    assert steps(asked(), OK + chunks % b"")[-1] == Step(b"end", 1)


def test_an_upgrade_leaves_the_rest_alone() -> None:
    """What came with a 101 is the new protocol's."""
    fields = [(b"Host", b"x"), (b"Upgrade", b"websocket"), (b"Connection", b"Upgrade")]
    conversation = asked(fields=fields)
    head = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
    assert conversation.next(head + b"\x81\x02hi").value == 101
    assert conversation.next(None) == Step(b"switched")
    assert conversation.left_over() == b"\x81\x02hi"


def test_bodies_keep_to_what_was_announced() -> None:
    """Too much and too little are faults of the caller's."""
    conversation = Conversation()
    conversation.begin(b"POST", b"/", [*HOST, (b"Content-Length", b"3")])
    assert isinstance(conversation.finish(), Fault)
    conversation = Conversation()
    conversation.begin(b"POST", b"/", [*HOST, (b"Content-Length", b"3")])
    assert conversation.body(b"abc") == b"abc"
    assert isinstance(conversation.body(b"d"), Fault)


def test_a_chunked_body_is_ended_by_finish() -> None:
    """With the empty chunk."""
    conversation = Conversation()
    conversation.begin(b"POST", b"/", [*HOST, (b"Transfer-Encoding", b"chunked")])
    assert conversation.body(b"abc") == b"3\r\nabc\r\n"
    assert conversation.finish() == b"0\r\n\r\n"


def test_what_h11_would_refuse_is_sent_as_it_is() -> None:
    """A second Host, a blank in the target, a length beside chunks, of which the chunks count."""
    conversation = Conversation()
    fields = [*HOST, (b"Host", b"y"), (b"Content-Length", b"3"), (b"Transfer-Encoding", b"chunked")]
    assert conversation.begin(b"POST", b"/?a b=\xe4", fields) == (
        b"POST /?a b=\xe4 HTTP/1.1\r\nHost: x\r\nHost: y\r\nContent-Length: 3\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n"
    )
    assert conversation.body(b"abcd") == b"4\r\nabcd\r\n"


def test_the_crossing_never_raises_on_requests() -> None:
    """What is wrong with one is a text."""
    crossing = Conversations().functions()
    number = crossing["http_open"]()
    assert crossing["http_problem"](b"GET", b"Host:x\n") is None
    for fields in (b"Content-Length:x\n", b"Transfer-Encoding:gzip\n"):
        assert crossing["http_problem"](b"POST", fields)
        assert crossing["http_begin"](number, b"POST", b"/", fields)[0] is None  # type: ignore[index]
    crossing["http_forget"](number)
    crossing["http_forget"](number)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("http://a", ("a", 80, "/", "a")),
        ("https://A:8443/x", ("A", 8443, "/x", "A:8443")),
        ("http://a:/", ("a", 80, "/", "a")),
        ("ws://a/x?y=z#part", ("a", 80, "/x?y=z#part", "a")),
        ("wss://a", ("a", 443, "/", "a")),
        ("http://a/x y/ä%20\r\n", ("a", 80, "/x y/ä%20\r\n", "a")),
        ("http://[::1]:80/", ("::1", 80, "/", "[::1]")),
        ("http://[::1]:81/", ("::1", 81, "/", "[::1]:81")),
        ("http://bücher.example/", ("xn--bcher-kva.example", 80, "/", "xn--bcher-kva.example")),
    ],
)
def test_a_url_is_taken_apart(text: str, expected: tuple[str, int, str, str]) -> None:
    """Into what a client needs; all that follows the host is the path."""
    url = parse(text.encode())
    assert isinstance(url, Url)
    assert (url.host.decode(), url.port, url.path.decode(), url.authority.decode()) == expected


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        *((text, b"invalidurl") for text in (b"", b"nonsense", b"http:", b"ftp://a/", b"//a/", b"HTTP://a/")),
        (b"http://a\x00/", b"invalidurl"),
        *(
            (b"http://%b/" % place, b"cannotresolve")
            for place in (b"", b"a:b", b"a b", b"u:p@a", b"u@a", b"a?x=1")
        ),
        *(
            (b"http://%b/" % place, b"cannotresolve")
            for place in (b"[::1", b"[zz]", b"\xff", b"a\r\nX: y", b"a\\b")
        ),
        *((b"http://a:%b/" % port, b"cannotconnect") for port in (b"65536", b"9" * 5000)),
    ],
)
def test_what_is_no_url_has_a_reason(text: bytes, reason: bytes) -> None:
    """And never half of one."""
    assert parse(text) == NoUrl(reason)


@pytest.mark.parametrize(
    ("location", "expected"),
    [
        (b"/x?y=1", b"http://a:81/x?y=1"),
        (b"x", b"http://a:81/b/x"),
        (b"//b/x", b"http://b/x"),
        (b"https://b", b"https://b"),
        (b"http://[b", None),
    ],
)
def test_a_location_is_found_from_where_it_was_said(location: bytes, expected: bytes | None) -> None:
    """RFC 3986, 5."""
    assert join(b"http://a:81/b/c", location) == expected
