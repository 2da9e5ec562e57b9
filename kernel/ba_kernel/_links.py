"""Where a reader's browser reaches what listens on this computer's loopback addresses.

On the reader's own computer that is the address itself. On a JupyterHub the browser is elsewhere: the hub
leads to the user's Jupyter server, and jupyter-server-proxy, an extension of that server, leads on to a port.
JupyterHub tells the user's processes where that is ("Environment variables" in its documentation):

- `JUPYTERHUB_SERVICE_PREFIX`: the path of the user's server, such as `/user/ada/`;
- `JUPYTERHUB_PUBLIC_URL`: its whole URL, where the hub's configuration names a `public_url`.

A kernel of a Jupyter Kernel Gateway has `KERNEL_GATEWAY=1`. A gateway passes on messages and nothing else.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from jupyter_core.paths import jupyter_config_path

NO_PROXY = (
    "This is a port of the computer where the kernel runs. For a link that works in your browser, install "
    "jupyter-server-proxy there (pip install jupyter-server-proxy) and restart your server."
)
GATEWAY = (
    "This is a port of the computer where the kernel runs, and a kernel gateway leads to no ports: "
    "open the link there, or forward the port to your computer."
)


@dataclass(frozen=True, slots=True)
class Link:
    """What to open, and what has to be done before it works, "" if nothing.

    `url` is a whole URL, or a path on the server that the notebook came from.
    """

    url: str
    advice: str = ""

    @property
    def is_path(self) -> bool:
        """Whether it is a path on the notebook's own server, which only that server's pages can link to."""
        return self.url.startswith("/")


def has_server_proxy() -> bool:
    """Tells whether jupyter-server-proxy is where this user's Jupyter server looks for extensions."""
    parts = ("jupyter_server_config.d", "jupyter-server-proxy.json")
    return any(Path(folder, *parts).is_file() for folder in jupyter_config_path())


def reach(url: str, environment: Mapping[str, str] = os.environ) -> Link:
    """Returns how a browser reaches a URL of this computer, such as `http://127.0.0.1:8181/a.lsp`."""
    prefix = environment.get("JUPYTERHUB_SERVICE_PREFIX", "")
    if not prefix:
        return Link(url, GATEWAY if environment.get("KERNEL_GATEWAY") else "")
    if not has_server_proxy():
        return Link(url, NO_PROXY)
    parts = urlsplit(url)
    rest = parts.path.lstrip("/") + (f"?{parts.query}" if parts.query else "")
    base = environment.get("JUPYTERHUB_PUBLIC_URL") or prefix
    return Link(f"{base.rstrip('/')}/proxy/{parts.port}/{rest}")


def public_host(environment: Mapping[str, str] = os.environ) -> str:
    """Returns the name, with any port, by which a hub's users reach their servers, "" if unknown."""
    return urlsplit(environment.get("JUPYTERHUB_PUBLIC_URL", "")).netloc.lower()
