"""`%run`, `%load` and `%%writefile`: programs and other texts in files."""

from __future__ import annotations

import asyncio
import codecs
import os
import shlex
from collections.abc import Iterable

from ._engine import Engine
from ._magics import After, Body, LuaFailed, Magic, MagicError, Tools, always, read, save, unquoted

MOST_BYTES = 10_000_000  # of a program
MOST_LOADED_BYTES = 1_000_000  # of a cell's text, which an editor must still be able to show
# Lua cuts the names of chunks to 59 bytes, and an error could not be found in its file by such a name.
MOST_NAME_BYTES = 59
MOST_FILES = 200

RUN = "usage: %run FILE.lua [ARGUMENT...]; put quotes around a name with spaces"
WRITE = "usage: %%writefile [-a] FILE, with the text on the lines below it"


async def run(tools: Tools, rest: str) -> After | None:
    """Runs a file with the globals of the cells."""
    try:
        name, *arguments = shlex.split(rest)
    except ValueError as error:  # no name, or a quote that is not closed
        raise MagicError(RUN) from error
    source = (await asyncio.to_thread(read, "%run", name, MOST_BYTES)).removeprefix(codecs.BOM_UTF8)
    chunk = name if len(os.fsencode(name)) <= MOST_NAME_BYTES else os.path.basename(name)
    tools.sources.keep(chunk, source.decode("utf-8", "replace"))
    if source.startswith(b"#"):  # for a shell
        source = b"--" + source
    words = tuple(map(os.fsencode, arguments))
    result = await tools.told(
        tools.engine.runtime.run_program(source, name=chunk, cell=tools.request.origin, arguments=words)
    )
    if result.error:
        raise LuaFailed(result.error)
    return None


async def load(tools: Tools, rest: str) -> After | None:
    """Has the front end put a file's text in place of the cell's."""
    name = unquoted(rest)
    if not name:
        raise MagicError("usage: %load FILE")
    data = await asyncio.to_thread(read, "%load", name, MOST_LOADED_BYTES)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise MagicError(f"%load: {name} is not a text in UTF-8") from None
    # The line that was there before says where it comes from; below it the file's own begin.
    loaded = f"-- %load {name}\n{text}".removesuffix("\n")
    tools.payloads.append({"source": "set_next_input", "text": loaded, "replace": True})
    return None


async def write(tools: Tools, rest: str) -> After | None:
    """Writes the rest of the cell to a file."""
    word, _, after = rest.partition(" ")
    is_added = word == "-a"
    name = unquoted(after if is_added else rest)
    if not name or (word.startswith("-") and not is_added):
        raise MagicError(WRITE)
    text = tools.below
    if text and not text.endswith("\n"):
        text += "\n"
    count = await asyncio.to_thread(save, "%%writefile", name, text, is_added=is_added)
    done = "added to" if is_added else "written to"
    tools.say(f"{count:,} {'byte' if count == 1 else 'bytes'} {done} {name}")
    return None


async def beginnings(_engine: Engine, line: str) -> Iterable[str]:
    """Returns `%run` or `%load` with the files that may follow, once a name is being typed."""
    magic, blank, name = line.partition(" ")
    return await asyncio.to_thread(_files, f"{magic} ", name.lstrip()) if blank else ()


def _files(before: str, typed: str) -> list[str]:
    folder, _, start = typed.rpartition("/")
    place = os.path.expanduser(f"{folder}/" if folder or typed.startswith("/") else ".")
    found: list[str] = []
    try:
        with os.scandir(place) as entries:
            for entry in entries:
                if entry.name.startswith(start) and (start.startswith(".") or not entry.name.startswith(".")):
                    end = "/" if entry.is_dir() else ""
                    found.append(f"{before}{typed.removesuffix(start)}{entry.name}{end}")
                if len(found) == MOST_FILES:
                    break
    except OSError:
        return []
    return sorted(found)


MAGICS = (
    Magic(
        "%run",
        (("%run FILE [ARG...]", "run a Lua file here, with its arguments in arg and ..."),),
        run,
        beginnings,
    ),
    Magic(
        "%load",
        (("%load FILE", "replace the cell's text with the file's"),),
        load,
        beginnings,
        is_beside=always,
    ),
    Magic(
        "%%writefile",
        (("%%writefile [-a] FILE", "write the rest of the cell to a file; with -a, add it at the end"),),
        write,
        is_beside=always,
        body=Body.TEXT,
    ),
)
