"""`nbconvert --to script`: which notebooks it is for, and what is in the file."""

from __future__ import annotations

import importlib
from importlib.metadata import entry_points

import nbformat
import pytest
from nbconvert.exporters import get_exporter
from nbconvert.exporters.script import ScriptExporter
from traitlets.config import Config

from ba_kernel._exporter import FORMAT, LuaExporter
from ba_kernel.kernel import BaLuaKernel

SCRIPT = """\
#!/usr/bin/env ba-lua

-- %% [markdown]
-- # Title
--
--  %% not a cell

-- %% tags=["parameters"]
alpha = 1

-- %%
--%lab on
--%flow
print(alpha)

-- %%
--[==[%%lsp /a.lsp
<p>
]==]

-- %% [raw]
-- as it is
"""


def notebook() -> nbformat.NotebookNode:
    """A notebook as this kernel saves it."""
    new = nbformat.v4
    cells = [
        new.new_markdown_cell("# Title\n\n%% not a cell"),
        new.new_code_cell("alpha = 1", metadata={"tags": ["parameters"]}),
        new.new_code_cell("%lab on\n%flow\nprint(alpha)"),
        new.new_code_cell("%%lsp /a.lsp\n<p>"),
        new.new_raw_cell("as it is"),
    ]
    return new.new_notebook(cells=cells, metadata={"language_info": dict(BaLuaKernel.language_info)})


def test_nbconvert_finds_the_format_in_the_notebook() -> None:
    """The kernel says its name; the file is Lua."""
    text, resources = ScriptExporter().from_notebook_node(notebook())
    assert text == SCRIPT
    assert resources["output_extension"] == ".lua"


def test_the_format_can_be_asked_for_by_name() -> None:
    """For a notebook that no kernel has said anything about."""
    assert get_exporter(FORMAT) is LuaExporter
    bare = notebook()
    del bare.metadata["language_info"]
    exporter = LuaExporter()
    assert exporter.from_notebook_node(bare)[0] == SCRIPT
    assert exporter.output_mimetype == BaLuaKernel.language_info["mimetype"]


def test_cells_can_be_left_out_by_their_tags() -> None:
    """As in every other format."""
    config = Config({"TagRemovePreprocessor": {"remove_cell_tags": ["parameters"]}})
    text, _ = LuaExporter(config=config).from_notebook_node(notebook())
    assert text == SCRIPT.replace('-- %% tags=["parameters"]\nalpha = 1\n\n', "")


def test_the_kernel_says_what_its_files_are() -> None:
    """Names that others know: Pygments' lexer, and the extension and type of Lua files."""
    from pygments.lexers import get_lexer_by_name, get_lexer_for_filename, get_lexer_for_mimetype

    info = BaLuaKernel.language_info
    lexer = get_lexer_by_name(info["pygments_lexer"])
    assert lexer.name == "Lua"
    assert get_lexer_for_filename(f"a{info['file_extension']}").name == "Lua"
    assert get_lexer_for_mimetype(info["mimetype"]).name == "Lua"
    assert info["nbconvert_exporter"] == FORMAT


@pytest.mark.parametrize("group", ["nbconvert.exporters", "papermill.engine", "console_scripts"])
def test_the_package_names_what_others_look_for(group: str) -> None:
    """Each entry point leads to what there is."""
    if group == "papermill.engine":
        importlib.import_module("papermill.engines")  # which loads it; it needs that in turn
    (point,) = entry_points(group=group, name="ba-lua")
    assert point.load() is not None
