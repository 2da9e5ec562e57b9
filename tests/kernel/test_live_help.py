"""Help and completion over the protocol: in the pager, in tooltips, and while a cell runs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ._live import PATIENCE_S, LiveKernel, Message, is_idle

GREET = """\
-- Not this one.

--- Greets somebody.
-- Politely.
function greet(name, ...)
  return "hello " .. name
end
class = {}
function class:method(first) end
class.plain = function() end"""


@pytest.fixture(scope="module")
def asked() -> Iterator[LiveKernel]:
    """A kernel in which some functions have been defined."""
    kernel = LiveKernel()
    assert kernel.run(GREET).status == "ok"
    yield kernel
    kernel.close()


def pager(kernel: LiveKernel, code: str, kind: str = "text/plain") -> str:
    """Returns what a cell shows in the pager."""
    (page,) = kernel.run(code).reply["payload"]
    assert (page["source"], page["start"]) == ("page", 0)
    return str(page["data"][kind])


def tooltip(kernel: LiveKernel, code: str, detail: int = 0) -> str:
    """Returns what Shift-Tab shows at the end of a text, "" for nothing."""
    reply = kernel.ask(kernel.client.inspect(code, len(code), detail))
    return str(reply["data"].get("text/plain", ""))


@pytest.mark.parametrize(
    ("question", "texts"),
    [
        ("ba.socket.connect?", ("ba.socket.connect(host, port [, op])", "shark", "Returns: The socket.")),
        ("?string.format", ("string.format(format, ...)",)),
        ("s:accept?", ("listener:accept()",)),
        ("%lab?", ("%lab on", "%lab off")),
        ("%%lsp?", ("%%lsp",)),
        ("mako.port?", ("mako.port (a number)",)),
        ("ltn12.sink.table?", ("ltn12.sink.table([t])",)),
        ("httpc.create?", ("httpc.create([op])", "proxyport")),
        ("greet.nothing:flush?", ("file:flush()", "response:flush()")),
        ("request:header?", ("request:header([name])",)),
        ("_VERSION?", ("_VERSION (a string)", '"Lua 5.4"')),
        ("?", ("Magics:", "name??")),
    ],
)
def test_a_question_is_answered_in_the_pager(
    asked: LiveKernel, question: str, texts: tuple[str, ...]
) -> None:
    """For the API, Lua's library, objects, modules and magics."""
    answer = pager(asked, question)
    assert [text for text in texts if text not in answer] == []


def test_several_questions_are_answered_on_one_page(asked: LiveKernel) -> None:
    """And the rest of the cell runs before; its value is shown."""
    ran = asked.run("x = 6\nprint?\n?trace\nx * 7")
    (page,) = ran.reply["payload"]
    assert ran.result == "42"
    assert page["data"]["text/plain"].index("print(...)") < page["data"]["text/plain"].index("trace(...)")
    assert "```lua\nprint(...)\n```" in page["data"]["text/markdown"]


def test_a_question_about_nothing_is_an_error(asked: LiveKernel) -> None:
    """Which says so; a mistyped magic is named."""
    reply = asked.run("no.such.thing?").reply
    assert reply["ename"] == "HelpError"
    assert reply["evalue"].startswith("there is no help about no.such.thing")
    assert "did you mean %lab" in asked.run("%lav?").reply["evalue"]


def test_nothing_is_answered_when_the_cell_fails(asked: LiveKernel) -> None:
    """The error is what matters."""
    assert asked.run("print?\nerror 'no'").reply["ename"] == "LuaError"


def test_a_function_of_the_program_is_explained_by_its_comment(asked: LiveKernel) -> None:
    """With its parameters, and where it was defined."""
    place = "Defined in: cell[1], line 5"
    assert tooltip(asked, "greet") == f"greet(name, ...)\n\nGreets somebody.\nPolitely.\n\n{place}"
    assert tooltip(asked, "greet('x', ") == tooltip(asked, "greet")
    assert tooltip(asked, "class:method").startswith("class.method(self, first)")
    assert tooltip(asked, "class.plain").startswith("class.plain()")


def test_two_question_marks_show_the_source(asked: LiveKernel) -> None:
    """As it stands in the cell."""
    source = 'function greet(name, ...)\n  return "hello " .. name\nend'
    assert pager(asked, "greet??").endswith(source)
    assert tooltip(asked, "greet", detail=1).endswith(source)
    assert source not in pager(asked, "greet?")


def test_a_function_of_a_file_is_explained_too(asked: LiveKernel, tmp_path: Path) -> None:
    """Its comment and its source are read from there; from a file that is gone, nothing."""
    file = tmp_path / "beside.lua"
    file.write_text("-- From a file.\nfunction of_file(a)\nend\n")
    asked.run(f'dofile "{file}"')
    assert tooltip(asked, "of_file").startswith("of_file(a)\n\nFrom a file.\n\nDefined in: ")
    assert pager(asked, "of_file??").endswith("function of_file(a)\nend")
    file.unlink()
    assert "From a file" not in tooltip(asked, "of_file")


