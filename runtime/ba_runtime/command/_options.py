"""What a command line asks for, read as `lua` reads it: options first, then a program, then its arguments."""

from __future__ import annotations

import codecs
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from ba_runtime.runtime import MAX_MEMORY

Kind = Literal["e", "l", "W"]

USAGE = f"""\
usage: ba-lua [options] [script [args]]
Available options are:
  -e stat   execute string 'stat'
  -i        enter interactive mode after executing 'script'
  -l mod    require library 'mod' into global 'mod'
  -l g=mod  require library 'mod' into global 'g'
  -v        show version information
  -W        turn warnings on
  --        stop handling options
  -         stop handling options and execute stdin
  --stay            keep running until the last cosocket has ended
  --serve FOLDER    first serve the folder's pages and files, at mako.port
  --capture FILE    write what the sockets send and receive to a new pcapng file,
                    with the keys of TLS connections
  --tracelogger[=PORT]  show the trace in a browser as well, live; prints the link
  --device URL      run the script on the device whose page this is (%device make);
                    --untrusted: whatever its certificate
  --max-memory MIB  the limit of Lua's memory (default: {MAX_MEMORY >> 20})
  --version         show version information
  --help            show this help
"""

HELP = f"""\
{USAGE}
print writes to stdout, trace to stderr. Without a script, ba-lua enters
interactive mode on a terminal, and otherwise executes stdin.

Lines of a script that begin with -- %% separate cells, which run as a
notebook's do: each has its own locals, and the value of its last expression
is printed. Magics are written as comments above a cell's Lua, or at the top of
any script: --%lab on. `jupyter nbconvert --to script` writes such scripts.
"""


STDIN = "stdin"  # the program's name where it has none
# How Lua shortens the name of a file in its messages (LUA_IDSIZE): the end of a long path is kept.
NAME_CHARACTERS = 59


class UsageMistake(Exception):
    """The command line cannot be understood; the message says why, as `lua` does."""


@dataclass(slots=True)
class Options:
    """A command line, taken apart.

    `words` are all of it, the command's own name first. `script` is the index in them of the program's
    name, or their number where there is none. `chunks` are the options that run something, in order.
    """

    words: tuple[str, ...]
    script: int = 0
    chunks: list[tuple[Kind, str]] = field(default_factory=list)
    is_interactive: bool = False
    shows_version: bool = False
    shows_help: bool = False
    stays: bool = False
    serve: str | None = None
    capture: str | None = None
    tracelogger: int | None = None  # the port, 0 for any; None for no TraceLogger
    device: str | None = None
    is_untrusted: bool = False  # the device's certificate is not looked at
    max_memory: int = MAX_MEMORY  # in bytes
    stdin: bytes | None = None  # what was read of it, which can be done once

    @property
    def program(self) -> str | None:
        """The name of the program; "-" for standard input, None where there is none."""
        if self.script >= len(self.words):
            return None
        return self.words[self.script]

    @property
    def is_stdin(self) -> bool:
        """Whether the program's name means standard input: a dash, but not after two of them."""
        return self.program == "-" and self.words[self.script - 1] != "--"

    @property
    def names_nothing(self) -> bool:
        """Whether nothing is named that could run: then standard input is the program, or the prompt's."""
        executes = any(kind == "e" for kind, _ in self.chunks)
        return self.program is None and not (executes or self.shows_version or self.is_interactive)

    @property
    def arguments(self) -> tuple[str, ...]:
        """What follows the program's name."""
        return self.words[self.script + 1 :]

    def source(self) -> tuple[bytes, str]:
        """Returns the program's text as Lua takes it, and its name in messages. Raises OSError."""
        if self.program is None or self.is_stdin:
            if self.stdin is None:
                self.stdin = b"" if sys.stdin is None else sys.stdin.buffer.read()
            data, name = self.stdin, STDIN
        else:
            with open(self.program, "rb") as file:
                data = file.read()
            name = self.program
            if len(name) > NAME_CHARACTERS:
                name = "..." + name[3 - NAME_CHARACTERS :]
        data = data.removeprefix(codecs.BOM_UTF8)
        return (b"--" + data if data.startswith(b"#") else data), name


def parse(words: Sequence[str]) -> Options:
    """Returns what a command line, which begins with the command's name, asks for. Raises UsageMistake."""
    options = Options(tuple(words))
    rest = _Rest(words)
    for word in rest:
        if not word.startswith("-") or word == "-":
            rest.at -= 1
            break
        if word == "--":
            break
        if word.startswith("--"):
            _long(options, word, rest)
        else:
            _short(options, word, rest)
    options.script = rest.at
    return options


class _Rest:
    """The words that are still to be read."""

    def __init__(self, words: Sequence[str]) -> None:
        self._words = words
        self.at = 1

    def __iter__(self) -> Iterator[str]:
        while self.at < len(self._words):
            self.at += 1
            yield self._words[self.at - 1]

    def value(self, option: str) -> str:
        """Returns the word that belongs to an option; what looks like another option does not."""
        word = next(iter(self), "-")
        if word.startswith("-"):
            raise UsageMistake(f"'{option}' needs argument")
        return word


def _short(options: Options, word: str, rest: _Rest) -> None:
    letter, attached = word[1], word[2:]
    if letter == "e":
        options.chunks.append(("e", attached or rest.value(word)))
    elif letter == "l":
        options.chunks.append(("l", attached or rest.value(word)))
    elif attached or letter not in "ivWh":
        raise UsageMistake(f"unrecognized option '{word}'")
    elif letter == "W":
        options.chunks.append(("W", ""))
    elif letter == "h":
        options.shows_help = True
    else:
        options.shows_version = True
        options.is_interactive = options.is_interactive or letter == "i"


def _long(options: Options, word: str, rest: _Rest) -> None:
    name, has_value, value = word.partition("=")
    if name in ("--serve", "--capture", "--device", "--max-memory"):
        _set(options, name, value if has_value else rest.value(name))
    elif name == "--tracelogger":
        options.tracelogger = _port(name, value) if has_value else 0
    elif has_value or name not in ("--stay", "--untrusted", "--version", "--help"):
        raise UsageMistake(f"unrecognized option '{word}'")
    elif name == "--stay":
        options.stays = True
    elif name == "--untrusted":
        options.is_untrusted = True
    elif name == "--version":
        options.shows_version = True
    else:
        options.shows_help = True


def _port(name: str, value: str) -> int:
    if not (value.isascii() and value.isdigit() and len(value) < 6 and int(value) < 65_536):
        raise UsageMistake(f"'{name}' needs a port from 0 to 65535, such as {name}=9443, not '{value}'")
    return int(value)


def _set(options: Options, name: str, value: str) -> None:
    if name == "--serve":
        options.serve = value
    elif name == "--capture":
        options.capture = value
    elif name == "--device":
        options.device = value
    elif value.isascii() and value.isdigit() and 0 < len(value) < 10:
        options.max_memory = int(value) << 20
    else:
        raise UsageMistake(f"'{name}' needs a number of MiB, such as 256, not '{value}'")
