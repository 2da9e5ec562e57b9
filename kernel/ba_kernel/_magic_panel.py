"""`%panel`: the live view in the notebook."""

from __future__ import annotations

from ._magic_tracelogger import show_link
from ._magics import After, Magic, MagicError, Tools, always
from ._widget_packages import anywidget_version

USAGE = "usage: %panel, or %panel off"
NO_PAGE = "The panel needs a page that can show widgets, such as JupyterLab or Notebook 7."
NO_PACKAGES = (
    "The panel needs two packages where Jupyter runs: pip install anywidget jupyterlab_widgets "
    '(pip install "ba-lua-kernel[lab]" brings them). Then restart Jupyter and reload this page.'
)
INSTEAD = "The same view in a window of its own:"


async def panel(tools: Tools, rest: str) -> After | None:
    """Runs one `%panel` line."""
    if rest == "off":
        tools.say("The panel is closed." if tools.panel.close() else "The panel is not open.")
        return None
    if rest:
        raise MagicError(USAGE)
    version = anywidget_version()
    missing = NO_PAGE if not _has_page(tools) else NO_PACKAGES if version is None else ""
    if missing or version is None:
        tools.say(f"{missing}\n{INSTEAD}")
        show_link(tools, "%panel")
        return None
    tools.show(tools.panel.open(version))
    return None


def _has_page(tools: Tools) -> bool:
    return tools.panel.is_possible and not tools.request.is_pythons


MAGICS = (
    Magic(
        "%panel",
        (
            ("%panel", "show the live view here: trace, sockets, flow and network"),
            ("%panel off", "close it, in every page"),
        ),
        panel,
        is_beside=always,
    ),
)
