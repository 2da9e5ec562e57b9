"""Lines that begin with `%` at the head of a cell: how they are found, and what they may use.

What each of them does is in the `_magic_*.py` of its name, or in `_magic_cell.py`, and `_magic_table.py` is
the list of them all. A line that Lua is to compile keeps its number: magic lines become empty lines. Below a
line that begins with `%%` the rest of a cell is what that magic says: a page, with its numbers too, or a text
that the magic takes itself.
"""

from __future__ import annotations

import os
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from enum import Enum, auto
from html import escape
from typing import TYPE_CHECKING, Protocol, TypeAlias, TypeVar

from ba_runtime.regular import open_regular

from ._links import reach
from ._questions import Question, is_question, questions_in

if TYPE_CHECKING:
    from ba_runtime.events import ErrorReport

    from ._devices import Devices
    from ._engine import Engine
    from ._errors import Sources
    from ._flow import Flow
    from ._frontend import Publish, Request
    from ._live_sockets import LiveSockets
    from ._output import Output
    from ._panel import Panel
    from ._trace_area import TraceArea
    from ._window import Window


T = TypeVar("T")

# A name with spaces needs no quotes, but people put some around it.
_QUOTED = re.compile(r"""^(["'])(.*)\1$""")


class MagicError(Exception):
    """The user asked for something that cannot be done; the message says what would help."""


class LuaFailed(Exception):
    """Lua code that a magic has run ended early, which is shown as if it were the cell's."""

    def __init__(self, report: ErrorReport) -> None:
        super().__init__(report.message)
        self.report = report


class Body(Enum):
    """What the rest of a cell is, below a magic."""

    LUA = auto()
    PAGE = auto()
    TEXT = auto()  # of the magic's own


class Told(Protocol):
    """Waits for what Lua code of the user's comes to; an interrupt ends that code and not this wait."""

    async def __call__(self, future: Future[T], /) -> T: ...


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
    window: Window
    devices: Devices
    ask_secret: Callable[[str], Awaitable[str | None]]  # None: this front end cannot ask
    panel: Panel
    sources: Sources
    told: Told
    page_about: Callable[[Question], Awaitable[dict[str, object]]]  # the answer, for the front end's pager
    code: str  # of the whole cell
    is_page: bool = False  # whether the rest of the cell is a page
    line: int = 0  # the number of the magic's own line
    payloads: list[dict[str, object]] = field(default_factory=list)  # what the reply asks of the front end

    @property
    def below(self) -> str:
        """The cell's text below the magic's line."""
        return "\n".join(self.code.split("\n")[self.line :])

    def in_its_line(self, text: str) -> str:
        """Returns `text` with empty lines above it, so that it stands in the magic's line."""
        return "\n" * (self.line - 1) + text

    def say(self, text: str) -> None:
        """Writes a line into the cell's output."""
        self.output.write(text.encode("utf-8", "surrogatepass") + b"\n")

    def show(self, data: Mapping[str, object]) -> None:
        """Shows data, by MIME type, in the cell's output."""
        content = {"data": data, "metadata": {}}
        self.output.insert(lambda: self.publish("display_data", content, self.request.parent))

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
            self.show(data)
        else:
            self.say(f"{sentence} {link.url}")
        if link.advice:
            self.say(link.advice)


def unquoted(name: str) -> str:
    """Returns what a line says behind a magic, a name, without the quotes around it."""
    return _QUOTED.sub(r"\2", name.strip())


def save(magic: str, name: str, text: str, *, is_added: bool = False) -> int:
    """Writes to a file of the user's, or at its end, and returns the number of bytes.

    Raises MagicError, with `magic` in front.
    """
    data = text.encode("utf-8", "replace")  # half an emoji has no form in UTF-8
    how = os.O_APPEND if is_added else os.O_TRUNC
    try:
        # Not `write_text`: a pipe that nobody reads would stop the main loop in `open`.
        descriptor = open_regular(os.path.expanduser(name), os.O_WRONLY | os.O_CREAT | how)
        with os.fdopen(descriptor, "wb") as file:
            return file.write(data)
    except (OSError, ValueError) as error:  # ValueError: a name that no file can have
        raise MagicError(f"{magic}: {getattr(error, 'strerror', error)}: {name}") from error


