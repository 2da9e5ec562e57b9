"""The conformance tests that Jupyter has for every kernel."""

from __future__ import annotations

import inspect

import jupyter_kernel_test
from ipykernel.iostream import IOPubThread


class TestBaLua(jupyter_kernel_test.KernelTests):  # type: ignore[misc]  # the package ships no types
    """Samples in Lua."""

    kernel_name = "ba-lua"
    language_name = "lua"
    file_extension = ".lua"

    code_hello_world = 'print("hello, world")'
    code_stderr = 'io.stderr:write("a warning\\n")'
    code_execute_result = [  # noqa: RUF012 - declared so by the package, as are the lists below
        {"code": "6 * 7", "result": "42"},
        {"code": "return 'a', nil", "result": '"a", nil'},
        {"code": "local t = {1, 2}\nt", "result": "{1, 2}"},
    ]
    code_display_data = [  # noqa: RUF012
        {"code": "%trace here", "mime": "text/html"},
        {"code": "display.json{1, 2}", "mime": "application/json"},
        {"code": "display{{host = 'a', ms = 1}, {host = 'b', ms = 2}}", "mime": "text/html"},
    ]
    code_page_something = "%help ba.socket.connect"
    code_clear_output = "print 'gone' clear_output()"
    code_generate_error = "error('on purpose')"

    complete_code_samples = ["x = 1", "6 * 7", "print('a')", "for i = 1, 2 do end", "%trace here", ""]  # noqa: RUF012
    incomplete_code_samples = ["function f()", "x = {", "--[[ comment", "%time\nif x then", "print("]  # noqa: RUF012
    invalid_code_samples = ["end", "x = = 1", "local 1"]  # noqa: RUF012

    completion_samples = [  # noqa: RUF012
        {"text": "ba.socket.conn", "matches": {"connect"}},
        {"text": "string.for", "matches": {"format"}},
        {"text": "loc", "matches": {"local"}},
        {"text": "local answer = 42\nansw", "matches": {"answer"}},
        {
            "text": "%sockets li",
            "matches": {"%sockets live"},
        },
    ]
    code_inspect_sample = "ba.socket.connect"
    code_history_pattern = "6*7"
    supported_history_operations = ("tail", "range", "search")


class TestWelcome(jupyter_kernel_test.IopubWelcomeTests):  # type: ignore[misc]  # likewise
    """A front end is told when its subscription has arrived."""

    kernel_name = "ba-lua"
    # ipykernel does it since version 7, and shows it in what its publishing thread takes.
    support_iopub_welcome = "session" in inspect.signature(IOPubThread).parameters
