"""The program `openssl` as a client of a Lua program's server."""

from __future__ import annotations

import shutil
import subprocess

import pytest

needs_openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="the program openssl is not here")


def s_client(port: int, *options: str) -> str:
    """Returns what `openssl s_client` says, which sends a line and ends when it has got one."""
    command = ["openssl", "s_client", "-connect", f"127.0.0.1:{port}", *options]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(b"hello\n")
        process.stdin.flush()
        said = b""
        for line in process.stdout:
            said += line
            if line.startswith(b"echo|"):
                break
        process.kill()
    return said.decode()
