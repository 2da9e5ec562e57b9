"""What was typed at the prompt, kept from one process to the next in a file that only its owner reads."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path

from prompt_toolkit.history import FileHistory, History, InMemoryHistory

# Some ten thousand lines; the file is cut to half of it when it has grown beyond.
MOST_BYTES = 1_000_000


def history() -> History:
    """Returns the history; where no file can be written, one that ends with the process."""
    path = _path()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        _cut(path)
    except OSError:
        return InMemoryHistory()
    return FileHistory(path)


def _path() -> Path:
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home())) / "ba-lua" / "history"
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(state) / "ba-lua" / "history"


def _cut(path: Path) -> None:
    """Drops the older half of a file that has become too long; its entries begin with a line of `# TIME`."""
    if path.stat().st_size <= MOST_BYTES:
        return
    kept = path.read_bytes()[-MOST_BYTES // 2 :]
    begin = kept.find(b"\n# ")
    with contextlib.suppress(OSError):
        path.write_bytes(kept[begin + 1 :] if begin >= 0 else b"")
