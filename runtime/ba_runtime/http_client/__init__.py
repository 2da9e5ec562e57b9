"""The protocol of the HTTP client: bytes in, bytes and events out, no I/O.

`url.py` takes URLs apart, `conversation.py` is one connection's talk with a server and `proxy.py` the one
before it with a proxy (h11 and socksio, imported for the first one: `_later.py` says why). `Conversations`
here holds those of one Lua state under numbers and is what Lua calls. The network, the waiting and the
documented face are in `lua/http_client/wire.lua`, `lua/http_client/round_trip.lua` and
`lua/http_client/httpc.lua`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ba_runtime._later import later

from .url import NoUrl, Url, join, parse

if TYPE_CHECKING:
    from .conversation import Conversation, Fault
    from .proxy import ConnectProxy, SocksProxy

__all__ = ["Conversations", "NoUrl", "Url", "join", "parse"]


class Conversations:
    """The conversations of one Lua state. No method raises on what a user or a server does."""

    def __init__(self) -> None:
        """Starts with none."""
        self._open: dict[int, Conversation] = {}
        self._proxies: dict[int, ConnectProxy | SocksProxy] = {}
        self._last = 0

    def functions(self) -> dict[str, Callable[..., object]]:
        """Returns what Lua may call, by name."""
        return {
            "http_url": _url,
            "http_join": join,
            "http_proxy": self.proxy,
            "http_proxied": self.proxied,
            "http_problem": _problem,
            "http_open": self.open,
            "http_forget": self.forget,
            "http_begin": self.begin,
            "http_body": self.body,
            "http_finish": self.finish,
            "http_next": self.next,
            "http_left_over": self.left_over,
            "http_key": later("ba_runtime.websocket", "new_key"),
            "http_is_accepted": later("ba_runtime.websocket", "is_accepted"),
        }

    def open(self) -> int:
        """Starts a conversation, for a new connection; returns its number."""
        from .conversation import Conversation

        self._last += 1
        self._open[self._last] = Conversation()
        return self._last

    def forget(self, number: int) -> None:
        """Ends a conversation, or one with a proxy; a number that is not known is ignored."""
        self._open.pop(number, None)
        self._proxies.pop(number, None)

    def proxy(
        self, is_socks: bool, host: bytes, port: int, user: bytes | None, password: bytes | None
    ) -> tuple[int, bytes]:
        """Starts to ask a proxy for a connection to a host; returns its number, and what to send."""
        from .proxy import ConnectProxy, SocksProxy

        kind = SocksProxy if is_socks else ConnectProxy
        talk = kind(host, port, user, password or b"")
        self._last += 1
        self._proxies[self._last] = talk
        return self._last, talk.start()

    def proxied(self, number: int, data: bytes) -> tuple[bytes, bytes]:
        """Takes what has arrived from the proxy, and returns a `Talk` of `proxy.py`."""
        return self._proxies[number].next(data)

    def begin(self, number: int, method: bytes, target: bytes, fields: bytes) -> bytes | tuple[None, bytes]:
        """Begins a request; returns what to send, or None and what is wrong with it.

        `fields` has a line `name:value` for each header field.
        """
        return _sent(self._open[number].begin(method, target, _pairs(fields)))

    def body(self, number: int, data: bytes) -> bytes | tuple[None, bytes]:
        """Returns what to send for a piece of the request's body, or None and why it cannot be sent."""
        return _sent(self._open[number].body(data))

    def finish(self, number: int) -> bytes | tuple[None, bytes]:
        """Ends the request; returns what to send, maybe nothing, or None and what is missing."""
        return _sent(self._open[number].finish())

    def next(self, number: int, data: bytes | None = None) -> tuple[bytes, int | bytes, bytes]:
        """Takes what has arrived, empty bytes for the end of the connection, and returns the next step.

        The name of the step, with its two values: see `Step`.
        """
        step = self._open[number].next(data)
        return step.kind, step.value, step.text

    def left_over(self, number: int) -> bytes:
        """Returns what has arrived but belongs to no step yet."""
        return self._open[number].left_over()


def _pairs(fields: bytes) -> list[tuple[bytes, bytes]]:
    parts = (line.partition(b":") for line in fields.split(b"\n") if line)
    return [(name, value) for name, _, value in parts]


def _problem(method: bytes, fields: bytes) -> bytes | None:
    from .conversation import problem_of

    return problem_of(method, _pairs(fields))


def _sent(outcome: bytes | Fault) -> bytes | tuple[None, bytes]:
    return outcome if isinstance(outcome, bytes) else (None, outcome.text)


def _url(text: bytes) -> tuple[bytes, bytes, int, bytes, bytes] | tuple[None, bytes]:
    """Returns scheme, host, port, path and Host field of a URL, or None and why it is not one."""
    url = parse(text)
    if isinstance(url, NoUrl):
        return None, url.reason
    return url.scheme, url.host, url.port, url.path, url.authority
