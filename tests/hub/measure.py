"""`python -m tests.hub.measure [KERNELS]`: what many kernels of one computer take, idle and after a lesson.

Memory is counted as the proportional set size, in which pages that processes share are divided among them:
its sum is what the kernels really take. Linux only.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from statistics import median

import psutil
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager, start_new_kernel
from jupyter_client.provisioning.local_provisioner import LocalProvisioner

from tests.notebooks._runs import NOTEBOOKS, code_cells, read

KERNELS, CLASS = 50, 200
LESSON = next(path for path in NOTEBOOKS if path.stem.startswith("08"))
START_S = CELL_S = 120


@dataclass(frozen=True, slots=True)
class Use:
    """What one kernel takes: mebibytes, descriptors, threads, and the ports that it listens on."""

    memory: float
    descriptors: float
    threads: float
    ports: float


def use_of(process: psutil.Process) -> Use:
    """Returns what a process takes."""
    listens = [c for c in process.net_connections("tcp") if c.status == psutil.CONN_LISTEN]
    memory = process.memory_full_info().pss / 2**20
    return Use(memory, process.num_fds(), process.num_threads(), len(listens))


def process_of(manager: KernelManager) -> psutil.Process:
    """Returns the process of a kernel that runs here."""
    assert isinstance(manager.provisioner, LocalProvisioner)
    assert manager.provisioner.pid is not None
    return psutil.Process(manager.provisioner.pid)


@contextlib.contextmanager
def kernels(count: int) -> Iterator[list[tuple[KernelManager, BlockingKernelClient]]]:
    """Starts kernels, and ends them."""
    with contextlib.ExitStack() as stack:
        running = []
        for _ in range(count):
            manager, client = start_new_kernel(
                kernel_name="ba-lua", startup_timeout=START_S, cwd=str(LESSON.parent)
            )
            stack.callback(manager.shutdown_kernel, now=True)
            stack.callback(client.stop_channels)
            running.append((manager, client))
        yield running


def run(client: BlockingKernelClient, sources: Iterable[str]) -> None:
    """Runs cells; each must end well."""
    for source in sources:
        reply = client.execute_interactive(source, timeout=CELL_S, output_hook=lambda message: None)
        if reply["content"]["status"] != "ok":
            raise RuntimeError(reply["content"])


def report(what: str, uses: list[Use]) -> None:
    """Prints the medians of a kernel, and what so many take as a class would."""
    columns: tuple[tuple[str, Callable[[Use], float]], ...] = (
        ("MiB", lambda use: use.memory),
        ("descriptors", lambda use: use.descriptors),
        ("threads", lambda use: use.threads),
        ("ports", lambda use: use.ports),
    )
    one = ", ".join(f"{median(map(get, uses)):.0f} {unit}" for unit, get in columns)
    many = ", ".join(f"{sum(map(get, uses)) / len(uses) * CLASS:,.0f} {unit}" for unit, get in columns)
    print(f"{what}: a kernel {one}; {CLASS} kernels {many}", flush=True)


def main(count: int) -> None:
    """Measures `count` kernels at once."""
    cells = [cell.source for cell in code_cells(read(LESSON))]
    with kernels(count) as running:
        processes = [process_of(manager) for manager, _ in running]
        for _, client in running:
            run(client, ["x = 1"])
        report("one cell", [use_of(process) for process in processes])
        for _, client in running:
            run(client, cells)
        report("lesson 8", [use_of(process) for process in processes])


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else KERNELS)
