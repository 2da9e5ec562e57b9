"""The exact bounds of httpm's transfers."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.lua._programs import traced

from ._files_server import FILE, serving
from ._server import answering


@pytest.mark.parametrize("path", ["/file", "/chunks"])
@pytest.mark.parametrize(("most", "expected"), [(0, "true"), (-1, "nil\ttoolarge")])
def test_a_download_may_be_as_large_as_max(path: str, most: int, expected: str, tmp_path: Path) -> None:
    """And not a byte larger, whether its length was announced or not."""
    with serving() as server:
        assert traced(f"""
            local h, disk = require "httpm".create(), ba.mkio(ba.openio "disk", "{tmp_path}")
            trace(h:download{{url = "{server.url(path)}", io = disk, name = "f", max = {len(FILE) + most}}})
        """) == [expected]
    assert [file.read_bytes() for file in tmp_path.iterdir()] == ([FILE] if most == 0 else [])


@pytest.mark.parametrize(("size", "reason"), [(1 << 30, "invalidresponse"), ((1 << 30) + 1, "toolarge")])
def test_a_download_has_at_most_a_gibibyte_unless_max_says_otherwise(size: int, reason: str) -> None:
    """A server cannot fill the disk; what it announces is refused at once."""
    with answering(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\nx" % size) as server:
        url = f"http://127.0.0.1:{server.port}/"
        program = 'trace(require "httpm".create():download{url = "%s", fp = {write = print}, max = %s})'
        assert traced(program % (url, "1e10")) == ["nil\tinvalidresponse"]
        assert traced(program % (url, "nil")) == [f"nil\t{reason}"]


@pytest.mark.parametrize("size", [0, 1, (64 << 10) - 1, 64 << 10, (64 << 10) + 1, 300_000])
def test_a_file_that_grows_is_uploaded_as_it_was(size: int, tmp_path: Path) -> None:
    """No byte more than was announced, though the file has more by then."""
    (tmp_path / "f").write_bytes(b"x" * size)
    with serving() as server:
        assert (
            traced(f"""
            local h, disk = require "httpm".create(), ba.mkio(ba.openio "disk", "{tmp_path}")
            local function grow()
              local f = disk:open("f", "a") f:write(("y"):rep(100000)) f:close()
            end
            local stat = h:stat("{server.url("/file")}") -- so that there is a connection
            trace(h:upload{{url = "{server.url("/up")}", io = disk, name = "f", func = grow}})
            trace(h:upload{{url = "{server.url("/up")}", io = disk, name = "f"}})
        """)
            == ["true"] * 2
        )
        first, second = (body for _, _, body in server.uploads)
    assert first == b"x" * size
    assert second == (tmp_path / "f").read_bytes()
    assert (len(second) > size) is (size > 0)


def test_a_file_that_shrinks_ends_its_upload(tmp_path: Path) -> None:
    """What was announced cannot be sent any more."""
    (tmp_path / "f").write_bytes(FILE)
    with serving() as server:
        assert traced(f"""
            local h, disk = require "httpm".create(), ba.mkio(ba.openio "disk", "{tmp_path}")
            local function shrink() disk:open("f", "w"):close() end
            trace(h:upload{{url = "{server.url("/up")}", io = disk, name = "f", func = shrink}})
            trace(h:stat("{server.url("/file")}").size)
        """) == ["nil\tincorrectuse\tnil\tnil", str(len(FILE))]


@pytest.mark.parametrize(("status", "expected"), [(199, "0"), (200, "0"), (299, "0"), (300, "nil\t300")])
def test_a_success_is_200_to_299(status: int, expected: str) -> None:
    """The others are the reason; 199 is an interim one, of which the next counts."""
    head = b"HTTP/1.1 %d X\r\nContent-Length: 0\r\n\r\n" % status
    with answering(
        head + (b"HTTP/1.1 204 X\r\nContent-Length: 0\r\n\r\n" if status == 199 else b"")
    ) as server:
        assert traced(f"""
            local h = require "httpm".create()
            local answer, reason = h:stat("http://127.0.0.1:{server.port}/")
            if answer then trace(answer.size) else trace(answer, reason) end
        """) == [expected]
