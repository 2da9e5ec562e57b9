"""httpm's stat, download and upload, against Python's own HTTP server."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from tests.lua._programs import message_of, session, traced

from ._files_server import FILE, Served, serving
from ._server import Peer, Server, echo


def told(server: Served, folder: Path, program: str) -> list[str]:
    """What the program traces, with an object `h`, the io `disk` of the folder, and `url(path)`."""
    return traced(f"""
        local h, disk = require "httpm".create(), ba.mkio(ba.openio "disk", "{folder}")
        local function url(path) return "{server.url("")}" .. path end
        {program}
    """)


def test_stat_tells_what_the_server_says_about_a_file(tmp_path: Path) -> None:
    """Size and time, unless it does not know; a status that is not 2xx is a reason."""
    with serving() as server:
        assert told(
            server,
            tmp_path,
            """
            local s = h:stat(url "/file") trace(s.size, s.mtime, s.type, s.status)
            s = h:stat(url "/chunks") trace(s.size, s.mtime, s.type, s.status)
            trace(h:stat(url "/none")) trace(h:stat "http://127.0.0.1:1/") trace(h:stat "nonsense")
            """,
        ) == [
            f"{len(FILE)}\t1700000000\tapplication/octet-stream\t200",
            "nil\tnil\tnil\t200",
            "nil\t404",
            "nil\tcannotconnect",
            "nil\tinvalidurl",
        ]


@pytest.mark.parametrize("path", ["/file", "/chunks"])
def test_a_download_becomes_a_file(path: str, tmp_path: Path) -> None:
    """Byte for byte, in place of an older one; progress tells bytes and, if it is known, the size."""
    (tmp_path / "f").write_bytes(b"older")
    size = len(FILE) if path == "/file" else None
    with serving() as server:
        assert told(
            server,
            tmp_path,
            f"""
            local last, total
            trace(h:download(url "{path}", disk, "f", {{progress = function(n, of) last, total = n, of end}}))
            trace(last, total)
            """,
        ) == [f"{len(FILE)}", f"{len(FILE)}\t{size or 'nil'}"]
    assert (tmp_path / "f").read_bytes() == FILE
    assert [file.name for file in tmp_path.iterdir()] == ["f"]


def test_a_function_gets_a_download_piece_by_piece(tmp_path: Path) -> None:
    """In order, and in a cosocket, a thread job and a coroutine of the program's own too."""
    work = """
        local function work(name)
          return function()
            local h, pieces = require "httpm".create(), {}
            local n = h:download(url "/chunks", function(piece) pieces[#pieces + 1] = piece end)
            trace(name, n, #pieces > 1, ba.crypto.hash "md5"(table.concat(pieces))(true, "hex"))
          end
        end
        work "cell"()
        ba.socket.event(work "cosocket")
        ba.thread.run(work "thread")
        coroutine.wrap(work "coroutine")()
    """
    with serving() as server, session() as here:
        here.run(f'function url(path) return "{server.url("")}" .. path end')
        assert here.run(work).error is None
        here.settle()
        ends = {line.partition("\t")[2] for line in here.recorder.traced}
        names = {line.partition("\t")[0] for line in here.recorder.traced}
        assert names == {"cell", "cosocket", "thread", "coroutine"}
        assert len(ends) == 1
        assert next(iter(ends)).startswith(f"{len(FILE)}\ttrue\t")


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ('"/none", disk, "f"', "nil\t404"),
        ('"/broken", disk, "f"', "nil\tsocketreadfailed"),
        ('"/file", disk, "no/such"', "nil\tenoent"),
        ('"/file", disk, "f", {max = 1000}', "nil\ttoolarge"),
        ('"/chunks", disk, "f", {max = 100000}', "nil\ttoolarge"),
        ('"/file", disk, "f", {progress = function(n) return n < 100000 end}', "nil\taborted"),
        ('"/file", disk, "f", {progress = function() error("own", 0) end}', "nil\town"),
        ('"/file", function() return false end', "nil\taborted"),
        ('"/file", function() return nil, "full" end', "nil\tfull"),
        ('"/file", function() error("own", 0) end', "nil\town"),
    ],
)
def test_a_download_that_fails_leaves_what_was_there(call: str, expected: str, tmp_path: Path) -> None:
    """The reason is returned, no part is left, and the object can be used again."""
    (tmp_path / "f").write_bytes(b"older")
    with serving() as server:
        lines = told(
            server, tmp_path, f'trace(h:download(url {call})) trace(h:download(url "/file", function() end))'
        )
    assert lines == [expected, str(len(FILE))]
    assert [(file.name, file.read_bytes()) for file in tmp_path.iterdir()] == [("f", b"older")]


