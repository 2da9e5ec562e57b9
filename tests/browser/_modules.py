"""The editor extension's modules by themselves, in a browser's page that has nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Route

STATIC = Path(__file__).resolve().parents[2] / "kernel" / "ba_kernel" / "labextension" / "static"
# No request leaves the browser: each is answered from the directory above.
BASE = "http://extension.test/"
CALL = """\
async ([base, body, argument]) => {
  const load = name => import(`${base}${name}.js`);
  return (await eval(`async (load, argument) => { ${body} }`))(load, argument);
}"""


class Modules:
    """Runs JavaScript that has the modules at hand."""

    def __init__(self, browser: Browser) -> None:
        """Opens the page."""
        self._page = browser.new_page()
        self._page.route(f"{BASE}**", _answer)
        self._page.goto(BASE)

    def run(self, body: str, argument: object = None) -> Any:  # whatever JavaScript returns
        """Returns what a function's body returns; it has `await load("pieces")`, and `argument`."""
        return self._page.evaluate(CALL, [BASE, body, argument])

    def close(self) -> None:
        """Closes the page."""
        self._page.close()


def _answer(route: Route) -> None:
    name = route.request.url.removeprefix(BASE)
    if name:
        route.fulfill(path=STATIC / name, content_type="text/javascript")
    else:
        route.fulfill(body="<!doctype html>", content_type="text/html")
