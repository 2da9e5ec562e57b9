"""Lesson 8 as its reader sees it: a cell makes a page, the browser opens its link, and ELIZA answers there.

The cells are the notebook's own. The picture goes to build/; `TAKE_PICTURE=1 pytest tests/browser -k picture`
replaces the one in notebooks/images/, which the README shows.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.notebooks._runs import NOTEBOOKS, code_cells, read

from ._picture import compress, target
from ._server import LabServer
from .conftest import Open

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from ._page import NotebookPage

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

NAME = "eliza.png"

(LESSON,) = (path for path in NOTEBOOKS if "lsp-pages" in path.stem)
CELLS = ("chat", "look", "eliza")
# Waits until so many sockets are open, for ten seconds at most, and tells how many there are.
COUNT = """\
local deadline, open = ba.clock() + 10000
repeat
  ba.sleep(10)
  open = select(2, ba.socket.stat())
until open == {expected} or ba.clock() > deadline
print("open sockets:", open)"""

GREETING = "Good day. What brings you here?"


class Chat:
    """The chat window in a browser of its own."""

    def __init__(self, page: Page) -> None:
        """Takes a page that shows it."""
        self.page = page

    def say(self, *lines: str) -> None:
        """Types lines, each with the return key, and waits for as many answers."""
        for line in lines:
            answers = self.page.locator(".eliza")
            before = answers.count()
            self.page.keyboard.type(line)  # the line has the focus from the start, and keeps it
            self.page.keyboard.press("Enter")
            answers.nth(before).wait_for()

    def lines(self) -> list[tuple[str, str]]:
        """Returns what is in the window: who said what."""
        return [(str(p.get_attribute("class")), p.inner_text()) for p in self.page.locator("#log p").all()]


class Lesson:
    """The cells that serve the page, run in JupyterLab."""

    def __init__(self, notebook: NotebookPage, browser: Browser) -> None:
        """Runs them, by the menu."""
        self.notebook = notebook
        self._browser = browser
        self._chats: list[Chat] = []
        for index in range(len(CELLS)):
            notebook.run(index, index + 1)
        self._count = len(CELLS)

    @property
    def link(self) -> str:
        """The address below the last cell."""
        served = self.notebook.code(len(CELLS) - 1).locator("a", has_text="/eliza.lsp")
        address = served.get_attribute("href")
        assert address
        return address

    def open_chat(self, **window: object) -> Chat:
        """Opens the page in a browser of its own, and waits for the greeting."""
        page = self._browser.new_context(**window).new_page()  # type: ignore[arg-type]  # options by name
        page.goto(self.link)
        page.locator(".eliza").wait_for()
        chat = Chat(page)
        self._chats.append(chat)
        return chat

    def expect_sockets(self, expected: int) -> None:
        """Waits, in a cell of the notebook, until the server has so many sockets."""
        self._count += 1
        self.notebook.type_cell(len(CELLS), COUNT.format(expected=expected))
        self.notebook.run(len(CELLS), self._count)
        self.notebook.expect_printed(len(CELLS), f"open sockets: {expected}")

    def close(self) -> None:
        """Closes the browsers."""
        for chat in self._chats:
            chat.page.context.close()


@pytest.fixture
def lesson(
    server: LabServer, open_notebook: Open, browser: Browser, request: pytest.FixtureRequest
) -> Iterator[Lesson]:
    """The lesson's notebook in JupyterLab, with its module beside it."""
    shutil.copytree(LESSON.parent / ".lua", server.root / ".lua", dirs_exist_ok=True)
    sources = {cell.id: cell.source for cell in code_cells(read(LESSON))}
    name = re.sub(r"\W+", "-", request.node.name)
    path = server.add_notebook(name, *(sources[cell] for cell in CELLS), "")
    lesson = Lesson(open_notebook(path), browser)
    yield lesson
    lesson.close()


def test_eliza_answers_in_the_browser(lesson: Lesson) -> None:
    """What is typed and what is answered stand in the window in order; tags that are typed stay text."""
    chat = lesson.open_chat()
    assert chat.lines() == [("eliza", GREETING)]
    chat.page.keyboard.press("Enter")  # an empty line is not sent
    chat.say("I cannot sleep.", "Everyone tells me <b>so</b>")
    assert chat.lines() == [
        ("eliza", GREETING),
        ("you", "I cannot sleep."),
        ("eliza", "What would happen if you could sleep?"),
        ("you", "Everyone tells me <b>so</b>"),
        ("eliza", "Surely not all of them. Whom do you think of?"),
    ]
    chat.say("Goodbye")
    assert chat.lines()[-1] == ("eliza", "Goodbye. It was good to talk to you.")
    chat.page.locator("input:disabled").wait_for()  # the server has closed the connection


def test_two_pages_chat_side_by_side(lesson: Lesson) -> None:
    """Each with an ELIZA of its own, who remembers what was said to her and to nobody else."""
    first, second = lesson.open_chat(), lesson.open_chat()
    first.say("My dog barks")
    second.say("Hm")
    first.say("Hm")
    second.say("My cat does not")
    second.say("Hm")
    assert [text for who, text in first.lines() if who == "eliza"] == [
        GREETING,
        "Your dog barks?",
        'Let us go back to "your dog barks".',
    ]
    assert [text for who, text in second.lines() if who == "eliza"] == [
        GREETING,
        "Please go on.",
        "Your cat does not?",
        'Let us go back to "your cat does not".',
    ]


def test_a_page_that_is_closed_ends_its_cosocket(lesson: Lesson) -> None:
    """And no other: the second page goes on. Until then a cell runs beside both."""
    lesson.expect_sockets(0)
    first, second = lesson.open_chat(), lesson.open_chat()
    lesson.expect_sockets(2)
    first.page.close()
    lesson.expect_sockets(1)
    second.say("I cannot sleep.")
    assert second.lines()[-1] == ("eliza", "What would happen if you could sleep?")
    second.page.reload()
    second.page.locator(".eliza").wait_for()
    assert second.lines() == [("eliza", GREETING)]
    lesson.expect_sockets(1)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_is_readable_in_both_schemes(lesson: Lesson, scheme: str) -> None:
    """Light text on dark for those who asked for it; nothing is fetched from elsewhere."""
    asked: list[str] = []
    chat = lesson.open_chat(color_scheme=scheme)
    chat.page.on("request", lambda request: asked.append(request.url))
    chat.page.reload()
    chat.page.locator(".eliza").wait_for()
    assert {url for url in asked if not url.endswith("/favicon.ico")} == {lesson.link}
    colour = chat.page.locator(".eliza").evaluate("line => getComputedStyle(line).color")
    assert colour == ("rgb(0, 0, 0)" if scheme == "light" else "rgb(255, 255, 255)")


def test_the_picture_shows_a_conversation(lesson: Lesson) -> None:
    """A small window, with a dialogue that was really typed into it."""
    chat = lesson.open_chat(viewport={"width": 480, "height": 375}, device_scale_factor=1.5)
    chat.say("I cannot sleep.", "I read about sockets until morning.", "My computer keeps me awake.")
    assert chat.lines()[-1] == ("eliza", "Do machines trouble you?")
    file = target(NAME)
    chat.page.screenshot(path=file)
    compress(file)
    assert 10_000 < file.stat().st_size < 100_000
