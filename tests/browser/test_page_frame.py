"""What the page of a `%%lsp` cell can do to the notebook that shows it: nothing. And how its frame looks.

Each attack writes into the notebook's own document or asks the server for /stolen, so that success is plain.
The same page without its sandbox succeeds with all of them, or these tests would prove nothing.
"""

from __future__ import annotations

import re
import shutil
import threading
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Queue
from typing import TYPE_CHECKING, ClassVar

import pytest

from ba_kernel._page import NOT_SHOWN
from tests.notebooks._runs import NOTEBOOKS, code_cells, read

from ._server import LabServer
from .conftest import Open

if TYPE_CHECKING:
    from playwright.sync_api import ConsoleMessage, FrameLocator, Page

    from ._page import NotebookPage

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

PATIENCE_S = 30

# By the name of the mark that each leaves in the notebook's document.
SCRIPTS = {
    "document": "tell('document')",
    "cookies": "document.cookie = 'stolen=1; path=/'; if (document.cookie) tell('cookies')",
    "storage": "localStorage.setItem('stolen', '1'); if (parent.localStorage.stolen) tell('storage')",
    "api": "fetch('/api/contents', {credentials: 'include'}).then(answer => answer.json())"
    ".then(list => { if (list.content) tell('api') })",
    "nested": "document.body.insertAdjacentHTML('beforeend', "
    '`<iframe srcdoc="<script>top.document.documentElement.dataset.nested = 1<\\/script>"></iframe>`)',
}
LEAVE = "setTimeout(() => { top.location = '/stolen?by=script' })"
PAGE = f"""\
<h1>Harmless</h1>
<script>function tell(name) {{ parent.document.documentElement.dataset[name] = 1 }}</script>
{"".join(f"<script>{attack}</script>" for attack in SCRIPTS.values())}
<img src="data:," onerror="tell('handler')">
<p><a id="top" target="_top" href="/stolen?by=link">leave</a>
<a id="popup" target="_blank" href="/stolen?by=popup">open</a>
<a id="code" href="javascript:tell('code')">run</a></p>
<form target="_top" action="/stolen"><button id="form" name="by" value="form">send</button></form>
<button id="opener" onclick="window.open('/stolen?by=opener')">window</button>
<script>{LEAVE}</script>
"""
RELEASE = """(frame, leave) => {
  frame.removeAttribute("sandbox")
  frame.srcdoc = frame.srcdoc.replace(leave, "")
}"""
MARKS = {*SCRIPTS, "handler", "code"}
# Every script, and the two handlers.
MOST_BLOCKED = PAGE.count("<script>") + 2 - PAGE.count('srcdoc="<script>')

# What to click, and what the browser says when it refuses.
REFUSED = {
    "top": "attempting navigation of the top-level window is sandboxed",
    "popup": "Blocked opening",
    "form": "Blocked form submission",
}


class Watch:
    """What happens in a browser window from now on."""

    def __init__(self, page: Page) -> None:
        """Listens to the page, and to every other that it may open."""
        self.page = page
        self.stolen: set[str] = set()  # attacks that brought a window somewhere else, or opened one
        self.refused: list[str] = []
        page.context.on("request", lambda request: self._asked(request.url))
        page.on("console", lambda message: self.refused.append(message.text))

    def marks(self) -> set[str]:
        """Returns the attacks that have left a mark in the notebook's document."""
        marks: dict[str, str] = self.page.evaluate("({...document.documentElement.dataset})")
        return set(marks) & MARKS

    def _asked(self, url: str) -> None:
        if "/stolen?" in url:
            self.stolen.add(url.rpartition("by=")[2])


def inside(notebook: NotebookPage, index: int = 0) -> FrameLocator:
    """Returns what is in the frame below a cell."""
    return notebook.code(index).frame_locator("iframe")


def says(words: str) -> Callable[[ConsoleMessage], bool]:
    """Returns a test for a message with these words."""
    return lambda message: words in message.text


def name_of(request: pytest.FixtureRequest) -> str:
    """Returns a file name for a test's notebook."""
    return re.sub(r"\W+", "-", request.node.name)


def test_a_page_reaches_nothing_outside_its_frame(
    server: LabServer, open_notebook: Open, request: pytest.FixtureRequest
) -> None:
    """Neither document nor storage, server or window; what it has to show is there, also as text."""
    notebook = open_notebook(server.add_notebook(name_of(request), "%%lsp\n" + PAGE, "return 6 * 7"))
    watch = Watch(notebook.page)
    url = notebook.page.url
    notebook.run(0, 1)
    page = inside(notebook)
    assert page.locator("h1").inner_text() == "Harmless"
    for name, words in REFUSED.items():
        with notebook.page.expect_console_message(says(words)):
            page.locator(f"#{name}").click()
    for name in ("code", "opener"):
        page.locator(f"#{name}").click()
    notebook.run(1, 2)  # the notebook still works
    notebook.expect_outputs(1, "42")

    assert sum("Blocked script execution" in text for text in watch.refused) == MOST_BLOCKED
    assert watch.marks() == set()
    assert watch.stolen == set()
    assert (watch.page.url, watch.page.context.pages) == (url, [watch.page])
    assert "stolen" not in str(watch.page.evaluate("[document.cookie, {...localStorage}]"))

    notebook.save()
    output = code_cells(read(notebook.file))[0].outputs[0]
    assert output.data["text/plain"] == PAGE
    assert "<iframe sandbox " in output.data["text/html"]


