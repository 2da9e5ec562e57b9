"""A notebook's cells on a device: values, errors, what goes on there, and how they are stopped."""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kernel._live import LiveKernel, seconds, shows

from ._server import Served, served, tls_in_front_of
from .conftest import typed


def test_a_connected_device_says_what_it_is(connected: LiveKernel, server: Served) -> None:
    """And the secret is nowhere in what the notebook saves."""
    ran = connected.run("%device")
    assert re.search(r"127\.0\.0\.1:\d+: BarracudaServer.*, Lua 5\.4, up .*%%device run there", ran.text())
    assert server.secret not in str(ran.messages)


def test_a_cell_runs_there_with_its_output_and_its_values(connected: LiveKernel) -> None:
    """Globals are the device's and stay; those of the notebook are others."""
    connected.run("x = 'here'")
    ran = connected.run("%%device\nx = 'there' print('hello', 1)\nreturn 'a\\n', {1, 2, a = {b = true}}, 2.5")
    assert ran.text() == "hello\t1\n"
    assert ran.result == '"a\\n", {1, 2, a = {b = true}}, 2.5'
    assert connected.run("%%device\nx").result == '"there"'
    assert connected.run("x").result == '"here"'


def test_an_error_there_names_the_cells_line(connected: LiveKernel) -> None:
    """With the source around it, and without the page's own frames."""
    ran = connected.run("%%device\n\nlocal function f()\n  error('deep')\nend\nf()")
    assert ran.status == "error"
    text = "\n".join(ran.reply["traceback"])
    assert re.search(r"cell\[\d+\]:4: deep", ran.reply["evalue"])
    assert "error('deep')" in text
    assert "cells.lsp" not in text
    assert "xpcall" not in text
    assert re.search(r"cell\[\d+\]:6: in main chunk", text)
    ran = connected.run("%%device\nx = = 1")
    assert re.search(r"cell\[\d+\]:2: unexpected symbol near '='", ran.reply["evalue"])


def test_what_is_printed_there_appears_as_it_comes(connected: LiveKernel) -> None:
    """Before the cell has ended."""
    request = connected.send("%%device\nprint('first') ba.sleep(1000) print('second')")
    messages = connected.until(request, shows("first"))
    assert not any("second" in m["content"]["text"] for m in messages if m["msg_type"] == "stream")
    assert connected.finish(request).text().endswith("second\n")


def test_a_cell_that_never_ends_is_stopped_by_the_user(connected: LiveKernel) -> None:
    """It ends there too, and the device goes on."""
    request = connected.send("%%device\nprint('on') n = 0 while true do n = n + 1 end")
    connected.until(request, shows("on"))

    def stop() -> None:
        connected.interrupt()
        assert connected.finish(request).reply["ename"] == "Interrupted"

    assert seconds(stop) < 5
    assert connected.run("%%device\nlocal before = n ba.sleep(50) return n == before").result == "true"


def test_a_cell_that_never_ends_is_stopped_by_its_limit(connected: LiveKernel) -> None:
    """Which its first line names, and the message repeats."""
    ran = connected.run("%%device 0.5\nwhile true do end")
    assert ran.reply["evalue"] == "stopped after 0.5 s, the limit"


def test_cosockets_go_on_there(connected: LiveKernel) -> None:
    """And cells of later see what they did."""
    connected.run(
        "%%device\nticks = 0\n"
        "ba.socket.event(function() while ticks < 5 do ba.sleep(10) ticks = ticks + 1 end end)"
    )
    ran = connected.run(
        "%%device\nfor i = 1, 200 do if ticks == 5 then break end ba.sleep(10) end return ticks"
    )
    assert ran.result == "5"


def test_a_megabyte_of_output_arrives_whole(connected: LiveKernel) -> None:
    """Just what a cell may print, in many pieces, with nothing dropped."""
    ran = connected.run("%%device\nfor i = 1, 10000 do print(('%06d'):format(i) .. (' '):rep(93)) end")
    lines = ran.text().splitlines()
    assert [int(line[:6]) for line in lines] == list(range(1, 10001))


