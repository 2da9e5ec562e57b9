"""`python -m tests.notebooks.reference`: write `notebooks/reference.ipynb` anew from the cards, and run its examples.

The cards (`ba_runtime.docs`) and the magics are the source of every word in it but the headings and the sentences
below them, which are here. Whoever changes a card runs this; a test compares the two.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass

import nbformat

from ba_kernel._inspect import Help, add_card, escaped
from ba_kernel._magic_table import MAGICS
from ba_kernel._magics import Magic
from ba_runtime.docs import Entry, entries

from ._runs import KERNELSPEC, REFERENCE, Cell, Notebook, execute, write

LAB = "%lab on 2026-01-01T12:00:00Z"

TITLE = """\
# Reference

Every function, method, value and magic, with what it takes, what it returns, and how it fails.

The same text appears at a name when you press **Shift-Tab**, and below a cell that asks for it: `ba.socket.connect?`.
This notebook is made of it, so edit neither the text nor the examples here."""

LAB_TEXT = """\
The examples run on the lab network: simulated hosts inside the kernel, whose clock stands still. Run this cell first;
then each example runs by itself."""

MAGIC_TEXT = """\
## Magics

Lines that begin with `%`, at the top of a cell, before its Lua. They belong to the notebook; a device knows nothing
of them."""


@dataclass(frozen=True, slots=True)
class Group:
    """Cards under one heading: those of these names, or of all names that begin like one that ends in `.` or `:`."""

    title: str
    names: tuple[str, ...]
    text: str = ""


@dataclass(frozen=True, slots=True)
class Topic:
    """A chapter."""

    title: str
    text: str
    groups: tuple[Group, ...]


def _group(title: str, names: str, text: str = "") -> Group:
    return Group(title, tuple(names.split()), text)


TOPICS = (
    Topic(
        "Sockets",
        "TCP, UDP, TLS and WebSockets. In a cell, calls wait; in a cosocket, only that cosocket waits.",
        (
            _group("Making sockets", "ba.socket."),
            _group("Socket objects", "socket:", "What `connect`, `bind`, `udpcon` and `event` return."),
            _group(
                "TLS",
                "ba.create.certstore store: ba.create.sharkcert ba.create.sharkssl context: ba.sharkclient "
                "mako.sharkclient ba.parsecert",
                "A context, for the option `shark`, says how TLS is spoken and who is trusted.",
            ),
            _group("Numbers on the wire", "ba.socket.h2n ba.socket.n2h ba.socket.fh2n ba.socket.fn2h"),
        ),
    ),
    Topic(
        "Time and the background",
        "Cosockets, timers and jobs run between cells and while one waits.",
        (
            _group("Time", "ba.sleep ba.clock"),
            _group("Timers", "ba.timer timer:"),
            _group("Threads", "ba.thread. thread:"),
        ),
    ),
    Topic(
        "Data",
        "JSON, other encodings, dates and bytes.",
        (
            _group("JSON", "ba.json. jsonparser:"),
            _group(
                "Encodings",
                "ba.b64encode ba.b64urlencode ba.b64decode ba.urlencode ba.urldecode ba.deflate ba.mime ba.parselsp "
                "ba.cmpaddr",
            ),
            _group("Dates", "ba.encdate ba.parsedate ba.datetime datetime:"),
            _group("Byte arrays", "ba.bytearray.", "Bytes that can be changed in place. They have no methods."),
        ),
    ),
    Topic(
        "Cryptography",
        "Digests, ciphers, signatures, keys and certificates.",
        (
            _group("Digests, signatures and RSA", "ba.crypto."),
            _group("Ciphers", "cipher: ba.aesencode ba.aesdecode"),
            _group("Keys and certificates", "ba.create.key ba.create.csr ba.create.certificate"),
            _group("Random numbers", "ba.rnd ba.rnds ba.rndbs ba.rndseed"),
        ),
    ),
    Topic(
        "Files",
        "The server's own interface to files. Lua's `io` is below.",
        (
            _group("Places", "ba.openio ba.io ba.mkio ba.loadfile"),
            _group("IO objects", "io:", "A place for files; names are below it."),
            _group("File objects", "file:", "What `io:open` returns."),
        ),
    ),
    Topic(
        "HTTP client",
        '`require "httpc"` makes single requests; `require "httpm"` builds on it.',
        (_group("httpc", "httpc. httpc:"), _group("httpm", "httpm. httpm:")),
    ),
    Topic(
        "Pages",
        "A cell that begins with `%%lsp` is a page; the page server also serves folders and functions.",
        (
            _group("Requests", "request:", "What the client has sent: `request`, in a page."),
            _group("Responses", "response:", "What the page sends: `response`, in a page."),
            _group("Cookies", "cookie:"),
            _group("Deferred responses", "deferred:", "An answer that comes after the page has ended."),
            _group("Directories", "ba.create.dir ba.create.resrdr dir:"),
            _group("The server", "mako."),
        ),
    ),
    Topic(
        "Output",
        "`print` answers the cell; `trace` writes to the trace area; `display` shows more than text.",
        (
            _group("Text", "print trace tracep ba.seterrh ba.version"),
            _group("Rich output", "display display. output: progress: clear_output"),
        ),
    ),
    Topic(
        "LuaSocket",
        "Programs for LuaSocket run here too. A module is what `require` returns; the names are those that programs "
        "usually give it.",
        (
            _group("socket", "socket. socket.dns.", '`local socket = require "socket"`'),
            _group("TCP objects", "tcp:"),
            _group("UDP objects", "udp:"),
            _group("HTTP and URLs", "http. headers. url.", "`socket.http`, `socket.headers` and `socket.url`."),
            _group("ltn12", "ltn12.source. ltn12.sink. ltn12.filter. ltn12.pump.", "Streams, piece by piece."),
            _group("mime", "mime."),
        ),
    ),
    Topic(
        "Lua's library",
        "Lua 5.4, in brief; the manual at lua.org says everything.",
        (
            _group("Strings", "string.", 'Also methods: `("text"):rep(3)`.'),
            _group("UTF-8", "utf8."),
            _group("Tables", "table."),
            _group("Mathematics", "math."),
            _group("Input and output", "io."),
            _group("File handles", "handle:", "What `io.open` returns."),
            _group("Operating system", "os."),
            _group("Coroutines", "coroutine."),
            _group("Modules", "package."),
            _group("Debugging", "debug."),
            _group(
                "Basic functions",
                "_G _VERSION assert collectgarbage dofile error getmetatable ipairs load loadfile next pairs pcall "
                "rawequal rawget rawlen rawset require select setmetatable tonumber tostring type warn xpcall",
            ),
        ),
    ),
)


def build() -> Notebook:
    """Returns the notebook, without outputs."""
    notebook = nbformat.v4.new_notebook(metadata={"kernelspec": dict(KERNELSPEC)}, cells=list(_cells()))
    notebook.nbformat_minor = 5
    return notebook


def _cells() -> Iterator[Cell]:
    titles = [*(topic.title for topic in TOPICS), "Magics"]
    contents = "\n".join(f"- [{title}](#{title.replace(' ', '-')})" for title in titles)
    yield _text("title", f"{TITLE}\n\n{contents}")
    yield _text("lab-text", LAB_TEXT)
    yield nbformat.v4.new_code_cell(LAB, id="lab")
    named = {name for topic in TOPICS for group in topic.groups for name in group.names}
    for topic in TOPICS:
        parts = [f"## {topic.title}\n\n{topic.text}"]
        for group in topic.groups:
            chosen = [card for card in entries() if _is_in(card, group, named)]
            heading = f"### {group.title}\n\n{group.text}" if group.text else f"### {group.title}"
            for number, card in enumerate(chosen):
                parts += [heading, card_text(card)] if number == 0 else [card_text(card)]
                if card.example:
                    yield _text(f"{_id(card.name)}-text", "\n\n".join(parts))
                    yield nbformat.v4.new_code_cell(card.example, id=_id(card.name))
                    parts = []
        if parts:
            yield _text(f"{_id(topic.title)}-end", "\n\n".join(parts))
    yield _text("magics", "\n\n".join([MAGIC_TEXT, *map(_magic_text, MAGICS.values())]))
    yield _text("links", "Back: [Sockets in Lua, cell by cell](00-index.ipynb)")


def _is_in(card: Entry, group: Group, named: set[str]) -> bool:
    """Whether a card is in a group: by its name, or by how that begins, unless some group has the name."""
    if card.name in named:
        return card.name in group.names
    ends = max(card.name.rfind("."), card.name.rfind(":")) + 1
    return ends > 0 and card.name[:ends] in group.names


def card_text(card: Entry) -> str:
    """Returns a card as Markdown."""
    shown = Help([], [])
    add_card(shown, card)
    return "\n\n".join((f"#### `{card.signature}`", *shown.marked))


def _magic_text(magic: Magic) -> str:
    return "\n".join([f"#### `{magic.name}`\n", *(f"- `{form}`: {escaped(text)}" for form, text in magic.forms)])


def _text(name: str, source: str) -> Cell:
    return nbformat.v4.new_markdown_cell(source, id=name)


def _id(name: str) -> str:
    return "".join(char if char.isalnum() else "-" for char in name.replace(":", "--"))


def main() -> int:
    """Writes the notebook; returns the exit code, 1 when an example fails: the file is left as it was then."""
    notebook = build()
    problem = execute(notebook)
    if problem:
        print(f"{REFERENCE.name} is left as it was:\n{problem}", file=sys.stderr)
        return 1
    write(notebook, REFERENCE)
    print(f"{REFERENCE.name}: saved")
    return 0


if __name__ == "__main__":
    sys.exit(main())
