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
    chunks.run("import 'console/advice'.once = function() end")
    chunks.run(
        "for name, f in pairs(import 'files') do _G[name] = f end home, disk = openio 'home', openio 'disk'"
    )
    return chunks


def descriptors() -> int:
    """How many descriptors this process has open."""
    return len(os.listdir("/dev/fd"))


def test_home_is_the_current_directory_and_disk_the_root(lua: Chunks, home: Path) -> None:
    """Both are userdata; on the disk, names without a leading slash count from the current directory."""
    assert lua.run("return type(home), type(disk)") == (b"userdata", b"userdata")
    assert lua.run("return home:realpath 'a/b', home:realpath '/a/b'") == (os.fsencode(home / "a/b"),) * 2
    assert lua.run("return disk:realpath '/etc/x', disk:realpath ''") == (b"/etc/x", b"/")
    assert lua.run("return disk:realpath 'x'") == os.fsencode(home / "x")
    (home / "x").write_bytes(b"here")
    assert lua.run("return disk:open 'x':read '*a'") == b"here"
    assert lua.run("return disk:stat 'nosuch'")[3] == b"nosuch"


def test_an_io_is_the_same_object_every_time(lua: Chunks) -> None:
    """Home without a name; all are in the table that `ba.io` gives."""
    assert (
        lua.run("return openio 'disk' == disk, openio() == home, openio 'vm' == openio 'vm'") == (True,) * 3
    )
    assert lua.run("local all = named() return all.home == home, all.disk == disk, type(all.vm)") == (
        True,
        True,
        b"userdata",
    )


@pytest.mark.parametrize("name", ["net", "", "Home", "/"])
def test_other_names_have_no_io(lua: Chunks, name: str) -> None:
    """One nil, as for a server that was not given that io."""
    assert lua.run(f"return select('#', openio '{name}')") == 1
    assert lua.run(f"return openio '{name}'") is None


def test_an_io_and_a_file_tell_what_they_are(lua: Chunks, home: Path) -> None:
    """With their addresses, and a file its io."""
    (home / "f").write_bytes(b"")
    lua.run("f = home:open 'f'")
    assert lua.run("return tostring(home):gsub('%x%x%x%x%x+', 'PTR')")[0] == b"IO Interface: PTR"
    assert lua.run("return tostring(f):gsub('%x%x%x%x%x+', 'PTR')")[0] == b"file (PTR)"
    assert lua.run("return f:getio() == home, f:flush(), home:resourcetype()") == (
        *(True, True, b"disk", b"POSIX"),
    )
    assert lua.run("f:close() return tostring(f), home:type()") == (b"file (closed)", None)
    assert lua.error("home:close()") == b"test:1: Not supported or closed"


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
    """For reading and for writing, counted from 0, which is the position without one."""
    lua.run("local f = home:open('f', 'w') f:write '0123456' f:seek(2) f:write 'xy' f:close()")
    assert (home / "f").read_bytes() == b"01xy456"
    lua.run("f = home:open 'f'")
    assert lua.run("return f:seek(5), f:read(1), f:seek(), f:read(2)") == (True, b"5", True, b"01")
    assert lua.run("return f:seek(99), f:read(1)") == (True, None)


@pytest.mark.parametrize(
    ("mode", "content", "written"),
    [
        ("w", b"new", True),
        ("wb", b"new", True),
        ("w+", b"new", True),
        ("bw", b"new", True),
        ("a", b"old filenew", True),
        ("a+b", b"old filenew", True),
        ("r", b"old file", None),
        ("r+", b"old file", None),
        ("rw", b"old file", None),
    ],
)
def test_the_first_letter_of_a_mode_says_what_a_file_is_for(
    lua: Chunks, home: Path, mode: str, content: bytes, written: bool | None
) -> None:
    """Read, truncate, or append; a `+` changes nothing."""
    (home / "f").write_bytes(b"old file")
    lua.run(f"local f = home:open('f', '{mode}') ok, why = f:write 'new' read = f:read(1) f:close()")
    assert lua.run("return ok, why") == (written, None if written else b"ioerror")
    assert lua.run("return read") == (None if written else b"o")
    assert (home / "f").read_bytes() == content