def test_output_that_looks_like_an_end_is_output(connected: LiveKernel) -> None:
    """Bytes of any kind are."""
    ran = connected.run("%%device\nprint('ok\\n3\\nabc') print(('f'):rep(40)) return 1")
    assert ran.text() == "ok\n3\nabc\n" + "f" * 40 + "\n"
    assert ran.result == "1"


def test_both_shows_what_differs(connected: LiveKernel) -> None:
    """Line by line, as text and as a table in which nothing becomes HTML."""
    connected.run("where = '<b>here'")
    connected.run("%%device\nwhere = '<b>there'")
    ran = connected.run("%%device both\nprint('same')\nprint(where)\n1 + 1")
    (shown,) = ran.of_kind("display_data")
    text = shown["data"]["text/plain"]
    assert text.splitlines()[0].startswith("1 of 3 lines differs between here and 127.0.0.1:")
    assert text.splitlines()[1:4] == ["  same", "< <b>here", "> <b>there"]
    assert "<b>" not in shown["data"]["text/html"]
    assert ran.text() == ""
    assert ran.result is None
    ran = connected.run("%%device both\nprint('same')")
    (shown,) = ran.of_kind("display_data")
    assert shown["data"]["text/plain"].startswith("The same here and on 127.0.0.1:")


def test_two_notebooks_use_a_device_at_once(connected: LiveKernel, server: Served) -> None:
    """Each with globals of its own; one that waits keeps the other from nothing."""
    other = LiveKernel(env=os.environ | {"BA_LUA_DEVICE_SECRET": server.secret})
    try:
        assert other.run(f"%device {server.url} all").status == "ok"
        connected.run("%%device\nwhose = 'the first'")
        waiting = connected.send("%%device\nprint('waits') ba.sleep(2000) return whose")
        connected.until(waiting, shows("waits"))
        assert other.run("whose = 'the second' return whose").result == '"the second"'
        assert connected.finish(waiting).result == '"the first"'
    finally:
        other.close()


def test_all_cells_run_there_until_it_is_off(
    kernel: LiveKernel, connected: LiveKernel, server: Served
) -> None:
    """The line that connects is the only one that a notebook needs."""
    typed(kernel, f"%device {server.url} all", server.secret)
    kernel.run("only_there = 1")
    assert kernel.run("only_there").result == "1"
    assert kernel.run("%device off\nonly_there").result is None


# ---- what goes wrong


def test_a_wrong_secret_is_a_404_in_a_sentence(kernel: LiveKernel, server: Served) -> None:
    """As it is for everybody who does not know it."""
    ran = typed(kernel, f"%device {server.url}", "wrong")
    assert "answers 404: the secret is wrong, or the page is not there" in ran.reply["evalue"]


def test_a_front_end_that_cannot_ask_is_told_of_the_variable(kernel: LiveKernel, server: Served) -> None:
    """As in nbconvert."""
    ran = kernel.run(f"%device {server.url}")
    assert "BA_LUA_DEVICE_SECRET" in ran.reply["evalue"]


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("%device nowhere", "usage: %device URL"),
        ("%device http://", "a device's URL is http://HOST/FILE.lsp"),
        ("%device http://127.0.0.1:1/x.lsp some", "usage: %device URL"),
        ("%device make", "usage: %device make FILE.lsp"),
        ("%device make x.txt", "usage: %device make FILE.lsp"),
        ("%device make no/such/x.lsp", "No such file or directory"),
        ("%device off\n%%device\nx", "no device is connected"),
        ("%%device never\nx", "usage: %%device"),
    ],
)
def test_mistakes_are_named(new_kernel: LiveKernel, code: str, message: str) -> None:
    """Each with what to write instead."""
    assert message in new_kernel.run(code).reply["evalue"]


@pytest.fixture(scope="module")
def new_kernel() -> Iterator[LiveKernel]:
    """A kernel without a device."""
    kernel = LiveKernel()
    yield kernel
    kernel.close()


