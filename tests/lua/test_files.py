"""`ba.openio` and `ba.mkio`: files below a directory, over real files in a temporary one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from ba_runtime._files import MAX_OPEN_FILES, Files

from ._chunks import Chunks

CALLS = [name for name in vars(Files) if name.startswith(("io_", "file_"))]


@pytest.fixture
def files() -> Iterator[Files]:
    """The Python side."""
    files = Files()
    yield files
    files.close()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current directory, empty and ours."""
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.chdir(home)
    return home


@pytest.fixture
def lua(files: Files, home: Path) -> Chunks:
    """A state with `openio` and `mkio` as globals, and `home` and `disk` made by the first."""
    chunks = Chunks({name: getattr(files, name) for name in CALLS})
    chunks.run(
        "for name, f in pairs(import 'files') do _G[name] = f end home, disk = openio 'home', openio 'disk'"
    )
    return chunks


def descriptors() -> int:
    """How many descriptors this process has open."""
    return len(os.listdir("/dev/fd"))


def test_home_is_the_current_directory_and_disk_the_root(lua: Chunks, home: Path) -> None:
    """Both are userdata, and a leading slash changes nothing."""
    assert lua.run("return type(home), type(disk)") == (b"userdata", b"userdata")
    assert lua.run("return home:realpath 'a/b', home:realpath '/a//./b/'") == (os.fsencode(home / "a/b"),) * 2
    assert lua.run("return disk:realpath '/etc/x', disk:realpath 'etc/x'") == (b"/etc/x",) * 2


@pytest.mark.parametrize("name", ["vm", "net", "", "Home", "/"])
def test_other_names_have_no_io(lua: Chunks, name: str) -> None:
    """One nil, as for a server that was not given that io."""
    assert lua.run(f"return select('#', openio '{name}')") == 1
    assert lua.run(f"return openio '{name}'") is None


def test_every_byte_survives_a_file(lua: Chunks, home: Path) -> None:
    """Nothing is translated, neither in the content nor in the name."""
    assert lua.run(
        "local t = {} for i = 0, 255 do t[#t + 1] = string.char(i) end all = table.concat(t)"
        " local f = home:open('\\xff\\n', 'w') local done = f:write(all, 1, '\\r\\n') f:close() return done"
    )
    assert (Path(os.fsdecode(b"\xff\n"))).read_bytes() == bytes(range(256)) + b"1\r\n"
    assert lua.run("local f = home:open '\\xff\\n' return f:read '*a' == all .. '1\\r\\n'")


def test_read_gives_pieces_then_nil(lua: Chunks, home: Path) -> None:
    """A number is the most that is read, and the last piece is shorter."""
    (home / "f").write_bytes(b"0123456")
    assert lua.run("local f = home:open 'f' return f:read(4), f:read(4), f:read(4), f:read(0)") == (
        b"0123",
        b"456",
        None,
        b"",
    )


def test_read_all_at_the_end_is_empty(lua: Chunks, home: Path) -> None:
    """As the original, and Lua itself."""
    (home / "f").write_bytes(b"abc")
    assert lua.run("local f = home:open 'f' return f:read '*a', f:read 'a', f:read '*a'") == (
        b"abc",
        b"",
        b"",
    )


def test_read_without_a_size_takes_a_block(lua: Chunks, home: Path) -> None:
    """8,192 bytes, as one read of a socket."""
    (home / "f").write_bytes(b"x" * 9000)
    assert lua.run("local f = home:open 'f' return #f:read(), #f:read(), f:read()") == (8192, 808, None)


def test_a_file_larger_than_one_crossing_is_read_whole(lua: Chunks, home: Path) -> None:
    """The pieces are put together again."""
    content = os.urandom(1 << 12) * 700
    (home / "f").write_bytes(content)
    assert lua.run("return home:open 'f':read '*a'") == content
    assert lua.run(f"return #home:open 'f':read({len(content) - 1})") == len(content) - 1


