"""`jupyter nbconvert --to script` for this kernel's notebooks: a Lua file that `ba-lua` runs as the
notebook runs.

nbconvert finds it by the name that the kernel gives as its `nbconvert_exporter`; `--to ba-lua` asks for it
by that name, for a notebook that has never been run. What a cell looks like in the file is in `_script.py`.
"""

from __future__ import annotations

import json
from typing import Any

from nbconvert.exporters.exporter import Exporter
from traitlets import default
from traitlets.config import Config

from ._script import HEADER, code_to_script, prose_to_script

FORMAT = "ba-lua"  # as in pyproject.toml and in the kernel's language_info
MIME_TYPE = "text/x-lua"


class LuaExporter(Exporter):  # type: ignore[misc]  # nbconvert is typed in part only
    """Writes a notebook's cells one after the other, those of text as comments."""

    output_mimetype = MIME_TYPE

    @default("file_extension")
    def _file_extension_default(self) -> str:
        return ".lua"

    @property
    def default_config(self) -> Config:
        """Lets the tags and patterns that leave cells out work as in all other formats."""
        config = Config(
            {"RegexRemovePreprocessor": {"enabled": True}, "TagRemovePreprocessor": {"enabled": True}}
        )
        config.merge(super().default_config)
        return config

    # A notebook is a tree of dicts with attribute access, and nbconvert gives it and its resources no type.
    def from_notebook_node(self, nb: Any, resources: Any = None, **options: Any) -> tuple[str, Any]:
        """Returns the text of the file, and what nbconvert wants to know besides."""
        notebook, resources = super().from_notebook_node(nb, resources, **options)
        return "\n".join((HEADER, *map(_cell, notebook.cells))), resources


def _cell(cell: Any) -> str:
    source = "".join(cell.source)
    if cell.cell_type != "code":
        return prose_to_script(source, cell.cell_type)
    tags = cell.metadata.get("tags")
    return code_to_script(source, f"tags={json.dumps(list(tags))}" if tags else "")
