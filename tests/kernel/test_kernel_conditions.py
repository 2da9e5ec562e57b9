"""`%lab` with what disturbs the way to a host on purpose, and with hosts of the user's own."""

from __future__ import annotations

import socket
import threading

import pytest

from ba_kernel._complete import complete
from ba_kernel._magic_conditions import FORMS, WORDS
from ba_runtime.lab import USAGES, Conditions, Lab

from ._fakes import Desk, play


def lab_of(desk: Desk) -> Lab:
    """The lab that is on."""
    lab = desk.bench.engine.lab
    assert lab is not None
    return lab


def test_every_word_of_the_lab_has_its_magic() -> None:
    """And two that the lab has methods for."""
    assert set(WORDS) == {*USAGES, "clear", "host"}
    for word, usage in USAGES.items():
        assert any(form.startswith(f"%lab {word} HOST") for form, _ in FORMS), usage


def test_a_lab_that_is_left_on_ends_with_the_kernel() -> None:
    """With its thread, whatever the conditions are."""

    async def scene(desk: Desk) -> None:
        await desk.run("%lab on\n%lab cut echo.lab.test")
        assert lab_of(desk).status()

    play(scene)
    assert not [thread for thread in threading.enumerate() if thread.name == "ba-lab"]


def test_conditions_are_set_and_said() -> None:
    """Those that are in force then, before the cell's Lua runs."""

    async def scene(desk: Desk) -> None:
        await desk.run("%lab on")
        before = len(desk.front.text())
        await desk.run("""\
%lab delay echo.lab.test 200ms ±50ms
%lab loss echo.lab.test 10%
%lab rate echo.lab.test 56kbit
%lab duplicate echo.lab.test 5%
%lab reorder echo.lab.test 5%
%lab reset example.com after 1000 bytes
%lab refuse example.com
%lab cut example.com
%lab delay echo.lab.test 0ms
print x""")
        assert desk.front.text()[before:].splitlines() == [
            "echo.lab.test: delay 200ms ±50ms",
            "echo.lab.test: delay 200ms ±50ms, loss 10%",
            "echo.lab.test: delay 200ms ±50ms, loss 10%, rate 56kbit",
            "echo.lab.test: delay 200ms ±50ms, loss 10%, duplicate 5%, rate 56kbit",
            "echo.lab.test: delay 200ms ±50ms, loss 10%, duplicate 5%, reorder 5%, rate 56kbit",
            "example.com: reset after 1000 bytes",
            "example.com: refuse, reset after 1000 bytes",
            "example.com: refuse, reset after 1000 bytes, cut",
            "echo.lab.test: loss 10%, duplicate 5%, reorder 5%, rate 56kbit",
            "x",
        ]
        assert lab_of(desk).conditions("echo.lab.test") == Conditions(
            loss=0.1, rate_bps=56_000, duplicate=0.05, reorder=0.05
        )

    play(scene)


def test_the_status_shows_the_conditions() -> None:
    """At each port of the host; those without any are as before."""

    async def scene(desk: Desk) -> None:
        await desk.run("%lab on\n%lab delay example.com 200ms\n%lab reset echo.lab.test")
        await desk.run("%lab status")
        lines = desk.front.text().splitlines()
        shown = {line.split()[0]: line.partition(" served")[2] for line in lines if " served" in line}
        assert shown["example.com:80/tcp"] == shown["example.com:443/tcp"] == "; delay 200ms"
        assert shown["echo.lab.test:7/tcp"] == shown["echo.lab.test:7/udp"] == "; reset"
        assert shown["pool.ntp.org:123/udp"] == shown["silent.lab.test:9/tcp"] == ""

    play(scene)


def test_conditions_are_cleared() -> None:
    """At one host, or at all; a lab that is turned on anew has none."""

    async def scene(desk: Desk) -> None:
        await desk.run("%lab on\n%lab cut echo.lab.test\n%lab cut example.com\n%lab cut pool.ntp.org")
        await desk.run("%lab clear echo.lab.test")
        assert desk.front.text().endswith("echo.lab.test: no conditions\n")
        assert lab_of(desk).conditions("echo.lab.test") == Conditions()
        assert lab_of(desk).conditions("example.com").is_cut
        await desk.run("%lab clear all")
        assert desk.front.text().endswith("No host has conditions.\n")
        assert not lab_of(desk).conditions("example.com").is_cut
        await desk.run("%lab refuse example.com\n%lab on")
        assert not lab_of(desk).conditions("example.com").is_refusing

    play(scene)


