"""Forms with files: what `request:multipart` finds in them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ba_runtime import Traced

from ._site import Site, get, site

PAGE = """
    trace(request:multipart{
      formdata = function(name, value) trace("field", name, value) end,
      beginfile = function(name, filename, type) trace("file", name, filename, type) end,
      filedata = function(data) trace("data", #data, (data:gsub("%c", "."))) end,
      endfile = function() trace "end" end,
    })
"""
FIELD = '--B\\r\\nContent-Disposition: form-data; name="f"\\r\\n\\r\\nval\\r\\n'
FILE = (
    '--B\\r\\ncontent-disposition: form-data; name="u"; filename="a b.txt"\\r\\n'
    "Content-Type: text/css\\r\\n\\r\\n--\\r\\n--A\\r\\n\\r\\n"
)
END = "--B--\\r\\n"


@pytest.fixture
def here() -> Iterator[Site]:
    """A fresh site."""
    with site() as fresh:
        fresh.page(PAGE)
        yield fresh


def post(here: Site, body: str, kind: str = "multipart/form-data; boundary=B") -> list[str]:
    """What the page traces of a form; backslashes stand for control characters."""
    content = body.encode().decode("unicode_escape").encode("latin-1")
    assert get(here.port, "/page/", f"Content-Type: {kind}", method="POST", body=content).status == 200
    return here.recorder.traced


@pytest.mark.parametrize("kind", ["multipart/form-data; boundary=B", 'Multipart/Form-Data; Boundary="B"'])
def test_a_form_has_fields_and_files(here: Site, kind: str) -> None:
    """In their order; a file's content is any bytes, even a line that begins like the boundary."""
    assert post(here, FIELD + FILE + FIELD + END, kind) == [
        *(
            "field\tf\tval",
            "file\tu\ta b.txt\ttext/css",
            "data\t9\t--..--A..",
            "end",
            "field\tf\tval",
            "true",
        ),
    ]


def test_parts_may_be_empty(here: Site) -> None:
    """And so may the form."""
    assert post(here, FIELD.replace("val", "") + END) == ["field\tf\t", "true"]
    assert post(here, END)[2:] == ["true"]


@pytest.mark.parametrize(
    ("body", "kind", "problem"),
    [
        (FIELD, "multipart/form-data; boundary=B", "the form is not complete"),
        (FIELD[:-9], "multipart/form-data; boundary=B", "the form is not complete"),
        ("no form", "multipart/form-data; boundary=B", "the form is not complete"),
        (
            FIELD.replace("name", "mane") + END,
            "multipart/form-data; boundary=B",
            "a part of the form has no name",
        ),
        (FIELD * 1000 + END, "multipart/form-data; boundary=B", "the form has too many parts"),
        (FIELD + END, "multipart/form-data", "the request is not multipart/form-data"),
        (FIELD + END, "text/plain; boundary=B", "the request is not multipart/form-data"),
    ],
)
def test_what_is_wrong_with_a_form_is_said(here: Site, body: str, kind: str, problem: str) -> None:
    """After the parts that were well."""
    assert post(here, body, kind)[-1] == f"nil\t{problem}"


def test_callbacks_may_be_missing_and_have_no_name(here: Site) -> None:
    """C calls them on the server."""
    here.page("trace(request:multipart{}) request:multipart{formdata = function() trace 'x' end}")
    assert post(here, FIELD + FILE + END) == ["true", "x"]
    assert [event.name for event in here.recorder.events if isinstance(event, Traced)][-1] == ""
