"""What a front end asks about a cell's text, without running any of it.

`is_complete` and `cell_chunk` ask a Lua compiler, which the caller passes in; a `Reading` reads tokens, and
what the documentation says of the functions that are named there. Source text is `str`; bytes that are not
UTF-8 come as surrogate escapes and leave as they came.

Where things are: `_tokens.py` splits a text into tokens, `_blocks.py` says what blocks and brackets tell
about them, `_structure.py` which variables a text declares, `_values.py` what they are likely to hold, and
`_context.py` what stands around a cursor; `_cell.py` says whether a cell is finished and what it shows,
`_timed.py` how a statement can be measured.
"""

from ._assignments import Assignment, assignments
from ._cell import Compiler, Completeness, cell_chunk, is_complete
from ._comments import line_starts, long_comment_text
from ._context import WINDOW, Call, Context, Reading, Where
from ._structure import From, Source, Structure
from ._timed import timed_chunk
from ._tokens import Kind, is_name, tokenize
from ._values import Defined, Made, Method, Path, Place, Table, Value

__all__ = [
    "WINDOW",
    "Assignment",
    "Call",
    "Compiler",
    "Completeness",
    "Context",
    "Defined",
    "From",
    "Kind",
    "Made",
    "Method",
    "Path",
    "Place",
    "Reading",
    "Source",
    "Structure",
    "Table",
    "Value",
    "Where",
    "assignments",
    "cell_chunk",
    "is_complete",
    "is_name",
    "line_starts",
    "long_comment_text",
    "timed_chunk",
    "tokenize",
]
