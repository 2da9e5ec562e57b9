"""The TraceLogger's window in Chromium: reading while lines come, and every view."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING, Literal, TypeAlias

import pytest

from ba_runtime.lab import Lab
from tests.live._view import View, view

from ._picture import compress, target
from ._server import LabServer
from .conftest import Open

pytestmark = pytest.mark.browser
expect = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed").expect

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from ._log_window import LogWindow

Theme: TypeAlias = Literal["light", "dark"]
OpenWindow: TypeAlias = "Callable[..., LogWindow]"

# A thousand lines a second, by ten cosockets.
BUSY = """
for c = 1, 10 do
  ba.socket.udpcon("127.0.0.1", 9):event(function(s)
    local n = 0
    while true do
      for _ = 1, 10 do
        n = n + 1
        trace("cosocket " .. c, "line " .. n)
      end
      s:read(100)
    end
  end, "s")
end
"""
CONVERSATION = """
listener = ba.socket.bind(0)
local _, port = listener:sockname()
listener:event(function(s)
  while true do
    local client = s:accept()
    if not client then return end
    client:event(function(c)
      for data in function() return c:read() end do
        trace("server got", data)
        c:write(data:upper())
      end
    end)
  end
end, "r")
peer = ba.socket.connect("127.0.0.1", port)
function say(what)
  peer:write(what)
  trace("client got", (peer:read(5000)))
