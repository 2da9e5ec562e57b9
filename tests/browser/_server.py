"""One JupyterLab server with a home of its own: nothing of the user's is touched, nothing is fetched."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import nbformat

START_S = 60.0
STOP_S = 20.0
POLL_S = 0.05

# No news, no question about news, no look for updates, no list of extensions from the web.
CONFIG = {
    "LabApp": {
        "news_url": None,
        "check_for_updates_class": "jupyterlab.NeverCheckForUpdate",
        "extension_manager": "readonly",
    }
}
SETTINGS = {
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    # A notebook is saved when a test says so.
    "docmanager-extension/plugin": {"autosave": False},
}


class LabServer:
    """A JupyterLab server on a free port of 127.0.0.1, from construction to `stop`."""

    def __init__(self, home: Path) -> None:
        """Starts it and returns when it answers. `home` is an empty directory."""
        self.root = home / "root"
        self._runtime = home / "runtime"
        self._log = home / "server.log"
        self.token = secrets.token_hex(16)
        environment = _environment(home)
        with self._log.open("w") as log:
            self._process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"),
                    *("--ServerApp.ip=127.0.0.1", "--ServerApp.port=0", f"--ServerApp.root_dir={self.root}"),
                    f"--IdentityProvider.token={self.token}",
                ],
                env=environment,
                cwd=self.root,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self.url = self._await_answer()

    def add_notebook(self, name: str, *sources: str) -> str:
        """Puts a notebook with these code cells where the server finds it, and returns its path there."""
        cells = [
            nbformat.v4.new_code_cell(source, id=f"cell-{number}") for number, source in enumerate(sources, 1)
        ]
        kernelspec = {"display_name": "Lua (ba.socket)", "language": "lua", "name": "ba-lua"}
        notebook = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernelspec})
        nbformat.write(notebook, self.root / f"{name}.ipynb")
        return f"{name}.ipynb"

    def add_untrusted(self, saved: Path) -> str:
        """Puts a copy of a saved notebook there that nobody has signed, and returns its path."""
        notebook = nbformat.read(saved, as_version=4)
        for cell in notebook.cells:
            cell.metadata.pop("trusted", None)
            for output in cell.get("outputs", []):
                if "text/html" in output.get("data", {}):
                    output.data["text/html"] += " "  # another text than the one that was signed
        name = f"{saved.stem}-untrusted.ipynb"
        nbformat.write(notebook, self.root / name)
        return name

    def stop(self) -> None:
        """Ends the server, which ends its kernels."""
        self._process.terminate()
        try:
            self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _await_answer(self) -> str:
        """Returns the URL once the server answers there."""
        information = self._runtime / f"jpserver-{self._process.pid}.json"
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline and self._process.poll() is None:
            if url := _answering(information):
                return url
            time.sleep(POLL_S)
        self.stop()
        raise RuntimeError(f"JupyterLab did not start:\n{self._log.read_text()}")


def _answering(information: Path) -> str | None:
    """Returns the URL in the server's own file if somebody answers there by now."""
    try:
        url = str(json.loads(information.read_text())["url"])
        with urllib.request.urlopen(f"{url}api", timeout=5):
            return url
    except (OSError, ValueError, urllib.error.URLError):
        return None


def _environment(home: Path) -> dict[str, str]:
    """Makes the directories a Jupyter server wants, and returns the environment that leads there."""
    places = {
        "HOME": home / "user",
        "IPYTHONDIR": home / "ipython",
        "JUPYTER_CONFIG_DIR": home / "config",
        "JUPYTER_DATA_DIR": home / "data",
        "JUPYTER_RUNTIME_DIR": home / "runtime",
        "JUPYTERLAB_SETTINGS_DIR": home / "settings",
        "JUPYTERLAB_WORKSPACES_DIR": home / "workspaces",
    }
    for place in (*places.values(), home / "root"):
        place.mkdir(parents=True)
    (home / "config" / "jupyter_lab_config.json").write_text(json.dumps(CONFIG))
    for name, settings in SETTINGS.items():
        file = home / "settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(settings))
    return {**os.environ, **{name: str(place) for name, place in places.items()}}
