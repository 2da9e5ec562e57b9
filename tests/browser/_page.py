"""One notebook open in JupyterLab, in the words of somebody who uses it.

Every wait is for a state of the page, with the time that a loaded machine may need.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Locator, Page, Response, expect

from ._server import LabServer

PATIENCE_MS = 30_000
PICTURE_MARGIN = 12
KERNEL = "Lua (ba.socket)"
VIEWPORT_WIDTH, VIEWPORT_HEIGHT = 1150, 1000

TICK = re.compile(r"tick\s+(\d+)")


class NotebookPage:
    """A notebook of the server's, in a browser context and a workspace of its own."""

    def __init__(self, browser: Browser, server: LabServer, path: str, visit: str) -> None:
        """Opens the notebook at `path`, relative to the server's root; `visit` names the workspace."""
        self.file = server.root / path
        self._context = browser.new_context(
            viewport={"width": VIEWPORT_WIDTH, "height": VIEWPORT_HEIGHT}, device_scale_factor=1.5
        )
        self._context.set_default_timeout(PATIENCE_MS)
        expect.set_options(timeout=PATIENCE_MS)
        self.page: Page = self._context.new_page()
        # Leaving a page with unsaved changes asks; a user who reloads says yes.
        self.page.on("dialog", lambda dialog: dialog.accept())
        self.page.goto(f"{server.url}{self.place(path, visit)}?token={server.token}")
        self.await_kernel()

    def place(self, path: str, visit: str) -> str:
        """Returns where the server shows this notebook."""
        return f"lab/workspaces/{visit}/tree/{path}"

    def close(self) -> None:
        """Closes the browser's window."""
        self._context.close()

    def reload(self) -> None:
        """Loads the page again, as with F5."""
        self.page.reload()
        self.await_kernel()

    def await_kernel(self) -> None:
        """Waits until the notebook is there and its kernel is idle."""
        expect(self.page.locator(".jp-Notebook .jp-Cell").first).to_be_visible()
        self.await_status("Idle")

    def await_status(self, status: str) -> None:
        """Waits until the status bar says that the kernel is `Idle` or `Busy`.

        Not the circle beside the kernel's name: that one is idle before there is a kernel.
        """
        expect(self.page.locator("#jp-main-statusbar")).to_contain_text(f"{KERNEL} | {status}")

    # ---- cells

    def code(self, index: int) -> Locator:
        """Returns the code cell with this index, counted from 0."""
        return self.page.locator(".jp-Notebook .jp-CodeCell").nth(index)

    def start(self, index: int) -> None:
        """Runs a cell and goes on at once."""
        self.code(index).locator(".cm-content").click()
        self.page.keyboard.press("Control+Enter")

    def type_cell(self, index: int, source: str) -> None:
        """Replaces what is in a cell."""
        self.code(index).locator(".cm-content").fill(source)

    def run(self, index: int, count: int) -> None:
        """Runs a cell and waits until it has ended as number `count`."""
        self.start(index)
        self.await_done(index, count)

    def await_done(self, index: int, count: int) -> None:
        """Waits until a cell has ended as number `count`."""
        expect(self.code(index).locator(".jp-InputPrompt")).to_have_text(f"[{count}]:")
        self.await_status("Idle")

    def await_running(self, index: int) -> None:
        """Waits until a cell is busy."""
        expect(self.code(index).locator(".jp-InputPrompt")).to_have_text("[*]:")
        self.await_status("Busy")

    def expect_outputs(self, index: int, *texts: str) -> None:
        """Waits until a cell has exactly these outputs; blanks and tabs count alike."""
        expect(self.code(index).locator(".jp-OutputArea-output")).to_have_text(list(texts))

    def expect_printed(self, index: int, text: str) -> None:
        """Waits until a cell has printed this and no more; the trace area may stand below it."""
        kind = '[data-mime-type="application/vnd.jupyter.stdout"]'
        expect(self.code(index).locator(f".jp-OutputArea-output{kind}")).to_have_text(text)

    def expect_error(self, index: int, text: str) -> None:
        """Waits until a cell has one error, with this text in it."""
        kind = '[data-mime-type="application/vnd.jupyter.stderr"]'
        expect(self.code(index).locator(f".jp-OutputArea-output{kind}")).to_contain_text(text)

    # ---- the trace area

    @property
    def areas(self) -> Locator:
        """Every trace area on the page, wherever it is."""
        return self.page.locator(".ba-trace")

    def area(self, index: int) -> Locator:
        """Returns the trace area below a cell."""
        return self.code(index).locator(".ba-trace")

    def expect_areas(self, count: int) -> None:
        """Waits until the page shows so many trace areas."""
        expect(self.areas).to_have_count(count)

    def expect_line(self, area: Locator, line: str) -> None:
        """Waits until an area has this line; blanks and tabs count alike."""
        expect(area.locator("pre")).to_contain_text(line)

    def expect_footer(self, area: Locator, text: str) -> None:
        """Waits until the line below an area has this text in it."""
        expect(area.locator("> div").last).to_contain_text(text)

    def expect_live(self, area: Locator, *, is_live: bool = True) -> None:
        """Waits until the page says of an area that it is not live, or does not say so."""
        marked = area.locator("xpath=ancestor::*[contains(@class, 'ba-lua-saved')]")
        expect(marked).to_have_count(0 if is_live else 1)

    def lines(self, area: Locator) -> list[str]:
        """Returns the lines of an area, without its footer."""
        expect(area.locator("pre")).to_be_attached()
        return area.locator("pre").inner_text().split("\n")

    def visible_lines(self, area: Locator) -> list[str]:
        """Returns the lines of an area that are in view, as far as the area scrolls."""
        frame, text = area.locator("> div").first.bounding_box(), area.locator("pre").bounding_box()
        assert frame
        assert text
        lines = self.lines(area)
        height = text["height"] / len(lines)
        first = max(0, round((frame["y"] - text["y"]) / height))
        last = min(len(lines), round((frame["y"] + frame["height"] - text["y"]) / height))
        return lines[first:last]

    def scroll_up(self, area: Locator) -> None:
        """Scrolls an area to its first line."""
        area.locator("> div").first.evaluate("frame => { frame.scrollTop = -frame.scrollHeight }")

    def await_more_ticks(self, area: Locator, more: int = 2) -> None:
        """Waits until the ticker of these tests has traced so many lines more than are there now."""
        expect(area).to_contain_text("tick")
        newest = max(map(int, TICK.findall(area.inner_text())))
        expect(area).to_contain_text(f"tick {newest + more}")

    @property
    def view(self) -> Locator:
        """The panel that "Create New View for Cell Output" has made."""
        return self.page.locator(".jp-LinkedOutputView")

    def expect_untrusted(self) -> None:
        """Waits until JupyterLab says that it does not trust this notebook."""
        expect(self.page.locator(".jp-StatusItem-trust")).to_have_attribute(
            "title", re.compile("not trusted")
        )

    def style_of(self, element: Locator) -> dict[str, str]:
        """Returns the style of an element as the browser has computed it."""
        style: dict[str, str] = element.evaluate("element => ({...getComputedStyle(element)})")
        return style

    # ---- commands

    def press_stop(self) -> None:
        """Presses the stop button of the notebook's toolbar."""
        self.page.locator('.jp-NotebookPanel-toolbar [data-command="notebook:interrupt-kernel"]').click()

    def choose(self, menu: str, item: str) -> None:
        """Chooses from the menu bar."""
        self.page.locator(".lm-MenuBar-item", has_text=menu).click()
        self.page.locator(".lm-Menu-item", has_text=item).first.click()

    @contextmanager
    def theme(self, name: str) -> Iterator[None]:
        """Chooses a theme, which JupyterLab keeps for all its pages, and then the light one again."""
        self._choose_theme(name)
        try:
            yield
        finally:
            self._choose_theme("JupyterLab Light")

    def _choose_theme(self, name: str) -> None:
        self.page.locator(".lm-MenuBar-item", has_text="Settings").click()
        self.page.locator(".lm-Menu-item", has_text="Theme").first.hover()
        self.page.locator(".lm-Menu-item", has_text=re.compile(f"^{name}$")).click()
        expect(self.page.locator(f'body[data-jp-theme-name="{name}"]')).to_be_attached()
        self.page.keyboard.press("Escape")

    def choose_for(self, target: Locator, item: str) -> None:
        """Chooses from the context menu of something on the page."""
        target.click(button="right")
        self.page.locator(".lm-Menu-item", has_text=item).click()

    def save(self) -> None:
        """Saves the notebook and waits until the server has it."""
        with self.page.expect_response(_is_save):
            self.page.keyboard.press("Control+s")

    def take_picture(self, file: Path) -> None:
        """Saves a picture of the notebook, from its toolbar to the end of its last cell."""
        self.page.keyboard.press("Escape")
        panel = self.page.locator(".jp-NotebookPanel").bounding_box()
        last = self.page.locator(".jp-Notebook .jp-Cell").last.bounding_box()
        assert panel
        assert last
        height = last["y"] + last["height"] - panel["y"] + PICTURE_MARGIN
        self.page.screenshot(path=file, clip={**panel, "height": height})


class NotebookSevenPage(NotebookPage):
    """The same in Notebook 7, which has a page for each notebook, and no status bar."""

    def place(self, path: str, visit: str) -> str:
        """Returns where the server shows this notebook."""
        return f"notebooks/{path}"

    def await_status(self, status: str) -> None:
        """Waits until the circle beside the kernel's name says that the kernel is `Idle` or `Busy`.

        Only when the word beside it has faded: until then there may be no kernel yet.
        """
        expect(self.page.locator(".jp-NotebookKernelStatus-fade")).to_have_text("")
        circle = self.page.locator(".jp-Notebook-ExecutionIndicator")
        expect(circle).to_have_attribute("data-status", status.lower())

    def expect_untrusted(self) -> None:
        """Waits until the button beside the kernel's name says that this notebook is not trusted."""
        expect(self.page.locator(".jp-NotebookTrustedStatus")).to_have_text("Not Trusted")


def _is_save(response: Response) -> bool:
    return response.request.method == "PUT" and "/api/contents/" in response.url
