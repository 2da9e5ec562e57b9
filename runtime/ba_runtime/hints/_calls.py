"""A nil that a failed call has returned, and a reason that the program has raised: which call, and why.

What is said rests on two things. Calls of the API that open sockets or speak HTTP are remembered when they
fail, by their place (`hint_failed`). And where the value comes from is read in the text: the last assignment
in scope must be that call, and every other assignment to the name the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ba_runtime.docs import lookup

from ._case import Case, Failure, bounded
from ._text import Assignment, Text
from ._texts import cell_of

PRIVILEGED_PORTS = 1024

_WHY = {
    ("ba.socket.bind", "bind"): "another socket has the port, or this computer does not have the address",
    ("ba.socket.udpcon", "bind"): "another socket has the port, or this computer does not have the address",
    ("ba.socket.connect", "bind"): "this computer does not have the address intf",
    ("ba.socket.connect", "cannotconnect"): "nothing listens there, or it cannot be reached",
    ("ba.socket.connect", "timeout"): "there was no answer in time",
    (
        "http:request",
        "incorrectuse",
    ): 'the last response was not read; call http:read "*a" or http:close() first',
    ("http:read", "incorrectuse"): "there is no response; call http:request first",
    ("http:write", "incorrectuse"): "no request waits for data; call http:request first",
}
_WHY_ANYWHERE = {
    "cannotresolve": "there is no host of that name",
    "incorrectuse": "the cosocket's own socket is in use; close it first",
    "malloc": "too many sockets are open",
    "socketreadfailed": "the connection was closed",
    "sslhandshake": "the TLS handshake failed",
    "sslalertrecv": "the peer has refused the TLS handshake",
    "cannotconnect": "nothing listens there, or it cannot be reached",
    "timeout": "there was no answer in time",
}


def nil_of_a_call(case: Case) -> str | None:
    """A variable or field is used that is nil because the call that was to set it has failed."""
    variable = case.variable
    if (
        variable is None
        or variable.type != "nil"
        or variable.kind not in ("local", "upvalue", "global", "field")
    ):
        return None
    path: tuple[str, ...] = (variable.name,)
    if variable.kind == "field":
        if not case.subject:
            return None
        path = (*case.subject.split("."), variable.name)
    for source, text, assignment in _origins(case, path, variable.kind):
        return _said(case, ".".join(path), source, text, assignment)
    return None


def reason_raised(case: Case) -> str | None:
    """`assert` or `error` has raised the reason of the call that has just failed."""
    latest = case.failures[-1] if case.failures else None
    if latest is None or case.raiser not in ("assert", "") or case.words != latest.reason:
        return None
    if latest.source != case.source or latest.line > case.line + 5:
        return None
    return f"{_call(latest)} in line {latest.line} returned nil, {_reason(latest)}"


def _origins(case: Case, path: Sequence[str], kind: str) -> Iterator[tuple[str, Text, Assignment]]:
    """Yields the assignment that has given the variable its value, if it can be only one."""
    before = _certain(case.text, path, case.place)
    if before is not None:
        yield case.source, case.text, before
    elif kind == "global" and not case.text.assignments(path):
        for number, text in case.texts.cells(path[0]):
            source = f"cell[{number}]"
            if source == case.source or not text.assignments(path):
                continue
            certain = _certain(text, path, len(text.tokens))
            if certain is not None:
                yield source, text, certain
            return


def _certain(text: Text, path: Sequence[str], index: int) -> Assignment | None:
    """The last assignment before a token, if all of them are the same call and it is still in scope there."""
    every = text.assignments(path)
    before = [one for one in every if one.index < index]
    if not before or len({one.call for one in every}) > 1 or not every[0].call:
        return None
    last = before[-1]
    if index < len(text.tokens):
        hidden = text.parameter_scope(path[0], index)
        if hidden > last.index or not text.is_seen_from(last.index, index):
            return None
    return last


def _said(case: Case, name: str, source: str, text: Text, found: Assignment) -> str | None:
    line = f"line {found.first_line}" + (f" of cell [{cell_of(source)}]" if source != case.source else "")
    for failure in reversed(case.failures):
        if failure.source == source and found.first_line <= failure.line <= found.last_line:
            return f"{bounded(name)} is nil: {_call(failure)} in {line} returned nil, {_reason(failure)}"
    if not _may_fail(found.call):
        return None
    call = bounded(found.call)
    advice = "as it does at the end or when it fails; its second result says why"
    return f"{bounded(name)} is nil: {call} in {line} returned nil, {advice}"


def _may_fail(call: str) -> bool:
    """Tells whether the API's card of a function says that it returns nil when it fails."""
    entries = lookup(call) if "." in call or ":" in call else ()
    return any(entry.errors.startswith("nil") for entry in entries)


def _call(failure: Failure) -> str:
    return f"{failure.call}({failure.arguments})" if failure.arguments else failure.call


def _reason(failure: Failure) -> str:
    why = _WHY.get((failure.call, failure.reason)) or _WHY_ANYWHERE.get(failure.reason, "")
    if failure.call.startswith("http:") and (failure.call, failure.reason) not in _WHY:
        why = ""
    if (
        failure.reason == "bind"
        and 0 < failure.port < PRIVILEGED_PORTS
        and failure.call != "ba.socket.connect"
    ):
        why = f"ports below {PRIVILEGED_PORTS} are for privileged programs, or another socket has it"
    return f'"{failure.reason}"' + (f": {why}" if why else "")
