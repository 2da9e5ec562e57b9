"""What a front end asks about a cell's text, without running any of it.

`is_complete` and `cell_chunk` ask a Lua compiler, which the caller passes in; `context_at` and `local_names`
read tokens only. Source text is `str`; bytes that are not UTF-8 come as surrogate escapes and leave as they
came.

Where things are: `_tokens.py` splits a text into tokens, `_blocks.py` says what blocks and brackets tell
about them, `_context.py` what stands around a cursor, `_cell.py` whether a cell is finished and what it
shows, `_timed.py` how a statement can be measured.
"""

from ._assignments import Assignment, assignments
from ._cell import Compiler, Completeness, cell_chunk, is_complete
from ._comments import line_starts, long_comment_text
from ._context import Callee, Context, Path, context_at, local_names
from ._timed import timed_chunk
from ._tokens import KEYWORDS

__all__ = [
    "KEYWORDS",
    "Assignment",
    "Callee",
    "Compiler",
    "Completeness",
    "Context",
    "Path",
    "assignments",
    "cell_chunk",
    "context_at",
    "is_complete",
    "line_starts",
    "local_names",
    "long_comment_text",
    "timed_chunk",
]
