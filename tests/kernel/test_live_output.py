"""Output, values and errors of a real kernel."""

from __future__ import annotations

from ._live import PATIENCE_S, LiveKernel, shows


def test_ten_thousand_prints_are_at_most_five_messages(kernel: LiveKernel) -> None:
    """Nothing is lost, and the front end is not flooded."""
    ran = kernel.run("for i = 1, 10000 do print(i) end")
    assert ran.text() == "".join(f"{number}\n" for number in range(1, 10001))
    assert len(ran.of_kind("stream")) <= 5


def test_a_line_appears_although_the_cell_spins(kernel: LiveKernel) -> None:
    """Output is not held back until the cell has ended, and a stop ends it."""
    request = kernel.send("print('started') while true do end")
    kernel.until(request, shows("started"))
    kernel.interrupt()
    assert kernel.finish(request).reply["ename"] == "Interrupted"


def test_an_endless_loop_of_prints_is_cut_and_can_be_stopped(kernel: LiveKernel) -> None:
    """A million bytes come, then a note; the kernel stays in control."""
    request = kernel.send("while true do print(('x'):rep(99)) end")
    seen = kernel.until(request, shows("the rest is dropped"))
    kernel.interrupt()
    ran = kernel.finish(request)
    printed = [message["content"] for message in seen if message["msg_type"] == "stream"]
    assert sum(len(content["text"]) for content in printed if content["name"] == "stdout") == 1_000_000
    assert ran.text() == ""
    assert "bytes were dropped" in ran.text("stderr")


def test_stdout_and_stderr_keep_their_order(kernel: LiveKernel) -> None:
    """As they were written, so they arrive."""
    ran = kernel.run("print(1) io.stderr:write('2\\n') print(3)")
    pieces = [(content["name"], content["text"]) for content in ran.of_kind("stream")]
    assert pieces == [("stdout", "1\n"), ("stderr", "2\n"), ("stdout", "3\n")]


def test_bytes_that_are_no_text_are_written_out(kernel: LiveKernel) -> None:
    """Controls and bad UTF-8 never reach the front end as such; in prints, colours and progress do."""
    ran = kernel.run(
        r"print('\0\27[31m\255 12%\r99%\27[2J') print('\xe2\x82\xac') trace('\7\27[31m') return '\8'"
    )
    assert ran.text() == "\\x00\x1b[31m\\xff 12%\r99%\\x1b[2J\n€\n"
    areas = ran.of_kind("display_data") + ran.of_kind("update_display_data")  # which of them: it may be there
    assert "\\x07\\x1b[31m" in areas[0]["data"]["text/plain"]
    assert "\x07" not in str(ran.messages)
    assert "\x08" not in str(ran.messages)


def test_source_text_of_any_kind_is_answered(kernel: LiveKernel) -> None:
    """Also what no editor would send."""
    for code in ("\x00", "\ufeffreturn 1", "#!/usr/bin/lua\nreturn 1", "\r\n", "-- €\n'€'"):
        assert kernel.run(code).status in ("ok", "error")
    assert kernel.run("'€'").result == '"€"'


def test_a_silent_cell_shows_nothing(kernel: LiveKernel) -> None:
    """It runs, and its effects stay."""
    assert kernel.run("x = 5 print(x) return x", silent=True).kinds() == []
    assert kernel.run("return x").result == "5"


def test_an_error_names_line_and_source(kernel: LiveKernel) -> None:
    """With the line of the cell, magics included."""
    ran = kernel.run("%trace pause\n%trace resume\nlocal t\nt.x = 1")
    (error,) = ran.of_kind("error")
    assert error["ename"] == "LuaError"
    assert "attempt to index a nil value (local 't')" in error["evalue"]
    assert "----> 4" in "\n".join(error["traceback"])


def test_memory_running_out_is_an_error_of_the_cell(kernel: LiveKernel) -> None:
    """The next cell runs."""
    ran = kernel.run("local t = {} while true do t[#t + 1] = ('x'):rep(1 << 20) .. #t end")
    assert ran.reply["ename"] == "OutOfMemory"
    assert kernel.run("return 1").result == "1"


def test_os_exit_does_not_end_the_kernel(kernel: LiveKernel) -> None:
    """Lua cannot end its process."""
    assert kernel.run("x = 1 os.exit(3)").reply["ename"] == "Exit"
    assert kernel.run("return x").result == "1"


def test_user_expressions_are_evaluated(kernel: LiveKernel) -> None:
    """After the cell, in its state."""
    ran = kernel.run("x = 20", user_expressions={"good": "x + 1", "bad": "x.y.z"})
    assert ran.reply["user_expressions"]["good"]["data"] == {"text/plain": "21"}
    assert ran.reply["user_expressions"]["bad"]["status"] == "error"


def test_the_cells_behind_a_failing_one_do_not_run(kernel: LiveKernel) -> None:
    """Run All ends at the first error; what is sent after it runs."""
    # It fails when it gets an answer, so the others are waiting by then.
    first = kernel.send("error(io.read())", stop_on_error=True, allow_stdin=True)
    others = [kernel.send("n = (n or 0) + 1") for _ in range(5)]
    kernel.client.get_stdin_msg(timeout=PATIENCE_S)
    kernel.client.input("x")
    assert kernel.finish(first).status == "error"
    assert [kernel.ask(other)["status"] for other in others] == ["aborted"] * 5
    assert kernel.run("return n, 1").result == "nil, 1"


def test_kernel_info_promises_only_what_is_true(kernel: LiveKernel) -> None:
    """The version is Lua's own; there are subshells and there is no debugger."""
    info = kernel.ask(kernel.client.kernel_info())
    assert kernel.run("return _VERSION").result == f'"Lua {info["language_info"]["version"]}"'
    assert info["supported_features"] == ["kernel subshells"]
    # A front end without our extension goes by the type.
    assert info["language_info"]["codemirror_mode"] == {"name": "ba-lua", "mime": "text/x-lua"}
