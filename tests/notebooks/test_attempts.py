"""What readers do to a lesson besides running it once: running cells again, and "Try this", to the letter."""

from __future__ import annotations

import re
import socket
from copy import deepcopy
from pathlib import Path

import pytest

from tests.kernel._live import PATIENCE_S, LiveKernel

from ._runs import NOTEBOOKS, Cell, Notebook, code_cells, execute, plain, read

every_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
LESSONS = {path.name[:2]: path for path in NOTEBOOKS}

# What Lua and the API say of a failed check or a closed socket: it explains nothing to a reader.
BARE = re.compile(r"assertion failed!|Invalid op")
SENTENCE = re.compile(r'assert\([^"]*?(?:"[^"]*"[^"]*?)*?,\s*"[^"]+ [^"]+"\)')


def again(cell: Cell) -> Cell:
    """Returns a copy of a cell under an id of its own."""
    copy = deepcopy(cell)
    copy.id += "-again"
    return copy


def part(lesson: str, last: str, **changes: tuple[str, str]) -> Notebook:
    """Returns a lesson up to the cell `last`, with a text in some of its cells replaced by another."""
    notebook = read(LESSONS[lesson])
    ids = [cell.id for cell in notebook.cells]
    notebook.cells = notebook.cells[: ids.index(last) + 1]
    for cell in notebook.cells:
        if cell.id in changes:
            old, new = changes[cell.id]
            assert old in cell.source
            cell.source = cell.source.replace(old, new)
    return notebook


def printed(notebook: Notebook, cell_id: str, stream: str = "stdout") -> str:
    """Returns what a cell wrote to a stream."""
    (cell,) = (cell for cell in notebook.cells if cell.id == cell_id)
    return "".join(output.text for output in cell.outputs if output.get("name") == stream)


def run(kernel: LiveKernel, notebook: Notebook) -> None:
    """Runs all cells."""
    for cell in code_cells(notebook):
        assert kernel.run(cell.source).status == "ok", cell.source


END_OF_HEAD = b"\r\n\r\n"


def answer(port: int, words: bytes, until: bytes = b"You said") -> bytes:
    """Returns what a server says to these words, to the end or to what has `until` in it."""
    with socket.create_connection(("127.0.0.1", port), PATIENCE_S) as client:
        client.sendall(words)
        said = b""
        while until not in said and (data := client.recv(4096)):
            said += data
        return said


# ---- running cells again


@every_notebook
@pytest.mark.timeout(120)
def test_a_lesson_survives_a_second_run_of_all(path: Path) -> None:
    """In the same kernel, with what the first has left behind."""
    notebook = read(path)
    notebook.cells += [again(cell) for cell in notebook.cells]
    assert execute(notebook) is None


@every_notebook
@pytest.mark.timeout(120)
def test_a_cell_that_runs_twice_is_well_or_says_what_to_do(path: Path) -> None:
    """No bare "assertion failed!", in it or in a later check."""
    notebook = read(path)
    notebook.cells = [copy for cell in notebook.cells for copy in (cell, again(cell))]
    for cell in notebook.cells:
        cell.metadata["tags"] = ["raises-exception"]
    assert execute(notebook) is None
    outputs = [output for cell in code_cells(notebook) for output in cell.outputs]
    failures = [plain(output.evalue) for output in outputs if output.output_type == "error"]
    assert [failure for failure in failures if BARE.search(failure)] == []


@every_notebook
def test_each_check_says_what_is_wrong_when_it_fails(path: Path) -> None:
    """A sentence in every assert of the last code cell."""
    check = code_cells(read(path))[-1].source
    assert check.count("assert(") == len(SENTENCE.findall(check))


# ---- "Try this"


def test_00_the_ticker_stops_when_it_is_closed() -> None:
    """Without an error that nobody explains."""
    notebook = part("00", "trace", trace=("%trace wait 3\n", ""))
    (ticker,) = (cell for cell in notebook.cells if cell.id == "trace")
    ticker.source = ticker.source.replace("1, 3 do", "1, 100 do")
    stop = again(ticker)
    stop.source = "ticker:close()\nprint(ticker:state())"
    notebook.cells.append(stop)
    assert execute(notebook) is None
    assert printed(notebook, stop.id).startswith("terminated")
    assert not any(printed(notebook, cell.id, "stderr") for cell in code_cells(notebook))


