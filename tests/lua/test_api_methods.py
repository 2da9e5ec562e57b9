"""Methods that are called as functions: they say what they miss as functions in C do."""

from __future__ import annotations

from pathlib import Path

import pytest

from ._programs import traced

METHODS = [
    ("ba.openio 'disk'", "IOINTF", ["open", "stat", "files", "realpath", "dofile"]),
    ("made", "FILE*", ["read", "write", "seek", "close"]),
    ("ba.datetime()", "BDTz", ["ticks", "date", "tostring", "offset"]),
    ("ba.json.parser()", "BAJSONPARSER", ["parse"]),
    ("ba.timer(print)", "TIMER", ["set", "reset", "cancel"]),
    ("ba.socket.udpcon()", "_BASOCK", ["read", "write", "close", "state"]),
    ("require 'httpc'.create()", "HTTPCLIENT", ["request", "read", "close"]),
]


@pytest.mark.parametrize(
    ("made", "name", "method"), [(made, name, method) for made, name, all_ in METHODS for method in all_]
)
def test_without_an_object_there_is_no_value(made: str, name: str, method: str, tmp_path: Path) -> None:
    """And with something else it is named."""
    lines = traced(f"""
        local io = ba.openio "disk"
        local made = io:open("{tmp_path}/file", "w")
        local object = {made}
        local method = object.{method}
        trace(pcall(method)) trace(pcall(method, 5)) trace(pcall(method, {{}}))
    """)
    got = ["no value", "number", "table"]
    assert lines == [f"false\tbad argument #1 to '?' ({name} expected, got {what})" for what in got]
