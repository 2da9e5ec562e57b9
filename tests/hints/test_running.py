"""What is said of programs that were running."""

from __future__ import annotations

import pytest

from ._notebook import hint, notebook

SIMPLE = {
    "accept in another cosocket": (
        "l = ba.socket.bind(0) l:event(function(l) l:accept() end) l:accept()",
        "accept works only in the cosocket of l itself, the function that l:event was given",
    ),
    "accept on a connection": (
        "local l = ba.socket.bind(0) local _, p = l:sockname()\n"
        "local c = ba.socket.connect('127.0.0.1', p)\nc:accept()",
        "c is not a listener; ba.socket.bind makes one",
    ),
    "reading a listener": (
        "local l = ba.socket.bind(0) l:read()",
        "l is a listener, which has no data of its own; its cosocket gets connections from l:accept()",
    ),
    "a second cosocket": (
        "l = ba.socket.bind(0) l:event(function(l) l:accept() end) l:event(print)",
        "l belongs to the cosocket of cell [1] already; a socket has one cosocket",
    ),
    "reading on after the end": (
        "l = ba.socket.bind(0)\nlocal s = ba.socket.connect('127.0.0.1', (select(2, l:sockname())))\n"
        "s:close() s:read() s:read()",
        "s is closed; stop at the first read that returns nil",
    ),
    "yielding in a cell": (
        "coroutine.yield()",
        "coroutine.yield works only in a coroutine that coroutine.create or coroutine.wrap has made; "
        "to wait, call ba.sleep(milliseconds)",
    ),
    "sleeping without a time": ("ba.sleep()", "ba.sleep takes milliseconds, such as ba.sleep(500)"),
    "a library called with a colon": (
        "ba.socket:connect('h', 1)",
        "connect is not a method: call it with a dot, ba.socket.connect(…)",
    ),
    "Lua's library with a colon": (
        "math:floor(3.5)",
        "floor is not a method: call it with a dot, math.floor(…)",
    ),
    "a text's method with a dot": (
        "local s = 'abc' print(s.upper())",
        "upper is a method: call it with a colon, s:upper(…)",
    ),
    "too few arguments": (
        "ba.socket.connect('127.0.0.1')",
        "it is called as ba.socket.connect(host, port [, op])",
    ),
    "a mistyped method": ("local s = ba.socket.bind(0) s:clsoe()", "did you mean close?"),
    "a mistyped method of a text": ("local s = 'abc' s:uper()", "did you mean upper?"),
    "a mistyped field of one's own": ("local t = {start = print} t.satrt()", "did you mean start?"),
    "a mistyped local": ("local listener = {} lisener.x = 1", "did you mean listener?"),
    "capital letters": ("Print(1)", "did you mean print?"),
    "a name without its table": ("json.encode{}", "did you mean ba.json?"),
    "a function without its table": ("sleep(1)", "did you mean ba.sleep?"),
    "another language's name": ("print(len('abc'))", "#x is the length of a text or list"),
    "a function that was not called": ("ba.timer.new(print)", "ba.timer is a function; call it: ba.timer(…)"),
    "a table's method": (
        "local t = {} t:insert(5)",
        "tables have no methods of their own; write table.insert(t, …)",
    ),
    "a loop over a table": (
        "for i, v in {1, 2} do end",
        "a loop over a table is written for key, value in pairs(t) do, or in ipairs(t) for a list",
    ),
    "a timer's method with a dot": (
        "local t = ba.timer(print) t.set(5)",
        "set is a method: call it with a colon, t:set(…)",
    ),
    "counting from nothing": ("n = n + 1", "n has no value yet; give it one first: n = 0"),
    "counting from nothing in a table": (
        "local t = {}\nt.n = t.n + 1",
        "t.n has no value yet; give it one first: t.n = 0",
    ),
    "a text in arithmetic": (
        "return 'x' * 2",
        "the text is not a number; tonumber(text) returns nil for such a text",
    ),
    "a text compared": ("return '5' < 6", "one of the two is a text; tonumber(text) makes a number of it"),
    "a table joined": (
        "local t = {} return 'x' .. t",
        "only texts and numbers can be joined; tostring(t) makes a text of the table",
    ),
    "a call without brackets": (
        'return print "a" .. 1',
        'print "…" is a call by itself; put brackets around all of it: print("…" .. …)',
    ),
    "a method without its object": (
        "local A = {}\nfunction A:add(n) self.n = n end\nA.add()",
        "self is nil: add was called with a dot; write object:add(…)",
    ),
    "an argument in place of the object": (
        "local A = {}\nfunction A:add(n)\n  local m = self.n\nend\nA.add(5)",
        "self is number: add was called with a dot; write object:add(…)",
    ),
    "a block that has ended": (
        "if true then\n  local port = {}\nend\nreturn port.x",
        "port is a local of the block that begins in line 1, and ends with it; "
        "declare it before that block: local port",
    ),
    "a function further down": (
        "main()\nlocal function main() end",
        "main becomes a local only in line 2; declare it above this line",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SIMPLE)
def test_a_mistake_has_its_hint(name: str) -> None:
    """Each in a notebook of its own."""
    text, expected = SIMPLE[name]
    assert hint(text) == expected


def test_a_call_that_has_failed_is_named_with_its_reason() -> None:
    """`bind` to a port that is taken; checked by assert and by error; a field, an upvalue, another cell's."""
    with notebook() as book:
        book.run("l = ba.socket.bind(0) port = select(2, l:sockname())")
        why = '"bind": another socket has the port, or this computer does not have the address'
        with_port = book.hint("a = ba.socket.bind(port)\na:event(print)")
        start, _, end = with_port.partition("(")
        assert start == "a is nil: ba.socket.bind"
        assert end.endswith(f") in line 1 returned nil, {why}")
        for text, name, line in (
            ("local t = {}\nt.sock = ba.socket.bind(port)\nt.sock:close()", "t.sock", 2),
            ("local u = ba.socket.bind(port)\nlocal function f()\n  u:close()\nend\nf()", "u", 1),
            (
                "self = {}\nself.a = {}\nself.a.b = ba.socket.bind(\n  port\n)\nself.a.b:close()",
                "self.a.b",
                3,
            ),
        ):
            said = book.hint(text)
            assert said.startswith(f"{name} is nil: ba.socket.bind("), said
            assert said.endswith(f" in line {line} returned nil, {why}")
        number = book.run("far = ba.socket.bind(port)")
        assert f" in line 1 of cell [{number}] returned nil, {why}" in book.hint("\nfar:close()")
        assert book.hint("assert(ba.socket.bind(port))").endswith(f" in line 1 returned nil, {why}")
        checked = "local s, reason = ba.socket.bind(port)\nif not s then error(reason) end"
        assert book.hint(checked).endswith(f" in line 1 returned nil, {why}")


def test_incorrectuse_of_the_http_client_says_what_to_call_first() -> None:
    """Whichever of its calls comes too early."""
    create = 'local http = require "httpc".create()\n'
    assert hint(create + 'local text = http:read "*a"\nreturn #text') == (
        'text is nil: http:read in line 2 returned nil, "incorrectuse": '
        "there is no response; call http:request first"
    )
    assert hint(create + "assert(http:write 'x')") == (
        'http:write in line 2 returned nil, "incorrectuse": '
        "no request waits for data; call http:request first"
    )


def test_a_cosocket_whose_socket_is_in_use_is_told_so() -> None:
    """`connect` in it would need a second one."""
    with notebook() as book:
        said = book.background(
            "ba.socket.event(function(s)\n  ba.socket.bind(0)\n"
            "  local c = ba.socket.connect('127.0.0.1', 1)\n  c:write 'x'\nend)"
        )
    assert said == [
        'c is nil: ba.socket.connect("127.0.0.1", 1) in line 3 returned nil, "incorrectuse": '
        "the cosocket's own socket is in use; close it first"
    ]


def test_a_documented_call_that_may_fail_is_named_without_its_reason() -> None:
    """Reads are not remembered, as they fail too often; that one has failed is certain all the same."""
    with notebook() as book:
        book.run("l = ba.socket.bind(0) l:event(function(l) local c = l:accept() c:read() end)")
        said = book.hint(
            "local s = ba.socket.connect('127.0.0.1', (select(2, l:sockname())))\n"
            "local data = s:read(1)\nreturn data:upper()"
        )
    assert said == (
        "data is nil: s:read in line 2 returned nil, as it does at the end or when it fails; "
        "its second result says why"
    )


def test_errors_in_the_background_have_hints() -> None:
    """Cosockets, jobs and timers; `coroutine.yield` in a cosocket ends it."""
    with notebook() as book:
        assert book.background("ba.socket.event(function() pirnt() end)") == ["did you mean print?"]
        assert book.background("ba.thread.run(function() pirnt() end)") == ["did you mean print?"]
        assert book.background("ba.socket.event(function() coroutine.yield() end)") == [
            "a cosocket waits by read, write, accept or ba.sleep; coroutine.yield ends it"
        ]
        timed = "local done\nlocal t = ba.timer(function() done = true pirnt() end)\nt:set(1)\n"
        assert book.background(timed + "while not done do ba.sleep(1) end") == ["did you mean print?"]


def test_a_library_called_with_a_dot_is_called_well() -> None:
    """A table that is missing among its arguments is no missing object, though the library is a table too."""
    assert "method" not in hint("table.insert(nil, 5)")
    assert "method" not in hint("local own = {} function own.f(t) table.concat(t) end own.f()")
    assert "method" not in hint("string.upper()")


def test_a_page_has_hints() -> None:
    """Of what its line says; a page is not Lua as a whole."""
    with notebook() as book:
        page = b"<p>\n<?lsp ba.socket.evnt(print) ?>"
        result = book.runtime.run_page(page, name="cell[1]", cell=1).result(30)
    assert result.error is not None
    assert result.error.hint == "did you mean event?"
    assert b"did you mean" not in result.body


def test_a_hint_repeats_for_the_same_error_and_follows_what_has_changed() -> None:
    """The same text may run again under another number, and its name may be declared meanwhile."""
    with notebook() as book:
        assert [book.hint("counter()") for _ in range(2)] == [""] * 2
        number = book.run("local counter = print")
        said = book.hint("counter()")
        assert said.startswith(f"counter was a local of cell [{number}]")
        book.run("counter = nil")
        assert book.hint("counter()") == ""
