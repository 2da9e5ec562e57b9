"""One view of `%panel`, in the words of somebody who reads it in a notebook."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, expect

from ._log_window import AT_REST

FIRST_LINE = """view => {
  const lines = view.querySelector(".ba-lines").getBoundingClientRect();
  for (const row of view.querySelectorAll(".ba-line")) {
    const place = row.getBoundingClientRect();
    if (place.bottom > lines.top + 1) {
      return [Number(row.dataset.n), Math.round(place.top - lines.top)];
    }
  }
}"""


class PanelView:
    """The panel below one cell."""

    def __init__(self, output: Locator) -> None:
        """`output` has one panel in it."""
        self.element = output.locator(".ba-live")
        self.await_status("Connected")

    def await_status(self, text: str) -> None:
        """Waits until the panel says this of its connection."""
        expect(self.element.locator(".ba-status")).to_have_text(text)

    def await_line(self, text: str | re.Pattern[str]) -> None:
        """Waits until a line with this text is in sight."""
        expect(self.element.locator(".ba-line", has_text=text).first).to_be_visible()

    def await_count(self, least: int) -> None:
        """Waits until so many lines have come, as the footer says."""
        self.element.evaluate(
            """(view, least) => new Promise((done) => {
              const look = () => {
                const text = view.querySelector(".ba-trace-view .ba-footer > span").textContent;
                const [number] = text.match(/[\\d,]+/) || ["0"];
                return Number(number.replaceAll(",", "")) >= least ? done() : setTimeout(look, 50);
              };
              look();
            })""",
            least,
        )

    def count(self) -> int:
        """Returns how many lines have come, as the footer says."""
        text = self.element.locator(".ba-trace-view .ba-footer > span").first.inner_text()
        found = re.search(r"[\d,]+", text)
        return int(found[0].replace(",", "")) if found else 0

    def first_line(self) -> list[int]:
        """Returns the number and the place of the first line in sight."""
        found: list[int] = self.element.evaluate(FIRST_LINE)
        return found

    def scroll(self, by: int) -> None:
        """Turns the wheel over the lines, and waits until they are at rest."""
        self.element.locator(".ba-lines").hover()
        self.element.page.mouse.wheel(0, by)
        self.element.evaluate(AT_REST)

    def numbers(self) -> list[int]:
        """Returns the numbers of the lines in the page, from top to bottom."""
        rows = self.element.locator(".ba-line")
        found: list[str] = rows.evaluate_all("rows => rows.map(row => row.dataset.n)")
        return list(map(int, found))

    def answer_times_ms(self, count: int) -> list[float]:
        """Returns how long each of so many presses of "Time" takes until it is on the screen."""
        times: list[float] = self.element.evaluate(
            """async (view, count) => {
              const button = [...view.querySelectorAll("button")].find((one) => one.textContent === "Time");
              const times = [];
              for (let turn = 0; turn < count; turn += 1) {
                const pressed = performance.now();
                await new Promise((done) => {
                  const events = new MessageChannel();
                  events.port1.onmessage = () => {
                    button.click();
                    requestAnimationFrame(() => setTimeout(done));
                  };
                  events.port2.postMessage(null);
                });
                times.push(performance.now() - pressed);
                await new Promise((done) => setTimeout(done, 100));
              }
              return times;
            }""",
            count,
        )
        return times

    def open(self, view: str) -> None:
        """Goes to another of its views."""
        self.element.get_by_role("tab", name=view).click()