def test_a_file_is_uploaded_with_its_size(tmp_path: Path) -> None:
    """By PUT unless another method is asked for; status and body are the result, as with post."""
    (tmp_path / "f").write_bytes(FILE)
    (tmp_path / "empty").write_bytes(b"")
    with serving() as server:
        assert told(
            server,
            tmp_path,
            """
            local last
            trace(h:upload(url "/up", disk, "f", {progress = function(n, of) last = n .. " of " .. of end}))
            trace(last)
            trace(h:upload(url "/up", disk, "empty", {method = "POST"}))
            trace(h:upload(url "/up", disk, "none"))
            """,
        ) == ["201\ttaken", f"{len(FILE)} of {len(FILE)}", "201\ttaken", "nil\tenoent"]
        assert server.uploads == [("PUT", "sized", FILE), ("POST", "sized", b"")]


def test_a_function_is_uploaded_in_chunks_or_with_the_size_that_it_has(tmp_path: Path) -> None:
    """Piece by piece; what goes wrong is returned, and the object can be used again."""
    with serving() as server:
        assert told(
            server,
            tmp_path,
            """
            local function pieces(n)
              return function() n = n - 1 return n >= 0 and "piece" or nil end
            end
            trace(h:upload(url "/up", pieces(3)))
            trace(h:upload(url "/up", pieces(3), {size = 15}))
            trace(h:upload(url "/up", pieces(0)))
            trace(h:upload(url "/x", pieces(3), {size = 20}))
            trace(h:upload(url "/x", pieces(3), {size = 10}))
            trace(h:upload(url "/x", function() error("own", 0) end))
            trace(h:upload(url "/x", function() return nil, "gone" end))
            trace(h:upload(url "/x", function() return 1 end))
            trace(h:upload(url "/x", pieces(3), {progress = function(n) return n < 10 end}))
            trace(h:upload(url "/up", pieces(1)))
            """,
        ) == [
            *["201\ttaken"] * 3,
            *["nil\tincorrectuse"] * 2,
            "nil\town",
            "nil\tgone",
            "nil\tthe function must return a string or nil, got number",
            "nil\taborted",
            "201\ttaken",
        ]
        bodies = [("chunked", b"piece" * 3), ("sized", b"piece" * 3), ("sized", b""), ("chunked", b"piece")]
        assert [upload[1:] for upload in server.uploads] == bodies


def test_one_call_at_a_time(tmp_path: Path) -> None:
    """While a transfer is under way nothing else can take its connection away."""
    with serving() as server:
        lines = told(
            server,
            tmp_path,
            """
            local first = true
            local function reason(_, text) return text end
            trace(h:download(url "/chunks", function()
              if first then
                first = false
                trace(reason(h:stat(url "/file")), reason(h:post(url "/up")), reason(h:request{}))
              end
            end))
            trace(h:stat(url "/file").status, h:request{url = url "/file"}, h:status())
            """,
        )
    assert lines == ["incorrectuse\tincorrectuse\tincorrectuse", str(len(FILE)), "200\ttrue\t200"]