def test_seek_goes_to_a_position(lua: Chunks, home: Path) -> None:
    """For reading and for writing, counted from 0."""
    (home / "f").write_bytes(b"0123456")
    assert lua.run("local f = home:open('f', 'r+') return f:seek(5), f:read(1), f:seek(0), f:read(2)") == (
        True,
        b"5",
        True,
        b"01",
    )
    lua.run("local f = home:open('f', 'r+') f:seek(2) f:write 'xy' f:close()")
    assert (home / "f").read_bytes() == b"01xy456"


@pytest.mark.parametrize(
    ("mode", "content"),
    [
        ("w", b"new"),
        ("wb", b"new"),
        ("w+", b"new"),
        ("a", b"old filenew"),
        ("a+b", b"old filenew"),
        ("r+", b"new file"),
    ],
)
def test_the_modes_are_those_of_c(lua: Chunks, home: Path, mode: str, content: bytes) -> None:
    """Truncate, append, or write over."""
    (home / "f").write_bytes(b"old file")
    lua.run(f"local f = home:open('f', '{mode}') f:write 'new' f:close()")
    assert (home / "f").read_bytes() == content


def test_open_of_a_missing_file_says_why_and_where(lua: Chunks, home: Path) -> None:
    """nil, the reason, the system's text and the path."""
    path = os.fsencode(home / "nosuch")
    assert lua.run("return home:open 'nosuch'") == (None, b"enoent", b"No such file or directory", path)


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        ("home:stat 'nosuch'", b"enoent"),
        ("home:stat 'file/x'", b"enoent"),
        ("home:remove 'nosuch'", b"enoent"),
        ("home:rmdir 'nosuch'", b"enoent"),
        ("home:rename('nosuch', 'x')", b"enoent"),
        ("home:files 'nosuch'", b"enoent"),
        ("home:files 'file'", b"enoent"),
        ("home:loadfile 'nosuch'", b"enoent"),
        ("home:mkdir 'nosuch/x'", b"enoent"),
        ("mkio(home, 'nosuch')", b"enoent"),
        ("mkio(home, 'file')", b"enoent"),
        ("home:mkdir 'dir'", b"exist"),
        ("home:rmdir 'dir'", b"notempty"),
        ("home:open('dir', 'w')", b"noaccess"),
        ("home:open 'dir'", b"noaccess"),
        ("home:open 'pipe'", b"noaccess"),
        ("home:open('pipe', 'w')", b"noaccess"),
        ("disk:open '/dev/zero'", b"noaccess"),
        ("home:open('file', 'w'):read '*a'", b"noaccess"),
        ("home:open 'file':write 'x'", b"noaccess"),
        ("home:stat '../x'", b"invalidname"),
        ("home:open 'a\\0b'", b"invalidname"),
        ("home:mkdir(('x'):rep(300))", b"invalidname"),
        ("home:stat 'loop'", b"invalidname"),
    ],
)
def test_a_failure_is_nil_and_the_reason(lua: Chunks, home: Path, call: str, reason: bytes) -> None:
    """The strings that `_files.py` lists; nothing raises and nothing waits."""
    (home / "file").write_bytes(b"")
    (home / "dir").mkdir()
    (home / "dir" / "inner").write_bytes(b"")
    os.mkfifo(home / "pipe")
    (home / "loop").symlink_to("loop")
    assert lua.run(f"return {call}")[:2] == (None, reason)


def test_stat_tells_what_a_name_is(lua: Chunks, home: Path) -> None:
    """Files, directories, and the io itself under the empty name."""
    (home / "f").write_bytes(b"four")
    os.utime(home / "f", (1700000000, 1700000000))
    (home / "d").mkdir()
    show = "local s = home:stat '{}' return s.name, s.type, s.isdir"
    assert lua.run(show.format("f")) == (b"f", b"regular", False)
    assert lua.run(show.format("d")) == (b"d", b"directory", True)
    assert lua.run(show.format("")) == (b"", b"directory", True)
    assert lua.run("local s = home:stat 'f' return s.size, s.mtime") == (4, 1700000000)


