"""A runtime closes whatever runs in it: its thread ends, its sockets close, every future gets an answer."""

from __future__ import annotations

import contextlib
import gc
import os
import threading
import warnings
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest
from tests.lua._programs import TIMEOUT_S, Recorder, Session, session

from ba_runtime import Runtime, RuntimeClosed

# What goes on in the runtime while it is closed.
BUSY = {
    "nothing": "",
    "cosockets": "for i = 1, 10 do local c = pair() c:event(function(s) s:read() end) end",
    "a listener and clients": """
        listener, port = listen(print)
        clients = {}
        for i = 1, 5 do clients[i] = ba.socket.connect('127.0.0.1', port) end
    """,
    "UDP": "u = udp() ba.socket.event(function(s) ba.socket.udpcon() s:read() end)",
    "a full queue": """
        c, peer = pair()
        c:event(function(s) while true do s:write(('x'):rep(1e6)) end end, 's')
    """,
    "a repeating timer": "timer = ba.timer(function() return true end) timer:set(0)",
    "a job that catches the end of every wait": """
        ba.thread.run(function() while true do pcall(load, function() ba.sleep(1) end) end end)
    """,
    "jobs that wait": "for i = 1, 5 do ba.thread.run(function() ba.sleep(1e9) end) end",
    "disabled cosockets": "s = ba.socket.event(function(s) s:disable() end)",
    "coroutines": "cos = {} for i = 1, 100 do cos[i] = coroutine.create(print) end",
    "open files": "file = io.open(os.tmpname(), 'w') disk = ba.openio 'disk'",
    "finalizers": "setmetatable({}, {__gc = function() print 'bye' trace 'bye' pair() ba.sleep(1) end})",
    "to-be-closed values": """
        c = pair()
        c:event(function(s) local x <close> = s local y <close> = pair() s:read() end)
    """,
    "a debug hook": "debug.sethook(function() end, '', 1)",
}  # fmt: skip

# What a cell does meanwhile: it traces `ready` first.
CELLS = {
    "busy": "trace 'ready' while true do end",
    "catching errors": "trace 'ready' while true do pcall(function() while true do end end) end",
    "asleep": "trace 'ready' ba.sleep(1e9)",
    "reading": "local c = pair() trace 'ready' c:read()",
    "waiting in a sort": "table.sort({3, 2, 1}, function() trace 'ready' ba.sleep(1e9) end)",
    "waiting in a coroutine": "coroutine.wrap(function() trace 'ready' ba.sleep(1e9) end)()",
    "asking for a line": "trace 'ready' io.read()",
    "printing": "trace 'ready' while true do print 'x' end",
}


def _open_sockets() -> int:
    """Counts the sockets of this process, where the system tells (elsewhere the warnings must do)."""
    count = 0
    for path in Path("/proc/self/fd").glob("*"):
        with contextlib.suppress(OSError):  # the listing's own descriptor is gone again
            count += os.readlink(path).startswith("socket:")
    return count


def _answer(future: Future[Any]) -> object:
    """Returns a future's result, or its exception."""
    return future.exception(TIMEOUT_S) or future.result()


def _close(lua: Session) -> None:
    """Closes; nothing may be left over."""
    thread = lua.runtime._thread
    lua.runtime.close(timeout_s=TIMEOUT_S)
    assert not thread.is_alive()
    assert [text for text in lua.recorder.faults if "loop failed" in text] == []


@pytest.fixture(autouse=True)
def _no_leak() -> Any:  # a generator, for pytest
    """Every test leaves as many sockets as it found, and no ResourceWarning."""
    before = _open_sockets()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield
        gc.collect()
    assert [str(warning.message) for warning in caught] == []
    assert _open_sockets() == before
    assert [thread for thread in threading.enumerate() if thread.name == "lua"] == []


@pytest.mark.parametrize("what", BUSY)
def test_a_runtime_closes_while_things_go_on(what: str) -> None:
    """In the background."""
    with session() as lua:
        assert lua.run(BUSY[what]).error is None
        _close(lua)