def test_an_own_server_gets_a_name() -> None:
    """The lab goes on with it, programs know it, also after a reset, and a second run changes nothing."""

    async def scene(desk: Desk) -> None:
        await desk.run("%lab on")
        lab = lab_of(desk)
        for _ in range(2):
            await desk.run("%lab host device.lab.test 8181")
            assert desk.front.text().endswith(
                "device.lab.test:8181 is your own server at 127.0.0.1:8181, reached through the lab.\n"
            )
        assert lab_of(desk) is lab
        assert "device.lab.test" in desk.runtime.hosts
        await desk.run("%reset\n%lab delay device.lab.test 1s")
        assert "device.lab.test" in desk.runtime.hosts
        with socket.create_connection(lab.routes["echo.lab.test", 7, "tcp"], timeout=20) as client:
            client.sendall(b"x")
            assert client.recv(1) == b"x"
        await desk.run("%lab off")

    play(scene)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("delay", "%lab delay: write it as delay HOST TIME [±TIME], such as 200ms ±50ms"),
        ("delay echo.lab.test", "%lab delay: write it as delay HOST TIME [±TIME], such as 200ms ±50ms"),
        ("delay echo.lab.test 200", "%lab delay: '200' needs a unit, as in 200ms or 1.5s"),
        ("delay echo.lab.test -5ms", "%lab delay: a delay must be between 0 and 60 s, not -5ms"),
        ("loss echo.lab.test 101%", "%lab loss: loss must be between 0% and 100%, not 101%"),
        (
            "loss ecko.lab.test 10%",
            "%lab loss: the lab has no host 'ecko.lab.test'; did you mean echo.lab.test?",
        ),
        ("cut nowhere", "%lab cut: the lab has no host 'nowhere'"),
        ("cut all", "%lab cut: the lab has no host 'all'"),
        (
            "cut silent.lab.test",
            "%lab cut: silent.lab.test never answers, so conditions would have no effect there",
        ),
        (
            "reorder example.com 5%",
            "%lab reorder: example.com only uses TCP, which hides duplicates and reordering from programs; "
            "set them for a host that takes datagrams, such as echo.lab.test",
        ),
        ("clear", "%lab clear: write it as clear HOST, or clear all"),
        ("clear all now", "%lab clear: write it as clear HOST, or clear all"),
        ("clear nowhere", "%lab clear: the lab has no host 'nowhere'"),
        ("host device.lab.test", "%lab host: write it as host NAME PORT, such as device.lab.test 8080"),
        ("host device.lab.test x", "%lab host: write it as host NAME PORT, such as device.lab.test 8080"),
        ("host device.lab.test 65536", "%lab host: 65536 is not a port; ports are 1 to 65535"),
        (
            "host example.com 80",
            "%lab host: example.com:80 is already a host of the lab; choose another name or port",
        ),
    ],
)
def test_what_makes_no_sense_is_answered_with_a_sentence(line: str, message: str) -> None:
    """It names the magic; the conditions in force stay as they are."""

    async def scene(desk: Desk) -> None:
        await desk.run("%lab on\n%lab loss echo.lab.test 1%")
        reply = await desk.run(f"%lab {line}")
        assert (reply["ename"], reply["evalue"]) == ("MagicError", message)
        assert lab_of(desk).conditions("echo.lab.test") == Conditions(loss=0.01)

    play(scene)


@pytest.mark.parametrize("word", WORDS)
def test_conditions_need_a_lab(word: str) -> None:
    """The message says how to turn it on."""

    async def scene(desk: Desk) -> None:
        reply = await desk.run(f"%lab {word} example.com")
        assert reply["evalue"] == f"%lab {word}: the lab network is off; %lab on turns it on"

    play(scene)


@pytest.mark.parametrize(
    ("code", "matches"),
    [
        ("%lab cu", ["%lab cut", "%lab cut echo.lab.test", "%lab cut example.com"]),
        ("%lab cut ex", ["%lab cut example.com", "%lab cut expired.lab.test"]),
        ("%lab clear a", ["%lab clear all"]),
        ("%lab cut de", ["%lab cut device.lab.test"]),
        ("%lab cut si", ["%lab cut simplemq.com"]),
        ("%lab host d", []),
        ("%lab reset", ["%lab reset"]),
    ],
)
def test_hosts_are_completed(code: str, matches: list[str]) -> None:
    """Those of the lab that is on, the user's own among them, where conditions can be set."""

    async def scene(desk: Desk) -> None:
        await desk.run("%lab on\n%lab host device.lab.test 8181")
        reply = await complete(desk.bench.engine, code, len(code))
        found = reply["matches"]
        assert isinstance(found, list)
        assert set(matches) <= set(found)
        assert len(found) == len(matches) or code.endswith(("cu", "reset"))
        await desk.run("%lab off")
        reply = await complete(desk.bench.engine, code, len(code))
        assert reply["matches"] == [match for match in matches if len(match.split()) == 2]

    play(scene)
