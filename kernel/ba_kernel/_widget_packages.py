"""Whether the front end can show widgets: the packages for that are the Jupyter server's, not the kernel's.

JupyterLab and Notebook 7 load extensions from the `labextensions` folders of Jupyter's data path. The kernel
usually runs in the server's own environment, so that it looks in the same places.
"""

from __future__ import annotations

import json
from pathlib import Path

from jupyter_core.paths import jupyter_path

# By the names of their folders: what draws any widget, and what draws those that bring their own module.
MANAGER = "@jupyter-widgets/jupyterlab-manager"
ANYWIDGET = "anywidget"


def anywidget_version() -> str | None:
    """Returns the version of anywidget to ask for, such as `~0.11.*`; None where widgets cannot be shown."""
    version = _version(ANYWIDGET)
    if version is None or _version(MANAGER) is None:
        return None
    major, minor, *_ = [*version.split("."), "0"]
    is_a_release = version.replace(".", "").isdigit()
    return f"~{major}.{minor}.*" if is_a_release else version


def _version(name: str) -> str | None:
    files = (Path(folder, name, "package.json") for folder in jupyter_path("labextensions"))
    found = next(filter(Path.is_file, files), None)
    try:
        return None if found is None else str(json.loads(found.read_text(encoding="utf-8"))["version"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
