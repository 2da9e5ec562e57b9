"""The helpers of the TLS and WebSocket tests, for programs that make many of both."""

from __future__ import annotations

from importlib import resources

from tests.lua._programs import Session
from tests.lua._tls import certificates


def bring_helpers(lua: Session) -> None:
    """Defines what `tests/lua/_tls.lua` and `tests/websocket/_helpers.lua` define, as globals."""
    tls = resources.files("tests.lua").joinpath("_tls.lua").read_text(encoding="utf-8")
    websockets = resources.files("tests.websocket").joinpath("_helpers.lua").read_text(encoding="utf-8")
    for text in (f'CERTS = "{certificates().as_posix()}" {tls}', websockets):
        result = lua.run(text, name="helpers")
        assert result.error is None, result.error
