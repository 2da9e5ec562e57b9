"""Cells that run on a device: the page that is copied to it, and how a notebook speaks with that page.

`page.lsp` runs the cells there, and `making.py` puts a secret into it. `device.py` is the notebook's side of
it; `requests.py` speaks HTTP, and `answer.py` reads what the page answers. `tracing.py` hears the device's
trace.
"""

from .answer import Answer, BadAnswer, stack_of
from .device import VARIABLE, About, Device, Refused
from .making import new_secret, page_with, secret_in
from .requests import Place, Unreachable, place_of
from .tracing import NoTrace, listen, service_of

__all__ = [
    "VARIABLE",
    "About",
    "Answer",
    "BadAnswer",
    "Device",
    "NoTrace",
    "Place",
    "Refused",
    "Unreachable",
    "listen",
    "new_secret",
    "page_with",
    "place_of",
    "secret_in",
    "service_of",
    "stack_of",
]
