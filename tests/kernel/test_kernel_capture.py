"""`%capture`."""

from __future__ import annotations

from ._fakes import Desk, play


def test_a_capture_begins_and_ends_with_what_it_has_written() -> None:
    """And says that there are keys in it, what was dropped, and why it ended early."""

    async def scene(desk: Desk) -> None:
        await desk.run("%capture a")
        assert "written to a until %capture off" in desk.front.text()
        assert "holds the keys of TLS connections" in desk.front.text()
        await desk.run("%capture off")
        assert "3 packets written to a; 1,500 bytes were dropped because the disk was too slow" in (
            desk.front.text()
        )
        assert "cannot write a: No space left on device" in desk.front.text()

    play(scene)


def test_what_cannot_be_captured_is_said_and_nothing_runs() -> None:
    """A file that exists, no file at all, an end without a beginning."""

    async def scene(desk: Desk) -> None:
        for line, message in (
            ("%capture taken", "%capture: taken exists already; delete it or choose another name"),
            ("%capture", "usage: %capture FILE.pcapng | off"),
            ("%capture off", "%capture off: there is no capture; %capture FILE.pcapng begins one"),
        ):
            reply = await desk.run(f"{line}\nprint x")
            assert (reply["ename"], reply["evalue"]) == ("MagicError", message)
        assert desk.front.text() == ""

    play(scene)
