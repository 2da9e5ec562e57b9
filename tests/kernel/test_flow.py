"""`%flow` with a runtime that records what a test wants."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from ba_kernel import _flow
from ba_kernel._engine import Engine
from ba_kernel._flow import Flow
from ba_runtime.observe import Address, Moved, Opened

from ._fakes import Desk, FakeLoop, FakeRuntime, RecordingFrontEnd, play, request


def pictures(desk: Desk) -> list[str]:
    """The text forms of all that was displayed or updated."""
    return [sent.content["data"]["text/plain"] for sent in desk.front.sent if "display_data" in sent.kind]


async def refused(desk: Desk, code: str) -> str:
    """What a cell that must fail says."""
    reply = await desk.run(code)
    assert reply["status"] == "error"
    return str(reply["evalue"])


def test_a_flow_cell_shows_its_sockets_below_what_it_printed() -> None:
    """The picture comes when the cell has ended, and before its value."""

    async def scene(desk: Desk) -> None:
        await desk.run("%flow\nprint one\nmove hello\nvalue 1")
        assert desk.front.kinds() == ["stream", "display_data", "execute_result"]
        assert "“hello”" in pictures(desk)[0]
        assert "<img alt=" in desk.front.of_kind("display_data")[0]["data"]["text/html"]
        assert desk.runtime.recordings[0].has_ended

    play(scene)


def test_a_flow_cell_that_fails_shows_its_picture_too() -> None:
    """It is wanted most then, and stands above the error."""

    async def scene(desk: Desk) -> None:
        await desk.run("%flow\nmove hello\nerror no")
        assert desk.front.kinds() == ["display_data", "error"]

    play(scene)


def test_a_flow_cell_leaves_out_the_sockets_of_others() -> None:
    """What a cosocket of another cell does at the same time is not this cell's."""

    async def scene(desk: Desk) -> None:
        desk.runtime.there = [
            Opened(0.0, 3, "datagram", 99),
            Moved(0.0, 3, True, "wire", 3, b"not", Address("192.0.2.1", 1)),
        ]
        await desk.run("%flow\nmove hello")
        assert "hello" in pictures(desk)[0]
        assert "not" not in pictures(desk)[0]

    play(scene)


def test_on_shows_one_picture_across_cells_until_off() -> None:
    """Each later cell brings it up to date before it is idle; after `off` it stays as it is."""

    async def scene(desk: Desk) -> None:
        await desk.run("%flow on")
        await desk.run("move one")
        await desk.run("move two")
        await desk.run("%flow off")
        await desk.run("move three")
        assert desk.front.kinds() == ["display_data", "update_display_data", "update_display_data"]
        ids = {sent.content["transient"]["display_id"] for sent in desk.front.sent}
        assert len(ids) == 1
        assert "“two”" in pictures(desk)[-1]

    play(scene)


def test_a_console_gets_the_picture_when_it_is_asked_for_again_and_when_it_is_complete() -> None:
    """It ignores updates, so none is sent; there, nothing has happened yet when the recording begins."""

    async def scene(desk: Desk) -> None:
        for code in ("%flow on", "move one", "%flow on", "move two", "%flow off"):
            await desk.run(code, is_console=True)
        assert "%flow off draws the picture" in desk.front.text()
        kinds = [kind for kind in desk.front.kinds() if kind != "stream"]
        assert kinds == ["display_data", "display_data"]
        so_far, whole = pictures(desk)
        assert "“one”" in so_far
        assert "“two”" not in so_far
        assert "“two”" in whole

    play(scene)


def test_updates_come_once_a_second_and_only_with_something_new() -> None:
    """A hundred events in a second are one update, a quiet second is none, and none comes after `off`."""
    loop, front = FakeLoop(), RecordingFrontEnd()
    runtime = FakeRuntime(lambda event: None)
    flow = Flow(Engine(lambda event: None, lambda sink: runtime), front, loop)

    async def scene() -> None:
        flow.begin(request())
        await flow.turn_on(request())
        for number in range(100):
            runtime.send(b"move", b"%d" % number, "cell[1]", 1, 1)
        loop.advance(1.01)
        assert front.kinds() == ["display_data", "update_display_data"]
        loop.advance(30)
        assert len(front.sent) == 2
        await flow.turn_off(request())
        loop.advance(30)
        assert len(front.sent) == 2

    asyncio.run(scene())


