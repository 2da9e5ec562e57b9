"""What the runtime talks to: the texts of cells, the calls that have failed, and hints for errors.

It belongs to the Lua thread. The rules are imported with the first error, as most programs have none.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable, Mapping

from ._texts import Texts

# A cosocket can fail a thousand times a second, in the same way each time.
KEPT_HINTS = 50
KEPT_FAILURES = 100

_log = logging.getLogger("ba_runtime")


class Hints:
    """The hints of one runtime."""

    def __init__(self) -> None:
        """Knows no text yet."""
        self._texts = Texts()
        self._failures: OrderedDict[tuple[str, int], tuple[bytes, ...]] = OrderedDict()
        self._given: OrderedDict[tuple[object, ...], str] = OrderedDict()

    def keep(self, name: bytes, source: bytes, *, is_page: bool) -> None:
        """Remembers the text of a cell that is about to run as the chunk `name`."""
        self._texts.keep(name.decode("utf-8", "replace"), source, is_page=is_page)
        self._given.clear()

    def functions(self) -> Mapping[str, Callable[..., object]]:
        """Returns what Lua calls (`lua/hints.lua`)."""
        return {"hint_failed": self._failed, "hint_subject": self._subject, "hint": self._hint}

    def syntax(self, message: bytes, source: str) -> str:
        """Returns what to say about a text that does not compile, "" for nothing."""

        def find() -> str:
            from ._syntax import hint

            return hint(message.decode("utf-8", "backslashreplace"), self._texts.get(source)) or ""

        return self._remembered(("syntax", message, source), find)

    def _failed(
        self, call: bytes, address: bytes, port: int, reason: bytes, source: bytes, line: int
    ) -> None:
        place = (source.decode("utf-8", "replace"), line)
        self._failures[place] = (call, address[:200], str(port).encode() if port else b"", reason[:200])
        self._failures.move_to_end(place)
        self._given.clear()
        if len(self._failures) > KEPT_FAILURES:
            self._failures.popitem(last=False)

    def _subject(self, message: bytes, callee: bytes, source: bytes, line: int) -> tuple[bytes, ...]:
        from ._case import subject

        try:
            text = self._texts.get(source.decode("utf-8", "replace"))
            path = subject(_text(message), _text(callee), text, line)
        except Exception:
            _log.exception("no hint was found because of a fault of ours")
            return ()
        return tuple(name.encode() for name in path)

    def _hint(
        self,
        message: bytes,
        raiser: bytes,
        callee: bytes,
        source: bytes,
        line: int,
        known: bytes,
        visible: bytes,
        names: bytes,
        kind: bytes,
        members: bytes,
        owner: int,
    ) -> bytes:
        def find() -> str:
            from ._case import Case, failures
            from ._rules import hint

            place = source.decode("utf-8", "replace")
            case = Case(
                message=_text(message),
                raiser=raiser.decode(),
                callee=_text(callee),
                source=place,
                line=line,
                texts=self._texts,
                failures=failures(self._failures),
                known=_text(known),
                visible=tuple(_text(visible).split()),
                names=tuple(_text(names).split()),
                kind=_text(kind),
                members=tuple(_text(members).split()),
                owner=owner,
            )
            return hint(case) or ""

        facts = (message, raiser, callee, source, line, known, visible, names, kind, members, owner)
        return self._remembered(facts, find).encode("utf-8", "replace")

    def _remembered(self, facts: tuple[object, ...], find: Callable[[], str]) -> str:
        given = self._given.get(facts)
        if given is None:
            try:
                given = find()
            except Exception:  # an error is reported all the same
                _log.exception("no hint was found because of a fault of ours")
                given = ""
            self._given[facts] = given
            if len(self._given) > KEPT_HINTS:
                self._given.popitem(last=False)
        return given


def _text(data: bytes) -> str:
    return data.decode("utf-8", "backslashreplace")
