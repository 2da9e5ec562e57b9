"""How what a cell prints becomes messages."""

from __future__ import annotations

from ba_kernel._output import Output

from ._fakes import FakeLoop, RecordingFrontEnd, request


class Stage:
    """An output with a clock that the test moves."""

    def __init__(self, limit_bytes: int = 1_000_000) -> None:
        self.front = RecordingFrontEnd()
        self.loop = FakeLoop()
        self.output = Output(self.front, self.loop, limit_bytes)
        self.output.begin(request())


def test_ten_thousand_prints_are_at_most_five_messages() -> None:
    """A burst of a fifth of a second arrives in a few big messages, and all of it."""
    stage = Stage()
    for number in range(10_000):
        stage.output.write(b"line %d\n" % number)
        stage.loop.advance(0.00002)
    stage.output.end()
    assert len(stage.front.sent) <= 5
    assert stage.front.text() == "".join(f"line {number}\n" for number in range(10_000))


def test_a_first_line_is_not_late() -> None:
    """One line appears within 50 ms while the cell goes on."""
    stage = Stage()
    stage.output.write(b"started\n")
    stage.loop.advance(0.05)
    assert stage.front.text() == "started\n"


def test_a_line_every_tenth_of_a_second_is_never_late() -> None:
    """Slow output is not held back by what came before it."""
    stage = Stage()
    for number in range(20):
        stage.output.write(b"%d\n" % number)
        stage.loop.advance(0.06)
        assert stage.front.text().endswith(f"{number}\n")
        stage.loop.advance(0.04)


def test_stdout_and_stderr_keep_their_order() -> None:
    """A change of stream is a new message, in the order of writing."""
    stage = Stage()
    for stream in ("stdout", "stderr", "stdout", "stdout"):
        stage.output.write(b"x", stream)
    stage.output.end()
    streams = [(content["name"], content["text"]) for content in stage.front.of_kind("stream")]
    assert streams == [("stdout", "x"), ("stderr", "x"), ("stdout", "xx")]


def test_a_flood_on_both_streams_is_bounded_and_complete() -> None:
    """The Jupyter server cuts a kernel off at 1,000 messages a second; the text is all there."""
    stage = Stage()
    for _ in range(50_000):
        stage.output.write(b"o")
        stage.output.write(b"e", "stderr")
        stage.loop.advance(0.00004)
    stage.output.end()
    assert len(stage.front.sent) < 2 * 1000
    assert (stage.front.text(), stage.front.text("stderr")) == ("o" * 50_000, "e" * 50_000)


def test_what_is_inserted_stands_between_the_prints_around_it() -> None:
    """A display keeps its place although text is sent later and in bigger pieces."""
    stage = Stage()
    stage.output.write(b"before\n")
    stage.output.insert(lambda: stage.front("display_data", {}, {}))
    stage.output.write(b"after\n")
    stage.output.end()
    assert stage.front.kinds() == ["stream", "display_data", "stream"]


def test_a_letter_in_two_writes_is_one_letter() -> None:
    """io.write of single bytes does not break UTF-8, not even across two messages."""
    stage = Stage()
    stage.output.write(b"\xc3")
    stage.loop.advance(1)
    stage.output.write(b"\xa4")
    stage.output.end()
    assert stage.front.text() == "ä"


def test_output_past_the_limit_is_dropped_and_counted() -> None:
    """The limit is announced where it is reached, and the end says what is missing."""
    stage = Stage(limit_bytes=10)
    stage.output.write(b"123456789")
    stage.output.write("€uro".encode())
    stage.loop.advance(1)
    assert stage.front.text() == "123456789"
    assert "has printed 10 bytes" in stage.front.text("stderr")
    for _ in range(1000):
        stage.output.write(b"more")
    stage.output.end()
    assert stage.front.text() == "123456789"
    assert stage.front.text("stderr").endswith("[4,006 bytes were dropped]\n")


def test_a_cell_may_print_a_million_bytes() -> None:
    """In one write or in many; one more is told."""
    front, loop = RecordingFrontEnd(), FakeLoop()
    output = Output(front, loop)
    for text in (b"x" * 1_000_000, b"xy" * 500_000):
        output.begin(request())
        output.write(text)
        output.end()
        assert front.text("stderr") == ""
    output.begin(request())
    output.write(b"x" * 1_000_001)
    output.end()
    assert front.text("stderr").endswith("[1 bytes were dropped]\n")


def test_one_flush_is_two_hundred_messages_at_most() -> None:
    """Then text joins the latest of its stream."""
    for writes, messages in ((199, 199), (200, 200), (201, 200), (1000, 200)):
        stage = Stage()
        for number in range(writes):
            stage.output.write(b"x", ("stdout", "stderr")[number % 2])
        stage.output.end()
        assert len(stage.front.sent) == messages
        assert len(stage.front.text() + stage.front.text("stderr")) == writes


def test_more_than_a_hundred_writes_between_two_flushes_are_a_flood() -> None:
    """It is sent four times a second, less than that twenty times."""
    for writes, pause_s in ((100, 0.05), (101, 0.25)):
        stage = Stage()
        for _ in range(writes):
            stage.output.write(b"x")
        stage.loop.advance(0.01)
        stage.output.write(b"later")
        stage.loop.advance(pause_s - 0.001)
        assert stage.front.text() == "x" * writes
        stage.loop.advance(0.002)
        assert stage.front.text() == "x" * writes + "later"


def test_an_endless_loop_of_prints_sends_nothing_after_the_limit() -> None:
    """Once the limit is reached, more prints wake nobody."""
    stage = Stage(limit_bytes=10)
    stage.output.write(b"x" * 11)
    stage.loop.advance(1)
    sent = len(stage.front.sent)
    for _ in range(1000):
        stage.output.write(b"x")
        stage.loop.advance(1)
    assert len(stage.front.sent) == sent


def test_a_silent_cell_sends_nothing() -> None:
    """A request that asks for silence gets no output."""
    stage = Stage()
    stage.output.begin(request(is_silent=True))
    stage.output.write(b"unheard")
    stage.output.insert(lambda: stage.front("display_data", {}, {}))
    stage.output.end()
    assert stage.front.sent == []


def test_output_answers_the_request_of_its_cell() -> None:
    """Each cell's text goes to that cell."""
    stage = Stage()
    stage.output.write(b"one")
    stage.output.end()
    stage.output.begin(request(2))
    stage.output.write(b"two")
    stage.output.end()
    parents = [message.parent["header"]["msg_id"] for message in stage.front.sent]
    assert parents == ["message-1", "message-2"]
