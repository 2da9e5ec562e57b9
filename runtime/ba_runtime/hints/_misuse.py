"""The API's own errors: what its functions say when they are called wrongly, and what to write instead."""

from __future__ import annotations

import re

from ba_runtime.docs import lookup

from ._case import Case

SOCKET = "_BASOCK"  # what messages call a socket

# Lua's own types, of which only texts have methods; "" for what is not known.
_TYPES = frozenset(("nil", "boolean", "number", "string", "table", "function", "thread", ""))

_ARGUMENT = re.compile(r"^bad argument #(\d+) to '(\w+)' \((.*?)(?: expected|\))")


def accept_elsewhere(case: Case) -> str | None:
    """`accept`, where the listener's own cosocket does not run."""
    if case.words != "attempt to yield from outside a coroutine" or case.callee != "accept":
        return None
    name = case.subject or "l"
    if case.owner:
        return f"accept works only in the cosocket of {name} itself, the function that {name}:event was given"
    return f"accept needs a cosocket: {name}:event(function({name.rpartition('.')[2]}) … end)"


def yield_elsewhere(case: Case) -> str | None:
    """`coroutine.yield` of a program in what the scheduler runs."""
    if case.callee != "yield" or case.words not in (
        "attempt to yield from outside a coroutine",
        "Invalid yield",
    ):
        return None
    if case.words == "Invalid yield":
        return "a cosocket waits by read, write, accept or ba.sleep; coroutine.yield ends it"
    return (
        "coroutine.yield works only in a coroutine that coroutine.create or coroutine.wrap has made; "
        "to wait, call ba.sleep(milliseconds)"
    )


def owned_by_a_cosocket(case: Case) -> str | None:
    """A socket is read or given to a second cosocket, while one has it."""
    if case.kind != SOCKET:
        return None
    whose = f"the cosocket of cell [{case.owner}]" if case.owner else "a cosocket"
    if case.words == "Invalid op:  when socket is in cosocket mode":
        return f"{case.subject} belongs to {whose}, and only that can read it; read it there, in its function"
    if case.words == "Invalid op: Already in async/cosocket mode":
        return f"{case.subject} belongs to {whose} already; a socket has one cosocket"
    return None


def socket_of_another_kind(case: Case) -> str | None:
    """A method that this kind of socket does not have, or on one that is closed."""
    if case.raiser != "function" or case.kind != SOCKET:
        return None
    name, words = case.subject, case.words
    said = {
        "Invalid op:  on listen socket": f"{name} is a listener, which has no data of its own;"
        f" its cosocket gets connections from {name}:accept()",
        "Invalid op: : not a listen socket": f"{name} is not a listener; ba.socket.bind makes one",
        "Invalid op: : Socket closed": f"{name} is closed; stop at the first {case.callee} that returns nil",
        "Invalid op: Not a DGRAM socket": f"{name} is not a UDP socket; ba.socket.udpcon makes one",
        "Sock not async": f"{name} has no cosocket; {name}:event(f) gives it one",
    }
    return said.get(words)


def dot_for_colon(case: Case) -> str | None:
    """A method called with a dot: its object is missing, or is taken for its first argument."""
    match = _ARGUMENT.match(case.words)
    if match is None or case.raiser != "function" or match[1] != "1" or not _is_called(case, "."):
        return None
    if case.kind in _TYPES:
        is_method = case.kind == match[3] == "string"
    else:  # an object of ours; messages may call it by another name than `__name`
        is_method = match[3] not in _TYPES and case.callee in case.members
    if not is_method or not case.subject:
        return None
    return f"{match[2]} is a method: call it with a colon, {case.subject}:{match[2]}(…)"


def colon_for_dot(case: Case) -> str | None:
    """A function of a library called with a colon: the library becomes its first argument."""
    if case.raiser != "function" or case.kind != "table" or not _is_called(case, ":"):
        return None
    if case.callee not in case.members or not (
        case.words.startswith(f"calling '{case.callee}' on bad self")
        or (case.words.startswith("bad argument #") and f"to '{case.callee}'" in case.words)
    ):
        return None
    return f"{case.callee} is not a method: call it with a dot, {case.subject}.{case.callee}(…)"


def sleep_without_time(case: Case) -> str | None:
    """`ba.sleep` without a number."""
    if case.raiser != "function" or not case.words.startswith("bad argument #1 to 'sleep' (number expected"):
        return None
    return "ba.sleep takes milliseconds, such as ba.sleep(500)" if case.subject == "ba" else None


def how_it_is_called(case: Case) -> str | None:
    """A documented function with the wrong arguments: its signature."""
    match = _ARGUMENT.match(case.words)
    if match is None or case.raiser != "function" or not case.subject or match[2] != case.callee:
        return None
    path = f"socket:{case.callee}" if case.kind == SOCKET else f"{case.subject}.{case.callee}"
    cards = [card for card in lookup(path) if card.name == path]
    return (
        f"it is called as {cards[0].signature}" if len(cards) == 1 and len(cards[0].signature) < 150 else None
    )


def _is_called(case: Case, separator: str) -> bool:
    tokens = case.text.on_line(case.line)
    return any(
        token.text == case.callee and index and tokens[index - 1].text == separator
        for index, token in enumerate(tokens)
    )


RULES = (
    accept_elsewhere,
    yield_elsewhere,
    owned_by_a_cosocket,
    socket_of_another_kind,
    dot_for_colon,
    colon_for_dot,
    sleep_without_time,
    how_it_is_called,
)
