"""What can stand at a cursor in Lua: names from the text, the documentation and the running state."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from ba_runtime.docs import FILE, IO_FILE, MODULE, is_documented, members, methods
from ba_runtime.syntax import From, Made, Path, Place, Reading, Table, Where, is_name

from ._asking import ANSWER_S, Asker
from ._file_names import file_names, module_names

_ESCAPES = {"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


@dataclass(slots=True)
class Offers:
    """Texts with what they are, all of which take the place of the text from `start` to `end`."""

    start: int
    end: int
    kinds: dict[str, str] = field(default_factory=dict)

    def add(self, texts: Iterable[str], kind: str) -> None:
        """Adds texts; one that is there already keeps its kind."""
        for text in texts:
            self.kinds.setdefault(text, kind)


async def offers_at(asker: Asker, reading: Reading) -> Offers:
    """Returns all that can stand at the cursor and begins with what is there."""
    context = reading.context
    offers = Offers(context.start, context.end)
    if context.where is Where.NAME:
        await _names(asker, reading, offers)
    elif context.where is Where.MEMBER:
        await _members(asker, reading, offers)
    elif context.where is Where.KEY:
        await _keys(asker, reading, offers)
    elif context.where is Where.ARGUMENT:
        await _words(asker, reading, offers)
    elif context.where is Where.OPTION:
        await _options(asker, reading, offers)
    elif context.where is Where.LABEL:
        offers.add(reading.labels(), "label")
    elif context.where is Where.ATTRIBUTE:
        offers.add(("close", "const"), "keyword")
    prefix = context.prefix if offers.start == context.start else ""
    offers.kinds = {text: kind for text, kind in offers.kinds.items() if text.startswith(prefix)}
    return offers


async def _names(asker: Asker, reading: Reading, offers: Offers) -> None:
    offers.add(reading.local_names(), "local")
    offers.add(reading.keywords(), "keyword")
    if reading.is_declaring:
        return
    known = await asker.members((), reading.context.prefix)
    offers.add(members(()) if known is None else (name for name, _ in known.names if is_name(name)), "global")


async def _members(asker: Asker, reading: Reading, offers: Offers) -> None:
    is_method = reading.context.separator == ":"
    owner = await asker.settle(reading, lambda: reading.owner)
    kind = await asker.settle(reading, lambda: reading.values.kind(owner))
    if isinstance(owner, Place):
        await _of_place(asker, reading, owner.path, kind, offers)
    elif isinstance(owner, Made) and (is_method or owner.kind == "httpm"):
        offers.add(methods(owner.kind), "method" if is_method else "field")
    elif isinstance(owner, Table):
        found = reading.values.fields(owner)
        fitting = (name for name, source in found.items() if not is_method or source.form is From.FUNCTION)
        offers.add(fitting, "method" if is_method else "field")


async def _of_place(asker: Asker, reading: Reading, path: Path, kind: str, offers: Offers) -> None:
    context, is_method = reading.context, reading.context.separator == ":"
    what = "method" if is_method else "field"
    known = await asker.members(path, context.prefix)
    found = () if known is None else known.names
    if is_method:
        offers.add((name for name, of in found if of == "function" and is_name(name)), what)
    else:
        offers.add((name for name, _ in found if is_name(name)), what)
        if len(path) == 1:
            offers.add(reading.structure.fields.get(str(path[0]), ()), what)
        _add_odd(offers, context.start - 1, [name for name, _ in found if not is_name(name)])
    if not found and kind and is_method:
        offers.add(methods(kind), what)
    if is_documented(path) and not is_method:
        lead = "." if offers.start < context.start else ""
        offers.add((lead + name for name in members(path) if name.startswith(context.prefix)), what)


def _add_odd(offers: Offers, dot: int, keys: list[str]) -> None:
    """Adds keys that cannot follow a dot; then all offers take the place of the dot too."""
    if not keys:
        return
    offers.start = dot
    offers.kinds = {f".{name}": kind for name, kind in offers.kinds.items()}
    offers.add((f'["{_escaped(key, chr(34))}"]' for key in keys), "field")


async def _keys(asker: Asker, reading: Reading, offers: Offers) -> None:
    owner = await asker.settle(reading, lambda: reading.owner)
    if isinstance(owner, Place):
        known = await asker.members(owner.path, reading.context.prefix)
        names = [] if known is None else [name for name, _ in known.names]
    else:
        names = list(reading.values.fields(owner)) if isinstance(owner, Table) else []
    offers.add((_escaped(name, reading.quote) for name in names), "field")


async def _words(asker: Asker, reading: Reading, offers: Offers) -> None:
    card = await asker.settle(reading, lambda: reading.callee)
    call = reading.context.call
    words = card.words.get(str(call.argument), ()) if card and call else ()
    if words == MODULE:
        loaded = await asker.members(("package", "loaded"), reading.context.prefix)
        preloaded = await asker.members(("package", "preload"), reading.context.prefix)
        offers.add((name for known in (loaded, preloaded) if known for name, _ in known.names), "module")
        offers.add(await _from_disk(module_names, reading.context.prefix), "module")
    elif words in (FILE, IO_FILE):
        offers.add(await _from_disk(file_names, reading.context.prefix), "file")
    elif isinstance(words, tuple):
        offers.add(words, "value")


async def _from_disk(look: Callable[[str], list[str]], prefix: str) -> list[str]:
    """Returns what a look at the disk finds; nothing if that takes too long."""
    with contextlib.suppress(asyncio.TimeoutError):
        return await asyncio.wait_for(asyncio.to_thread(look, prefix), ANSWER_S)
    return []


async def _options(asker: Asker, reading: Reading, offers: Offers) -> None:
    card = await asker.settle(reading, lambda: reading.callee)
    call = reading.context.call
    options = card.options_of(call.argument) if card and call else ()
    if any(name.startswith(reading.context.prefix) for name in options):
        offers.add(options, "property")
    else:
        await _names(asker, reading, offers)


def _escaped(key: str, quote: str) -> str:
    """Returns what a string of Lua has between its quotes; bytes that are not UTF-8 become escapes."""
    return "".join(_ESCAPES.get(char) or _escape(char, quote) for char in key)


def _escape(char: str, quote: str) -> str:
    if char == quote:
        return "\\" + char
    if "\udc80" <= char <= "\udcff":
        return f"\\x{ord(char) - 0xDC00:02x}"
    if char.isprintable():
        return char
    return f"\\u{{{ord(char):x}}}"