def test_a_function_that_has_not_run_yet_is_explained_by_its_text(asked: LiveKernel) -> None:
    """Also while its arguments are typed."""
    text = "-- Adds.\nlocal function add(a, b)\n  return a + b\nend\nadd(1, "
    assert tooltip(asked, text) == "add(a, b)\n\nAdds.\n\nDefined in: this cell, line 2"


def test_a_local_variable_is_explained_by_its_kind(asked: LiveKernel) -> None:
    """Its value exists only while the cell runs."""
    assert tooltip(asked, "local t = ba.timer(print)\nt") == "t: timer\n\nMethods: set, reset, cancel"
    assert tooltip(asked, "local t = {a = 1}\nt") == "t: table\n\nFields: a"
    assert tooltip(asked, "local t = f()\nt") == ""
    assert tooltip(asked, "local t = ba.timer(print)\nt:reset").startswith("t:reset(ms)")


def test_an_option_is_explained_where_it_is_given(asked: LiveKernel) -> None:
    """One that does not exist is as any name; behind the `=`, the function is."""
    text = tooltip(asked, "ba.socket.connect(h, p, {timeout")
    assert text.startswith("ba.socket.connect(host, port [, op])\n\n  timeout  In a cosocket")
    assert tooltip(asked, "ba.socket.connect(h, p, {timeouts") == ""
    assert "Returns: The socket." in tooltip(asked, "ba.socket.connect(h, p, {timeout = ")


def test_an_element_of_a_list_is_shown(asked: LiveKernel) -> None:
    """Its value, as it is."""
    asked.run("list = {{1, 2}, 'b'}")
    assert tooltip(asked, "list[2]") == 'string: "b"'
    assert pager(asked, "list[1]?") == "table: {1, 2}"


def test_markdown_shows_a_comment_as_it_is(asked: LiveKernel) -> None:
    """Whatever is in it; nor does a source end its own fence."""
    asked.run("-- <b>*x*</b> [a](b) `c`\nfunction odd()\n--[[\n~~~\n```\n]]\nend")
    text = pager(asked, "odd??", "text/markdown")
    assert "\\<b\\>\\*x\\*\\</b\\> \\[a\\](b) \\`c\\`" in text
    assert text.endswith("~~~~lua\nfunction odd()\n--[[\n~~~\n```\n]]\nend\n~~~~")


def status_of(kernel: LiveKernel, request: str) -> list[str]:
    """Returns the states that are told about a request, up to idle."""
    messages = kernel.until(request, is_idle)
    return [m["content"]["execution_state"] for m in messages if m["msg_type"] == "status"]


@pytest.mark.parametrize(
    "waiting",
    [
        "ba.sleep(60000)",
        "peer = ba.socket.udpcon(0) peer:read()",
        "io.read()",
        "ba.socket.event(function(s) s:close() end) ba.sleep(60000)",
    ],
)
def test_completion_and_help_are_answered_while_a_cell_waits(asked: LiveKernel, waiting: str) -> None:
    """At once, each as busy and idle; the cell goes on, and says so."""
    client = asked.client
    cell = asked.send(f"here = {{deep = 1}} io.write('begun') {waiting}", allow_stdin=True)
    asked.until(cell, lambda message: message["msg_type"] == "stream")
    question = client.complete("here.", 5)
    assert asked.ask(question)["matches"] == ["deep"]
    assert status_of(asked, question) == ["busy", "idle"]
    assert "ba.sleep(ms)" in tooltip(asked, "ba.sleep")
    assert asked.ask(client.is_complete("x ="))["status"] == "incomplete"
    asked.interrupt()
    assert asked.finish(cell).reply["ename"] == "Interrupted"


def test_a_cell_is_said_to_be_busy_again_when_a_question_has_been_answered(asked: LiveKernel) -> None:
    """Front ends take the last state that they hear of for the kernel's."""
    cell = asked.send("io.write('begun') ba.sleep(60000)")
    asked.until(cell, lambda message: message["msg_type"] == "stream")
    asked.ask(asked.client.complete("ba.", 3))
    states: list[Message] = []
    while not states or states[-1]["parent_header"]["msg_id"] != cell:
        states.append(asked.client.get_iopub_msg(timeout=PATIENCE_S))
    assert states[-1]["content"] == {"execution_state": "busy"}
    asked.interrupt()
    asked.finish(cell)


def test_cells_keep_their_turn_while_questions_are_answered(asked: LiveKernel) -> None:
    """What is not a question waits."""
    first = asked.send("order = {} io.write('begun') repeat ba.sleep(1) until go order[1] = 'first'")
    asked.until(first, lambda message: message["msg_type"] == "stream")
    second = asked.send("order[2] = 'second' return order")
    assert asked.ask(asked.client.complete("orde", 4))["matches"] == ["order"]
    asked.interrupt()
    asked.finish(first)
    assert asked.finish(second).result == '{[2] = "second"}'
