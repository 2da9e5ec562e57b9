"""The kernel's sockets and the connection file."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest
import zmq

from ba_kernel import _channels
from ba_kernel._channels import PORTS, Channels, read_connection_file


def test_free_ports_are_found_where_none_are_named() -> None:
    """Every channel but the heart gets one, and says which."""
    channels = Channels({"key": "secret"})
    try:
        ports = [channels.info[name] for name in PORTS if name != "hb_port"]
        assert len(set(ports)) == 4
        assert channels.info["ip"] == "127.0.0.1"
    finally:
        channels.close()
        channels.context.term()


def test_a_port_that_is_taken_for_a_moment_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that goes out may have the port that Jupyter chose."""
    holder = socket.create_server(("127.0.0.1", 0))
    waits: list[float] = []

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        holder.close()

    monkeypatch.setattr("time.sleep", sleep)
    channels = Channels({"shell_port": holder.getsockname()[1]})
    channels.close()
    channels.context.term()
    assert waits


def test_a_port_that_stays_taken_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Jupyter then tries again with other ports."""
    monkeypatch.setattr(_channels, "PORT_S", 0.0)
    with (
        socket.create_server(("127.0.0.1", 0)) as holder,
        pytest.raises(_channels.CannotStart, match="in use"),
    ):
        Channels({"shell_port": holder.getsockname()[1]})


def test_keys_for_encryption_are_taken_from_the_file() -> None:
    """Both or none, as bytes."""
    public, secret = (key.decode() for key in zmq.curve_keypair())
    channels = Channels({"curve_publickey": public, "curve_secretkey": secret})
    try:
        assert channels.curve_keys == {"curve_publickey": public.encode(), "curve_secretkey": secret.encode()}
        assert channels.shell.curve_server
    finally:
        channels.close()
        channels.context.term()


def test_a_connection_file_that_is_missing_says_nothing(tmp_path: Path) -> None:
    """The kernel then makes one."""
    file = tmp_path / "connection.json"
    assert read_connection_file(str(file)) == {}
    file.write_text(json.dumps({"shell_port": 5}))
    assert read_connection_file(str(file)) == {"shell_port": 5}
