"""`python -m ba_kernel -f FILE`, and what Jupyter's kernelspec runs; people start JupyterLab instead.

The folder of the notebook is the working directory, and Python would look there first for every module it
imports: a `socket.py` or `json.py` of the user's would run inside the kernel, and end it. So the folder is
taken off Python's path before anything but `sys` is imported: here for `-m`, and for Jupyter in the
kernelspec. (Python 3.11 has the option -P for it, but 3.10 has not.) Lua's `require` has a path of its own.
"""

from __future__ import annotations

import sys

from . import __version__

ABOUT = """\
The Jupyter kernel "Lua (ba.socket)": Lua cells with the socket API of the Barracuda App Server.

You rarely run this yourself. Start JupyterLab and choose "Lua (ba.socket)":

    jupyter lab

In a cell, %help lists what the kernel adds to Lua. To run a Lua file without a notebook: ba-lua FILE.lua
"""


def main(arguments: list[str] | None = None) -> int:
    """Runs the kernel until its front end shuts it down; returns the exit code."""
    import argparse
    import os

    parser = argparse.ArgumentParser(
        prog="ba-lua-kernel", description=ABOUT, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--version", action="version", version=f"ba-lua-kernel {__version__}")
    parser.add_argument(
        "-f",
        "--connection-file",
        metavar="FILE",
        default=f"ba-lua-kernel-{os.getpid()}.json",
        help="the connection file, with ports and key; if missing, it is created and later removed",
    )
    options, others = parser.parse_known_args(arguments)
    if others:  # `jupyter run FILE` passes on the file's name, and then runs the file itself
        print(f"ba-lua-kernel: these arguments are ignored: {' '.join(others)}", file=sys.stderr)

    from ._app import run  # after the options: --help need not wait for Jupyter's modules

    return run(options.connection_file)


if __name__ == "__main__":
    # Where Python puts the folder for `-m`, unless it was told not to.
    if not (sys.flags.isolated or getattr(sys.flags, "safe_path", False)):
        del sys.path[0]
    raise SystemExit(main())