def test_the_methods_of_the_client_are_there_too() -> None:
    """All of them, with its results and its errors."""
    with Server(echo) as server:
        assert traced(f"""
            local h = require "httpm".create()
            trace(h:request{{url = "http://127.0.0.1:{server.port}/x"}}, h:status())
            trace(h:read "*a", h:header()["Content-Length"])
            trace(h:timeout(5), h:timeout(), h:close(), h:close(), h:cipher())
        """) == ["true\t200", "/x\t2", "20000\t5\ttrue\tfalse\tnil\tsslnotenabled"]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("h:stat()", "bad argument #1 to 'stat' (string expected, got no value)"),
        ("h:download('http://a/')", "bad argument #2 to 'download' (io or function expected, got no value)"),
        (
            "h:download('http://a/', 'f')",
            "bad argument #2 to 'download' (io or function expected, got string)",
        ),
        (
            "h:download('http://a/', ba.openio'disk')",
            "bad argument #3 to 'download' (string expected, got no value)",
        ),
        ("h:upload('http://a/', 1)", "bad argument #2 to 'upload' (io or function expected, got number)"),
        ("h.request(1)", "bad argument #1 to 'request' (httpm object expected, got number)"),
    ],
)
def test_wrong_arguments_raise_at_the_callers_line(call: str, message: str) -> None:
    """As everywhere."""
    assert message_of(f"h = require'httpm'.create() {call}") == f"program:1: {message}"


def test_small_pieces_do_not_wait_for_acknowledgements() -> None:
    """The client's connections send at once: TCP_NODELAY."""
    with Server(echo) as server, session() as here:
        url = f"http://127.0.0.1:{server.port}/"
        assert here.run(f'h = require "httpc".create() h:request{{url = "{url}"}}').error is None
        endpoints = list(here.runtime._thread._network._endpoints.values())
        channels = [end.channel for end in endpoints if end.channel]
        nodelay = [one.sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) for one in channels]
        assert nodelay == [1]


def half(peer: Peer) -> None:
    """A script that does not get far."""
    peer.head()
    peer.say(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
    peer.await_end()


def test_an_interrupted_download_leaves_nothing(tmp_path: Path) -> None:
    """No part of a file; and the object can be used again."""
    with Server(half, echo) as server, session() as here:
        here.run(f"""
            h, disk = require "httpm".create(), ba.mkio(ba.openio "disk", "{tmp_path}")
            url = "http://127.0.0.1:{server.port}/"
        """)
        cell = here.start("h:download(url, disk, 'f', {progress = function(n) trace(n) end})")
        here.recorder.wait_for_trace("4")
        assert [file.name for file in tmp_path.iterdir()] == ["f.part"]
        here.runtime.interrupt()
        error = cell().error
        assert error is not None
        assert error.kind == "interrupt"
        assert here.run("").error is None  # a cell is answered before what it held is closed
        assert list(tmp_path.iterdir()) == []
        assert here.value("h:download(url, disk, 'f')") == "1"
    assert [(file.name, file.read_bytes()) for file in tmp_path.iterdir()] == [("f", b"/")]


def test_close_ends_a_transfer(tmp_path: Path) -> None:
    """Whether it waits for the server or for a function of the program."""
    with Server(half, half) as server, session() as here:
        here.run(f"""
            function start(name, f)
              local h = require "httpm".create()
              ba.socket.event(function()
                trace(name, h:download("http://127.0.0.1:{server.port}/", f))
              end)
              return h
            end
        """)
        here.run("waiting = start('for the server', function() trace 'server' end)")
        here.run("""
          calling = start('for a function', function()
            trace 'function'
            cosocket = ba.socket.getsock()
            cosocket:disable()
          end)
        """)
        here.recorder.wait_for_trace("server")
        here.recorder.wait_for_trace("function")
        assert here.value("waiting:close(), calling:status(), calling:close(), cosocket:enable()") == (
            "true\t200\ttrue\tfalse"
        )
        here.settle()
        assert sorted(here.recorder.traced[2:]) == [
            "for a function\tnil\tincorrectuse",
            "for the server\tnil\tsocketclosed",
        ]


def test_a_server_that_wants_no_more_is_heard(tmp_path: Path) -> None:
    """It answers before all has come; that is the result."""

    def refuse(peer: Peer) -> None:
        peer.head()
        peer.say(b"HTTP/1.1 413 Too Large\r\nContent-Length: 8\r\nConnection: close\r\n\r\ntoo much")
        peer.await_end()

    (tmp_path / "f").write_bytes(FILE * 100)
    with Server(refuse) as server:
        program = f"""
            local h, disk = require "httpm".create(), ba.mkio(ba.openio "disk", "{tmp_path}")
            trace(h:upload("http://127.0.0.1:{server.port}/", disk, "f"))
        """
        assert traced(program) == ["413\ttoo much"]
