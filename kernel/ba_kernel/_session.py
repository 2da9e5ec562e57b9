"""Signing and packing messages: Jupyter's own session, able to send anything at any time."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable

from jupyter_client.jsonutil import json_default
from jupyter_client.session import Session
from traitlets import TraitError

from ._channels import CannotStart

Pack = Callable[[object], bytes]


def new_session(key: str, signature_scheme: str) -> Session:
    """Returns a session that can send half an emoji, and needs nothing of the system to send a megabyte."""
    try:
        session = Session(key=key.encode(), signature_scheme=signature_scheme)
    except TraitError as error:
        raise CannotStart(f"cannot use the connection: {error}") from error
    session.pack = _any_text(session.pack)
    # pyzmq sends a long message without copying it, and for the first of them it opens sockets and starts a
    # thread. When the user's own sockets have taken every descriptor, that would fail, and it would fail in
    # the one thread that publishes: nothing would ever be shown again. A copy of a megabyte takes 0.1 ms.
    session.copy_threshold = sys.maxsize
    return session


def _any_text(pack: Pack) -> Pack:
    """Returns a packer that also takes lone surrogates, which front ends in JavaScript can send.

    UTF-8 has no form for them, but JSON has: the escape in which they came.
    """

    def packed(message: object) -> bytes:
        try:
            return pack(message)
        except UnicodeEncodeError:
            return json.dumps(message, default=json_default, allow_nan=False).encode()

    return packed
