"""httpm's stat, download and upload, against Python's own HTTP server."""

from __future__ import annotations

import hashlib
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
            local s = h:stat(url "/file") trace(s.size, s.mtime)
            s = h:stat(url "/chunks") trace(next(s))
            trace(h:stat(url "/none")) trace(h:stat "http://127.0.0.1:1/") trace(h:stat "nonsense")
            """,
        ) == [
            f"{len(FILE)}\t1700000000",
            "nil",
            "nil\t404",
            "nil\tcannotconnect\tnil\tnil",
            "nil\tinvalidurl\tnil\tnil",
        ]


@pytest.mark.parametrize("path", ["/file", "/chunks"])
def test_a_download_becomes_a_file(path: str, tmp_path: Path) -> None:
    """Byte for byte, in place of an older one; func is told the size, if known, and the bytes so far."""
    (tmp_path / "f").write_bytes(b"older")
    size = len(FILE) if path == "/file" else None
    with serving() as server:
        assert told(
            server,
            tmp_path,
            f"""
            local calls, size, bytes = 0
            local function func(of, n) calls, size, bytes = calls + 1, of, n end
            trace(h:download{{url = url "{path}", io = disk, name = "f", func = func}})
            trace(size, bytes, calls)
            """,
        ) == ["true", f"{size or 'nil'}\t{len(FILE)}\t{-(-len(FILE) // 1024)}"]
    assert (tmp_path / "f").read_bytes() == FILE
    assert [file.name for file in tmp_path.iterdir()] == ["f"]


SINK = """
    function sink()
      local pieces = {}
      return {
        pieces = pieces,
        write = function(_, piece) pieces[#pieces + 1] = piece return true end,
        close = function(self) self.text, self.closed = table.concat(pieces), (self.closed or 0) + 1 end,
      }
    end
"""


def test_a_file_object_gets_a_download_piece_by_piece(tmp_path: Path) -> None:
    """In order, in a cosocket, a thread job and a coroutine of the program's own too; then it is closed."""
    work = """
        local function work(name)
          return function()
            local h, fp = require "httpm".create(), sink()
            local ok = h:download{url = url "/chunks", fp = fp}
            trace(name, ok, #fp.pieces, fp.closed, ba.crypto.hash "md5"(fp.text)(true, "hex"))
          end
        end
        work "cell"()
        ba.socket.event(work "cosocket")
        ba.thread.run(work "thread")
        coroutine.wrap(work "coroutine")()
    """
    with serving() as server, session() as here:
        here.run(SINK + f'function url(path) return "{server.url("")}" .. path end')
        assert here.run(work).error is None
        here.settle()
        ends = {line.partition("\t")[2] for line in here.recorder.traced}
        names = {line.partition("\t")[0] for line in here.recorder.traced}
        assert names == {"cell", "cosocket", "thread", "coroutine"}
        assert ends == {f"true\t{len(FILE) // 1024}\t1\t{hashlib.md5(FILE).hexdigest()}"}


@pytest.mark.parametrize(
    ("conf", "expected"),
    [
        ('url = url "/none", io = disk, name = "f"', "nil\t404"),
        ('url = url "/broken", io = disk, name = "f"', "nil\tinvalidresponse"),
        ('url = "http://127.0.0.1:1/", io = disk, name = "f"', "nil\tcannotconnect\tnil\tnil"),
        ('url = url "/file", io = disk, name = "no/such"', "nil\tenoent"),
        ('url = url "/file", io = disk, name = "f", max = 1000', "nil\ttoolarge"),
        ('url = url "/chunks", io = disk, name = "f", max = 100000', "nil\ttoolarge"),
        (
            'url = url "/file", io = disk, name = "f", func = function(_, n) return n < 100000 end',
            "nil\taborted",
        ),
        ('url = url "/file", io = disk, name = "f", func = function() error("own", 0) end', "nil\town"),
        ('url = url "/file", fp = {write = function() return false end}', "nil\taborted"),
        ('url = url "/file", fp = {write = function() return nil, "full" end}', "nil\tfull"),
        ('url = url "/file", fp = {write = function() error("own", 0) end}', "nil\town"),
    ],
)
def test_a_download_that_fails_leaves_what_was_there(conf: str, expected: str, tmp_path: Path) -> None:
    """The reason is returned, no part is left, and the object can be used again."""
    (tmp_path / "f").write_bytes(b"older")
    with serving() as server:
        lines = told(
            server,
            tmp_path,
            f"{SINK} trace(h:download{{{conf}}}) local fp = sink()"
            'trace(h:download{url = url "/file", fp = fp}, #fp.text)',
        )
    assert lines == [expected, f"true\t{len(FILE)}"]
    assert [(file.name, file.read_bytes()) for file in tmp_path.iterdir()] == [("f", b"older")]


def test_a_file_is_uploaded_with_its_size(tmp_path: Path) -> None:
    """By PUT; func is told how far it is. An empty file has no size to tell."""
    (tmp_path / "f").write_bytes(FILE)
    (tmp_path / "empty").write_bytes(b"")
    with serving() as server:
        assert told(
            server,
            tmp_path,
            """
            local last
            local function func(of, n) last = n .. " of " .. of end
            trace(h:upload{url = url "/up", io = disk, name = "f", func = func})
            trace(last)
            trace(h:upload{url = url "/up", io = disk, name = "empty"})
            trace(h:upload{url = url "/up", io = disk, name = "none"})
            trace(h:upload{url = url "/refuse", io = disk, name = "f"})
            """,
        ) == ["true", f"{len(FILE)} of {len(FILE)}", "true", "nil\tenoent\tnil\tnil", "nil\t413"]
        assert server.uploads == [("PUT", "sized", FILE), ("PUT", "chunked", b"")]


def test_a_file_object_is_uploaded_with_the_size_that_it_has(tmp_path: Path) -> None:
    """Piece by piece; what goes wrong is returned, the object is closed, and the client can be used again."""
    with serving() as server:
        assert told(
            server,
            tmp_path,
            """
            local closed = 0
            local function pieces(n, f)
              return {
                read = f or function() n = n - 1 return n >= 0 and "piece" or nil end,
                close = function() closed = closed + 1 end,
              }
            end
            trace(h:upload{url = url "/up", fp = pieces(3), size = 15})
            trace(h:upload{url = url "/up", fp = pieces(3)})
            trace(h:upload{url = url "/x", fp = pieces(3), size = 20})
            trace(h:upload{url = url "/x", fp = pieces(3), size = 10})
            trace(h:upload{url = url "/x", fp = pieces(3, function() error("own", 0) end), size = 5})
            trace(h:upload{url = url "/x", fp = pieces(3, function() return nil, "gone" end), size = 5})
            trace(h:upload{url = url "/x", fp = pieces(3, function() return 1 end), size = 5})
            local function func(_, n) return n < 10 end
            trace(h:upload{url = url "/x", fp = pieces(3), size = 15, func = func})
            trace(h:upload{url = url "/up", fp = pieces(1), size = 5})
            trace(h:upload{url = url "/x", fp = pieces(1, function() return "" end), size = 5})
            trace(closed)
            """,
        ) == [
            "true",
            *[
                f"nil\t{reason}\tnil\tnil"
                for reason in ("incorrectuse", "incorrectuse", "incorrectuse", "own")
            ],
            "nil\tgone\tnil\tnil",
            "nil\tfp:read must return a string or nil, got number\tnil\tnil",
            "nil\taborted\tnil\tnil",
            *("true", "nil\tincorrectuse\tnil\tnil", "10"),
        ]
        assert [upload[1:] for upload in server.uploads] == [("sized", b"piece" * 3), ("sized", b"piece")]


def test_the_options_of_a_transfer_may_be_in_a_second_table(tmp_path: Path) -> None:
    """Those of httpc's request."""
    with Server(echo) as server:
        assert traced(f"""
            {SINK}
            local h, fp = require "httpm".create(), sink()
            local op = {{query = {{a = 1}}, header = {{["X-A"] = "1"}}}}
            trace(h:download({{url = "http://127.0.0.1:{server.port}/f", fp = fp}}, op), fp.text)
        """) == ["true\t/f?a=1"]
        assert b"X-A: 1" in server.requests[0]


def test_one_call_at_a_time(tmp_path: Path) -> None:
    """While a transfer is under way nothing else can take its connection away."""
    with serving() as server:
        lines = told(
            server,
            tmp_path,
            """
            local first = true
            local function reason(_, text) return text end
            trace(h:download{url = url "/chunks", io = disk, name = "f", func = function()
              if first then
                first = false
                trace(reason(h:stat(url "/file")), reason(h:post(url "/up", {})), reason(h:request{}))
              end
            end})
            trace(h:stat(url "/file").size, h:request{url = url "/file"}, h:status())
            """,
        )
    assert lines == ["incorrectuse\tincorrectuse\tincorrectuse", "true", f"{len(FILE)}\ttrue\t200"]


def test_the_methods_of_the_client_are_there_too() -> None:
    """All of them, with its results and its errors."""
    with Server(echo) as server:
        assert traced(f"""
            local h = require "httpm".create()
            trace(h:request{{url = "http://127.0.0.1:{server.port}/x"}}, h:status())
            trace(h:read "*a", h:header()["Content-Length"])
            trace(h:timeout(5), h:header "content-length", h:close(), h:close(), h:cipher())
        """) == ["true\t200", "/x\t2", "true\t2\ttrue\ttrue\tnil\tsslnotenabled"]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("h:stat()", "bad argument #1 to 'stat' (string expected, got no value)"),
        ("h:download('http://a/')", "Required attribute: URL"),
        ("h:download{fp = {}}", "Required attribute: URL"),
        ("h:download{url = 'http://a/', io = ba.openio'disk'}", "Required attribute: (io and name) or fp"),
        ("h:download()", "bad argument #1 to 'download' (table expected, got no value)"),
        ("h:upload{url = 'http://a/'}", "Required attribute: (io and name) or fp"),
        ("h:upload(nil)", "bad argument #1 to 'upload' (table expected, got nil)"),
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
    peer.say(b"HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n" + b"x" * 1024)
    peer.await_end()


def test_an_interrupted_download_leaves_nothing(tmp_path: Path) -> None:
    """No part of a file; and the object can be used again."""
    with Server(half, echo) as server, session() as here:
        here.run(f"""
            h, disk = require "httpm".create(), ba.mkio(ba.openio "disk", "{tmp_path}")
            url = "http://127.0.0.1:{server.port}/"
        """)
        cell = here.start("h:download{url = url, io = disk, name = 'f', func = function(_, n) trace(n) end}")
        here.recorder.wait_for_trace("1024")
        assert [file.name for file in tmp_path.iterdir()] == ["f.part"]
        here.runtime.interrupt()
        error = cell().error
        assert error is not None
        assert error.kind == "interrupt"
        assert here.run("").error is None  # a cell is answered before what it held is closed
        assert list(tmp_path.iterdir()) == []
        assert here.value("h:download{url = url, io = disk, name = 'f'}") == "true"
    assert [(file.name, file.read_bytes()) for file in tmp_path.iterdir()] == [("f", b"/")]


def test_close_ends_a_transfer(tmp_path: Path) -> None:
    """Whether it waits for the server or for a function of the program."""
    with Server(half, half) as server, session() as here:
        here.run(f"""
            function start(name, f)
              local h = require "httpm".create()
              ba.socket.event(function()
                local fp = {{write = f, close = function() end}}
                trace(name, h:download{{url = "http://127.0.0.1:{server.port}/", fp = fp}})
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
            trace(h:upload{{url = "http://127.0.0.1:{server.port}/", io = disk, name = "f"}})
        """
        assert traced(program) == ["nil\t413"]
