"""Programs that use TLS: their certificates, and their helpers (`_tls.lua`)."""

from __future__ import annotations

import atexit
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib import resources
from pathlib import Path
from tempfile import mkdtemp

from tests.conformance import make_certs

from ._programs import Outcome, Session, session


@cache
def certificates() -> Path:
    """Returns the folder with the certificates, made once in a process."""
    top = mkdtemp(prefix="ba-certs-")
    atexit.register(shutil.rmtree, top, ignore_errors=True)
    folder = Path(top) / "certs"
    make_certs.write_all(folder)
    return folder


@contextmanager
def tls_session() -> Iterator[Session]:
    """A runtime in which the TLS helpers are at hand."""
    helpers = (resources.files(__package__ or "") / "_tls.lua").read_text()
    with session() as fresh:
        result = fresh.run(f'CERTS = "{certificates()}" {helpers}', name="helpers")
        assert result.error is None, result.error
        yield fresh


def run(source: str) -> Outcome:
    """Runs a program."""
    with tls_session() as fresh:
        return Outcome(fresh.run(source), fresh.recorder)


def traced(source: str) -> list[str]:
    """Runs a program that ends without an error; returns the texts that it traced."""
    outcome = run(source)
    assert outcome.result.error is None, (outcome.result.error, outcome.recorder.traced)
    assert outcome.recorder.faults == [], outcome.recorder.faults
    return outcome.recorder.traced
