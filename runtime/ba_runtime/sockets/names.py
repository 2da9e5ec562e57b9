"""Looks up host names for the sockets of one Lua state.

Some answers are known at once: for addresses written in numbers, for names that cannot exist, and for the
names of the lab. Then what is to be done with the answer is done before the call returns, and the call
returns the signal for Lua. All other names are asked for on one of the resolver's threads. The same is then
done on the Lua thread, and the signal reaches Lua as an event, under the number that the caller gave.

An answer can leave something for Lua to fetch under that number: an address, or the resolver's words. It is
kept until Lua takes it or closes the number.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import get_ident
from typing import TypeAlias

from ba_runtime._reactor import Reactor
from ba_runtime._resolver import Answer, Kind, Resolver, SocketAddress

from .reasons import Signal

MOST_CALLED = 255  # octets of a whole name, RFC 1035 section 2.3.4; nothing longer can be reached

Use: TypeAlias = Callable[[Answer], Signal]


class Names:
    """The questions of one Lua state. Every method runs on the Lua thread."""

    def __init__(self, reactor: Reactor, resolver: Resolver) -> None:
        """Asks `resolver`; later answers go through `reactor`."""
        self._reactor = reactor
        self._resolver = resolver
        self._words: dict[int, bytes] = {}
        self._addresses: dict[int, bytes] = {}
        self._called: dict[int, tuple[str, int]] = {}
        self.told: Callable[[str, Answer], None] | None = None  # hears what was found, on the Lua thread

    def look_up(self, host: bytes, port: int, kind: Kind, ipv6: bool, then: Callable[[Answer], None]) -> None:
        """Resolves; `then` runs on the Lua thread, at once when no name server need be asked."""
        asker = get_ident()
        told = self.told
        if told is not None:
            use = then

            def then(answer: Answer) -> None:
                told(host_text(host), answer)
                use(answer)

        def done(answer: Answer) -> None:
            if get_ident() == asker:
                then(answer)
            else:
                self._reactor.post(lambda: then(answer))

        self._resolver.lookup(host_text(host), port, kind, ipv6, done)

    def is_in_lab(self, host: bytes) -> bool:
        """Tells whether the lab answers for this name."""
        return self._resolver.has_route(host_text(host))

    def known(self, host: bytes, port: int, kind: Kind, ipv6: bool) -> SocketAddress | None:
        """Returns the address if no name server need be asked for it, and if there is one."""
        answer = self._resolver.known(host_text(host), port, kind, ipv6)
        return answer.addresses[0][1] if answer is not None and answer.addresses else None

    def ask(self, number: int, host: bytes, port: int, kind: Kind, ipv6: bool, use: Use) -> Signal | None:
        """Resolves, and makes `use` of the answer; returns its signal, None when that comes as an event."""
        outcome: Signal | None = None
        is_late = False

        def then(answer: Answer) -> None:
            nonlocal outcome
            if self._reactor.journal is not None:
                self._reactor.journal.resolved(number, host_text(host), answer)
            outcome = use(answer)
            if is_late:
                self._reactor.emit(number, outcome)

        self.look_up(host, port, kind, ipv6, then)
        is_late = True
        return outcome

    def ask_address(self, number: int, host: bytes) -> Signal | None:
        """Resolves a name to its first address, which `take_address` then has; returns as `ask` does."""

        def keep(answer: Answer) -> Signal:
            if not answer.addresses:
                return Signal.CANNOT_RESOLVE
            self._addresses[number] = str(answer.addresses[0][1][0]).encode()
            return Signal.RESOLVED

        return self.ask(number, host, 0, "tcp", False, keep)

    def take_address(self, number: int) -> bytes | None:
        """Returns, once, the address that was found under this number."""
        return self._addresses.pop(number, None)

    def keep_words(self, number: int, answer: Answer) -> Signal:
        """Keeps why the resolver found nothing; returns what that is to Lua."""
        self._words[number] = answer.error.encode()
        return Signal.CANNOT_RESOLVE

    def take_words(self, number: int) -> bytes | None:
        """Returns, once, why the resolver found nothing under this number, in its own words."""
        return self._words.pop(number, None)

    def note_called(self, number: int, host: bytes, port: int) -> None:
        """Remembers which host and port the program called with this socket, until it is forgotten."""
        if len(host) <= MOST_CALLED:
            self._called[number] = host_text(host), port

    def called(self, number: int) -> tuple[str, int] | None:
        """Returns which host and port the program called with this socket; None if it called nobody."""
        return self._called.get(number)

    def forget(self, number: int) -> None:
        """Drops what nobody has taken."""
        self._called.pop(number, None)
        self._words.pop(number, None)
        self._addresses.pop(number, None)


def host_text(host: bytes) -> str:
    """Returns a host name as the resolver wants it; bytes that are not UTF-8 survive."""
    return host.decode("utf-8", "surrogateescape")
