"""Lua files, pages and the kernel's logo in JupyterLab, and what stays as it was."""

from __future__ import annotations

from collections.abc import Iterator

import nbformat
import pytest

from ._picture import target
from ._server import LabServer
from .conftest import Open
from .test_lab_editor import MISCOLOURED

pytestmark = pytest.mark.browser
expect = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed").expect

ICON = '[data-icon="ba-lua-kernel:{}"]'
LOADED = "image => image.complete && image.naturalWidth > 0"
COLOURS = {
    "program.lua": (
        "goto done\n::done:: print(1)",
        {"goto": "keyword", "::done::": "string-2", "print": "builtin"},
    ),
    "page.lsp": ("<p><?lsp=nil?>", {"p": "tag", "<?lsp=": "meta", "nil": "keyword"}),
}
FENCE = "```lua\nlocal x = ba\n```"
# What JavaScript says when the front end does not share a module: nothing is under its name.
WITHOUT = """\
window._JUPYTERLAB = new Proxy({}, {
  set(known, name, container) {
    if (name === "ba-lua-kernel") {
      const init = container.init;
      container.init = shared => init({...shared, "MISSING": undefined});
    }
    known[name] = container;
    return true;
  },
});"""


@pytest.fixture
def files(server: LabServer) -> Iterator[None]:
    """A program and a page where the server finds them."""
    for name, (text, _) in COLOURS.items():
        (server.root / name).write_text(text)
    yield
    for name in COLOURS:
        (server.root / name).unlink()


@pytest.mark.usefixtures("files")
@pytest.mark.parametrize("name", COLOURS)
def test_files_have_an_icon_and_open_in_their_language(
    server: LabServer, open_notebook: Open, name: str
) -> None:
    """In the file browser; what is on an editor's tab is the front end's own choice."""
    page = open_notebook(server.add_notebook("files", "")).page
    kind = name.rpartition(".")[2]
    item = page.locator(".jp-DirListing-item", has_text=name)
    expect(item.locator(ICON.format(kind))).to_be_visible()
    item.dblclick()
    editor = page.locator(".jp-FileEditor .cm-content")
    expect(editor).to_be_visible()
    page.wait_for_function(
        f"([editor, roles]) => !({MISCOLOURED})(editor, roles).length",
        arg=[editor.element_handle(), COLOURS[name][1]],
    )


@pytest.mark.parametrize("theme", ["Light", "Dark"])
def test_the_launcher_shows_the_logo(server: LabServer, open_notebook: Open, theme: str) -> None:
    """Beside those of the other kernels."""
    notebook = open_notebook(server.add_notebook(f"logo-{theme.lower()}", ""))
    with notebook.theme(f"JupyterLab {theme}"):
        notebook.page.keyboard.press("Control+Shift+L")
        logo = notebook.page.locator('.jp-LauncherCard[title="Lua (ba.socket)"] img').first
        expect(logo).to_be_visible()
        assert "logo" in (logo.get_attribute("src") or "")
        expect(notebook.page.locator("#jupyterlab-splash")).to_have_count(0)
        notebook.page.screenshot(path=target(f"launcher-{theme.lower()}.png"))
        assert logo.evaluate(LOADED)


@pytest.mark.parametrize(
    ("module", "has_language"),
    [("@lezer/common", False), ("@jupyterlab/codemirror", False), ("@jupyterlab/ui-components", True)],
)
def test_a_front_end_that_lacks_a_module_goes_on_as_before(
    server: LabServer, open_notebook: Open, module: str, has_language: bool
) -> None:
    """It uses what it has for Lua, which knows no `goto`, says nothing, and runs cells."""
    path = server.add_notebook(
        f"without-{module[1:].replace('/', '-')}", "local x = 1 goto done ::done:: print(x)"
    )
    notebook = open_notebook(path)
    notebook.page.add_init_script(WITHOUT.replace("MISSING", module))
    notebook.reload()
    content = notebook.code(0).locator(".cm-content")
    expect(content.locator("span").first).to_have_text("local")
    expect(content.locator("span", has_text="goto")).to_have_count(int(has_language))
    notebook.run(0, 1)
    notebook.expect_printed(0, "1\n")
    expect(notebook.page.locator(".jp-Dialog, .Toastify__toast")).to_have_count(0)


def test_lua_of_other_kernels_is_shown_as_ever(server: LabServer, open_notebook: Open) -> None:
    """In Markdown, and in notebooks that say just that they are Lua: there `goto` and `ba` are names."""
    path = server.add_notebook("other-kernel", "goto = ba")
    notebook = nbformat.read(server.root / path, as_version=4)
    notebook.cells.append(nbformat.v4.new_markdown_cell(FENCE, id="fence"))
    nbformat.write(notebook, server.root / path)
    opened = open_notebook(path)
    fence = opened.page.locator(".jp-MarkdownOutput pre")
    expect(fence.locator("span").first).to_have_text("local")
    expect(fence.locator("span", has_text="ba")).to_have_count(0)
