"""The operators of `make mutants`, its sample, its copy of the tree, and one trial each way."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from . import _lua, _python
from ._fault import Fault, sample
from ._suites import SUITES, suite_of
from ._tree import MARK, PREFIX, ROOT, remove_abandoned, tree
from ._trial import Bench

PYTHON = {
    "if a < 1: raise b": [
        "if a <= 1: raise b", "if a < 2: raise b", "if a < 0: raise b", "if False: raise b",
        "if not (a < 1): raise b",
    ],
    "x = a and b in c": ["x = a or b in c", "x = a and b not in c"],
    "x = not a": ["x = a"],
    "x = a if b else c": ["x = a if (not (b)) else c"],
    "x = f(True)": ["x = f(False)"],
    "self.x = a": ["pass"],
    "x += a": ["x -= a", "pass"],
    "del x[a]": ["pass"],
    "x.close()": ["pass"],
    "x = f(a, b)": ["x = f(b, a)"],
    "x = max(a, b)": ["x = min(a, b)"],
    "x = f(*a, b)": [],
    "x = a - 0": ["x = a + 0", "x = a - 1"],
    "raise ValueError('no')": ["raise ValueError('?no')"],
    "for a in b:\n    continue": ["for a in b:\n    break"],
    "assert a < 1": [],
    "x: 'int | None' = a": [],
    "def f(a: int | None) -> a | b:\n    '''Says.'''": [],
    "if TYPE_CHECKING:\n    x = 1": [],
    "x: TypeAlias = f(1)": [],
    "@dataclass(frozen=True)\nclass A:\n    '''Says.'''": [],
    "x = 'ä' if a == 'ö' else 'ü'": ["x = 'ä' if a != 'ö' else 'ü'", "x = 'ä' if (not (a == 'ö')) else 'ü'"],
}  # fmt: skip
LUA = {
    "if a < 1 then return b end": [
        "if a <= 1 then return b end", "if a < 2 then return b end", "if a < 0 then return b end",
        "if false then return b end", "if not (a < 1) then return b end",
    ],
    "x = a and not b -- and": ["x = a or not b -- and", "x = a and  b -- and"],
    "local x = a ~= true": ["local x = a == true", "local x = a ~= false"],
    "local x <const> = a - b": ["local x <const> = a + b"],
    "local x = -a": [],
    "  task.at = nil": ["  "],
    "  x.y(a)": ["  "],
    "  local x = y(a, b)": ["  local x = y(b, a)"],
    'return nil, "closed"': ['return nil, "?closed"'],
    'error("if a < 1 then", 2)': ["", 'error("?if a < 1 then", 2)', 'error("if a < 1 then", 3)',
                                  'error("if a < 1 then", 1)', 'error(2, "if a < 1 then")'],
    "-- x.y(a)\n--[[\nx.y(a)\n]]": [],
    "local x = 0x10": ["local x = 17", "local x = 15"],
}  # fmt: skip


@pytest.mark.parametrize("source", PYTHON)
def test_the_faults_of_a_piece_of_python(source: str) -> None:
    """These and no others."""
    faulty = [fault.put_into(source) for fault in _python.faults_of("f.py", source)]
    assert sorted(faulty) == sorted(PYTHON[source])
    assert all(map(_python.is_python, faulty))


@pytest.mark.parametrize("source", LUA)
def test_the_faults_of_a_piece_of_lua(source: str) -> None:
    """These and no others."""
    assert sorted(fault.put_into(source) for fault in _lua.faults_of("f.lua", source)) == sorted(LUA[source])


def test_luas_compiler_says_what_is_lua() -> None:
    """Brackets within the text are part of it."""
    with _lua.compiler() as lua:
        assert lua.takes("x = [==[ ]] ]==]")
        assert not lua.takes("x =")


def test_a_fault_is_shown_by_its_lines() -> None:
    """Those that it changes, without what is around them."""
    source = "one\n  two\nthree\n"
    fault = Fault("f.py", source.index("wo"), source.index("hree"), "WO\nT", "kind")
    assert fault.line(source) == 2
    assert fault.difference(source) == ("two\nthree", "tWO\nThree")


def test_a_seed_draws_the_same_sample_again() -> None:
    """Another draws another; no two faults are on one line, and all of them compile."""
    source = "\n".join(f"x = a < {n} and b" for n in range(50))
    faults = _python.faults_of("f.py", source)

    def drawn(seed: int) -> list[Fault]:
        sources = {"f.py": source}
        return sample(faults, sources, lambda _, text: "<=" in text, count=10, seed=seed)

    assert drawn(1) == drawn(1) != drawn(2)
    assert len({fault.line(source) for fault in drawn(1)}) == 10
    assert {fault.text for fault in drawn(1)} == {"<="}


def test_every_file_has_tests_that_exist() -> None:
    """The longest prefix decides."""
    assert all(list(ROOT.glob(test)) for suite in SUITES.values() for test in suite)
    assert all((ROOT / prefix).exists() for prefix in SUITES)
    assert suite_of("runtime/ba_runtime/web/server.py")[0] == "tests/web"
    assert suite_of("runtime/ba_runtime/webs.py") == SUITES["runtime/ba_runtime"]
    assert suite_of("elsewhere.py") == ("tests",)


def test_the_faults_are_put_into_a_copy_that_goes_with_its_processes() -> None:
    """Where programs import the copy; nothing of it is left."""
    with tree() as scratch:
        scratch.check()
        folder = Path(scratch.environment[MARK])
        waiting = [sys.executable, "-c", "import signal; signal.pause()"]
        left = subprocess.Popen(waiting, env=scratch.environment, start_new_session=True)
    assert left.wait(30) < 0
    assert not folder.exists()


def test_the_copy_of_a_run_that_was_killed_goes_with_the_next(tmp_path: Path) -> None:
    """One of a run that still goes on stays, and so does what only has a similar name."""
    with subprocess.Popen([sys.executable, "-c", ""]) as dead:
        pass
    names = (f"{PREFIX}{dead.pid}-a", f"{PREFIX}{os.getpid()}-b", f"{PREFIX}others")
    for name in names:
        (tmp_path / name / "tree").mkdir(parents=True)
    remove_abandoned(tmp_path)
    assert [path.name for path in sorted(tmp_path.iterdir())] == sorted(names[1:])


def test_a_fault_that_no_test_notices_survives() -> None:
    """One that a test notices is shown with it, and the file is as it was after both."""
    path = "kernel/ba_kernel/_text.py"
    source = "def half(n):\n    return n // 2\n"
    with tree() as scratch:
        (scratch.root / path).write_text(source)
        shutil.rmtree(scratch.root / "tests/kernel")
        (scratch.root / "tests/kernel").mkdir()
        (scratch.root / "tests/kernel/test_half.py").write_text(
            "from ba_kernel._text import half\n\ndef test_half() -> None:\n    assert half(4) == 2\n"
        )
        place = source.index("//")
        bench = Bench(scratch)
        noticed, missed = (bench.try_out(Fault(path, place, place + 2, text, "arithmetic")) for text in "*/")
        assert (scratch.root / path).read_text() == source
    assert noticed.noticed_by == "tests/kernel/test_half.py::test_half"
    assert missed.noticed_by == ""
