"""`display` in a real kernel."""

from __future__ import annotations

from ._live import LiveKernel, shows


def test_outputs_prints_and_the_value_come_in_order(kernel: LiveKernel) -> None:
    """A table, a picture, and the value with its own look."""
    ran = kernel.run(
        "print 'a' display{{n = 1}} print 'b' display.plot{1, 2} "
        "return setmetatable({}, {__display = function() return {['text/html'] = '<i>v</i>'} end})"
    )
    assert ran.kinds() == ["stream", "display_data", "stream", "display_data", "execute_result"]
    table, plot = (content["data"] for content in ran.of_kind("display_data"))
    assert "<table>" in table["text/html"]
    assert table["text/plain"] == "{{n = 1}}"
    assert plot["text/html"].startswith("<img alt=")
    assert ran.of_kind("execute_result")[0]["data"]["text/html"] == "<i>v</i>"


def test_a_progress_bar_moves_and_ends_as_text(kernel: LiveKernel) -> None:
    """What is saved is one line."""
    ran = kernel.run("local bar = display.progress(5) for i = 1, 5 do ba.sleep(150) bar:step() end")
    updates = ran.of_kind("update_display_data")
    assert 2 <= len(updates) <= 8
    assert updates[-1]["data"] == {"text/plain": "5 of 5"}


def test_a_flood_of_outputs_is_cut_and_can_be_stopped(kernel: LiveKernel) -> None:
    """The kernel stays in control."""
    request = kernel.send("while true do display 'x' end")
    kernel.until(request, shows("the rest is dropped"))
    kernel.interrupt()
    ran = kernel.finish(request)
    assert ran.reply["ename"] == "Interrupted"
    assert "outputs were dropped" in ran.text("stderr")


def test_clear_output_clears(kernel: LiveKernel) -> None:
    """Where it stands in the program."""
    ran = kernel.run("print 'old' clear_output(true) print 'new'")
    assert ran.kinds() == ["stream", "clear_output", "stream"]
    assert ran.of_kind("clear_output") == [{"wait": True}]


def test_bytes_that_are_no_text_arrive_as_text(kernel: LiveKernel) -> None:
    """In keys, values, HTML and JSON; a message that no front end can read would show nothing."""
    ran = kernel.run(
        "display{{['\\xff'] = '\\xc3', b = '\\0'}, {['\\xff'] = '\\xed\\xa0\\x80'}} "
        "display.html '<i>\\xff</i>' display.json{'\\xff'} display.progress(2, '\\xff') "
        "display.plot{title = '\\xfe', ['\\xff'] = {1, 2}} "
        "print '\\xff\\xfe' return setmetatable({}, {__display = function() return '\\xff' end})"
    )
    assert ran.status == "ok"
    assert ran.kinds() == [*["display_data"] * 5, "stream", "execute_result"]
    data = [content["data"] for content in ran.of_kind("display_data")]
    assert "&lt;" not in data[1]["text/html"]
    assert all(isinstance(one["text/plain"], str) for one in data)
    assert kernel.run("return 1").result == "1"


def test_the_largest_output_arrives(kernel: LiveKernel) -> None:
    """Ten megabytes, and the kernel answers at once after it."""
    ran = kernel.run("display.html(('x'):rep(9999900))")
    assert len(ran.of_kind("display_data")[0]["data"]["text/html"]) == 9_999_900
    assert kernel.run("return 1").result == "1"
