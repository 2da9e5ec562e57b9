"""Where a browser finds a port of the kernel's computer: at home, on a hub, behind a gateway."""

from __future__ import annotations

from pathlib import Path

import pytest

from ba_kernel import _links
from ba_kernel._links import GATEWAY, NO_PROXY, Link, has_server_proxy, public_host, reach

from ._fakes import Desk, play

PAGE = "http://127.0.0.1:8181/a%20b.lsp?x=1"
HUB = {"JUPYTERHUB_SERVICE_PREFIX": "/user/ada/"}
PUBLIC = HUB | {"JUPYTERHUB_PUBLIC_URL": "https://hub.example.org/user/ada/"}


@pytest.mark.parametrize(
    ("environment", "has_proxy", "link"),
    [
        ({}, False, Link(PAGE)),
        ({}, True, Link(PAGE)),
        ({"KERNEL_GATEWAY": "1"}, False, Link(PAGE, GATEWAY)),
        (HUB, False, Link(PAGE, NO_PROXY)),
        (HUB, True, Link("/user/ada/proxy/8181/a%20b.lsp?x=1")),
        (PUBLIC, True, Link("https://hub.example.org/user/ada/proxy/8181/a%20b.lsp?x=1")),
    ],
)
def test_a_link_leads_from_where_the_reader_is(
    environment: dict[str, str], has_proxy: bool, link: Link, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Through the hub and jupyter-server-proxy where there are both, and else it says what is missing."""
    monkeypatch.setattr(_links, "has_server_proxy", lambda: has_proxy)
    assert reach(PAGE, environment) == link


def test_the_root_of_a_server_is_reached_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """The proxy needs the slash behind the port."""
    monkeypatch.setattr(_links, "has_server_proxy", lambda: True)
    assert reach("http://127.0.0.1:80/", HUB).url == "/user/ada/proxy/80/"


def test_a_hub_is_known_by_its_public_name() -> None:
    """With the port, where it has one; the page server answers to it."""
    assert public_host(PUBLIC) == "hub.example.org"
    assert public_host({"JUPYTERHUB_PUBLIC_URL": "http://Hub:8000/user/ada/"}) == "hub:8000"
    assert public_host({}) == ""


def test_the_extension_is_found_where_jupyter_servers_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the folders of Jupyter's configuration, which may belong to another Python than the kernel's."""
    monkeypatch.setattr(_links, "jupyter_config_path", lambda: [str(tmp_path)])
    assert not has_server_proxy()
    (tmp_path / "jupyter_server_config.d").mkdir()
    (tmp_path / "jupyter_server_config.d" / "jupyter-server-proxy.json").write_text("{}")
    assert has_server_proxy()


def test_link_shows_a_port(monkeypatch: pytest.MonkeyPatch) -> None:
    """As text where it is a whole URL, and as a link where it is a path of the notebook's own server."""

    async def at_home(desk: Desk) -> None:
        await desk.run("%link 8181")
        await desk.run("%link 8181 /a/b?c=d")
        assert desk.front.text() == (
            "In your browser: http://127.0.0.1:8181/\nIn your browser: http://127.0.0.1:8181/a/b?c=d\n"
        )

    async def on_a_hub(desk: Desk) -> None:
        await desk.run('%link 8181 /"><script>')
        (shown,) = desk.front.of_kind("display_data")
        assert shown["data"]["text/plain"] == 'In your browser: /user/ada/proxy/8181/"><script>'
        address = "/user/ada/proxy/8181/&quot;&gt;&lt;script&gt;"
        assert (
            f'<a href="{address}" target="_blank" rel="noopener">{address}</a>' in shown["data"]["text/html"]
        )

    play(at_home)
    monkeypatch.setenv("JUPYTERHUB_SERVICE_PREFIX", "/user/ada/")
    monkeypatch.setattr(_links, "has_server_proxy", lambda: True)
    play(on_a_hub)


@pytest.mark.parametrize("rest", ["", "x", "0", "65536", "80 a", "80 /a b", "-1"])
def test_link_says_how_it_is_used(rest: str) -> None:
    """Nothing that is no port, and no path that is none."""

    async def scene(desk: Desk) -> None:
        reply = await desk.run(f"%link {rest}")
        assert "usage: %link PORT [PATH]" in reply["evalue"]

    play(scene)