def test_a_page_is_made_once_and_never_over_another_file(tmp_path: Path) -> None:
    """Only its owner can read it, and its secret needs no typing in the kernel that made it."""
    kernel = LiveKernel(cwd=str(tmp_path))
    try:
        (tmp_path / "mine.lsp").write_text("<p>mine</p>")
        assert "is another page" in kernel.run("%device make mine.lsp").reply["evalue"]
        assert (tmp_path / "mine.lsp").read_text() == "<p>mine</p>"
        ran = kernel.run("%device make cells.lsp")
        page = (tmp_path / "cells.lsp").read_text()
        assert (tmp_path / "cells.lsp").stat().st_mode & 0o777 == 0o600
        assert "FOR DEVELOPMENT ONLY" in page
        secret = re.search(r'SECRET = "([\w-]{43})"', page)
        assert secret
        assert secret[1] not in str(ran.messages)
        ran = kernel.run("%lsp serve .")
        (url,) = re.findall(r"http://127\.0\.0\.1:\d+/", ran.text())
        assert kernel.run("%device make cells.lsp").status == "ok"
        assert secret[1] not in (tmp_path / "cells.lsp").read_text()
        assert kernel.run(f"%device {url}cells.lsp").status == "ok"
    finally:
        kernel.close()


def test_a_device_that_goes_away_in_the_middle_is_named(kernel: LiveKernel, tmp_path: Path) -> None:
    """And so is one that is not there any more."""
    with served(tmp_path) as device:
        typed(kernel, f"%device {device.url}", device.secret)
        request = kernel.send("%%device\nprint('on') ba.sleep(60000)")
        kernel.until(request, shows("on"))
        device.process.send_signal(signal.SIGKILL)
        assert kernel.finish(request).reply["ename"] == "DeviceError"
    ran = kernel.run("%%device\nx")
    assert "cannot be reached: Connection refused" in ran.reply["evalue"] or "Connect" in ran.reply["evalue"]


# ---- its trace, and the device of those who have none


def test_a_started_device_traces_into_the_area_and_ends_with_its_kernel() -> None:
    """Lines are marked with its name; nothing of it is left afterwards."""
    kernel = LiveKernel()
    try:
        assert kernel.run("%device start").status == "ok"
        ran = kernel.run('%trace wait 1\n%%device\ntrace("<b>from there")')
        areas = [shown["data"] for shown in ran.of_kind("update_display_data") + ran.of_kind("display_data")]
        assert "ba-lua   3: <b>from there" in areas[-1]["text/plain"]
        assert "<b>" not in areas[-1]["text/html"]
        pid = int(kernel.run(PID).result or 0)
        assert _is_running(pid)
        kernel.run("%device start")
        assert not _is_running(pid)
        pid = int(kernel.run(PID).result or 0)
    finally:
        kernel.close()
    for _ in range(100):  # a killed kernel cannot end it: it sees that its standard input ends
        if not _is_running(pid):
            break
        time.sleep(0.1)
    assert not _is_running(pid)


# The process in which a cell runs, on Linux.
PID = "%%device\nreturn tonumber(io.open('/proc/self/stat'):read('l'):match('%d+'))"


def _is_running(pid: int) -> bool:
    try:
        return (
            "zombie" not in Path(f"/proc/{pid}/status").read_text().partition("State:")[2].partition("\n")[0]
        )
    except FileNotFoundError:
        return False


def test_what_a_device_does_not_tell_of_its_trace_is_said_once(server: Served) -> None:
    """Its cells run all the same."""
    kernel = LiveKernel(env=os.environ | {"BA_LUA_DEVICE_SECRET": server.secret})
    try:
        ran = kernel.run(f"%device {server.url}\nx = 1")
        shown = ran.of_kind("display_data")
        assert "is not shown: its TraceLogger is off" in shown[-1]["data"]["text/plain"]
        assert kernel.run("%%device\n6 * 7").result == "42"
    finally:
        kernel.close()


# ---- TLS


def test_a_certificate_that_is_not_trusted_is_refused_unless_told_otherwise(server: Served) -> None:
    """By one word behind the URL, which is shown nowhere as the usual way."""
    kernel = LiveKernel(env=os.environ | {"BA_LUA_DEVICE_SECRET": server.secret})
    try:
        with tls_in_front_of(server) as url:
            ran = kernel.run(f"%device {url}")
            assert "has a certificate that is not trusted" in ran.reply["evalue"]
            assert "write `untrusted` behind the URL" in ran.reply["evalue"]
            assert kernel.run(f"%device {url} untrusted").status == "ok"
            assert kernel.run("%%device\nprint(('x'):rep(100000))").text() == "x" * 100_000 + "\n"
    finally:
        kernel.close()