def test_02_an_error_in_the_ticker_is_seen_and_nobody_waits_forever() -> None:
    """The next cell waits for a ticker that is gone."""
    ticks = ('if reason ~= "timeout"', 'error("oops") if reason ~= "timeout"')
    notebook = part("02", "meanwhile", ticks=ticks)
    assert execute(notebook) is None
    assert "oops" in printed(notebook, "meanwhile", "stderr") + printed(notebook, "ticks", "stderr")
    assert printed(notebook, "meanwhile") == "ticks now:\t0\n"


def test_03_the_smallest_server_answers_from_outside_and_runs_again(new_kernel: LiveKernel) -> None:
    """What `nc` and a browser send; a second run of the cell has the same port."""
    small = part("03", "small")
    for _ in range(2):
        run(new_kernel, small)
        port = int(str(new_kernel.run("local _, port = server:sockname() return port").result))
        assert answer(port, b"hello\n").endswith(b"You said: hello\n")
        assert b"200 OK\r\n\r\nYou said: GET / HTTP/1.1" in answer(port, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")


def test_04_the_sender_can_ask_a_time_server() -> None:
    """An answer ends its loop."""
    request = 's:sendto(string.char(27) .. string.rep("\\0", 47), "pool.ntp.org", 123)'
    notebook = part("04", "sender", sender=('s:sendto("Message " .. count, "127.0.0.1", port)', request))
    (sender,) = (cell for cell in notebook.cells if cell.id == "sender")
    sender.source = sender.source.replace("%trace wait 3", "%trace wait 2").replace(
        "reason = select(2, s:read(1000))", "local data\n    data, reason = s:read(1000)\n    trace(#data)"
    )
    assert execute(notebook) is None
    areas = [o.data["text/plain"] for cell in notebook.cells for o in cell.get("outputs", ()) if "data" in o]
    assert "48\n" in areas[0]
    assert "sender ends:" in areas[0]


def test_07_a_browser_opens_a_websocket_from_a_page_of_the_server_only(new_kernel: LiveKernel) -> None:
    """From the notebook's page it is refused, and the trace says why."""
    run(new_kernel, part("07", "cosocket"))
    port = int(str(new_kernel.run("return mako.port").result))
    head = (
        f"GET /cosocket/ HTTP/1.1\r\nHost: localhost:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nOrigin: http://localhost:"
    )
    # The page goes on to say hello every second.
    assert answer(port, f"{head}{port}\r\n\r\n".encode(), END_OF_HEAD).startswith(b"HTTP/1.1 101")
    assert answer(port, f"{head}1\r\n\r\n".encode()).startswith(b"HTTP/1.1 403")
    shown = str(new_kernel.run("%trace here").messages)
    assert "start the kernel with BA_LUA_HOSTS=localhost:1." in shown


def test_09_a_connection_that_is_reset_is_seen_in_its_picture() -> None:
    """The second `read` fails, and the picture says why."""
    on = "%lab on 2026-01-01T12:00:00Z"
    lesson = part(
        "09",
        "picture",
        lab=(on, f"{on}\n%lab reset simplemq.com after 100 bytes"),
        picture=("s:close()", "print(s:read(5000))\ns:close()"),
    )
    assert execute(lesson) is None
    assert "nil\tsocketreadfailed" in printed(lesson, "picture")
    (picture,) = (output.data["text/plain"] for output in lesson.cells[-1].outputs if "data" in output)
    assert "reset" in picture


def test_09_the_last_picture_is_saved_and_a_capture_is_written(
    new_kernel: LiveKernel, tmp_path: Path
) -> None:
    """Into files that the reader names."""
    run(new_kernel, part("09", "picture"))
    picture, capture = tmp_path / "picture.svg", tmp_path / "lesson.pcapng"
    assert new_kernel.run(f"%flow save {picture}").status == "ok"
    assert "simplemq.com" in picture.read_text(encoding="utf-8")
    assert new_kernel.run(f"%capture {capture}").status == "ok"
    run(new_kernel, part("09", "picture"))
    assert new_kernel.run("%capture off").status == "ok"
    assert b"HTTP/1.1 200 OK" in capture.read_bytes()
    assert "There are no sockets" in new_kernel.run("%sockets close all").text()