end
say "hello"
ba.socket.event(function() local answer = nil; trace(answer.status) end)
ba.sleep(20)
"""


@pytest.fixture
def here() -> Iterator[View]:
    """A runtime with a window."""
    with view() as one:
        yield one


@pytest.fixture
def open_window(browser: Browser) -> Iterator[OpenWindow]:
    """A function that opens a link in a window, closed at the end of the test, without a problem in it."""
    from ._log_window import LogWindow

    with ExitStack() as closing:
        windows = []

        def open_(url: str, theme: Theme = "light") -> LogWindow:
            window = LogWindow(browser, url, theme)
            closing.callback(window.close)
            windows.append(window)
            return window

        yield open_
        assert [problem for window in windows for problem in window.problems] == []


def test_a_reader_who_has_scrolled_up_stays_there(here: View, open_window: OpenWindow) -> None:
    """While a thousand lines a second come; the view says how many, and leads back to the end."""
    window = open_window(here.url)
    here.run(BUSY)
    expect(window.footer).to_have_text(re.compile(r"^\d,\d{3} lines$"))
    window.scroll(-400)
    expect(window.pill).to_be_visible()
    before = window.first_line()
    window.await_new_lines(3000)
    assert window.first_line() == before
    assert window.lines.count() < 100
    window.pill.click()
    expect(window.pill).to_be_hidden()
    window.page.wait_for_function(
        "n => Number(document.querySelector('.ba-line').dataset.n) > n", arg=before["n"] + 2000
    )
    numbers = window.numbers()
    assert numbers == sorted(numbers)


def test_a_reader_is_not_moved_when_old_lines_go(here: View, open_window: OpenWindow) -> None:
    """Python keeps 10,000 lines; whoever reads keeps those that they read."""
    window = open_window(here.url)
    here.run("for i = 1, 200 do trace('old ' .. i) end")
    window.await_line("old 200")
    window.scroll(-300)
    before = window.first_line()
    here.run("for r = 1, 15 do for i = 1, 1000 do trace('new') end ba.sleep(100) end trace 'end'")
    window.await_new_lines(15_001)
    assert window.first_line() == before


def test_a_selection_stays_while_lines_come(here: View, open_window: OpenWindow) -> None:
    """And can be copied."""
    window = open_window(here.url)
    here.run("trace 'first' trace 'select me' trace 'last'")
    window.await_line("last")
    window.line("select me").locator(".ba-text").dblclick()
    assert window.evaluate("document.getSelection().toString()").strip() == "select"
    here.run("for i = 1, 500 do trace(i) end")
    window.await_new_lines(500)
    assert window.evaluate("document.getSelection().toString()").strip() == "select"


def test_a_filter_is_for_all_lines_that_are_kept(here: View, open_window: OpenWindow) -> None:
    """Also for those that come later; words with a minus sign must not be there."""
    window = open_window(here.url)
    here.run("for i = 1, 9000 do trace('line ' .. i) end")
    window.await_line("line 9000")
    window.filter("LINE 777 -1777")
    expect(window.footer).to_have_text("9,000 lines · 17 shown")
    shown = [f"line {n}" for n in range(9001) if "777" in str(n) and "1777" not in str(n)]
    assert window.texts() == shown
    here.run("trace 'line 77700'")
    window.await_line("line 77700")
    window.filter("nothing of it")
    expect(window.page.locator(".ba-empty").first).to_have_text("No line passes the filter.")
    window.filter("")
    expect(window.footer).to_have_text("9,001 lines")


def test_lines_of_a_cell_of_a_socket_and_errors_can_be_shown_alone(
    here: View, open_window: OpenWindow
) -> None:
    """By what each line is about."""
    window = open_window(here.url)
    here.run(CONVERSATION)
    window.await_line("attempt to index")
    window.press("Errors")
    expect(window.line("server got")).to_have_count(0)
    expect(window.line("attempt to index")).to_have_count(1)
    window.press("Errors")
    window.open("Sockets")
    row = window.page.locator("tbody tr", has_text="reading").last
    number = row.locator("td").first.inner_text()
    row.get_by_role("button", name="Trace").click()
    expect(window.line("client got")).to_have_count(0)
    expect(window.line("server got")).to_have_count(1)
    expect(window.page.get_by_label("All sockets")).to_have_value(number)


def test_a_text_is_found_in_all_lines_that_are_kept(here: View, open_window: OpenWindow) -> None:
    """The newest first, from one to the next, round and round; what is found is marked."""
    window = open_window(here.url)
    here.run("for i = 1, 9000 do trace(i == 17 and 'Needle one' or i == 4000 and 'needle two' or i) end")
    window.await_line("9000")
    window.page.keyboard.press("Control+f")
    window.page.keyboard.type("needle")
    matches = window.page.locator(".ba-matches")
    expect(matches).to_have_text("2/2")
    expect(window.page.locator(".ba-current")).to_contain_text("needle two")
    expect(window.page.locator(".ba-current mark")).to_have_text("needle")
    window.page.keyboard.press("Enter")
    expect(window.page.locator(".ba-current")).to_contain_text("Needle one")
    window.page.keyboard.press("Shift+Enter")
    expect(window.page.locator(".ba-current")).to_be_in_viewport()
    expect(window.page.locator(".ba-current")).to_contain_text("needle two")
    window.find("no such thing")
    expect(matches).to_have_text("none")


def test_pausing_keeps_what_is_there(here: View, open_window: OpenWindow) -> None:
    """What comes is counted, and shown afterwards."""
    window = open_window(here.url)
    here.run("trace 'before'")
    window.await_line("before")
    window.press("Pause")
    here.run("trace 'meanwhile'")
    expect(window.pill).to_have_text("▶ 1 new line")
    assert window.texts() == ["before"]
    window.pill.click()
    window.await_line("meanwhile")


def test_clearing_empties_one_window(here: View, open_window: OpenWindow) -> None:
    """Also after a reload of it, and no other one's; clearing the ring empties all."""
    window, other = open_window(here.url), open_window(here.url)
    here.run("trace 'old'")
    window.await_line("old")
    other.await_line("old")
    window.press("Clear")
    expect(window.lines).to_have_count(0)
    here.run("trace 'new'")
    window.await_line("new")
    window.page.reload()
    window.await_line("new")
    assert window.texts() == ["new"]
    assert other.texts() == ["old", "new"]
    here.ring.clear()
    for one in (window, other):
        expect(one.lines).to_have_count(0)


def test_a_reload_shows_the_lines_again(here: View, open_window: OpenWindow) -> None:
    """All that are kept, in order, and goes on."""
    window = open_window(here.url)
    here.run("for i = 1, 3000 do trace('line ' .. i) end")
    window.await_line("line 3000")
    window.page.reload()
    window.await_line("line 3000")
    expect(window.footer).to_have_text("3,000 lines")
    here.run("trace 'after'")
    window.await_line("after")


def test_disconnecting_and_connecting_loses_nothing_that_is_kept(here: View, open_window: OpenWindow) -> None:
    """As the vendor's buttons do."""
    window = open_window(here.url)
    here.run("trace 'one'")
    window.await_line("one")
    window.page.get_by_role("button", name="Disconnect").click()
    expect(window.page.locator(".ba-status")).to_have_text("Disconnected")
    here.run("trace 'two'")
    expect(window.line("two")).to_have_count(0)
    window.page.get_by_role("button", name="Connect").click()
    window.await_line("two")
    assert window.texts() == ["one", "two"]