@pytest.mark.parametrize("mode", ["", "x", "+", "b", "r,", "5"])
def test_another_mode_raises(lua: Chunks, mode: str) -> None:
    """With the mode."""
    assert lua.error(f"home:open('f', '{mode}')") == f"test:1: Invalid mode '{mode}'".encode()


def test_open_of_a_missing_file_says_why_and_where(lua: Chunks, home: Path) -> None:
    """nil, the reason, the system's text and the path."""
    path = os.fsencode(home / "nosuch")
    assert lua.run("return home:open 'nosuch'") == (None, b"enoent", b"No such file or directory", path)


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        ("home:stat 'nosuch'", b"enoent"),
        ("home:stat 'file/x'", b"exist"),
        ("home:remove 'nosuch'", b"enoent"),
        ("home:remove 'dir'", b"notempty"),
        ("home:rmdir 'nosuch'", b"enoent"),
        ("home:rmdir 'file'", b"exist"),
        ("home:rename('nosuch', 'x')", b"enoent"),
        ("home:mkdir 'nosuch/x'", b"enoent"),
        ("home:mkdir 'dir'", b"exist"),
        ("home:rmdir 'dir'", b"notempty"),
        ("home:open 'file/'", b"exist"),
        ("home:open('dir', 'w')", b"noaccess"),
        ("home:open 'pipe'", b"noaccess"),
        ("home:open('pipe', 'w')", b"noaccess"),
        ("disk:open '/dev/zero'", b"noaccess"),
        ("home:mkdir(('x'):rep(300))", b"invalidname"),
        ("home:stat 'loop'", b"invalidname"),
        ("openio 'vm':open('.certificate/new', 'w')", b"noaccess"),
        ("openio 'vm':mkdir '.certificate/../new'", b"noaccess"),
        ("disk:remove(openio 'vm':realpath '.certificate/MakoServer.key')", b"noaccess"),
    ],
)
def test_a_failure_is_nil_the_reason_the_systems_text_and_the_path(
    lua: Chunks, home: Path, call: str, reason: bytes
) -> None:
    """The strings that `_files.py` lists; nothing raises and nothing waits."""
    _inhabit(home)
    failure = lua.run(f"return {call}")
    assert failure[:2] == (None, reason)
    assert len(failure) == 4
    assert failure[2][:1].isupper() or failure[2].startswith(b"not a regular file")
    assert failure[3].startswith(b"/")


def _inhabit(home: Path) -> None:
    (home / "file").write_bytes(b"")
    (home / "dir").mkdir()
    (home / "dir" / "inner").write_bytes(b"")
    os.mkfifo(home / "pipe")
    (home / "loop").symlink_to("loop")


@pytest.mark.parametrize(
    ("call", "failure"),
    [
        ("home:open('file', 'w'):read '*a'", None),
        ("home:open 'dir':read(1)", None),
        ("home:open 'file':write 'x'", (None, b"ioerror", None)),
        ("home:open('file', 'w'):write ''", (None, b"exist", None)),
        ("home:open 'file':seek(-1)", (None, b"ioerror", None)),
        ("mkio(home, 'nosuch')", (None, b"enoent")),
        ("mkio(home, 'file')", (None, b"ioerror")),
        ("mkio()", False),
        ("home:loadfile 'nosuch'", (None, b"cannot open nosuch: enoent No such file or directory")),
        ("home:loadfile 'dir'", (None, b"cannot read dir: noaccess")),
        ("loadfile 'nosuch'", (None, b"cannot open nosuch: enoent No such file or directory")),
    ],
)
def test_other_failures_say_less(lua: Chunks, home: Path, call: str, failure: object) -> None:
    """Those of open files, of `mkio` and of programs."""
    _inhabit(home)
    assert lua.run(f"return {call}") == failure


