"""A device that runs a notebook's cells, as seen from the notebook.

Each request is a POST to the device's page (`page.lsp`), with the secret in a header and never in the URL,
where it would come into logs. One cell at a time runs there for a notebook; the answer streams its output.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from .answer import Answer, Reader
from .requests import Place, Unreachable, post

# Where people put a page's secret who cannot be asked for it.
VARIABLE = "BA_LUA_DEVICE_SECRET"
_SECRET = re.compile(r"[A-Za-z0-9_-]+")
_UNFIT = re.compile(r"[^ -~]")  # for the value of a header field
NOT_FOUND = 404
ASKED_BYTES = 8 << 10
# A cell that does not compute, but waits in a call, is not stopped by the device; this long it is waited for.
STOP_S = 3.0
ASK_S = 10.0


class Refused(Exception):
    """The page answered, and not as a page of ours does; the message says what that means."""


@dataclass(frozen=True, slots=True)
class About:
    """What a device says of itself; "" and None for what it does not tell."""

    server: str
    lua: str
    version: str
    date: str
    uptime_s: float | None
    tracelogger: str

    def words(self) -> str:
        """Returns it as a line of text."""
        version = f"version {self.version}" if self.version else ""
        up = f"up {_duration(self.uptime_s)}" if self.uptime_s is not None else ""
        date = f"of {self.date}" if self.date else ""
        return ", ".join(filter(None, (self.server, " ".join(filter(None, (version, date))), self.lua, up)))


class Device:
    """One notebook's connection to a device's page. All of it runs on one event loop."""

    def __init__(self, place: Place, secret: str, name: str = "") -> None:
        """Sends nothing yet. `name` is what people call it, by default its host."""
        self.place = place
        self.name = name or place.name
        self._secret = secret
        self._session = secrets.token_hex(8)

    async def about(self) -> About:
        """Asks the device what it is. Raises Unreachable and Refused."""
        headers, text = await self._ask("about")
        told = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
        if "lua" not in told:
            raise Refused(f"{self.place.url} is not a page that `%device make` has made")
        told = {name: value for name, value in told.items() if value != "nil"}
        uptime = told.get("uptime", "")
        return About(
            headers.get("server", ""),
            told["lua"],
            told.get("version", ""),
            told.get("date", ""),
            int(uptime) / 1000 if uptime.isdigit() else None,
            told.get("tracelogger", ""),
        )

    async def run(
        self, source: bytes, name: str, show: Callable[[bytes], None], *, seconds: float | None = None
    ) -> Answer:
        """Runs a cell, whose output goes to `show` as it comes, and returns how it ended.

        `name` is what messages call the cell. The device stops it after `seconds`. When this is cancelled,
        the device is told to stop, and gets a moment to do so. Raises Unreachable, Refused and BadAnswer.
        """
        boundary = secrets.token_hex(16)
        more = {"X-Ba-Lua-Name": _UNFIT.sub("?", name), "X-Ba-Lua-Boundary": boundary}
        if seconds is not None:
            more["X-Ba-Lua-Seconds"] = f"{seconds:g}"
        answer = asyncio.ensure_future(self._answer(source, more, boundary, show))
        try:
            return await asyncio.shield(answer)
        except asyncio.CancelledError:
            with contextlib.suppress(Unreachable, Refused):
                await self.stop()
            done, _ = await asyncio.wait({answer}, timeout=STOP_S)
            if not done:
                answer.cancel()
                await asyncio.wait({answer})
            elif not answer.cancelled() and answer.exception() is None:
                return answer.result()
            raise

    async def stop(self) -> None:
        """Asks the device to stop this notebook's cell. Raises Unreachable and Refused."""
        await self._ask("stop")

    async def _ask(self, what: str) -> tuple[dict[str, str], str]:
        """Returns the head and the text of a short answer."""
        try:
            return await asyncio.wait_for(self._asked(what), ASK_S)
        except asyncio.TimeoutError:
            raise Unreachable(f"{self.place.name} does not answer within {ASK_S:g} s") from None

    async def _asked(self, what: str) -> tuple[dict[str, str], str]:
        text = b""
        async with post(self.place, self._headers(what), b"") as response:
            self._check(response.status)
            async for piece in response.body:
                text += piece
                if len(text) > ASKED_BYTES:
                    raise Refused(f"{self.place.url} is not a page that `%device make` has made")
        headers = {name.lower(): value for name, value in response.headers.items()}
        return headers, text.decode("utf-8", "replace")

    async def _answer(
        self, source: bytes, more: Mapping[str, str], boundary: str, show: Callable[[bytes], None]
    ) -> Answer:
        reader = Reader(boundary.encode())
        async with post(self.place, self._headers("run", more), source) as response:
            self._check(response.status)
            async for piece in response.body:
                output = reader.feed(piece)
                if output:
                    show(output)
        rest, answer = reader.end()
        if rest:
            show(rest)
        if answer is None:
            raise Unreachable(f"{self.place.name} went away before the cell had ended")
        return answer

    def _headers(self, what: str, more: Mapping[str, str] | None = None) -> dict[str, str]:
        if not _SECRET.fullmatch(self._secret):
            raise Refused("a page's secret consists of letters, digits, - and _")
        own = {"X-Ba-Lua": what, "X-Ba-Lua-Secret": self._secret, "X-Ba-Lua-Session": self._session}
        return {**own, **(more or {})}

    def _check(self, status: int) -> None:
        if status == NOT_FOUND:
            raise Refused(
                f"{self.place.url} answers 404: the secret is wrong, or the page is not there. "
                "`%device make FILE.lsp` makes one; copy it to the device, and use its secret"
            )
        if status != 200:
            raise Refused(f"{self.place.url} answers with status {status}")


def _duration(seconds: float) -> str:
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.0f} s"