def test_lines_are_copied_as_text(here: View, open_window: OpenWindow) -> None:
    """Those that are shown, with their places, and all of them, not only those in sight."""
    window = open_window(here.url)
    here.run("function f(n) trace('got', n) end for i = 1, 300 do f(i) end trace 'skip'")
    window.await_line("skip")
    window.filter("got")
    window.press("Copy")
    expect(window.page.get_by_role("button", name="Copied")).to_be_visible()
    copied = str(window.evaluate("navigator.clipboard.readText()")).splitlines()
    assert copied == [f"[1]:1 f  got\t{n}" for n in range(1, 301)]


def test_time_stamps_and_long_lines_on_demand(here: View, open_window: OpenWindow) -> None:
    """A long line is broken, and the lines below it move down."""
    window = open_window(here.url)
    here.run("trace(('long '):rep(90)) trace 'short'")
    window.await_line("short")
    window.press("Time")
    expect(window.page.locator(".ba-time").first).to_have_text(re.compile(r"^\d\d:\d\d:\d\d\.\d{3}"))
    height = window.line("long").bounding_box()
    window.press("Wrap")
    expect(window.line("long")).to_have_css("height", re.compile(r"^(36|54|72)px$"))
    long, short = window.line("long").bounding_box(), window.line("short").bounding_box()
    assert height
    assert long
    assert short
    assert long["height"] > height["height"]
    assert abs(short["y"] - long["y"] - long["height"]) < 1


def test_wrapped_lines_do_not_move_a_reader_either(here: View, open_window: OpenWindow) -> None:
    """Their heights are known only when they have been drawn."""
    window = open_window(here.url)
    window.press("Wrap")
    here.run("for i = 1, 2000 do trace(i .. (' words and more'):rep(i % 40)) end trace 'last'")
    window.await_line("last")
    window.scroll(-3000)
    expect(window.pill).to_be_visible()
    before = window.first_line()
    here.run("for i = 1, 2000 do trace(i .. (' words and more'):rep(i % 40)) end trace 'the end'")
    window.await_new_lines(2001)
    assert window.first_line() == before
    window.pill.click()
    window.await_line("the end")


def test_the_level_decides_what_is_traced(here: View, open_window: OpenWindow) -> None:
    """Lower priorities than 5 come when they are asked for, and can be hidden again."""
    window = open_window(here.url)
    here.run("tracep(7, 'not yet') trace 'normal'")
    window.await_line("normal")
    window.page.get_by_label("Level").select_option("9")
    expect(window.footer).to_be_visible()
    while "detail" not in window.texts():
        here.run("tracep(7, 'detail') ba.sleep(50)")
    window.page.get_by_label("Level").select_option("5")
    expect(window.line("detail")).to_have_count(0)
    expect(window.line("normal")).to_have_count(1)


def test_requests_of_pages_are_traced_on_request(here: View, open_window: OpenWindow) -> None:
    """As the vendor's check boxes do; and every window shows what is chosen."""
    window, other = open_window(here.url), open_window(here.url)
    window.page.locator("summary", has_text="HTTP").click()
    window.page.get_by_label("Request line").check()
    other.page.locator("summary", has_text="HTTP").click()
    expect(other.page.get_by_label("Request line")).to_be_checked()
    port = here.run("return mako.port").values[0].decode()
    here.run(f"require'httpc'.create():request{{url='http://127.0.0.1:{port}/some/page'}}")
    window.await_line('127.0.0.1 GET "/some/page" ?')


def test_the_sockets_are_live_and_can_be_closed(here: View, open_window: OpenWindow) -> None:
    """With the rows staying what they are while their numbers change."""
    window = open_window(here.url)
    here.run(CONVERSATION)
    window.open("Sockets")
    row = window.page.locator("tbody tr", has_text="peer")
    expect(row.locator("td").nth(6)).to_contain_text("5")
    row.evaluate("row => { row.dataset.mine = 'yes' }")
    here.run("say 'once more'")
    expect(row.locator("td").nth(6)).to_contain_text("14")
    expect(row).to_have_attribute("data-mine", "yes")
    row.get_by_role("button", name="Close").click()
    expect(window.page.locator(".ba-notice")).to_contain_text("Closed socket")
    expect(row).to_have_count(0)