@pytest.mark.parametrize("what", CELLS)
def test_a_runtime_closes_while_a_cell_runs(what: str) -> None:
    """The cell, and those that wait behind it, are answered."""
    with session() as lua:
        lua.start(BUSY["cosockets"])
        running = lua.runtime.run_cell(CELLS[what].encode(), name="running", cell=2)
        waiting = lua.runtime.run_cell(b"return 1", name="waiting", cell=3)
        lua.recorder.wait_for_trace("ready")
        _close(lua)
        assert isinstance(_answer(waiting), RuntimeClosed)
        assert running.done()


def test_a_runtime_closes_while_a_cosocket_spins() -> None:
    """It is cut off."""
    with session() as lua:
        lua.run("c, peer = pair() c:event(function(s) s:read() trace 'spins' while true do end end)")
        lua.run("peer:write 'x'")
        lua.recorder.wait_for_trace("spins")
        _close(lua)


def test_closing_twice_is_closing_once() -> None:
    """And no harm."""
    with session() as lua:
        lua.runtime.close()
        lua.runtime.close()


def test_whatever_is_asked_of_a_closed_runtime_is_answered() -> None:
    """With RuntimeClosed, at once; what needs no answer is ignored."""
    with session() as lua:
        runtime = lua.runtime
        runtime.close()
        for future in (
            runtime.run_cell(b"return 1", name="late", cell=9),
            runtime.members(("ba",)),
            runtime.describe(("ba",)),
            runtime.sockets(),
            runtime.until_idle(),
        ):
            assert isinstance(_answer(future), RuntimeClosed)
        runtime.interrupt()
        runtime.reply_input(b"x\n")


def _ask(runtime: Runtime, answers: list[Future[Any]], go: threading.Barrier) -> None:
    go.wait()
    for _ in range(200):
        answers.append(runtime.run_cell(b"return 1", name="race", cell=1))
        answers.append(runtime.members(()))


def test_questions_that_race_with_close_are_answered() -> None:
    """From many threads, before and after; none waits for ever."""
    for _ in range(5):
        with session() as lua:
            answers: list[Future[Any]] = []
            go = threading.Barrier(5)
            threads = [threading.Thread(target=_ask, args=(lua.runtime, answers, go)) for _ in range(4)]
            for thread in threads:
                thread.start()
            go.wait()
            lua.runtime.close(timeout_s=TIMEOUT_S)
            for thread in threads:
                thread.join()
            for answer in answers:
                _answer(answer)


def test_a_runtime_that_was_never_started_can_be_closed() -> None:
    """What was asked of it meanwhile is answered."""
    runtime = Runtime(Recorder())
    asked = runtime.run_cell(b"return 1", name="early", cell=1)
    runtime.close()
    assert isinstance(_answer(asked), RuntimeClosed)


def test_twenty_runtimes_in_a_row_and_at_once() -> None:
    """Each with a state of its own."""
    for i in range(20):
        with session() as lua:
            assert lua.value("x") == "nil"
            lua.run(f"x = {i} " + BUSY["cosockets"])
            assert lua.value("x") == str(i)
    runtimes = [Runtime(Recorder()) for _ in range(20)]
    for runtime in runtimes:
        runtime.start()
    for i, runtime in enumerate(runtimes):
        runtime.run_cell(f"x = {i}".encode(), name="set", cell=1).result(TIMEOUT_S)
    values = [
        runtime.run_cell(b"return x", name="get", cell=2).result(TIMEOUT_S).values for runtime in runtimes
    ]
    assert values == [(str(i).encode(),) for i in range(20)]
    for runtime in runtimes:
        runtime.close(timeout_s=TIMEOUT_S)


def test_a_finalizer_that_does_anything_at_the_end_does_no_harm() -> None:
    """It may print, open sockets, wait, make more of its kind, or fail."""
    with session() as lua:
        lua.run("""
            local function again() setmetatable({}, {__gc = function() print 'again' again() end}) end
            again()
            for _, f in ipairs {
              function() error "x" end, function() ba.sleep(1e9) end, function() pair() end,
              function() ba.thread.run(print) end, function() coroutine.wrap(ba.sleep)(1e9) end,
              function() local t = ba.timer(print) t:set(0, true) end, function() os.exit() end,
            } do
              local kept = setmetatable({}, {__gc = f})
              _G[{}] = kept
            end
        """)
        _close(lua)