@pytest.mark.parametrize(("name", "text"), [("nosuch", b"No such file or"), ("file", b"Not a")])
def test_a_directory_that_cannot_be_listed_raises(lua: Chunks, home: Path, name: str, text: bytes) -> None:
    """A loop over nil would raise anyway."""
    (home / "file").write_bytes(b"")
    error = b"test:1: directory open failed: " + text + b" directory"
    assert lua.error(f"for _ in home:files '{name}' do end") == error


def test_an_empty_directory_is_removed_by_remove_too(lua: Chunks, home: Path) -> None:
    """As by C's; but not what a link leads to."""
    (home / "empty").mkdir()
    (home / "link").symlink_to("empty")
    assert lua.run("return home:remove 'link'") is True
    assert (home / "empty").is_dir()
    assert lua.run("return home:remove 'empty'") is True
    assert list(home.iterdir()) == []


def test_a_nul_ends_a_name(lua: Chunks, home: Path) -> None:
    """As in C."""
    (home / "a").write_bytes(b"x")
    assert lua.run(r"return home:open 'a\0b':read '*a'") == b"x"
    assert lua.run(r"return home:realpath 'a\0b'") == os.fsencode(home / "a")


def test_what_is_written_before_an_empty_text_is_there(lua: Chunks, home: Path) -> None:
    """And nothing behind it; of no text at all nothing is wrong."""
    assert lua.run("f = home:open('f', 'w') return f:write()") is True
    assert lua.run("return f:write('a', 1, '', 'b')") == (None, b"exist", None)
    lua.run("f:close()")
    assert (home / "f").read_bytes() == b"a1"


@pytest.mark.parametrize(
    ("formats", "results"),
    [
        ("5, 3", (b"01234", b"567")),
        ("-1", b"0123456789"),
        ("4, 'a'", (b"0123", b"456789")),
        ("'*a', 'a', 1, 5", (b"0123456789", b"", None)),
        ("'*a', 0, -1", (b"0123456789", b"", b"")),
        ("2.9", b"01"),
    ],
)
def test_several_formats_are_read_up_to_the_first_nil(
    lua: Chunks, home: Path, formats: str, results: object
) -> None:
    """A negative number is all that is left."""
    (home / "f").write_bytes(b"0123456789")
    assert lua.run(f"return home:open 'f':read({formats})") == results


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
    """Sorted, `.` and `..` first; with true each comes with what is known of it."""
    (home / "b").mkdir()
    for name in ("c", "a", "with\nnewline"):
        (home / name).write_bytes(b"four")
    os.utime(home / "a", (1700000000, 1700000000))
    listing = "local t = {} for name in home:files '' do t[#t + 1] = name end return table.concat(t, '|')"
    assert lua.run(listing) == b".|..|a|b|c|with\nnewline"
    lua.run(
        "t = {} for name, isdir, mtime, size in home:files('.', true) do t[name] = {isdir, mtime, size} end"
    )
    assert lua.run("return table.unpack(t.a)") == (False, 1700000000, 4)
    assert lua.run("return t.b[1], t['.'][1], t['..'][1], math.type(t.b[2])") == (
        True,
        True,
        True,
        b"integer",
    )


def test_a_link_to_nowhere_is_listed(lua: Chunks, home: Path) -> None:
    """Like a file of no size."""
    (home / "link").symlink_to("nosuch")
    loop = "for name, isdir, _, size in home:files('', true) do"
    assert lua.run(f"{loop} if name == 'link' then return isdir, size end end") == (False, 0)


def test_an_io_of_a_directory_begins_there(lua: Chunks, home: Path) -> None:
    """And names lead out of it, as on the server: an io is no cage."""
    (home / "a" / "b").mkdir(parents=True)
    (home / "outside").write_bytes(b"there")
    lua.run("a = mkio(home, 'a') b = mkio(a, '/b')")
    assert lua.run("return a:realpath '', b:realpath 'x'") == (
        os.fsencode(home / "a") + b"/",
        os.fsencode(home / "a/b/x"),
    )
    assert lua.run("return b:open '../../outside':read '*a', mkio(b, '..'):realpath 'x'") == (
        b"there",
        os.fsencode(home / "a/x"),
    )


