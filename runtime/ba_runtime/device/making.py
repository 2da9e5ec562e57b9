"""The page that is copied to a device: where a notebook's cells run there, for whoever knows its secret."""

from __future__ import annotations

import re
import secrets
from importlib.resources import files

SECRET_BYTES = 32
_PLACE = "@SECRET@"
_MADE = re.compile(r'^local SECRET = "([A-Za-z0-9_-]{20,})"$', re.MULTILINE)


def new_secret() -> str:
    """Returns a secret that nobody can guess, of letters, digits, `-` and `_`."""
    return secrets.token_urlsafe(SECRET_BYTES)


def page_with(secret: str) -> str:
    """Returns the page for a device, with this secret in it."""
    template = files("ba_runtime.device").joinpath("page.lsp").read_text(encoding="utf-8")
    return template.replace(_PLACE, secret)


def secret_in(page: str) -> str | None:
    """Returns the secret of a page that was made here; None for any other text."""
    found = _MADE.search(page)
    return found[1] if found else None
