"""Our Jupyter kernel and IPython's, both as a front end sees them: started, asked, and read to idle."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Callable, Iterator
from typing import Any

from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.kernelspec import find_kernel_specs
from jupyter_client.manager import KernelManager

from .series import Series, Target

Say = Callable[[str], None]

START = "start to first reply"
TRIVIAL = "trivial cell to idle"
PRINTS = "10,000 prints to idle"
# By kernelspec: how it is called in the table, and the cell of PRINTS.
KERNELS = {
    "ba-lua": ("ba-lua kernel", "for i = 1, 10000 do print(i) end"),
    "python3": ("ipykernel", "for i in range(1, 10001): print(i)"),
}
TARGETS = [
    Target(TRIVIAL, "ba-lua kernel", "ipykernel", "<= 0.80"),
    Target(PRINTS, "ba-lua kernel", "ipykernel", "<= 0.50"),
]
CELLS = 100
# What a reply may take on a busy machine before the run is given up.
REPLY_S = 60.0


def measure(rounds: int, say: Say) -> list[Series]:
    """Returns milliseconds for every installed kernel: `rounds` starts, 100 cells, `rounds` prints."""
    samples: dict[tuple[str, str], list[float]] = {}
    with contextlib.ExitStack() as stack:
        installed = find_kernel_specs()
        for spec in KERNELS.keys() - installed.keys():
            say(f"{spec}: skipped, no such kernel is installed")
        clients = {spec: stack.enter_context(_running(spec, [])) for spec in KERNELS if spec in installed}
        for turn in range(rounds):
            say(f"kernels: round {turn + 1} of {rounds}")
            for spec in clients:
                with _running(spec, samples.setdefault((START, spec), [])):
                    pass
            for spec, client in clients.items():
                times = [_cell_ms(client, "x=1", 0) for _ in range(-(-CELLS // rounds))]
                samples.setdefault((TRIVIAL, spec), []).extend(times)
            for spec, client in clients.items():
                taken_ms = _cell_ms(client, KERNELS[spec][1], 10000)
                samples.setdefault((PRINTS, spec), []).append(taken_ms)
    return [
        Series(case, KERNELS[spec][0], "ms", tuple(samples[case, spec]))
        for case in (START, TRIVIAL, PRINTS)
        for spec in clients
    ]


@contextlib.contextmanager
def _running(spec: str, start_ms: list[float]) -> Iterator[BlockingKernelClient]:
    """Runs a kernel, and notes how long its start took until the reply to kernel_info."""
    manager = KernelManager(kernel_name=spec)
    began = time.perf_counter()
    manager.start_kernel()
    try:
        # Connecting too early would add ZeroMQ's reconnect interval of 100 ms to what is measured.
        _wait_for_port(manager)
        client: BlockingKernelClient = manager.client()
        client.start_channels()
        try:
            client.kernel_info(reply=True, timeout=REPLY_S)
            start_ms.append((time.perf_counter() - began) * 1000)
            client.wait_for_ready(timeout=REPLY_S)  # iopub is connected now too
            yield client
        finally:
            client.stop_channels()
    finally:
        manager.shutdown_kernel(now=True)


def _wait_for_port(manager: Any) -> None:
    deadline = time.perf_counter() + REPLY_S
    while time.perf_counter() < deadline:
        with contextlib.suppress(OSError), socket.create_connection((manager.ip, manager.shell_port)):
            return
        time.sleep(0.002)
    raise RuntimeError("the kernel did not open its port")


def _cell_ms(client: BlockingKernelClient, code: str, lines: int) -> float:
    """Runs a cell, and returns the milliseconds until the kernel is idle again; all output must have come."""
    began = time.perf_counter()
    request = client.execute(code)
    output = 0
    while True:
        message = client.get_iopub_msg(timeout=REPLY_S)
        if message["parent_header"].get("msg_id") != request:
            continue
        content = message["content"]
        if message["msg_type"] == "stream":
            output += content["text"].count("\n")
        elif message["msg_type"] == "status" and content["execution_state"] == "idle":
            break
    taken_ms = (time.perf_counter() - began) * 1000
    reply = client.get_shell_msg(timeout=REPLY_S)
    if reply["content"]["status"] != "ok" or output != lines:
        raise RuntimeError(f"{code!r}: {reply['content']['status']}, {output} of {lines} lines")
    return taken_ms
