"""The picture of `%flow` in JupyterLab: lesson 3's proxy and TLS, in both themes and untrusted."""

from __future__ import annotations

import re

import pytest

from tests.notebooks._runs import NOTEBOOKS, code_cells, read

from ._picture import compress, target
from ._server import LabServer
from .conftest import Open

pytestmark = pytest.mark.browser
expect = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed").expect

TLS = """\
%flow
local s = assert(ba.socket.connect("www.google.com", 443, {shark = mako.sharkclient()}))
s:write("GET / HTTP/1.0\\r\\nHost: www.google.com\\r\\n\\r\\n")
print(#s:read(5000) > 0, s:trusted())
s:close()"""
PROXY = ("lab", "serve", "pump", "proxy", "start", "use")
# How large it is shown of what it was drawn: its text is of 11.5 px.
SCALE = "image => image.complete && image.naturalWidth > 300 && image.clientWidth / image.naturalWidth"
READABLE = 0.9


def proxy_cells() -> list[str]:
    """Returns the cells of lesson 3 that its proxy needs."""
    path = next(path for path in NOTEBOOKS if path.name.startswith("03"))
    sources = {cell.id: cell.source for cell in code_cells(read(path))}
    return [sources[name] for name in PROXY]


@pytest.mark.parametrize("theme", ["Light", "Dark"])
def test_the_pictures_are_readable(server: LabServer, open_notebook: Open, theme: str) -> None:
    """A notebook beside the file browser makes it hardly smaller."""
    cells = [*proxy_cells(), TLS]
    notebook = open_notebook(server.add_notebook(f"flow-{theme.lower()}", *cells))
    with notebook.theme(f"JupyterLab {theme}"):
        for number in range(len(cells)):
            notebook.run(number, number + 1)
        for number, name in ((len(cells) - 2, "flow-proxy"), (len(cells) - 1, "flow-tls")):
            picture = notebook.code(number).locator("img")
            expect(picture).to_have_count(1)
            expect(picture).to_have_attribute("alt", re.compile("^Sequence diagram, "))
            assert picture.evaluate(SCALE) >= READABLE
            file = target(f"{name}-{theme.lower()}.png")
            picture.screenshot(path=file)
            compress(file)


def test_a_saved_picture_is_shown_where_nothing_is_trusted(server: LabServer, open_notebook: Open) -> None:
    """JupyterLab strips what it does not trust; an image stays."""
    notebook = open_notebook(server.add_notebook("flow-saved", "%lab on", TLS))
    notebook.run(0, 1)
    notebook.run(1, 2)
    notebook.save()
    untrusted = open_notebook(server.add_untrusted(notebook.file))
    untrusted.expect_untrusted()
    picture = untrusted.code(1).locator("img")
    expect(picture).to_be_visible()
    assert picture.evaluate(SCALE) >= READABLE
