"""The Lua side of the tests: a session in which a page makes WebSockets, and a client is at hand."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources

from tests.lua._programs import Session, session


@contextmanager
def lua() -> Iterator[Session]:
    """A runtime with the helpers of `_helpers.lua`."""
    helpers = (resources.files(__package__ or "") / "_helpers.lua").read_bytes()
    with session() as fresh:
        result = fresh.run(helpers, name="helpers")
        assert result.error is None, result.error
        yield fresh


def serve(fresh: Session, body: str, mode: str = "s") -> int:
    """Serves WebSockets on the page /ws/, each by a cosocket `function(s) body end`; returns the port."""
    return int(fresh.value(f'serve(function(s) {body} end, "{mode}")'))
