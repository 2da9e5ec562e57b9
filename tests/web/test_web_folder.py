"""A folder on the page server: pages, files, `.preload`, `.lua/`, and nothing that is hidden or elsewhere."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ba_runtime import UsageError
from tests.lua._programs import TIMEOUT_S

from ._site import client, folder, get, request, site, write


def test_files_have_their_types(tmp_path: Path) -> None:
    """By their names; text is UTF-8."""
    files: dict[str, str | bytes] = {"a.txt": "text", "b.js": "x", "sub/c.png": b"\x89PNG", "d.unknown": "?"}
    types = [
        "text/plain; charset=utf-8",
        "text/javascript; charset=utf-8",
        "image/png",
        "application/octet-stream",
    ]
    with folder(tmp_path, files) as here, client(here.port) as browser:
        for (name, content), expected in zip(files.items(), types, strict=True):
            answer = browser.get(f"/{name}")
            assert answer.body == (content.encode() if isinstance(content, str) else content)
            assert answer.headers["content-type"] == expected
            assert answer.headers["cache-control"] == "no-cache"  # a browser asks whether it has changed
        answer = browser.get("/a.txt", method="HEAD")
        assert (answer.headers["content-length"], answer.body) == ("4", b"")
        assert browser.get("/a.txt", method="POST").status == 405


def test_a_large_file_arrives_whole(tmp_path: Path) -> None:
    """It is longer than all buffers."""
    content = os.urandom(3_000_000)
    with folder(tmp_path, {"big.bin": content}) as here, client(here.port) as browser:
        assert browser.get("/big.bin").body == content
        assert browser.get("/big.bin").headers["content-length"] == "3000000"


def test_a_file_is_there_as_soon_as_it_is_written(tmp_path: Path) -> None:
    """That it was not there is not remembered, nor that it was."""
    with folder(tmp_path, {}) as here, client(here.port) as browser:
        for _ in range(3):
            assert browser.get("/a/b.txt").status == 404
            write(tmp_path, {"a/b.txt": "here"})
            assert browser.get("/a/b.txt").body == b"here"
            (tmp_path / "a" / "b.txt").unlink()


def test_a_folder_answers_by_its_index(tmp_path: Path) -> None:
    """index.lsp before index.html; without its slash it redirects, so that relative links work."""
    files: dict[str, str | bytes] = {
        "index.html": "root",
        "a/index.html": "html",
        "a/index.lsp": "<?lsp=pathname?>",
        "b/other.txt": "x",
    }
    with folder(tmp_path, files) as here, client(here.port) as browser:
        assert browser.get("/").body == b"root"
        assert browser.get("/a/").body == b"a/index.lsp"
        answer = browser.get("/a")
        assert (answer.status, answer.headers["location"]) == (302, "http://localhost/a/")
        assert browser.get("/b/").status == browser.get("/a/index.lsp/").status == 404


@pytest.mark.parametrize(
    "path",
    [
        *(
            "/../secret.txt",
            "/%2e%2e/secret.txt",
            "/..%2fsecret.txt",
            "/sub/../../secret.txt",
            "//secret.txt",
        ),
        *(
            "/.preload",
            "/.lua/m.lua",
            "/.git/config",
            "/sub/.hidden",
            "/%2egit/config",
            "/link.txt",
            "/links/a.txt",
        ),
        *("/..\\secret.txt", "/secret.txt%00.html", "/sub", "/pipe"),
    ],
)
def test_nothing_else_is_shown(tmp_path: Path, path: str) -> None:
    """By no spelling, and through no link."""
    write(tmp_path, {"secret.txt": "secret", "outside/a.txt": "secret"})
    root = tmp_path / "root"
    hidden = dict.fromkeys((".lua/m.lua", ".git/config", "sub/.hidden"), "secret")
    write(root, {**hidden, ".preload": "-- secret"})
    (root / "link.txt").symlink_to(tmp_path / "secret.txt")
    (root / "links").symlink_to(tmp_path / "outside")
    os.mkfifo(root / "pipe")
    with folder(root, {}) as here:
        answer = get(here.port, path)
        assert answer.status in (302, 400, 404)
        assert b"secret" not in answer.body.replace(path.encode(), b"").replace(b"/secret.txt", b"")


def test_links_within_the_folder_are_followed(tmp_path: Path) -> None:
    """They show nothing new."""
    (tmp_path / "link.txt").symlink_to(tmp_path / "a.txt")
    with folder(tmp_path, {"a.txt": "text"}) as here:
        assert get(here.port, "/link.txt").body == b"text"


def test_preload_runs_once_in_the_table_of_the_application(tmp_path: Path) -> None:
    """Pages share that table as `app`, and `.lua/` is where require looks."""
    files: dict[str, str | bytes] = {
        ".preload": "count = (count or 0) + 1 m = require'm' print('loaded', type(io), type(dir), app.count)",
        ".lua/m.lua": "return {answer = 42}",
        "page.lsp": "<?lsp print(app.count, app.m.answer, require'm' == app.m, count) ?>",
    }
    with folder(tmp_path, files) as here, client(here.port) as browser:
        for _ in range(2):
            assert browser.get("/page.lsp").body == b"1\t42\ttrue\tnil\n"
        assert here.recorder.printed == b"loaded\tuserdata\tuserdata\t1\n"


def test_preload_can_add_directories_and_cosockets(tmp_path: Path) -> None:
    """As applications do; they go on after it."""
    code = """
    local d = ba.create.dir"api"
    d:setfunc(function(_ENV, path) response:json{path = path} return true end)
    d:insert()
    ba.socket.event(function(s) s:read(10) trace"later" end)
    """
    with folder(tmp_path, {".preload": code}) as here:
        assert get(here.port, "/api/x").body == b'{"path":"x"}'
        here.recorder.wait_for_trace("later")


@pytest.mark.parametrize(
    ("code", "words"), [("error'boom'", ".preload:1: boom"), ("x =", ".preload:1: unexpected symbol")]
)
def test_a_preload_that_fails_is_told(tmp_path: Path, code: str, words: str) -> None:
    """With its line."""
    write(tmp_path, {".preload": code})
    with site() as here, pytest.raises(UsageError, match=words):
        here.runtime.serve(str(tmp_path)).result(TIMEOUT_S)


@pytest.mark.parametrize(
    "code",
    ["ba.sleep(60000)", "while true do end", "while true do pcall(ba.sleep, 60000) end", "require'waits'"],
)
def test_a_preload_can_be_interrupted(tmp_path: Path, code: str) -> None:
    """Whatever it is at; its folder is not served, and cells and other folders are as before."""
    write(
        tmp_path / "a", {".preload": f"trace'in' {code}", ".lua/waits.lua": "ba.sleep(60000)", "x.txt": "a"}
    )
    write(tmp_path / "b", {"x.txt": "b"})
    with site() as here:
        served = here.runtime.serve(str(tmp_path / "a"))
        here.recorder.wait_for_trace("in")
        while not served.done():
            here.runtime.interrupt()
            here.recorder.wait_briefly()
        with pytest.raises(UsageError, match="interrupted"):
            served.result()
        assert here.runtime.run_cell(b"return 1", name="c", cell=1).result(TIMEOUT_S).values == (b"1",)
        assert get(here.port, "/x.txt").status == 404
        here.runtime.serve(str(tmp_path / "b")).result(TIMEOUT_S)
        assert get(here.port, "/x.txt").body == b"b"


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    """By its name."""
    with site() as here, pytest.raises(UsageError, match=r"cannot find folder .*nothing'"):
        here.runtime.serve(str(tmp_path / "nothing")).result(TIMEOUT_S)


def test_another_folder_takes_the_place_of_the_first(tmp_path: Path) -> None:
    """The first application hears of it."""
    write(tmp_path / "b", {"x.txt": "b"})
    files: dict[str, str | bytes] = {
        ".preload": "function onunload() trace'unloaded' end",
        "x.txt": "a",
        "y.txt": "a",
    }
    with folder(tmp_path / "a", files) as here:
        assert get(here.port, "/x.txt").body == b"a"
        assert here.runtime.serve(str(tmp_path / "b")).result(TIMEOUT_S) == here.port
        assert here.recorder.traced == ["unloaded"]
        assert get(here.port, "/x.txt").body == b"b"
        assert get(here.port, "/y.txt").status == 404


def test_a_page_is_compiled_anew_when_its_file_changes(tmp_path: Path) -> None:
    """And keeps its `page` table; an error in it is a 500 until it is mended."""
    with folder(tmp_path, {"p.lsp": "<?lsp page.n = (page.n or 0) + 1 ?>a<?lsp=page.n?>"}) as here:
        file = tmp_path / "p.lsp"
        assert [get(here.port, "/p.lsp").body for _ in range(2)] == [b"a1", b"a2"]
        file.write_text("<?lsp for ?>")
        answer = get(here.port, "/p.lsp")
        assert (answer.status, b"p.lsp:1:" in answer.body) == (500, True)
        file.write_text("b<?lsp=page.n?>")
        assert get(here.port, "/p.lsp").body == b"b2"
        file.unlink()
        assert get(here.port, "/p.lsp").status == 404


def test_a_page_finds_files_beside_it(tmp_path: Path) -> None:
    """By its io."""
    files: dict[str, str | bytes] = {
        "data.txt": "data",
        "p.lsp": "<?lsp print(io:open'data.txt':read'*a') ?>",
    }
    with folder(tmp_path, files) as here:
        assert get(here.port, "/p.lsp").body == b"data\n"


def test_pages_include_and_forward(tmp_path: Path) -> None:
    """Relative to themselves; a page that includes itself is stopped."""
    files: dict[str, str | bytes] = {
        "s/a.lsp": "a<?lsp response:include'b.lsp' ?>c",
        "s/b.lsp": "<?lsp=request:data'x'?>",
        "f.lsp": "lost<?lsp response:forward'/s/a.lsp' trace'never' ?>",
        "loop.lsp": "<?lsp response:include'loop.lsp' ?>",
        "none.lsp": "<?lsp response:include'nothing.lsp' ?>",
    }
    with folder(tmp_path, files) as here, client(here.port) as browser:
        assert browser.get("/s/a.lsp?x=1").body == b"a1c"
        assert browser.get("/f.lsp?x=2").body == b"a2c"
        assert b"too deeply" in browser.get("/loop.lsp").body
        assert b"Error pagenotfound: nothing.lsp" in browser.get("/none.lsp").body
        assert here.recorder.traced == []


def test_the_page_server_stops_with_its_runtime(tmp_path: Path) -> None:
    """Idle and busy connections end, and nobody listens any more."""
    with folder(tmp_path, {"slow.lsp": "<?lsp trace'in' ba.sleep(60000) ?>"}) as here:
        with client(here.port) as idle, client(here.port) as busy:
            assert idle.get("/").status == 404
            busy.send(request("/slow.lsp"))
            here.recorder.wait_for_trace("in")
            here.runtime.close()
            assert idle.rest() == busy.rest() == b""
        with pytest.raises(ConnectionRefusedError):
            get(here.port, "/")
