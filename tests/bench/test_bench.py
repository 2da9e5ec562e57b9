"""The benchmark measures what it says it measures; how fast anything is, is not tested."""

from __future__ import annotations

import shutil
import socket
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from . import echo, lab, lua, pages, recorded, series, tls, udp, websocket, work
from .series import Series, Target

# Long enough for one round trip at least on a machine that is busy with other tests.
MEASURED_S = 0.3
ROUNDS = (Series("a case", "ours", "ms", (1.0, 4.0, 2.0)), Series("a case", "theirs", "ms", (2.0, 4.0, 8.0)))


@pytest.fixture
def replies() -> Iterator[tuple[int, list[bytes]]]:
    """A server for one connection that sends back the bytes in the list instead of the message, once."""
    replies: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(30)

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                while data := connection.recv(64):
                    connection.sendall(replies.pop() if replies else data)

        thread = threading.Thread(target=serve)
        thread.start()
        yield listener.getsockname()[1], replies
        thread.join()


@pytest.fixture(params=["compiled", "python"])
def load(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The command of each load generator that this machine has."""
    if request.param == "python":
        monkeypatch.setattr("shutil.which", lambda _: None)
    command = echo._load_command(tmp_path, lambda _: None)
    if request.param == "compiled" and command[0] == sys.executable:
        pytest.skip("no C compiler for epoll here")
    return command


def test_the_load_counts_the_round_trips_it_made(load: list[str], replies: tuple[int, list[bytes]]) -> None:
    """An echo of everything keeps it going for the time asked."""
    assert echo._round_trips_a_second(load, replies[0], 1, MEASURED_S) > 0


def test_the_load_refuses_a_wrong_answer(load: list[str], replies: tuple[int, list[bytes]]) -> None:
    """A server that does not echo has no figure."""
    replies[1].append(b"x" * 64)
    with pytest.raises(RuntimeError, match="found a fault"):
        echo._round_trips_a_second(load, replies[0], 1, MEASURED_S)


def test_every_server_is_measured_in_every_round() -> None:
    """One short round with two connections gives one sample for each server."""
    stand_in = [sys.executable, str(echo.HERE / "server_streams.py")]
    measured = echo.measure(stand_in, [2], 1, MEASURED_S, lambda _: None)
    assert {one.subject for one in measured} >= {"ba-lua", "asyncio streams"}
    assert all(len(one.samples) == 1 and one.median > 0 for one in measured)


def test_a_server_that_does_not_start_is_named() -> None:
    """With the command that was run."""
    with pytest.raises(RuntimeError, match="ba-lua did not start"):
        echo.measure([sys.executable, "-c", "pass"], [1], 1, MEASURED_S, lambda _: None)


def test_a_ratio_compares_the_rounds_in_pairs() -> None:
    """The median of 1/2, 4/4 and 2/8, not the ratio of the medians."""
    assert series.ratio(*ROUNDS) == 0.5


def test_the_table_has_the_target_beside_the_figure() -> None:
    """A comparison that could not be made says so."""
    targets = [Target("a case", "ours", "theirs", "<= 0.80"), Target("a case", "ours", "nobody's", "> 1.00")]
    lines = [line.split() for line in series.table(ROUNDS, targets).splitlines()]
    assert ["ours", "/", "theirs", "0.50", "target", "<=", "0.80"] in lines
    assert ["ours", "/", "nobody's", "skipped", "target", ">", "1.00"] in lines
    assert ["ours", "2.00", "1.00", "4.00", "ms"] in lines


def test_the_json_holds_every_sample() -> None:
    """And the ratios, None where there is none."""
    content = series.as_json(ROUNDS, [Target("a case", "ours", "nobody's", "> 1.00")])
    assert content["series"] == [
        {"case": "a case", "subject": "ours", "unit": "ms", "median": 2.0, "samples": [1.0, 4.0, 2.0]},
        {"case": "a case", "subject": "theirs", "unit": "ms", "median": 4.0, "samples": [2.0, 4.0, 8.0]},
    ]
    assert content["ratios"] == [
        {"case": "a case", "subject": "ours", "baseline": "nobody's", "ratio": None, "target": "> 1.00"}
    ]


def test_work_gives_a_figure_for_both_sides() -> None:
    """Of the three cases, one round each."""
    ba_lua = [sys.executable, "-m", "ba_runtime", "--stay"]
    measured = [*work.measure_json(ba_lua, 1, lambda _: None), *work.measure_hash(ba_lua, 1, lambda _: None)]
    found = {(one.case, one.subject) for one in measured if one.median > 0}
    assert found == {
        (case, name)
        for case in (work.READING, work.WRITING, work.HASHING)
        for name in (work.OURS, work.THEIRS)
    }


@pytest.mark.parametrize("installed", ["lua5.4", "nothing"])
def test_a_lua_program_is_measured_beside_the_peer_that_there_is(
    installed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The stock interpreter, or a bare state of lupa's, which the targets then name."""
    if installed == "nothing":
        monkeypatch.setattr("shutil.which", lambda _: None)
    elif shutil.which(installed) is None:
        pytest.skip("no lua5.4 here")
    program = tmp_path / "work.lua"
    cases = ["making nothing", "nothing yields", "xpcall", "nothing"]
    program.write_text("".join(f"print(1, '{case}')\n" for case in cases))
    ba_lua = [sys.executable, "-m", "ba_runtime", "--stay"]
    measured = lua.measure(ba_lua, 1, lambda _: None, program)
    peer = lua.STOCK if installed == "lua5.4" else lua.BARE
    assert {(one.case, one.subject) for one in measured} == {(c, n) for c in cases for n in (lua.OURS, peer)}
    wordings = [lua.MAKING, lua.YIELDING, lua.WRAPPED, lua.EQUAL]
    assert lua.targets(measured) == [
        Target(case, lua.OURS, peer, wording) for case, wording in zip(cases, wordings, strict=True)
    ]


def test_the_lua_work_runs_in_any_lua() -> None:
    """Every line of the program is a figure and a name, and coroutines have both of their targets."""
    figures = lua._figures([sys.executable, str(echo.HERE / "lua_bare.py"), str(lua.WORK)])
    assert all(taken_ms > 0 for taken_ms in figures.values())
    assert {lua._wording(case) for case in figures} == {lua.MAKING, lua.YIELDING, lua.WRAPPED, lua.EQUAL}


def test_tls_gives_a_figure_for_every_case_and_server() -> None:
    """One short round of everything."""
    measured = tls.measure([sys.executable, "-m", "ba_runtime", "--stay"], 1, MEASURED_S, lambda _: None)
    found = {(one.case, one.subject) for one in measured if one.median > 0}
    assert found >= {(f"{case}, {tls.SEEN}", name) for case in tls.CASES for name in (tls.OURS, tls.THEIRS)}


def test_pages_give_a_figure_for_every_server() -> None:
    """One short round; nothing where the load cannot be built."""
    measured = pages.measure([sys.executable, "-m", "ba_runtime", "--stay"], 1, MEASURED_S, lambda _: None)
    if not measured:
        pytest.skip("no C compiler or no epoll")
    found = {(one.case, one.subject) for one in measured if one.median > 0}
    assert found >= {
        (pages.case(n), name) for n in pages.CONNECTIONS for name in (pages.OURS, pages.BASELINE)
    }


def test_websocket_gives_a_figure_for_every_case_and_server() -> None:
    """One short round; nothing where the load cannot be built."""
    measured = websocket.measure(
        [sys.executable, "-m", "ba_runtime", "--stay"], 1, MEASURED_S, lambda _: None
    )
    if not measured:
        pytest.skip("no C compiler, no epoll or no websockets")
    found = {(one.case, one.subject) for one in measured if one.median > 0}
    assert found == {(case, name) for case in websocket.CASES for name in ("ba-lua", "websockets")}


def test_udp_gives_a_figure_for_every_case_and_server() -> None:
    """One short round; nothing where the load cannot be built."""
    measured = udp.measure([sys.executable, "-m", "ba_runtime", "--stay"], 1, MEASURED_S, lambda _: None)
    if not measured:
        pytest.skip("no C compiler or no epoll")
    found = {(one.case, one.subject) for one in measured if one.median > 0}
    assert found >= {(udp.case(peers), name) for peers in udp.PEERS for name in (udp.OURS, udp.BASELINE)}


def test_the_udp_load_refuses_a_wrong_answer(tmp_path: Path) -> None:
    """A server that sends back something else has no figure."""
    compiler = shutil.which("cc")
    if compiler is None or sys.platform != "linux":
        pytest.skip("no C compiler for epoll here")
    load = udp.load_program(tmp_path, compiler)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(30)

        def serve() -> None:
            server.sendto(b"x" * 64, server.recvfrom(64)[1])

        thread = threading.Thread(target=serve)
        thread.start()
        with pytest.raises(RuntimeError, match="found a fault"):
            udp.round_trips_a_second(load, server.getsockname()[1], 1, MEASURED_S)
        thread.join()


def test_the_websocket_load_refuses_a_wrong_answer(tmp_path: Path) -> None:
    """A server whose first frame is another has no figure."""
    compiler = shutil.which("cc")
    if compiler is None or sys.platform != "linux":
        pytest.skip("no C compiler for epoll here")
    load = websocket.load_program(tmp_path, compiler)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(30)

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(1024)
                connection.sendall(b"HTTP/1.1 101 Switching Protocols\r\n\r\n\x82\x40" + bytes(64))
                connection.recv(1024)

        thread = threading.Thread(target=serve)
        thread.start()
        with pytest.raises(RuntimeError, match="found a fault"):
            websocket.round_trips_a_second(load, listener.getsockname()[1], 1, 64, 0.05)
        thread.join()


def test_a_lab_is_measured_against_what_was_asked_for() -> None:
    """Nothing arrives before its time, on however busy a machine."""
    measured = lab.measure(2, 1, lambda text: None)
    for case in (lab.TO_HOST, lab.FROM_HOST):
        delays = series.find(measured, case, lab.MEASURED)
        assert delays is not None
        assert len(delays.samples) == 2
        assert min(delays.samples) >= lab.DELAY_MS
    rates = series.find(measured, lab.RATE, lab.MEASURED)
    assert rates is not None
    assert 0 < rates.median <= lab.RATE_KBIT
    assert series.table(measured, lab.TARGETS).count("target 0.95 to 1.05") == 3


def test_recording_is_measured_against_the_same_server_without() -> None:
    """Both serve, and the ratio has its target."""
    measured = recorded.measure(1, 0.05, lambda text: None)
    assert [one.subject for one in measured] == [recorded.OFF, recorded.ON, recorded.CAPTURED]
    assert all(one.median > 0 for one in measured)
    assert "target >= 0.97" in series.table(measured, recorded.TARGETS)
