"""A real kernel after a cell that has used up Lua's memory."""

from __future__ import annotations

from ._live import LiveKernel, seconds, shows


def test_a_kernel_whose_memory_was_used_up_answers_and_can_be_interrupted(new_kernel: LiveKernel) -> None:
    """The results that did not fit came from Python, whose lock is free again."""
    ran = new_kernel.run("local t, x = {}, ('x'):rep(30000) while true do t[#t + 1] = ba.b64encode(x) end")
    assert ran.reply["ename"] == "OutOfMemory"
    assert new_kernel.run("return 6 * 7").result == "42"
    request = new_kernel.send("print 'on' while true do end")
    new_kernel.until(request, shows("on"))
    new_kernel.interrupt()
    assert new_kernel.finish(request).reply["ename"] == "Interrupted"
    assert seconds(new_kernel.manager.shutdown_kernel) < new_kernel.manager.shutdown_wait_time
