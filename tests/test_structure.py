"""The rules of the architecture that a program can check."""

from __future__ import annotations

import ast
import re
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from ba_runtime import Runtime

ROOT = Path(__file__).parent.parent
RUNTIME = ROOT / "runtime" / "ba_runtime"
KERNEL = ROOT / "kernel" / "ba_kernel"
JUPYTER = ("ba_kernel", "ipykernel", "jupyter", "IPython", "zmq", "traitlets", "tornado")
JUST_A_FUNCTION = ("tornado.speedups",)  # it takes the mask off WebSocket frames, and knows no loop
# What stock Lua 5.4 has, and what the documentation adds.
STANDARD = {
    *("_G", "_VERSION", "assert", "collectgarbage", "coroutine", "debug", "dofile", "error", "getmetatable"),
    *("io", "ipairs", "load", "loadfile", "math", "next", "os", "package", "pairs", "pcall", "print"),
    *("rawequal", "rawget", "rawlen", "rawset", "require", "select", "setmetatable", "string", "table"),
    *("tonumber", "tostring", "type", "utf8", "warn", "xpcall"),
}
# From the third person of a verb, of three letters at least, back to its imperative.
THIRD_PERSON = ((r"(?<=..[^s])s$", ""), (r"(?<=..[sxzh])es$", ""), (r"(?<=.)ies$", "y"))
DOCUMENTED = {"ba", "mako", "trace", "tracep", "display", "clear_output"}


def module_name(path: Path) -> str:
    """What a file of the two packages is called in an import."""
    root = RUNTIME if path.is_relative_to(RUNTIME) else KERNEL
    return ".".join(path.relative_to(root.parent).with_suffix("").parts).removesuffix(".__init__")


def imports_of(path: Path) -> set[str]:
    """The modules, and the names in them, that a file imports anywhere in it, for type checkers also."""
    names: set[str] = set()
    package = module_name(path) if path.name == "__init__.py" else module_name(path).rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            parent = package.split(".")[: len(package.split(".")) + 1 - node.level] if node.level else []
            module = ".".join([*parent, *([node.module] if node.module else [])])
            names.add(module)
            names |= {f"{module}.{alias.name}" for alias in node.names}
    return names


@pytest.mark.parametrize("path", sorted(RUNTIME.rglob("*.py")), ids=lambda path: path.name)
def test_the_runtime_knows_nothing_of_jupyter(path: Path) -> None:
    """It is useful alone, and must stay so."""
    imported = {name for name in imports_of(path) if not name.startswith(JUST_A_FUNCTION)}
    assert not {name for name in imported if name.startswith(JUPYTER)}


@pytest.mark.parametrize("path", sorted(KERNEL.rglob("*.py")), ids=lambda path: path.name)
def test_the_kernel_uses_the_runtimes_public_names(path: Path) -> None:
    """What begins with an underscore may change without a look at the kernel."""
    assert not {name for name in imports_of(path) if name.startswith("ba_runtime") and "._" in name}


@pytest.mark.parametrize("path", sorted(KERNEL.rglob("*.py")), ids=lambda path: path.name)
def test_the_kernel_needs_no_package_of_the_pages(path: Path) -> None:
    """Widgets are drawn by packages of the Jupyter server's; IPython is slow to import."""
    assert not {name for name in imports_of(path) if name.startswith(("anywidget", "ipywidgets", "IPython"))}


def test_no_modules_import_each_other_in_a_circle() -> None:
    """Neither when they are loaded, nor later in a function, nor for type checkers only."""
    modules = {module_name(path): path for path in [*RUNTIME.rglob("*.py"), *KERNEL.rglob("*.py")]}
    # The name of a package comes with every import of something in it, and is no import of its own.
    sorter = TopologicalSorter(
        {
            name: {other for other in imports_of(path) if other in modules and not name.startswith(other)}
            for name, path in modules.items()
        }
    )
    assert len(tuple(sorter.static_order())) == len(modules)


def test_one_module_imports_lupa() -> None:
    """There is one door between Python and Lua."""
    paths = [*RUNTIME.rglob("*.py"), *KERNEL.rglob("*.py")]
    doors = {path.name for path in paths if any(name.startswith("lupa") for name in imports_of(path))}
    assert doors == {"_lua.py"}


def test_lua_lives_in_lua_files() -> None:
    """Every module is loaded by `import`, and every file is somebody's import; `host` is described in one."""
    folder = RUNTIME / "lua"
    sources = {
        path.relative_to(folder).with_suffix("").as_posix(): path.read_text(encoding="utf-8")
        for path in folder.rglob("*.lua")
    }
    imported = set(re.findall(r'import "([\w/]+)"', "\n".join(sources.values())))
    assert set(sources) | {"handle"} == imported | {"boot"}


def first_words(path: Path) -> list[str]:
    """The first word of the docstring of each function in a file; a test's says what is so, in any words."""
    functions = (node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
                 if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)))  # fmt: skip
    docstrings = (ast.get_docstring(node) for node in functions if not node.name.startswith("test_"))
    return [text.split()[0] for text in docstrings if text]


def test_docstrings_are_in_the_indicative() -> None:
    """`Returns`, not `Return`: none begins with a verb that begins another one with an `s` at its end."""
    folders = (RUNTIME, KERNEL, ROOT / "tests")
    words = {path: first_words(path) for folder in folders for path in folder.rglob("*.py")}
    verbs = {word for found in words.values() for word in found if word.endswith("s")}
    imperatives = {
        re.sub(end, base, verb) for verb in verbs for end, base in THIRD_PERSON if re.search(end, verb)
    }
    wrong = {path.name: imperatives.intersection(found) for path, found in words.items()}
    assert {name: found for name, found in wrong.items() if found} == {}


@pytest.mark.parametrize("package", [RUNTIME, KERNEL], ids=lambda package: package.name)
def test_a_package_says_that_it_is_typed(package: Path) -> None:
    """PEP 561: without this file, type checkers ignore the annotations of an installed package."""
    assert (package / "py.typed").is_file()


def test_no_global_but_the_documented_ones() -> None:
    """A program finds stock Lua and the documented names."""
    with Runtime(lambda _: None) as runtime:
        assert {name for name, _ in runtime.members(()).result(timeout=10).names} == STANDARD | DOCUMENTED


def test_files_are_short_enough_to_hold_one_idea() -> None:
    """Past 400 lines a second idea has moved in; the description of the host is a list, however long."""
    paths = {*RUNTIME.rglob("*.py"), *RUNTIME.rglob("*.lua"), *KERNEL.rglob("*.py")} - {
        RUNTIME / "lua" / "host.lua"
    }
    assert [path.name for path in paths if len(path.read_text(encoding="utf-8").splitlines()) > 400] == []
