"""The servers: a hub with its proxy, and a gateway, each on free ports in a folder of its own.

The hub's configuration is the README's, so that what is written there is what works; only ports, places and
the test's own account are added.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# The proxy of the npm registry; `make test-hub` puts it there.
PROXY = ROOT / "build" / "hub" / "node_modules" / ".bin" / "configurable-http-proxy"
PASSWORD = "open sesame, class of 2026"
TOKEN = "a-token-for-this-test-alone"
LESSONS = ROOT / "notebooks"
READY_S = 60
END_S = 20

ADDED = """
c.JupyterHub.bind_url = "http://127.0.0.1:{port}"
c.JupyterHub.public_url = "http://127.0.0.1:{port}/"
c.JupyterHub.hub_bind_url = "http://127.0.0.1:{hub_port}"
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{api_port}"
c.ConfigurableHTTPProxy.command = [{proxy!r}]
c.JupyterHub.db_url = "sqlite:///{folder}/hub.sqlite"
c.JupyterHub.cookie_secret_file = "{folder}/cookie_secret"
c.SimpleLocalProcessSpawner.home_dir_template = "{folder}/{{username}}"
c.Spawner.args = {args!r}
c.Spawner.notebook_dir = "{lessons}"
c.JupyterHub.services = [{{"name": "test", "api_token": {token!r}}}]
c.JupyterHub.load_roles = [
    {{"name": "test", "services": ["test"], "scopes": ["admin:users", "admin:servers", "access:servers"]}}
]
"""


@dataclass(frozen=True, slots=True)
class Server:
    """A server that answers: where, with which header, and its process."""

    url: str
    headers: Mapping[str, str]
    process: subprocess.Popen[bytes]


def readme_configuration() -> str:
    """Returns the hub's configuration as the README has it."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```", text, re.M | re.S)
    return str(next(block for block in blocks if "c.JupyterHub" in block))


@contextmanager
def hub(folder: Path) -> Iterator[Server]:
    """A JupyterHub whose users are made as they come, with the lessons in `folder`."""
    port, hub_port, api_port = _free_ports(3)
    args = ["--allow-root"] if os.geteuid() == 0 else []
    ports = {"port": port, "hub_port": hub_port, "api_port": api_port}
    added = ADDED.format(**ports, proxy=str(PROXY), folder=folder, args=args, token=TOKEN, lessons=LESSONS)
    configuration = folder / "jupyterhub_config.py"
    configuration.write_text(readme_configuration() + added, encoding="utf-8")
    command = [_program("jupyterhub"), "-f", str(configuration)]
    environment = {"CLASS_PASSWORD": PASSWORD}
    with _running(command, f"http://127.0.0.1:{port}", folder, "/hub/api/", environment) as server:
        yield server


@contextmanager
def gateway(folder: Path) -> Iterator[Server]:
    """A Jupyter Kernel Gateway."""
    (port,) = _free_ports(1)
    command = [_program("jupyter-kernelgateway"), f"--KernelGatewayApp.port={port}"]
    command += ["--KernelGatewayApp.ip=127.0.0.1", "--JupyterWebsocketPersonality.list_kernels=True"]
    environment = {"KG_AUTH_TOKEN": TOKEN}
    with _running(command, f"http://127.0.0.1:{port}", folder, "/api", environment) as server:
        yield server


@contextmanager
def _running(
    command: Sequence[str], url: str, folder: Path, path: str, environment: Mapping[str, str]
) -> Iterator[Server]:
    path_variable = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    log = folder / "server.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=LESSONS,
            env={**os.environ, "PATH": path_variable, **environment},
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        headers = {"Authorization": f"token {TOKEN}"}
        try:
            _wait_for(url + path, headers, process, log)
            yield Server(url, headers, process)
        finally:
            _end(process)


def _wait_for(url: str, headers: Mapping[str, str], process: subprocess.Popen[bytes], log: Path) -> None:
    """Asks until the server answers: it has no other way of saying that it does."""
    deadline = time.monotonic() + READY_S
    while not _answers(url, headers):
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"no server at {url}:\n{log.read_text('utf-8', 'replace')[-4000:]}")
        time.sleep(0.2)


def _answers(url: str, headers: Mapping[str, str]) -> bool:
    try:
        urllib.request.urlopen(urllib.request.Request(url, headers=dict(headers)), timeout=5).close()
    except OSError:
        return False
    return True


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ends a server and all that it has started, which is in its session."""
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(END_S)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _free_ports(count: int) -> list[int]:
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [server.getsockname()[1] for server in held]
    for server in held:
        server.close()
    return ports


def _program(name: str) -> str:
    program = shutil.which(name, path=str(Path(sys.executable).parent))
    if program is None:
        raise RuntimeError(f"{name} is not installed: make test-hub")
    return program
