"""A page of the page server in a real browser, with a WebSocket to a cosocket."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import resources
from typing import TYPE_CHECKING

import pytest

from tests.lua._programs import Session, session

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

PATIENCE_MS = 30_000
COUNT = 10_000


def source(name: str) -> str:
    """Returns the text of a file beside this one."""
    return (resources.files(__package__ or "") / name).read_text(encoding="utf-8")


@pytest.fixture
def site() -> Iterator[Session]:
    """A runtime that can open the site of `page_websocket.lua`."""
    with session() as fresh:
        result = fresh.run(source("page_websocket.lua"), name="page_websocket")
        assert result.error is None, result.error
        yield fresh


@pytest.fixture
def page(site: Session, browser: Browser) -> Iterator[Page]:
    """The site's page, loaded."""
    port = site.value(f"open_site [==[{source('page_websocket.html')}]==]")
    context = browser.new_context()
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    page.goto(f"http://127.0.0.1:{port}/page/")
    assert page.title() == "A page with a WebSocket"
    yield page
    context.close()


def test_a_page_hears_its_echo(page: Page, site: Session) -> None:
    """Ten thousand messages of 0 to 60,000 bytes, text and binary: none lost, changed or out of order."""
    assert page.evaluate("hearEcho('/echo/')") == f"{COUNT} alike"
    assert site.recorder.faults == []


def test_a_cosocket_hears_its_echo_from_a_page(page: Page, site: Session) -> None:
    """The other way round; at the end the page is told 1000."""
    assert page.evaluate("echo('/talk/')") == f"{COUNT} echoed, closed with 1000"
    assert site.recorder.traced == [f"{COUNT} alike"]
    assert site.recorder.faults == []


@pytest.mark.parametrize(("answer", "heard"), [('"chat"', "chat"), ("nil", "failed"), ('"mqtt"', "failed")])
def test_a_subprotocol_is_the_pages_to_answer(page: Page, site: Session, answer: str, heard: str) -> None:
    """A browser fails a connection whose offer nobody has taken up."""
    site.run(f"""
        chat = ba.create.dir("chat")
        chat:setfunc(function(_ENV)
          response:setheader("Sec-WebSocket-Protocol", {answer})
          ba.socket.req2sock(request):event(function(s) s:read() end)
          return true
        end)
        chat:insert()
    """)
    script = """
        () => new Promise(done => {
          const socket = new WebSocket("/chat/".replace("/", `ws://${location.host}/`), ["other", "chat"])
          socket.onopen = () => done(socket.protocol)
          socket.onerror = () => done("failed")
        })
    """
    assert page.evaluate(script) == heard