def test_directories_are_made_renamed_and_removed(lua: Chunks, home: Path) -> None:
    """Each answers true."""
    assert lua.run("return home:mkdir 'd', home:rename('d', 'e'), home:rmdir 'e'") == (True, True, True)
    assert list(home.iterdir()) == []


def test_files_lists_a_directory_in_order(lua: Chunks, home: Path) -> None:
    """Sorted, without `.` and `..`; with true each is told whether it is a directory."""
    (home / "b").mkdir()
    for name in ("c", "a", "with\nnewline"):
        (home / name).write_bytes(b"")
    listing = "local t = {} for name in home:files '' do t[#t + 1] = name end return table.concat(t, '|')"
    assert lua.run(listing) == b"a|b|c|with\nnewline"
    directories = (
        "local t = {} for name, isdir in home:files('.', true) do t[name] = isdir end return t.b, t.a"
    )
    assert lua.run(directories) == (True, False)


def test_an_empty_directory_lists_nothing(lua: Chunks) -> None:
    """The loop body never runs."""
    assert lua.run("for name in home:files '/' do return name end return 'none'") == b"none"


def test_an_io_of_a_directory_sees_only_what_is_below(lua: Chunks, home: Path) -> None:
    """Names begin there, and `..` leads no higher, also for an io of an io."""
    (home / "a" / "b").mkdir(parents=True)
    (home / "secret").write_bytes(b"")
    lua.run("a = mkio(home, 'a') b = mkio(a, '/b')")
    assert lua.run("return a:realpath 'b/..', b:realpath 'x'") == (
        os.fsencode(home / "a"),
        os.fsencode(home / "a/b/x"),
    )
    for name in ("..", "../secret", "b/../../secret", "/../secret", "./b/../.././secret"):
        assert lua.run(f"return a:stat '{name}'") == (None, b"invalidname")
    assert lua.run("return mkio(b, '..')") == (None, b"invalidname")
    assert lua.run("return home:rename('secret', '../gone')") == (None, b"invalidname")


def test_loadfile_compiles_under_the_files_name(lua: Chunks, home: Path) -> None:
    """A byte order mark and a first line with `#` are skipped; an environment can be given."""
    (home / "f.lua").write_bytes(
        b"\xef\xbb\xbf#!/usr/bin/lua\nreturn x, debug and debug.getinfo(1, 'Sl').source"
    )
    lua.run("x = 1")
    assert lua.run("return home:loadfile 'f.lua' ()") == (1, b"@f.lua")
    assert lua.run("return home:loadfile('f.lua', {x = 2}) ()") == (2, None)


def test_loadfile_reports_what_does_not_compile(lua: Chunks, home: Path) -> None:
    """nil and Lua's message; what was compiled before counts as text that does not compile."""
    (home / "bad.lua").write_bytes(b"\nreturn return")
    (home / "binary.luac").write_bytes(lua.run("return string.dump(function() end)"))
    assert lua.run("return home:loadfile 'bad.lua'") == (None, b"bad.lua:2: unexpected symbol near 'return'")
    assert lua.run("return home:loadfile 'binary.luac'")[0] is None


def test_dofile_returns_what_the_file_returns(lua: Chunks, home: Path) -> None:
    """It may also yield, and it raises what the file raises."""
    (home / "f.lua").write_bytes(b"local got = coroutine.yield 'waiting' return got, 2")
    lua.run("co = coroutine.wrap(function() return home:dofile 'f.lua' end)")
    assert lua.run("local first = co() return first, co(1)") == (b"waiting", 1, 2)
    (home / "bad.lua").write_bytes(b"error 'oops'")
    assert lua.error("home:dofile 'bad.lua'") == b"bad.lua:1: oops"
    assert lua.error("home:dofile 'nosuch'") == b"enoent"


