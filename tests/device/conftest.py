"""One server process and one kernel for all tests of a file."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.kernel._live import LiveKernel

from ._server import Served, served


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A device."""
    with served(tmp_path_factory.mktemp("device")) as device:
        yield device


@pytest.fixture(scope="module")
def kernel() -> Iterator[LiveKernel]:
    """A kernel that is connected to nothing yet."""
    kernel = LiveKernel()
    yield kernel
    kernel.close()


@pytest.fixture
def connected(kernel: LiveKernel, server: Served) -> LiveKernel:
    """A kernel that is connected to the device; the secret was typed."""
    ran = typed(kernel, f"%device {server.url}", server.secret)
    assert ran.status == "ok", ran.reply
    return kernel


def typed(kernel: LiveKernel, code: str, answer: str):  # type: ignore[no-untyped-def]
    """Runs a cell that asks one question."""
    request = kernel.send(code, allow_stdin=True)
    asked = kernel.client.get_stdin_msg(timeout=30)
    assert asked["content"]["password"] is True
    kernel.client.input(answer)
    return kernel.finish(request)
