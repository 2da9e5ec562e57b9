"""A newcomer's first hour: twelve mistakes, one after the other, each with the hint that mends it."""

from __future__ import annotations

import socket

from ._notebook import notebook


def test_twelve_mistakes_of_a_first_hour_each_get_the_hint_that_mends_them() -> None:
    """In one notebook, as they come; where a port is in the words, the system has chosen it."""
    with socket.socket() as held, notebook() as book:
        held.bind(("127.0.0.1", 0))
        closed = held.getsockname()[1]  # nobody listens there

        assert book.hint("pirnt('hello')") == "did you mean print?"
        assert book.hint('name = "Ada"\nprint("hello " + name)') == "texts are joined by .. and not by +"
        assert book.hint("n = 0\nn += 1") == "there is no += in Lua; write n = n + …"
        assert book.hint("if n != 1 then print(n) end") == "!= is written ~= in Lua"
        assert book.hint("function greet(who)\n  if who then\n    print(who)\nend") == (
            "the if that begins in line 2 has no end"
        )
        assert book.hint("listener = ba.socket.bnid(0)") == "did you mean bind?"

        number = book.run("listener = ba.socket.bind(0)\nlocal _, port = listener:sockname()")
        assert book.hint("print(port + 1)") == (
            f"port was a local of cell [{number}], and locals end with their cell; "
            "leave out the word local there"
        )
        assert book.hint("client = listener:accept()") == (
            "accept needs a cosocket: listener:event(function(listener) … end)"
        )
        assert book.hint(f's = ba.socket.connect("127.0.0.1", {closed})\ns:write("hello")') == (
            f's is nil: ba.socket.connect("127.0.0.1", {closed}) in line 1 returned nil, "cannotconnect": '
            "nothing listens there, or it cannot be reached"
        )
        book.run("_, port = listener:sockname()")
        number = book.run('c = ba.socket.connect("127.0.0.1", port)\nc:event(function(c) c:read() end)')
        assert book.hint('c.write("hello")') == "write is a method: call it with a colon, c:write(…)"
        assert book.hint("print(c:read())") == (
            f"c belongs to the cosocket of cell [{number}], and only that can read it; "
            "read it there, in its function"
        )
        assert book.hint('socket = require "sockets"') == 'did you mean require "socket"?'
