"""How numbers appear in responses: written or printed, they look the same."""

from __future__ import annotations

import pytest

from ._site import get, site


@pytest.mark.parametrize(
    ("number", "text"),
    [("10", "10"), ("10.0", "10.0"), ("0.1", "0.1"), ("1e100", "1e+100"), ("1/0", "Inf"), ("-0.0", "0.0")],
)
def test_a_number_is_written_as_it_is_printed(number: str, text: str) -> None:
    """By a page and by a deferred response; write tells how many bytes that were."""
    with site() as here:
        here.page(f"print({number}) print(response:write({number}))")
        assert get(here.port, "/page/").body.decode() == f"{text}\n{text}{len(text)}\n"
        here.page(f"local later = response:deferred() later:write({number}) later:close()")
        assert get(here.port, "/page/").body.decode() == text