def test_loadfile_compiles_under_the_files_name(lua: Chunks, home: Path) -> None:
    """A byte order mark and a first line with `#` are skipped; an environment can be given."""
    (home / "f.lua").write_bytes(
        b"\xef\xbb\xbf#!/usr/bin/lua\nreturn x, debug and debug.getinfo(1, 'Sl').source"
    )
    lua.run("x = 1")
    assert lua.run("return home:loadfile 'f.lua' ()") == (1, b"@f.lua")
    assert lua.run("return home:loadfile('f.lua', {x = 2}) ()") == (2, None)


def test_a_file_is_compiled_from_any_io(lua: Chunks, home: Path) -> None:
    """By `ba.loadfile`: from home, or the io behind the name, and with an environment."""
    (home / "d").mkdir()
    (home / "f.lua").write_bytes(b"return x, 'home'")
    (home / "d" / "f.lua").write_bytes(b"return x, 'd'")
    lua.run("x = 1")
    assert lua.run("return loadfile 'f.lua' ()") == (1, b"home")
    assert lua.run("return loadfile('f.lua', mkio(home, 'd'), {x = 2}) ()") == (2, b"d")
    assert lua.error("loadfile('f.lua', {})") == (
        b"test:1: bad argument #2 to 'loadfile' (IOINTF expected, got table)"
    )


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
    assert lua.error("home:dofile 'nosuch'") == (b"cannot open nosuch: enoent No such file or directory")


def test_a_closed_file_is_unusable(lua: Chunks, home: Path) -> None:
    """Using one, also closing it again, is the caller's fault."""
    lua.run("f = home:open('f', 'w')")
    assert lua.run("return f:close()") is True
    for call in ("f:read '*a'", "f:write 'x'", "f:seek(0)", "f:flush()", "f:close()"):
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
    assert lua.run("return f:write 'x'") == (None, b"ioerror", None)
    assert lua.run("return f:close()") is True


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("openio({})", b"bad argument #1 to 'openio' (string expected, got table)"),
        ("mkio({}, 'x')", b"bad argument #1 to 'mkio' (IOINTF expected, got table)"),
        ("mkio(f, 'x')", b"bad argument #1 to 'mkio' (IOINTF expected, got userdata)"),
        ("mkio(home)", b"bad argument #1 to 'mkio' (FILE* expected, got userdata)"),
        ("mkio(home, nil)", b"bad argument #2 to 'mkio' (string expected, got nil)"),
        ("home:open()", b"bad argument #1 to 'open' (string expected, got no value)"),
        ("home:open({})", b"bad argument #1 to 'open' (string expected, got table)"),
        ("home:rename 'f'", b"bad argument #2 to 'rename' (string expected, got no value)"),
        ("home.open({}, 'f')", b"bad argument #1 to 'open' (IOINTF expected, got table)"),
        ("home.files()", b"bad argument #1 to 'files' (IOINTF expected, got no value)"),
        ("f:read 'x'", b"bad argument #1 to 'read' (invalid format)"),
        ("f:read '5'", b"bad argument #1 to 'read' (invalid format)"),
        ("f:read '*l'", b"bad argument #1 to 'read' (invalid format)"),
        ("f:read(nil)", b"bad argument #1 to 'read' (string expected, got nil)"),
        ("f:write({})", b"bad argument #1 to 'write' (string expected, got table)"),
        ("f:write('x', nil)", b"bad argument #2 to 'write' (string expected, got nil)"),
        ("f:seek('set', 1)", b"bad argument #1 to 'seek' (number expected, got string)"),
        ("f.close(home)", b"bad argument #1 to 'close' (FILE* expected, got userdata)"),
    ],
)
def test_a_wrong_argument_raises_at_the_caller(lua: Chunks, home: Path, call: str, message: bytes) -> None:
    """In the words of Lua's own library."""
    lua.run("f = home:open('f', 'w')")
    assert lua.error(call) == b"test:1: " + message
