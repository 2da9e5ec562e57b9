"""A real kernel in odd surroundings: few descriptors, Python files beside the notebook, pipes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from jupyter_client.blocking.client import BlockingKernelClient

from ._live import PATIENCE_S, LiveKernel, Message

MODULES = ("socket", "json", "lupa", "argparse", "zmq", "ssl", "ba_kernel", "ba_runtime")
CROWD = "t = {} repeat t[#t + 1], e = ba.socket.bind(0) until e or #t > 200 return e"

needs_limits = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limit")


def descriptors(soft: int, hard: int) -> Callable[[], None]:
    """Returns what bounds a process that is about to start."""
    resource = pytest.importorskip("resource")
    return lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.fixture
def crowded() -> Iterator[LiveKernel]:
    """A kernel whose first cell has taken every descriptor that it can get."""
    kernel = LiveKernel(preexec_fn=descriptors(200, 200))
    assert kernel.run(CROWD).result == '"bind"'
    yield kernel
    kernel.close()


@needs_limits
def test_the_kernel_answers_when_sockets_have_taken_every_descriptor(crowded: LiveKernel) -> None:
    """Cells, interrupts and a fresh state go on working, and so does a message of any length."""
    assert crowded.run("trace('x') print(#t)").kinds() == ["display_data", "stream"]
    assert len(crowded.run("print(('w'):rep(100000))").text()) == 100_001
    assert crowded.run("print('after')").text() == "after\n"
    crowded.client.control_channel.send(crowded.client.session.msg("interrupt_request", {}))
    assert crowded.client.get_control_msg(timeout=PATIENCE_S)["content"] == {"status": "ok"}
    assert crowded.run("%reset\nreturn ba.socket.bind(0) ~= nil").result == "true"


@needs_limits
def test_what_is_needed_for_the_first_time_is_there(crowded: LiveKernel, tmp_path: Path) -> None:
    """Modules that are imported late find a descriptor, whatever asks for them."""
    client = crowded.client
    assert "connect" in crowded.ask(client.complete("ba.socket.c"))["matches"]
    assert "connect(host" in crowded.ask(client.inspect("ba.socket.connect"))["data"]["text/plain"]
    assert crowded.ask(client.is_complete("if x then"))["status"] == "incomplete"
    assert "did you mean %trace" in crowded.run("%trac").reply["evalue"]
    assert "<?lsp" not in str(crowded.run("%%lsp\nhello").of_kind("display_data"))
    assert crowded.run("return #ba.crypto.sha1('x')").result == "20"
    assert crowded.run("return pcall(require 'httpc'.create().request, 1)").status == "ok"
    assert crowded.run("return type(mako.port)").reply["evalue"].endswith("out of file descriptors")
    assert "error('x')" in crowded.run("error('x')").reply["traceback"][1]
    assert crowded.run(f"%trace save {tmp_path / 'trace.txt'}").status == "ok"
    assert crowded.run("%flow\nreturn 1").kinds() == ["display_data", "execute_result"]
    assert crowded.run(f"%flow save {tmp_path / 'flow.json'}").status == "ok"
    assert "out of file descriptors" in crowded.run("%lab on").reply["evalue"]


@needs_limits
def test_a_low_limit_is_raised_as_far_as_the_kernel_needs() -> None:
    """At 40 descriptors, where the system allows more, a cell gets its reply."""
    kernel = LiveKernel(preexec_fn=descriptors(40, 1024))
    try:
        assert kernel.run("return 6 * 7").result == "42"
    finally:
        kernel.close()


@needs_limits
def test_a_kernel_that_cannot_have_enough_descriptors_says_so(tmp_path: Path) -> None:
    """In one line, instead of starting and never answering."""
    command = [sys.executable, "-m", "ba_kernel", "-f", str(tmp_path / "connect.json")]
    ended = subprocess.run(
        command, preexec_fn=descriptors(40, 40), capture_output=True, text=True, timeout=PATIENCE_S
    )
    assert ended.returncode == 1
    said = "needs 64 file descriptors, and 40 are allowed; raise the limit (ulimit -n)"
    assert ended.stderr == f"ba-lua-kernel: {said}\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A notebook's folder with Python files that must not run, and a Lua module that `require` finds."""
    for name in MODULES:
        (tmp_path / f"{name}.py").write_text(f"open({str(tmp_path / 'was-run')!r}, 'w')", encoding="utf-8")
    (tmp_path / "module.lua").write_text("return 'found'", encoding="utf-8")
    return tmp_path


