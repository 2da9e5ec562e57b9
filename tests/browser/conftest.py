"""What the tests of this directory stand on: a server, a browser, and notebooks opened in it.

Playwright and Chromium are optional; without them these tests are skipped and nothing here is imported.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import pytest

from ._server import LabServer

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from ._modules import Modules
    from ._page import NotebookPage

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
# The browser of a test talks to the server on 127.0.0.1 and to nobody else.
ARGUMENTS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update"),
    *("--disable-sync", "--disable-default-apps"),
)

# Opens a notebook of the server's by its path, each time in a fresh window.
Open: TypeAlias = "Callable[[str], NotebookPage]"


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium without a window, with a fresh profile."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    if not Path(CHROMIUM).is_file():
        pytest.skip(f"there is no Chromium at {CHROMIUM}; the variable CHROMIUM may say where")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def server(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabServer]:
    """A JupyterLab server; not started when there is no browser."""
    if importlib.util.find_spec("jupyterlab") is None:
        pytest.skip("JupyterLab is not installed")
    server = LabServer(tmp_path_factory.mktemp("jupyter"))
    yield server
    server.stop()


@pytest.fixture(scope="session")
def modules(browser: Browser) -> Iterator[Modules]:
    """The modules of the editor extension, without a front end."""
    from ._modules import Modules

    modules = Modules(browser)
    yield modules
    modules.close()


@pytest.fixture
def open_notebook(browser: Browser, server: LabServer) -> Iterator[Open]:
    """A function that opens a notebook in JupyterLab, closed at the end of the test."""
    from ._page import NotebookPage

    yield from _opening(browser, server, NotebookPage)


@pytest.fixture
def open_in_notebook_seven(browser: Browser, server: LabServer) -> Iterator[Open]:
    """The same in Notebook 7, which the same server has."""
    if importlib.util.find_spec("notebook") is None:
        pytest.skip("Notebook 7 is not installed")
    from ._page import NotebookSevenPage

    yield from _opening(browser, server, NotebookSevenPage)


def _opening(browser: Browser, server: LabServer, kind: type[NotebookPage]) -> Iterator[Open]:
    visits = 0
    with ExitStack() as closing:

        def open_(path: str) -> NotebookPage:
            nonlocal visits
            visits += 1
            page = kind(browser, server, path, f"{Path(path).stem}-{visits}")
            closing.callback(page.close)
            return page

        yield open_
