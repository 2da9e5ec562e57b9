"""Twenty users at once, through a hub and through a gateway: a lesson, its pages, and who sees what."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator

import aiohttp
import pytest

from tests.notebooks._runs import NOTEBOOKS, Cell, code_cells, read

from ._client import RemoteKernel, kernel, start_server
from ._servers import Server, gateway, hub

USERS = 20
PATIENCE_S = 240

pytestmark = [pytest.mark.hub, pytest.mark.timeout(600)]

LESSON = next(path for path in NOTEBOOKS if path.stem.startswith("08"))
# Where a page is served differs, and that is what these tests are about.
SERVED = re.compile(r"^(Served at |This is a port of the computer where the kernel runs).*\n", re.M)


@pytest.fixture(scope="module")
def a_hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A hub for all tests of this file."""
    with hub(tmp_path_factory.mktemp("hub")) as server:
        yield server


@pytest.fixture(scope="module")
def a_gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A gateway for all tests of this file."""
    with gateway(tmp_path_factory.mktemp("gateway")) as server:
        yield server


def session(server: Server) -> aiohttp.ClientSession:
    """A client that may do what it wants there, with as many connections as it needs."""
    connector = aiohttp.TCPConnector(limit=0)
    return aiohttp.ClientSession(
        headers=server.headers, connector=connector, timeout=aiohttp.ClientTimeout(total=PATIENCE_S)
    )


def printed(cell: Cell) -> str:
    """What a saved cell wrote to stdout."""
    return "".join(str(o.text) for o in cell.outputs if o.output_type == "stream" and o.name == "stdout")


async def take_the_lesson(user: RemoteKernel) -> None:
    """Runs all cells; each prints what is saved."""
    for cell in code_cells(read(LESSON)):
        ran = await user.run(cell.source)
        assert ran.status == "ok", (cell.id, ran.error)
        assert SERVED.sub("", ran.stdout) == SERVED.sub("", printed(cell)), cell.id


def link_in(text: str) -> str:
    """Returns where a page is served."""
    served = re.search(r"Served at (\S+)", text)
    assert served, text
    return served[1]


async def page_of(user: RemoteKernel, who: str) -> str:
    """Serves a page that tells whose it is, and returns where."""
    ran = await user.run(f"%%lsp /who.lsp\n<p>This is <?lsp='{who}'?>'s page.</p>")
    return link_in(ran.stdout)


def test_twenty_users_of_a_hub_take_a_lesson_and_see_their_own_pages(a_hub: Server) -> None:
    """Through the hub's proxy and jupyter-server-proxy, by the link that the notebook shows."""

    async def one(http: aiohttp.ClientSession, who: str) -> None:
        base = await start_server(http, a_hub.url, who, PATIENCE_S)
        async with kernel(http, base) as user:
            await take_the_lesson(user)
            link = await page_of(user, who)
            assert link.startswith(f"{a_hub.url}/user/{who}/proxy/")
            async with http.get(link) as answer:
                assert (answer.status, f"This is {who}'s page." in await answer.text()) == (200, True)

    async def all_of_them() -> None:
        async with session(a_hub) as http:
            await asyncio.gather(*(one(http, f"user{number}") for number in range(USERS)))

    asyncio.run(all_of_them())


def test_a_websocket_to_a_page_works_through_the_hub(a_hub: Server) -> None:
    """With the hub as its origin, which is where the page came from; from elsewhere it is refused."""
    page = """%%lsp /talk.lsp
<?lsp
if request:header "Sec-WebSocket-Key" then
  local s = ba.socket.req2sock(request)
  s:event(function(s) s:write("you said " .. s:read(), true) end, "s")
  return
end
?>
"""

    async def scene() -> None:
        async with session(a_hub) as http:
            base = await start_server(http, a_hub.url, "talker", PATIENCE_S)
            async with kernel(http, base) as user:
                ran = await user.run(page)
                link = link_in(ran.stdout)
                async with http.ws_connect(link, origin=a_hub.url) as socket:
                    await socket.send_str("hello")
                    assert await socket.receive_str(timeout=20) == "you said hello"
                async with http.ws_connect(link, origin="https://elsewhere.example") as socket:
                    # The extension agrees to speak before it asks the page, which does not.
                    closed = (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED)
                    assert (await socket.receive(timeout=20)).type in closed

    asyncio.run(scene())


def test_nobody_sees_the_pages_of_others(a_hub: Server) -> None:
    """The hub asks who wants to pass before its proxy leads on to a port."""

    async def scene() -> None:
        async with session(a_hub) as http:
            base = await start_server(http, a_hub.url, "private", PATIENCE_S)
            async with kernel(http, base) as user:
                link = await page_of(user, "private")
                async with aiohttp.ClientSession() as stranger, stranger.get(link) as answer:
                    assert "private's page" not in await answer.text()

    asyncio.run(scene())


def test_twenty_users_of_a_gateway_take_a_lesson(a_gateway: Server) -> None:
    """Their kernels run there; that a gateway leads to no pages is said where a page is served."""

    async def one(http: aiohttp.ClientSession, who: str) -> None:
        async with kernel(http, a_gateway.url) as user:
            await take_the_lesson(user)
            ran = await user.run("%%lsp /who.lsp\n<p>hello</p>")
            assert "a kernel gateway leads to no ports" in ran.stdout

    async def all_of_them() -> None:
        async with session(a_gateway) as http:
            await asyncio.gather(*(one(http, f"user{number}") for number in range(USERS)))

    asyncio.run(all_of_them())
