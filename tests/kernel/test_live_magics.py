"""Magics on a real kernel: what it remembers, measures, runs, and asks of the front end."""

from __future__ import annotations

import re
from pathlib import Path

from ._live import LiveKernel, shows


def test_values_are_remembered(kernel: LiveKernel) -> None:
    """By the number that the front end shows; what a front end evaluates for itself is not."""
    first = kernel.run("return 6 * 7", user_expressions={"x": "1000"})
    number = first.reply["execution_count"]
    kernel.run("5", store_history=False)
    kernel.run("%lab status")
    assert kernel.run("_ + 1").result == "43"
    assert kernel.run(f"Out[{number}], In[{number}], In[{number + 1}]").result == (
        '42, "return 6 * 7", "%lab status"'
    )
    assert kernel.run("_, a = 1, 2").status == "ok"
    assert kernel.run("%who").text() == "_  a\n"
    assert kernel.run(
        "for name in pairs(_G) do if name == 'In' or name == 'Out' then print(name) end end"
    ).text()


def test_names_of_what_is_remembered_complete(kernel: LiveKernel) -> None:
    """As any global's do."""
    kernel.run("return {size = 1}")
    for text, match in {"Ou": "Out", "_": "_", "_.si": "size"}.items():
        reply = kernel.ask(kernel.client.complete(text))
        assert match in reply["matches"]


def test_a_statement_is_measured_and_can_be_interrupted(kernel: LiveKernel) -> None:
    """In the kernel's own Lua, with its globals; what it prints is bounded as any cell's output."""
    kernel.run("x = 3")
    text = kernel.run("%timeit -n 100 -r 2 ('a'):rep(x)").text()
    time = r"[\d.]+ [nµm]s"
    assert re.fullmatch(rf"{time} ± {time} per loop \(.* of 2 runs, 100 loops each; best: {time}\)\n", text)
    failed = kernel.run("x = 1\n%timeit\n")
    assert failed.status == "error"
    failed = kernel.run("%%timeit -n 3 -r 1\nx = 1\nx = x + nil")
    assert failed.reply["evalue"].startswith("cell[")
    assert ":3: attempt to perform arithmetic on a nil value" in failed.reply["evalue"]
    request = kernel.send("%timeit -n 1000000000 if not told then told = true print 'running' end")
    kernel.until(request, shows("running"))
    kernel.interrupt()
    stopped = kernel.finish(request).reply
    assert stopped["ename"] == "Interrupted"
    assert "in function <cell[" in "".join(stopped["traceback"])  # Lua has ended it, and says where
    assert kernel.run("6 * 7").result == "42"


def test_waiting_is_told_apart_from_computing(kernel: LiveKernel) -> None:
    """A cell that sleeps computes next to nothing."""
    text = kernel.run("%%time\nba.sleep(120)").text()
    found = re.fullmatch(r"Time: (\d+) ms, ([\d.]+) (ms|µs) of it computing\n", text)
    assert found, text
    assert int(found[1]) >= 120
    assert found[3] == "µs" or float(found[2]) < 60


def test_a_program_runs_in_the_cells_globals(kernel: LiveKernel, tmp_path: Path) -> None:
    """Its errors show its own lines; what it leaves behind is there for the cell's Lua."""
    program = tmp_path / "my prog.lua"
    program.write_text(
        "#!/usr/bin/env ba-lua\nlocal a, b = ...\n"
        "sum = (sum or 0) + a + b\nif sum > 9 then error 'much' end\n"
    )
    assert kernel.run(f"%run '{program}' 2 3\nprint(sum, arg[2], #arg)").text() == "5\t3\t2\n"
    failed = kernel.run(f"%run '{program}' 2 3\nprint 'not reached'")
    assert failed.reply["ename"] == "LuaError"
    assert failed.reply["evalue"] == "my prog.lua:4: much" or failed.reply["evalue"] == f"{program}:4: much"
    assert "sum > 9" in "".join(failed.reply["traceback"])
    assert failed.text() == ""


def test_a_text_is_written_loaded_and_run(kernel: LiveKernel, tmp_path: Path) -> None:
    """The front end gets the text that is to take the cell's place."""
    file = tmp_path / "greet.lua"
    assert kernel.run(f"%%writefile {file}\nprint('hello', ...)").text() == f"20 bytes written to {file}\n"
    assert kernel.run(f"%run {file} you").text() == "hello\tyou\n"
    assert kernel.run(f"%load {file}").reply["payload"] == [
        {"source": "set_next_input", "text": f"-- %load {file}\nprint('hello', ...)", "replace": True}
    ]


def test_a_programs_own_text_is_listed_with_its_value(kernel: LiveKernel) -> None:
    """Tables and functions in short, and nothing of the library's."""
    number = kernel.run("function greet() end\nt = {1, 2, name = 'x'}").reply["execution_count"]
    assert kernel.run("%whos").text().splitlines()[1:] == [
        f"greet  function  function: greet defined at cell[{number}]:1",
        't      table     {1, 2, name = "x"}',
    ]
