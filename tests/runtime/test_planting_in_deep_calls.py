"""Planting while Lua leaves deep recursions, in a process whose C library spoils what it frees."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

PROGRAM = """
from time import monotonic

from tests.lua._programs import session

with session() as lua:
    finish = lua.start('''
        local function deep() return 1 + deep() end
        while true do pcall(deep) end
    ''')
    end = monotonic() + 5
    interrupter = lua.runtime._thread._interrupter
    while monotonic() < end:
        interrupter.plant()
        interrupter.running_call()
    lua.runtime.interrupt()
    assert finish().error.kind == "interrupt"
print("well")
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only glibc can spoil what it frees")
def test_no_call_is_looked_at_that_has_been_left() -> None:
    """Lua frees the records of calls; whoever visits them meanwhile follows a pointer to nowhere."""
    environment = {**os.environ, "MALLOC_PERTURB_": "170"}
    done = subprocess.run((sys.executable, "-c", PROGRAM), env=environment, capture_output=True, timeout=60)
    assert (done.stdout, done.returncode) == (b"well\n", 0), done.stderr.decode()
