"""Numbers where text is asked for: they count, and read as print has them."""

from __future__ import annotations

from pathlib import Path

import pytest

from ._programs import traced

NUMBERS = {
    "5": "5",
    "10.0": "10.0",
    "1/0": "Inf",
    "-1/0": "-Inf",
    "-0.0": "0.0",
    "2^53": "9.007199254741e+15",
}


@pytest.mark.parametrize(("number", "text"), NUMBERS.items(), ids=NUMBERS)
def test_a_number_passes_for_its_text(number: str, text: str, tmp_path: Path) -> None:
    """In functions that take text, in files, and on sockets."""
    program = f"""
        local number = {number}
        trace(ba.b64decode(ba.b64encode(number)), ba.json.encodestr(number))
        trace(ba.crypto.hash "md5"(number)(true, "hex"))
        local file = ba.openio "disk":open("{tmp_path}/file", "w")
        file:write(number)
        file:close()
        local a, b = ba.socket.udpcon(0, {{intf = "127.0.0.1"}}), ba.socket.udpcon()
        b:sendto(number, a:sockname())
        trace(a:read(1000))
    """
    digest = traced(f'trace(ba.crypto.hash "md5" "{text}" (true, "hex"))')[0]
    assert traced(program) == [f'{text}\t"{text}"', digest, text]
    assert (tmp_path / "file").read_text() == text
