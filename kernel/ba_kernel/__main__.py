"""`python -m ba_kernel -f FILE`, the command that Jupyter runs; people start JupyterLab instead."""

from __future__ import annotations

import argparse
import os

from . import __version__

ABOUT = """\
The Jupyter kernel "Lua (ba.socket)": Lua cells with the socket API of the Barracuda App Server.

You rarely run this yourself. Start JupyterLab and choose "Lua (ba.socket)":

    jupyter lab

In a cell, %help lists what the kernel adds to Lua. To run a Lua file with no notebook: ba-lua FILE.lua
"""


def main(arguments: list[str] | None = None) -> int:
    """Runs the kernel until its front end shuts it down; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="ba-lua-kernel", description=ABOUT, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--version", action="version", version=f"ba-lua-kernel {__version__}")
    parser.add_argument(
        "-f",
        "--connection-file",
        metavar="FILE",
        default=f"ba-lua-kernel-{os.getpid()}.json",
        help="ports and key, as Jupyter writes them; a file that does not exist is made, and removed again",
    )
    options = parser.parse_args(arguments)

    from ._app import run  # after the options: --help need not wait for Jupyter's modules

    run(options.connection_file)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