def test_without_the_sandbox_the_same_page_reaches_everything(
    server: LabServer, open_notebook: Open, request: pytest.FixtureRequest
) -> None:
    """So it is the sandbox that holds it."""
    notebook = open_notebook(server.add_notebook(name_of(request), "%%lsp\n" + PAGE))
    notebook.run(0, 1)
    watch = Watch(notebook.page)
    notebook.code(0).locator("iframe").evaluate(RELEASE, LEAVE)
    page = inside(notebook)
    for name in ("opener", "popup"):
        with notebook.page.context.expect_page():
            page.locator(f"#{name}").click()
    page.locator("#code").click()
    notebook.page.wait_for_function(
        f"{sorted(MARKS)}.every(name => name in document.documentElement.dataset)"
    )
    assert watch.marks() == MARKS
    page.locator("#form").click()
    notebook.page.wait_for_url("**/stolen?by=form")
    assert watch.stolen == {"opener", "popup", "form"}


class Listener(BaseHTTPRequestHandler):
    """Somebody else's server on this computer: the browser sends it the cookies of all others here."""

    asked: ClassVar[Queue[Mapping[str, str]]] = Queue()

    def do_GET(self) -> None:
        """Keeps the headers and has nothing to show."""
        self.asked.put({name.lower(): value for name, value in self.headers.items()})
        self.send_error(404)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture
def elsewhere() -> Iterator[str]:
    """The address of a listener."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Listener) as listener:
        thread = threading.Thread(target=listener.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{listener.server_port}/image.png"
        listener.shutdown()
        thread.join()


def test_what_a_page_fetches_is_not_in_its_readers_name(
    server: LabServer, open_notebook: Open, request: pytest.FixtureRequest, elsewhere: str
) -> None:
    """An image needs no script, but it carries no cookie, and does not tell where the notebook is."""
    notebook = open_notebook(server.add_notebook(name_of(request), f"%%lsp\n<img src={elsewhere}>"))
    notebook.run(0, 1)
    headers = Listener.asked.get(timeout=PATIENCE_S)
    assert ("cookie" in headers, "referer" in headers) == (False, False)
    # The same from the notebook's own page has both.
    notebook.page.evaluate("address => { new Image().src = address }", elsewhere)
    headers = Listener.asked.get(timeout=PATIENCE_S)
    assert ("cookie" in headers, "referer" in headers) == (True, True)


def test_an_untrusted_notebook_says_that_it_shows_no_page(server: LabServer, open_notebook: Open) -> None:
    """JupyterLab takes the frame away; words stand in its place."""
    (source,) = (path for path in NOTEBOOKS if "lsp-pages" in path.stem)
    shutil.copy(source, server.root)
    notebook = open_notebook(source.name)
    notebook.expect_untrusted()
    assert notebook.page.locator("iframe").count() == 0
    assert notebook.code(1).locator(".jp-OutputArea-output").inner_text() == NOT_SHOWN


DOT = "data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw=="
HEIGHTS = {
    "a line": "<p>The time is <b>12:00</b></p>",
    "a form": "<p>Hello</p><form>Your name: <input name=name> <button>Send</button></form>",
    "a list": "<h1>Sockets</h1><ul>" + "<li>one of them</li>" * 8 + "</ul>",
    "a table": "<table>" + "<tr><td>name</td><td>value</td></tr>" * 10 + "</table>",
    "code": "<pre>" + "local s = ba.socket.connect()\n" * 12 + "</pre>",
    "prose": "<p>" + "Everything that waits lets the others go on. " * 20 + "</p>",
    "headings": "<h1>One</h1><h2>Two</h2><h3>Three</h3><p>Text<hr>More<br>text",
    "an image": f'<img height=120 src="{DOT}"><p>below',
}


def test_a_frame_is_as_high_as_its_page(
    server: LabServer, open_notebook: Open, request: pytest.FixtureRequest
) -> None:
    """Within a line or two, for pages without a style of their own, and never too low by more than that."""
    pages = [f"%%lsp\n<!doctype html>{text}" for text in HEIGHTS.values()]
    notebook = open_notebook(server.add_notebook(name_of(request), *pages))
    measured = {}
    for index, name in enumerate(HEIGHTS):
        notebook.run(index, index + 1)
        frame = notebook.code(index).locator("iframe").evaluate("frame => frame.clientHeight")
        text = inside(notebook, index).locator("html").evaluate("page => page.getBoundingClientRect().height")
        measured[name] = (frame, round(text))
    assert {name: pair for name, pair in measured.items() if not -6 <= pair[0] - pair[1] <= 40} == {}


def test_the_frame_can_be_dragged_higher(
    server: LabServer, open_notebook: Open, request: pytest.FixtureRequest
) -> None:
    """By the corner of its box, as its height is a guess."""
    notebook = open_notebook(server.add_notebook(name_of(request), "%%lsp\n<p>" + "line<br>" * 40))
    notebook.run(0, 1)
    frame = notebook.code(0).locator("iframe")
    before = frame.bounding_box()
    assert before
    x, y = before["x"] + before["width"] - 4, before["y"] + before["height"] - 4
    mouse = notebook.page.mouse
    mouse.move(x, y)
    mouse.down()
    mouse.move(x, y + 100, steps=5)
    mouse.up()
    after = frame.bounding_box()
    assert after
    assert after["height"] == pytest.approx(before["height"] + 100, abs=2)
