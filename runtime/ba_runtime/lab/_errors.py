"""Owns the lab's one error; must never hold an error of a single conversation, which ends only itself."""

from __future__ import annotations

from ba_runtime.errors import BaError


class LabError(BaError):
    """The lab network could not start: the fault of the computer it runs on.

    There is no loopback interface, no file descriptor or no thread left. The message says which; neither the
    user's program nor the lab's is to blame, and nothing of the lab is left running.
    """