def test_the_flow_is_a_picture_that_goes_on(here: View, open_window: OpenWindow) -> None:
    """Drawn by the recorder, and it can be held."""
    window = open_window(here.url)
    here.run(CONVERSATION)
    window.open("Flow")
    image = window.page.locator(".ba-flow-view img")
    expect(image).to_be_visible()
    here.run("say 'in the picture'")
    expect(window.page.locator(".ba-flow-view .ba-footer")).to_contain_text("events")
    window.page.wait_for_function(
        "() => atob(document.querySelector('.ba-flow-view img').src.split(',')[1]).includes('in the picture')"
    )
    assert image.evaluate("image => image.naturalWidth") > 300
    window.press("Hold")
    held = image.get_attribute("src")
    here.run("say 'not in it'")
    window.press("Hold")
    expect(image).not_to_have_attribute("src", held or "")


def test_the_networks_conditions_can_be_set(open_window: OpenWindow) -> None:
    """And what is wrong with an order is said."""
    network = Lab()
    network.start()
    try:
        with view(network) as here:
            window = open_window(here.url)
            window.open("Network")
            window.page.get_by_label("Host").select_option("www.google.com")
            window.page.get_by_label("Value").fill("200")
            window.press("Set")
            expect(window.page.locator(".ba-said")).to_contain_text("needs a unit")
            window.page.get_by_label("Value").fill("200ms ±50ms")
            window.press("Set")
            row = window.page.locator("tbody tr", has_text="www.google.com")
            expect(row.locator(".ba-conditions")).to_have_text("delay 200ms ±50ms")
            for theme in ("light", "dark"):
                window.page.emulate_media(color_scheme=theme)
                window.take_picture(target(f"tracelogger-network-{theme}.png"))
            row.get_by_role("button", name="Clear").click()
            expect(row.locator(".ba-conditions")).to_have_text("\u2013")
    finally:
        network.stop()


def test_nothing_that_is_shown_becomes_html(here: View, open_window: OpenWindow) -> None:
    """A hostile peer's bytes in every field: texts, places, names, variables, and what is said about them."""
    attack = "<img src=x onerror=window.pwned=1><script>window.pwned=1</script>"
    window = open_window(here.url)
    here.run(
        f"local attack = '{attack}' trace(attack) trace('\\27[31m\\0\\r\\n\\226\\128\\174' .. attack)\n"
        "local f = load('trace(...)', '=' .. attack) f(attack)\n"
        "_G[attack] = ba.socket.bind(0) local t = {[attack] = function() trace(attack) end} t[attack]()\n"
        "ba.socket.event(function() error(attack, 0) end) ba.sleep(10) trace 'end'"
    )
    window.await_line("end")
    window.find("img")
    window.open("Sockets")
    expect(window.page.locator("tbody").first).to_contain_text("<img")
    window.open("Network")
    window.open("Flow")
    expect(window.page.locator(".ba-flow-view img")).to_be_visible()
    window.open("Trace")
    assert window.evaluate("window.pwned") is None
    expect(window.page.locator("#root script, #root img[src=x], [onerror]")).to_have_count(0)
    expect(window.line("[31m\\x00")).to_have_count(1)


