"""Work without a network: JSON and SHA-256, `ba-lua` against Python's own modules on the same data.

Both sides take the time inside a process that does nothing else, so starting it does not count.
"""

from __future__ import annotations

import hashlib
import json
import random
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from .echo import Say, rotated
from .series import Series, Target

HERE = Path(__file__).parent
OURS, THEIRS = "ba-lua", "Python"
READING, WRITING = "ba.json.decode of 1 MB", "ba.json.encode of 1 MB"
HASHING = "SHA-256 of 100 MB"
JSON_TARGETS = [Target(case, OURS, THEIRS, "<= 3.00") for case in (READING, WRITING)]
HASH_TARGETS = [Target(HASHING, OURS, THEIRS, "<= 1.20")]

DOCUMENT_BYTES = 1_000_000
REPEATS = 10  # as in json_work.lua

Figures = dict[str, float]


def measure_json(ba_lua: Sequence[str], rounds: int, say: Say) -> list[Series]:
    """Returns milliseconds for reading and writing a document."""
    with tempfile.TemporaryDirectory() as name:
        folder, text = Path(name), document()
        (folder / "document.json").write_text(text, encoding="utf-8")

        def ours() -> Figures:
            output = _run(ba_lua, "json_work.lua", folder)
            return {READING: float(output[0]), WRITING: float(output[1])}

        def theirs() -> Figures:
            tree = json.loads(text)
            return {READING: _mean_ms(json.loads, text), WRITING: _mean_ms(json.dumps, tree)}

        return _series({OURS: ours, THEIRS: theirs}, rounds, say, "json")


def measure_hash(ba_lua: Sequence[str], rounds: int, say: Say) -> list[Series]:
    """Returns milliseconds for one digest."""
    data = b"0123456789abcdef" * (100 * 1000 * 1000 // 16)
    expected = hashlib.sha256(data).hexdigest()

    def ours() -> Figures:
        taken_ms, digest = _run(ba_lua, "hash_work.lua")
        if digest != expected:
            raise RuntimeError(f"{OURS} has a wrong digest: {digest}")
        return {HASHING: float(taken_ms)}

    def theirs() -> Figures:
        start = time.perf_counter()
        hashlib.sha256(data).hexdigest()
        return {HASHING: (time.perf_counter() - start) * 1000}

    return _series({OURS: ours, THEIRS: theirs}, rounds, say, "hash")


def document() -> str:
    """Returns what an API might answer: a list of records with numbers, words, texts and lists in them."""
    source = random.Random(0)
    words = ["alpha", "bravo", "charlie", "délta", 'echo "quoted"', "foxtrot/golf", "日本", "line\nbreak"]
    records: list[object] = []
    size = 2
    while size < DOCUMENT_BYTES:
        record = {
            "id": len(records),
            "name": " ".join(source.choices(words, k=3)),
            "is_active": source.random() < 0.5,
            "parent": None if source.random() < 0.3 else source.randrange(1 << 40),
            "position": {"x": source.uniform(-180, 180), "y": round(source.uniform(-90, 90), 4)},
            "tags": source.choices(words, k=source.randrange(5)),
            "samples": [source.randrange(10_000) for _ in range(source.randrange(10))],
            "comment": " ".join(source.choices(words[:3], k=source.randrange(20))),
        }
        records.append(record)
        size += len(json.dumps(record)) + 2
    return json.dumps(records)


def _run(ba_lua: Sequence[str], program: str, folder: Path | None = None) -> list[str]:
    command = [*ba_lua, str(HERE / program)]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, cwd=folder, text=True).stdout.split()


def _mean_ms(work: Callable[[object], object] | Callable[[str], object], argument: object) -> float:
    start = time.perf_counter()
    for _ in range(REPEATS):
        work(argument)  # type: ignore[arg-type]
    return (time.perf_counter() - start) * 1000 / REPEATS


def _series(subjects: dict[str, Callable[[], Figures]], rounds: int, say: Say, group: str) -> list[Series]:
    samples: dict[tuple[str, str], list[float]] = {}
    for turn in range(rounds):
        say(f"round {turn + 1} of {rounds}: {group}")
        for name in rotated(list(subjects), turn):
            for case, figure in subjects[name]().items():
                samples.setdefault((case, name), []).append(figure)
    return [Series(case, name, "ms", tuple(figures)) for (case, name), figures in samples.items()]
