"""The recorded cursor positions, and the state in which they are completed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

POSITIONS = Path(__file__).with_name("_cursor_positions.txt")
FILES = ("notes.txt", "script.lua", "module_beside.lua", "folder/inside.txt")

STATE = b"""
counter, _secret = 1, 2
server = ba.socket.bind(0)
config = {host = "h", port = 80}
rows = {{id = 1, name = "a"}, {id = 2, name = "b"}}
odd = {plain = 1, ["odd key"] = 2, ["end"] = 3, ["\\xff"] = 4, ['a"b'] = 5, [1] = 6, [true] = 7}
inherits = setmetatable({own = 1}, {__index = {base = function() end}})
ran = {}
local function note(name) return function() ran[#ran + 1] = name while true do end end end
trap = setmetatable({real = 1}, {
  __index = note "index", __pairs = note "pairs", __name = setmetatable({}, {__tostring = note "name"}),
  __tostring = note "tostring", __len = note "len", __eq = note "eq", __call = note "call",
  __metatable = false,
})
loop = {}
setmetatable(loop, {__index = loop})
loop.loop = loop
"""


@dataclass(frozen=True)
class Position:
    """A line of the file."""

    text: str
    cursor: int
    some: frozenset[str]
    none: frozenset[str]
    is_all: bool


def position(line: str) -> Position:
    """Reads a line of the file."""
    marked, _, words = line.partition(" => ")
    text = marked.replace("\\n", "\n")
    names = [word.replace("␣", " ").replace("\\\\", "\\") for word in words.split()]
    some = {name for name in names if name not in ("=", "-") and not name.startswith("!")}
    none = {name[1:] for name in names if name.startswith("!")}
    is_all = names[0] in ("=", "-")
    return Position(text.replace("|", "", 1), text.index("|"), frozenset(some), frozenset(none), is_all)


def recorded() -> list[str]:
    """Returns the lines of the file that are positions."""
    lines = POSITIONS.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def make_files(folder: Path) -> None:
    """Makes the files that are named in the positions."""
    for name in FILES:
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("")
