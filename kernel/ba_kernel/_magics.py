"""Lines that begin with `%` at the head of a cell: how they are found, and what they may use.

What each of them does is in the `_magic_*.py` of its name, or in `_magic_cell.py`, and `_magic_table.py` is
the list of them all. A line that Lua is to compile keeps its number: magic lines become empty lines. After a
line that begins with `%%` the rest of the cell is a page, with its numbers too.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, TypeAlias

from ba_runtime.regular import open_regular

from ._links import reach

if TYPE_CHECKING:
    from ._engine import Engine
    from ._flow import Flow
    from ._frontend import Publish, Request
    from ._live_sockets import LiveSockets
    from ._output import Output
    from ._trace_area import TraceArea


class MagicError(Exception):
    """The user asked for something that cannot be done; the message says what would help."""


@dataclass(frozen=True, slots=True)
class Tools:
    """What a magic may use."""

    engine: Engine
    area: TraceArea
    live: LiveSockets
    output: Output
    publish: Publish
    request: Request
    flow: Flow
    is_page: bool = False  # whether the rest of the cell is a page

    def say(self, text: str) -> None:
        """Writes a line into the cell's output."""
        self.output.write(text.encode("utf-8", "surrogatepass") + b"\n")

    def say_link(self, sentence: str, url: str) -> None:
        """Writes `sentence` and how a browser reaches `url` into the cell's output.

        A path is a link for those who read the notebook where it came from, so it needs HTML; front ends make
        links of whole URLs by themselves.
        """
        link = reach(url)
        if link.is_path:
            address = escape(link.url)
            anchor = f'<a href="{address}" target="_blank" rel="noopener">{address}</a>'
            data = {"text/plain": f"{sentence} {link.url}", "text/html": f"{escape(sentence)} {anchor}"}
            content = {"data": data, "metadata": {}}
            self.output.insert(lambda: self.publish("display_data", content, self.request.parent))
        else:
            self.say(f"{sentence} {link.url}")
        if link.advice:
            self.say(link.advice)


def save(magic: str, name: str, text: str) -> None:
    """Writes what a magic shows to a file of the user's. Raises MagicError, with `magic` in front."""
    try:
        # Not `write_text`: a pipe that nobody reads would stop the main loop in `open`.
        descriptor = open_regular(os.path.expanduser(name), os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
    except (OSError, ValueError) as error:  # ValueError: a name that no file can have
        raise MagicError(f"{magic}: {getattr(error, 'strerror', error)}: {name}") from error


# What is left to do when the Lua part of the cell has ended well.
After: TypeAlias = Callable[[], Awaitable[None]]
Run: TypeAlias = Callable[[Tools, str], Awaitable[After | None]]


# A line of a page that writes nothing: the newline behind a tag is not part of a page's text.
NO_TEXT = "<?lsp ?>"


async def _nothing(engine: Engine, line: str) -> Iterable[str]:
    return ()


def _about_nothing(_rest: str) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Magic:
    """One magic: its forms with a line of help each, and what runs it with the rest of its line.

    `beginnings` returns lines to complete that depend on the moment and may begin with what was typed; forms
    are completed by themselves. `is_about` says of the rest of a line whether it is about the Lua below it.
    """

    name: str
    forms: tuple[tuple[str, str], ...]
    run: Run
    beginnings: Callable[[Engine, str], Awaitable[Iterable[str]]] = _nothing
    is_about: Callable[[str], bool] = _about_nothing


@dataclass(frozen=True, slots=True)
class Call:
    """One magic line of a cell."""

    name: str
    rest: str = ""


@dataclass(frozen=True, slots=True)
class Split:
    """A cell taken apart: its magics, and its Lua (or the text of its page) with every line where it was."""

    calls: tuple[Call, ...]
    lua: str
    page_line: int = 0  # the number of the line after which a page begins; 0 for Lua

    @property
    def has_lua(self) -> bool:
        """Whether anything is left to run."""
        return any(line.strip() for line in self.lua.split("\n")[self.page_line :])

    @property
    def is_page(self) -> bool:
        """Whether the text is a page's."""
        return self.page_line > 0

    @property
    def page(self) -> str:
        """The page, with lines that write nothing in place of those above it."""
        lines = self.lua.split("\n")
        return "\n".join([NO_TEXT] * self.page_line + lines[self.page_line :])


def split(code: str) -> Split:
    """Takes the magic lines off the head of a cell; blank lines and line comments may stand between them."""
    calls: list[Call] = []
    lines = code.split("\n")
    for index, line in enumerate(lines):
        text = line.strip()
        if text.startswith("%"):
            calls.append(Call(*text.split(maxsplit=1)))
            lines[index] = ""
            if text.startswith("%%"):
                return Split(tuple(calls), "\n".join(lines), page_line=index + 1)
        elif text and not _is_line_comment(text):
            break
    return Split(tuple(calls), "\n".join(lines))


def _is_line_comment(text: str) -> bool:
    return text.startswith("--") and not text.startswith("--[")
