"""The TraceLogger's window, in the words of somebody who uses it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Literal

from playwright.sync_api import Browser, Locator, Page, expect

PATIENCE_MS = 30_000
WIDTH, HEIGHT = 1180, 640

# The number and the place of the first line that is in sight.
FIRST_LINE = """() => {
  const lines = document.querySelector(".ba-lines").getBoundingClientRect();
  for (const row of document.querySelectorAll(".ba-line")) {
    const place = row.getBoundingClientRect();
    if (place.bottom > lines.top + 1) {
      return {n: Number(row.dataset.n), top: Math.round(place.top)};
    }
  }
}"""

# Done when the lines have not scrolled for a while, as browsers move smoothly after a turn of the wheel.
AT_REST = """(view) => new Promise((done) => {
  const lines = view.querySelector(".ba-lines");
  let still = 0, before = -1;
  const look = () => {
    still = lines.scrollTop === before ? still + 1 : 0;
    before = lines.scrollTop;
    return still > 20 ? done() : requestAnimationFrame(look);
  };
  look();
})"""


class LogWindow:
    """One window, in a browser context of its own."""

    def __init__(self, browser: Browser, url: str, theme: Literal["light", "dark"] = "light") -> None:
        """Opens the link and waits until it is connected."""
        self._context = browser.new_context(
            viewport={"width": WIDTH, "height": HEIGHT}, color_scheme=theme, device_scale_factor=1.5
        )
        self._context.grant_permissions(["clipboard-read", "clipboard-write"])
        self._context.set_default_timeout(PATIENCE_MS)
        expect.set_options(timeout=PATIENCE_MS)
        self.page: Page = self._context.new_page()
        self.problems: list[str] = []
        self.page.on("console", lambda message: self._note(message.type, message.text))
        self.page.on("pageerror", lambda error: self.problems.append(str(error)))
        self.page.goto(url)
        self.await_connected()

    def _note(self, kind: str, text: str) -> None:
        if kind in ("error", "warning"):
            self.problems.append(text)

    def close(self) -> None:
        """Closes the window."""
        self._context.close()

    def await_connected(self) -> None:
        """Waits until the window says that it is connected."""
        expect(self.page.locator(".ba-status")).to_have_text("Connected")

    def evaluate(self, script: str) -> Any:
        """Runs a script in the page."""
        return self.page.evaluate(script)

    # ---- the trace

    @property
    def lines(self) -> Locator:
        """The lines that are in the page, which are few more than those in sight."""
        return self.page.locator(".ba-line")

    def line(self, text: str | re.Pattern[str]) -> Locator:
        """Returns the lines with this text in them."""
        return self.page.locator(".ba-line", has_text=text)

    def await_line(self, text: str) -> None:
        """Waits until a line with this text is in the page."""
        expect(self.line(text).first).to_be_visible()

    def texts(self) -> list[str]:
        """Returns the texts of the lines in the page."""
        return self.page.locator(".ba-line .ba-text").all_inner_texts()

    def numbers(self) -> list[int]:
        """Returns the numbers of the lines in the page, from top to bottom."""
        found = self.evaluate("[...document.querySelectorAll('.ba-line')].map(line => line.dataset.n)")
        return list(map(int, found))

    def first_line(self) -> dict[str, int]:
        """Returns the number and the place of the first line in sight."""
        found: dict[str, int] = self.evaluate(FIRST_LINE)
        return found

    def scroll(self, by: int) -> None:
        """Turns the wheel over the lines."""
        self.page.locator(".ba-lines").hover()
        self.page.mouse.wheel(0, by)
        self.page.locator("body").evaluate(AT_REST)

    @property
    def footer(self) -> Locator:
        """What stands below the lines, but for the errors."""
        return self.page.locator(".ba-trace-view .ba-footer > span")

    @property
    def pill(self) -> Locator:
        """The button that leads back to the end."""
        return self.page.locator(".ba-pill")

    def await_new_lines(self, more: int) -> None:
        """Waits until the button says that so many lines have come below what is in sight."""
        self.page.wait_for_function(
            "more => Number((document.querySelector('.ba-pill').textContent.match(/[\\d,]+/) || ['0'])[0]"
            ".replaceAll(',', '')) >= more",
            arg=more,
        )

    def press(self, name: str) -> None:
        """Presses a button of the view that is open."""
        self.page.locator(".ba-view:not([hidden])").get_by_role("button", name=name, exact=True).first.click()

    def filter(self, text: str) -> None:
        """Types into the filter."""
        self.page.locator(".ba-filter").fill(text)

    def find(self, text: str) -> None:
        """Types into the search."""
        self.page.locator(".ba-find").fill(text)

    # ---- the rest

    def open(self, view: str) -> None:
        """Goes to another view."""
        self.page.get_by_role("tab", name=view).click()

    def take_picture(self, file: Path) -> None:
        """Saves a picture of the window."""
        self.page.screenshot(path=file)
