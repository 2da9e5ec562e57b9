"""Owns the lab's one error; must never hold an error of a single conversation, which ends only itself."""

from __future__ import annotations

from ba_runtime.errors import BaError


class LabError(BaError):
    """The lab network could not start, or could not do what it was asked to.

    There is no loopback interface, no file descriptor or no thread left, or the lab is off, or full. The
    message says which. A lab that could not start leaves nothing running; one that is running goes on as
    before.
    """
