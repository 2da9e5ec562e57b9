"""`%tracelogger`."""

from __future__ import annotations

import re
import urllib.error
import urllib.request

import pytest

from ._fakes import Desk, play

LINK = re.compile(r"http://127\.0\.0\.1:\d+/rtl/tracelogger/\?token=[\w-]{43}")


def _links(desk: Desk) -> list[str]:
    """Returns the links that were shown."""
    texts = [content["data"]["text/plain"] for content in desk.front.of_kind("display_data")]
    return [link for text in texts for link in LINK.findall(text)]


def _visit(url: str) -> int:
    """Returns the status of what is at an address."""
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            status: int = answer.status
            return status
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def test_the_magic_shows_a_link_that_leads_to_the_page() -> None:
    """As HTML and as text, and says for how long and for whom; without the token there is nothing."""

    async def scene(desk: Desk) -> None:
        await desk.run("%tracelogger")
        (content,) = desk.front.of_kind("display_data")
        (link,) = _links(desk)
        assert f'<a href="{link}" target="_blank" rel="noopener noreferrer">' in content["data"]["text/html"]
        assert "until the kernel ends" in content["data"]["text/plain"]
        assert _visit(link) == 200
        assert _visit(link.partition("?")[0]) == 403
        desk.bench.close()

    play(scene)


def test_the_link_stays_the_same_until_it_is_closed() -> None:
    """So that a window survives a second look at the link; afterwards it leads nowhere."""

    async def scene(desk: Desk) -> None:
        await desk.run("%tracelogger")
        await desk.run("%tracelogger")
        first, second = _links(desk)
        assert first == second
        await desk.run("%tracelogger off")
        assert "The TraceLogger is closed." in desk.front.text()
        with pytest.raises(urllib.error.URLError):
            _visit(first)
        await desk.run("%tracelogger off")
        assert "The TraceLogger is not open." in desk.front.text()

    play(scene)


def test_where_the_link_leads_nowhere_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """As other links of this computer's ports do: a kernel gateway leads to none of them."""
    monkeypatch.setenv("KERNEL_GATEWAY", "1")

    async def scene(desk: Desk) -> None:
        await desk.run("%tracelogger")
        (content,) = desk.front.of_kind("display_data")
        for form in ("text/plain", "text/html"):
            assert "forward the port to your computer" in content["data"][form]
        desk.bench.close()

    play(scene)


def test_what_it_does_not_know_is_said() -> None:
    """With its forms."""

    async def scene(desk: Desk) -> None:
        reply = await desk.run("%tracelogger on")
        assert reply["evalue"] == "usage: %tracelogger, or %tracelogger off"

    play(scene)


def test_the_end_of_the_kernel_closes_it() -> None:
    """Nothing goes on listening."""

    async def scene(desk: Desk) -> None:
        await desk.run("%tracelogger")
        desk.bench.close()
        with pytest.raises(urllib.error.URLError):
            _visit(_links(desk)[0])

    play(scene)