def test_close_is_true_once_and_the_file_is_unusable(lua: Chunks, home: Path) -> None:
    """A second close says false; using a closed file is the caller's fault."""
    lua.run("f = home:open('f', 'w')")
    assert lua.run("return f:close(), f:close()") == (True, False)
    for call in ("f:read '*a'", "f:write 'x'", "f:seek(0)"):
        assert lua.error(call) == b"test:1: attempt to use a closed file"


def test_a_file_that_goes_out_of_scope_is_closed(lua: Chunks, home: Path) -> None:
    """By `<close>` at the end of its block, else when it is collected."""
    before = descriptors()
    lua.run("do local f <close> = home:open('f', 'w') f:write 'x' end")
    assert descriptors() == before
    lua.run("home:open 'f'")
    lua.run("collectgarbage() collectgarbage()")
    assert descriptors() == before


def test_forgotten_files_do_not_use_up_the_descriptors(lua: Chunks, home: Path) -> None:
    """With the collector stopped, opening collects when the bound is reached, and goes on."""
    (home / "f").write_bytes(b"x")
    before = descriptors()
    count = 3 * MAX_OPEN_FILES
    assert lua.run(f"collectgarbage 'stop' for i = 1, {count} do assert(home:open 'f') end return true")
    assert descriptors() <= before + MAX_OPEN_FILES


def test_too_many_files_at_once_is_an_error(lua: Chunks, home: Path) -> None:
    """And one can be opened again when one was closed."""
    (home / "f").write_bytes(b"x")
    lua.run(f"held = {{}} for i = 1, {MAX_OPEN_FILES} do held[i] = assert(home:open 'f') end")
    assert lua.run("return home:open 'f'")[:2] == (None, b"malloc")
    assert lua.run("held[1]:close() return type(home:open 'f')") == b"userdata"


def test_closing_the_python_side_closes_what_lua_left_open(lua: Chunks, files: Files, home: Path) -> None:
    """The Lua objects then answer with a failure and close without a fault."""
    before = descriptors()
    lua.run("f, g = home:open('f', 'w'), home:open('g', 'w')")
    files.close()
    assert descriptors() == before
    assert lua.run("return f:write 'x'") == (None, b"noaccess")
    assert lua.run("return f:close()") is True


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("openio()", b"bad argument #1 to 'openio' (string expected, got no value)"),
        ("mkio({}, 'x')", b"bad argument #1 to 'mkio' (BAIO expected, got table)"),
        ("mkio(home)", b"bad argument #2 to 'mkio' (string expected, got no value)"),
        ("home:open()", b"bad argument #1 to 'open' (string expected, got no value)"),
        ("home:open({})", b"bad argument #1 to 'open' (string expected, got table)"),
        ("home:open('f', 'q')", b"bad argument #2 to 'open' (invalid mode)"),
        ("home:rename 'f'", b"bad argument #2 to 'rename' (string expected, got no value)"),
        ("home.open({}, 'f')", b"bad argument #1 to 'open' (BAIO expected, got table)"),
        ("f:read 'x'", b"bad argument #1 to 'read' (invalid format)"),
        ("f:read(-1)", b"bad argument #1 to 'read' (size out of range)"),
        ("f:write({})", b"bad argument #1 to 'write' (string expected, got table)"),
        ("f:write('x', nil)", b"bad argument #2 to 'write' (string expected, got nil)"),
        ("f:seek()", b"bad argument #1 to 'seek' (number expected, got no value)"),
        ("f:seek(-1)", b"bad argument #1 to 'seek' (position out of range)"),
        ("f.close(home)", b"bad argument #1 to 'close' (BAFILE expected, got BAIO)"),
    ],
)
def test_a_wrong_argument_raises_at_the_caller(lua: Chunks, home: Path, call: str, message: bytes) -> None:
    """In the words of Lua's own library."""
    lua.run("f = home:open('f', 'w')")
    assert lua.error(call) == b"test:1: " + message