def test_python_files_beside_the_notebook_are_left_alone(folder: Path) -> None:
    """A socket.py of the user's is not the one that the kernel means."""
    kernel = LiveKernel(cwd=str(folder))
    try:
        assert kernel.run("return require 'module', 1").result == '"found", 1'
        assert kernel.run("%lab on").status == "ok"
        kernel.run("%%lsp\nhello")
    finally:
        kernel.close()
    assert not (folder / "was-run").exists()


def test_python_files_beside_a_program_are_left_alone(folder: Path) -> None:
    """For the installed commands, and for the kernel as a module, of which Python finds its own first."""
    (folder / "program.lua").write_text("trace(require 'module', mako.port ~= nil)", encoding="utf-8")
    (folder / "ba_kernel.py").unlink()
    scripts = Path(sys.executable).parent
    for command in (
        [str(scripts / "ba-lua"), "program.lua"],
        [str(scripts / "ba-lua-kernel"), "--version"],
        [sys.executable, "-m", "ba_kernel", "--version"],
    ):
        subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=PATIENCE_S)
    assert not (folder / "was-run").exists()


def test_jupyter_run_runs_a_file(tmp_path: Path) -> None:
    """It hands the file's name to the kernel too, which has no use for it."""
    (tmp_path / "program.lua").write_text("print('from a file', 6 * 7)", encoding="utf-8")
    command = [sys.executable, "-m", "jupyter", "run", "--kernel", "ba-lua", "program.lua"]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE_S)
    assert (ended.returncode, ended.stdout) == (0, "from a file\t42\n"), ended.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="there are no named pipes in folders")
def test_the_trace_is_not_saved_to_a_pipe(kernel: LiveKernel, tmp_path: Path) -> None:
    """The main loop does not wait for somebody to read it."""
    os.mkfifo(tmp_path / "pipe")
    assert kernel.run(f"%trace save {tmp_path / 'pipe'}").status == "error"
    assert "cannot find folder" in kernel.run(f"%lsp serve {tmp_path / 'pipe'}").reply["evalue"]
    assert kernel.run("return 1").result == "1"


def test_a_warning_is_output_of_its_cell(kernel: LiveKernel) -> None:
    """It does not go to the terminal of the server."""
    assert kernel.run("warn('@on') warn('careful ', 'now')").text("stderr") == "Lua warning: careful now\n"


def test_inspection_runs_nothing_of_a_value(new_kernel: LiveKernel) -> None:
    """A `__tostring` that never ends is not called, and everything goes on."""
    new_kernel.run("spin = setmetatable({}, {__tostring = function() while true do end end})")
    answer: Message = new_kernel.ask(new_kernel.client.inspect("spin", 4))
    assert answer["data"]["text/plain"] == "table: {}"
    assert new_kernel.run("return 1").result == "1"
    assert new_kernel.ask(new_kernel.client.complete("ba.socket.c"))["matches"] == ["connect"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "Expecting value"),
        ("[1]", "not a JSON object"),
        ('{"shell_port": "x"}', "cannot use the connection"),
        ('{"signature_scheme": "none"}', "signature_scheme"),
    ],
)
def test_a_connection_file_that_cannot_be_used_is_one_line(tmp_path: Path, text: str, problem: str) -> None:
    """Nobody should have to read a traceback of Python's."""
    (tmp_path / "connect.json").write_text(text, encoding="utf-8")
    ended = _start_by_hand(tmp_path, "connect.json")
    assert ended.returncode == 1
    assert problem in ended.stderr
    assert ended.stderr.count("\n") == 1


def test_a_connection_file_needs_a_folder(tmp_path: Path) -> None:
    """It is not made."""
    ended = _start_by_hand(tmp_path, "nowhere/connect.json")
    assert (ended.returncode, ended.stderr.count("\n")) == (1, 1)
    assert "No such file or directory" in ended.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="it has no such signals")
@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_a_signal_to_end_leaves_nothing_behind(tmp_path: Path, name: str) -> None:
    """The file of a kernel that was started by hand is removed."""
    command = [sys.executable, "-m", "ba_kernel", "-f", "connect.json"]
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr
        assert "connect.json" in process.stderr.readline()
        client = BlockingKernelClient()
        client.load_connection_file(str(tmp_path / "connect.json"))
        client.start_channels()
        client.wait_for_ready(timeout=PATIENCE_S)
        process.send_signal(getattr(signal, name))
        assert process.wait(timeout=PATIENCE_S) == 0
        client.stop_channels()
    assert not (tmp_path / "connect.json").exists()


def _start_by_hand(folder: Path, file: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "ba_kernel", "-f", file]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=PATIENCE_S)