def test_wait_goes_on_after_the_lua_has_ended() -> None:
    """The recording has not ended while the seconds run."""

    async def scene(desk: Desk) -> None:
        running = asyncio.ensure_future(desk.run("%flow wait 3000\nmove hello"))
        while not desk.runtime.recordings or not desk.runtime.recordings[0].kept:
            await asyncio.sleep(0)
        assert not desk.runtime.recordings[0].has_ended
        while desk.bench.cells._task is None:
            await asyncio.sleep(0)
        desk.bench.interrupt()
        await running
        assert "“hello”" in pictures(desk)[0]

    play(scene)


def test_only_shows_the_sockets_asked_for() -> None:
    """By their numbers in `%sockets`; one that is gone is an error."""

    async def scene(desk: Desk) -> None:
        desk.runtime.there = [Opened(0.0, 3, "datagram", 99)]
        await desk.run("%flow only 3\nmove hello")
        assert pictures(desk) == ["No socket did anything."]
        assert "there is no socket 8, or it is closed" in await refused(desk, "%flow only 8\nmove hello")
        assert len(pictures(desk)) == 1

    play(scene)


def test_bytes_are_shown_in_two_colours() -> None:
    """As HTML, and as text with an arrow for each direction."""

    async def scene(desk: Desk) -> None:
        await desk.run("%flow\nmove <b> x y")
        await desk.run("%flow bytes 7")
        data = desk.front.of_kind("display_data")[-1]["data"]
        assert data["text/plain"] == (
            "-> 7 bytes\n   0000  3c 62 3e 20 78 20 79                              <b> x y"
        )
        assert "&lt;b&gt; x y" in data["text/html"]

    play(scene)


def test_a_picture_is_saved_as_svg_and_as_json(tmp_path: Path) -> None:
    """The file's ending says which."""

    async def scene(desk: Desk) -> None:
        await desk.run("%flow\nmove hello")
        await desk.run(f"%flow save {tmp_path / 'a b.svg'}")
        await desk.run(f"%flow save {tmp_path / 'flow.json'}")
        assert ElementTree.parse(tmp_path / "a b.svg").getroot().tag.endswith("svg")
        events = json.loads((tmp_path / "flow.json").read_text(encoding="utf-8"))
        assert [event["event"] for event in events] == ["opened", "moved"]
        assert bytes.fromhex(events[1]["head"]) == b"hello"
        assert "2 events written to" in desk.front.text()

    play(scene)


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("%flow bytes 1", "nothing has been recorded yet"),
        ("%flow save a.svg", "nothing has been recorded yet"),
        ("%flow off", "%flow is off"),
        ("%flow on now", "usage: %flow"),
        ("%flow upwards", "usage: %flow"),
        ("%flow only", "usage: %flow only ID"),
        ("%flow only x", "usage: %flow only ID"),
        ("%flow bytes", "usage: %flow bytes ID"),
        ("%flow bytes 1 2", "usage: %flow bytes ID"),
        ("%flow wait", "usage: %flow wait SECONDS"),
        ("%flow wait nan", "usage: %flow wait SECONDS"),
        ("%flow wait 1e9", "usage: %flow wait SECONDS"),
        ("%flow save", "usage: %flow save FILE"),
        ("%flow save a.png", "usage: %flow save FILE"),
        ("%flow\n%%lsp\n<p>", "%flow does not work above a page"),
    ],
)
def test_bad_input_is_answered_with_a_sentence(code: str, said: str) -> None:
    """It says what is wrong, and what to write instead."""

    async def scene(desk: Desk) -> None:
        assert said in await refused(desk, code)
        assert pictures(desk) == []

    play(scene)


def test_a_folder_that_is_not_there_and_a_socket_that_is_gone_are_named(tmp_path: Path) -> None:
    """What was recorded is kept."""

    async def scene(desk: Desk) -> None:
        await desk.run("%flow\nmove hello")
        assert "No such file" in await refused(desk, f"%flow save {tmp_path / 'no' / 'a.svg'}")
        assert "socket 8 is not in the recording, where 7 moved data" in await refused(desk, "%flow bytes 8")
        assert (await desk.run("%flow bytes 7"))["status"] == "ok"

    play(scene)


def test_a_busy_lua_is_said_to_be_busy(monkeypatch: pytest.MonkeyPatch) -> None:
    """The cell ends with a sentence and does not wait forever."""
    monkeypatch.setattr(_flow, "ANSWER_S", 0.0)

    async def scene(desk: Desk) -> None:
        desk.runtime.is_busy = True
        assert "Lua is busy" in await refused(desk, "%flow\nmove hello")

    play(scene)