def test_a_million_lines_leave_the_page_at_work(here: View, open_window: OpenWindow) -> None:
    """A click is answered within 200 ms, the page stays small, and nothing is out of order."""
    window = open_window(here.url)
    window.evaluate(
        """() => {
          window.waits = [];
          document.addEventListener("click", (event) => {
            const drawn = () => window.waits.push(performance.now() - event.timeStamp);
            requestAnimationFrame(() => setTimeout(drawn));
          }, true);
        }"""
    )
    assert here.running is not None
    source = b"for i = 1, 1000000 do trace(i) end trace 'the end'"
    running = here.running.run_cell(source, name="cell[2]", cell=2)
    while not running.done():
        window.press("Time")
        window.page.wait_for_timeout(100)  # a person's, between two clicks
    window.await_line("the end")
    waits = sorted(window.evaluate("window.waits"))
    assert waits
    assert waits[len(waits) // 2] < 100
    assert waits[int(len(waits) * 0.95)] < 200
    assert window.lines.count() < 100
    expect(window.footer).to_have_text(re.compile(r"^1\d,\d{3} lines$"))
    window.scroll(-100_000_000)
    numbers = window.numbers()
    assert numbers == sorted(numbers)
    window.filter("99999")
    expect(window.footer).to_contain_text("shown")
    assert [text for text in window.texts() if not text.startswith("…")][-1] == "999999"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_window_in_both_themes(here: View, open_window: OpenWindow, theme: Theme) -> None:
    """By what the browser prefers; every text can be read."""
    window = open_window(here.url, theme)
    here.run(CONVERSATION)
    here.run(
        "function handle(method, path) trace(method, path) end\n"
        "for i = 1, 4 do handle('GET', '/page/' .. i) say('message ' .. i) end\n"
        "trace('HTTP/1.1 200 OK\\r\\nContent-Type: text/html\\r\\nContent-Length: 42')\n"
        "local port = mako.port ba.sleep(1) say 'good-bye'"
    )
    window.page.locator("summary", has_text="HTTP").click()
    window.page.get_by_label("Request line").check()
    window.page.locator(".ba-lines").click()
    while not here.window.shared.feed or not here.window.shared.feed.http.request_line:
        here.run("ba.sleep(5)")
    here.run("require'httpc'.create():request{url='http://127.0.0.1:' .. mako.port .. '/status.lsp'}")
    window.await_line("status.lsp")
    window.press("Time")
    window.find("get")
    expect(window.page.locator("mark").first).to_be_visible()
    picture = target("tracelogger.png" if theme == "light" else "tracelogger-dark.png")
    window.take_picture(picture)
    compress(picture)
    window.open("Sockets")
    expect(window.page.locator("tbody tr").first).to_be_visible()
    window.take_picture(target(f"tracelogger-sockets-{theme}.png"))
    window.open("Flow")
    here.run("say 'hello again'")
    expect(window.page.locator(".ba-flow-view img")).to_be_visible()
    window.take_picture(target(f"tracelogger-flow-{theme}.png"))
    paper = window.evaluate("getComputedStyle(document.querySelector('.ba-live')).backgroundColor")
    assert (paper == "rgb(255, 255, 255)") == (theme == "light")


def test_a_window_whose_program_has_ended_says_so(here: View, open_window: OpenWindow) -> None:
    """And what it shows can still be read."""
    window = open_window(here.url)
    here.run("trace 'last words'")
    window.await_line("last words")
    here.window.close()
    expect(window.page.locator(".ba-status")).to_contain_text("Connection lost")
    expect(window.page.locator(".ba-status")).to_contain_text("has ended")
    assert window.texts() == ["last words"]
    window.problems.clear()  # the browser notes that nobody answers any more


def test_the_window_beside_jupyterlab(
    open_notebook: Open, server: LabServer, open_window: OpenWindow
) -> None:
    """The notebook's link leads there; two windows and the trace area show what happens, in both themes."""
    page = open_notebook(server.add_notebook("tracelogger", "%tracelogger", BUSY))
    page.run(0, 1)
    link = page.code(0).locator(".ba-tracelogger a")
    expect(link).to_have_text("Open the TraceLogger")
    url = link.get_attribute("href")
    assert url
    with page.page.context.expect_page() as opened:
        link.click()
    expect(opened.value.locator(".ba-title")).to_have_text("tracelogger.ipynb")
    one, other = open_window(url), open_window(url, "dark")
    page.run(1, 2)
    for window in (one, other):
        expect(window.footer).to_have_text(re.compile(r"^\d,\d{3} lines$"))
    one.scroll(-500)
    expect(one.pill).to_be_visible()
    before = one.first_line()
    page.expect_line(page.area(1), "cosocket 10")
    one.await_new_lines(2000)
    assert one.first_line() == before
    one.page.reload()
    one.await_connected()
    expect(one.footer).to_have_text(re.compile(r"^\d,\d{3} lines$"))
    one.filter("10 line 1")
    expect(one.footer).to_contain_text("shown")
    page.choose("Kernel", "Restart Kernel\u2026")
    page.page.get_by_role("button", name="Confirm Kernel Restart").click()
    expect(one.page.locator(".ba-status")).to_contain_text("has ended")
    for window in (one, other):
        window.problems.clear()  # the browser notes that nobody answers any more
