"""What the wheel gives to front ends besides the kernel: its logo and the editor extension."""

from __future__ import annotations

import filecmp
import json
import re
import struct
import sysconfig
import zlib
from pathlib import Path

import pytest

from ba_kernel import __version__

KERNEL = Path(__file__).resolve().parents[2] / "kernel" / "ba_kernel"
SPEC, EXTENSION = KERNEL / "kernelspec", KERNEL / "labextension"
INSTALLED = Path(sysconfig.get_path("data")) / "share" / "jupyter"
RGBA = 6


@pytest.mark.parametrize("size", [32, 64])
def test_the_logo_is_a_picture_of_the_size_in_its_name(size: int) -> None:
    """A whole PNG with transparency; `tests/browser/test_logo.py` compares it with the drawing."""
    data = (SPEC / f"logo-{size}x{size}.png").read_bytes()
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    chunks: dict[bytes, bytes] = {}
    at = 8
    while at < len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        body = data[at + 8 : at + 8 + length]
        assert zlib.crc32(kind + body) == struct.unpack_from(">I", data, at + 8 + length)[0]
        chunks[kind] = chunks.get(kind, b"") + body
        at += 12 + length
    width, height, depth, colour = struct.unpack_from(">IIBB", chunks[b"IHDR"])
    assert (width, height, depth, colour) == (size, size, 8, RGBA)
    assert len(zlib.decompress(chunks[b"IDAT"])) == size * (1 + 4 * size)
    assert b"IEND" in chunks


def test_the_extension_says_which_version_it_is() -> None:
    """The kernel's: they are one package."""
    described = json.loads((EXTENSION / "package.json").read_text(encoding="utf-8"))
    assert (described["name"], described["version"]) == ("ba-lua-kernel", __version__)


def test_the_extension_is_all_there() -> None:
    """What it loads is in its directory, and nothing else is."""
    described = json.loads((EXTENSION / "package.json").read_text(encoding="utf-8"))
    static = EXTENSION / "static"
    found, ahead = set(), {Path(described["jupyterlab"]["_build"]["load"]).name}
    while ahead:
        name = ahead.pop()
        found.add(name)
        source = (static / name).read_text(encoding="utf-8")
        ahead |= set(re.findall(r'(?:from|new URL\()\s*"(?:\./)?([\w.]+)"', source)) - found
    assert found == {file.name for file in static.iterdir()}


@pytest.mark.parametrize(
    ("source", "target"), [(SPEC, "kernels/ba-lua"), (EXTENSION, "labextensions/ba-lua-kernel")]
)
def test_what_is_installed_is_what_is_in_the_tree(source: Path, target: str) -> None:
    """Installing copies these files, from a tree too; after a change `make` does so again."""
    files = [file.relative_to(source) for file in source.rglob("*") if file.is_file()]
    same, *others = filecmp.cmpfiles(source, INSTALLED / target, map(str, files), shallow=False)
    assert len(same) == len(files), f"run make: {others} differ or are missing in {INSTALLED / target}"