def read(magic: str, name: str, most_bytes: int) -> bytes:
    """Returns what is in a file of the user's. Raises MagicError, with `magic` in front."""
    try:
        with os.fdopen(open_regular(os.path.expanduser(name), os.O_RDONLY), "rb") as file:
            data = file.read(most_bytes + 1)
    except (OSError, ValueError) as error:
        where = "" if os.path.isabs(os.path.expanduser(name)) else f" in {os.getcwd()}"
        raise MagicError(f"{magic}: {getattr(error, 'strerror', error)}: {name}{where}") from error
    if len(data) > most_bytes:
        raise MagicError(f"{magic}: {name} is larger than {most_bytes:,} bytes, the limit")
    return data


# What is left to do when the Lua part of the cell has ended well.
After: TypeAlias = Callable[[], Awaitable[None]]
Run: TypeAlias = Callable[[Tools, str], Awaitable[After | None]]


# A line of a page that writes nothing: the newline behind a tag is not part of a page's text.
NO_TEXT = "<?lsp ?>"


async def _nothing(engine: Engine, line: str) -> Iterable[str]:
    return ()


def _never(_rest: str) -> bool:
    return False


def always(_rest: str) -> bool:
    """Says so of the rest of any line."""
    return True


@dataclass(frozen=True, slots=True)
class Magic:
    """One magic: its forms with a line of help each, and what runs it with the rest of its line.

    `beginnings` returns lines to complete that depend on the moment and may begin with what was typed; forms
    are completed by themselves. `is_about` says of the rest of a line whether it is about the Lua below it,
    `is_beside` whether it may run in a subshell while another cell runs.
    """

    name: str
    forms: tuple[tuple[str, str], ...]
    run: Run
    beginnings: Callable[[Engine, str], Awaitable[Iterable[str]]] = _nothing
    is_about: Callable[[str], bool] = _never
    is_beside: Callable[[str], bool] = _never
    body: Body = Body.LUA


@dataclass(frozen=True, slots=True)
class Call:
    """One magic line of a cell, and its number."""

    name: str
    rest: str = ""
    line: int = 1


@dataclass(frozen=True, slots=True)
class Split:
    """A cell taken apart: its magics, and the rest of it with every line where it was."""

    calls: tuple[Call, ...]
    lua: str
    body: Body = Body.LUA
    body_line: int = 0  # the number of the line after which a page or another text begins
    questions: tuple[Question, ...] = ()

    @property
    def has_body(self) -> bool:
        """Whether anything is left below the magics."""
        return any(line.strip() for line in self.lua.split("\n")[self.body_line :])

    @property
    def page(self) -> str:
        """The page, with lines that write nothing in place of those above it."""
        lines = self.lua.split("\n")
        return "\n".join([NO_TEXT] * self.body_line + lines[self.body_line :])


def split_lines(code: str, body_of: Callable[[str], Body]) -> Split:
    """Takes the magic lines off the head of a cell; blank lines and line comments may stand between them.

    `body_of` says what the rest of the cell is, below a magic that begins with `%%`.
    """
    calls: list[Call] = []
    lines = code.split("\n")
    for index, line in enumerate(lines):
        text = line.strip()
        if text.startswith("%") and not is_question(text):
            name, rest = [*text.split(maxsplit=1), ""][:2]
            calls.append(Call(name, rest, index + 1))
            lines[index] = ""
            body = body_of(name) if name.startswith("%%") else Body.LUA
            if body is not Body.LUA:
                return Split(tuple(calls), "\n".join(lines), body, index + 1)
        elif text and not is_line_comment(text) and not is_question(text):
            break
    questions, lua = questions_in("\n".join(lines))
    return Split(tuple(calls), lua, questions=questions)


def is_line_comment(text: str) -> bool:
    """Tells whether a line, without the blanks around it, is a comment that ends with it."""
    return text.startswith("--") and not text.startswith("--[")
