"""Which tests belong to which source: the longest prefix of a path decides, and the nearest tests come first.

The tests stop at the first failure, so the order is what makes a fault take seconds: a fault that is noticed
is mostly noticed by the first of them, one that survives takes all.
"""

from __future__ import annotations

API = "tests/lua/test_api_%s.py"
LIVE = ("tests/kernel/test_live_control.py", "tests/kernel/test_live_pages.py")
SOCKETS = (
    *(API % word for word in ("dial", "events", "read", "write", "udp", "enable", "errors", "methods")),
    *(
        "tests/lua/test_stale_events.py",
        "tests/runtime/test_closing.py",
        "tests/runtime/test_socket_table.py",
    ),
    *("tests/runtime/test_many_cosockets.py", "tests/runtime/test_dropped_objects.py", API % "numbers"),
    "tests/conformance",
)
SECURE = (
    "tests/runtime/test_secure_stream.py",
    *(API % word for word in ("tls", "tls_objects", "tls_starttls", "tls_held_up", "tls_peers")),
    *(API % word for word in ("tls_collected", "tls_secrets", "tls_crowd")),
)
TLS = ("tests/tls", *SECURE, "tests/http_client/test_httpc_tls.py")
WEBSOCKET = ("tests/websocket", "tests/http_client/test_http2sock.py")
TASKS = (
    *(API % word for word in ("thread", "timer", "events", "enable", "errors", "read", "write")),
    *("tests/lua/test_callbacks.py", "tests/lua/test_stale_events.py"),
    *(f"tests/runtime/test_{word}.py" for word in ("nested_waiting", "interrupt_hooks", "seal", "closing")),
    "tests/runtime",
)
DATA = (
    *(f"tests/lua/test_{word}.py" for word in ("bytearray", "bytes", "dates", "encoding", "json")),
    *(API % word for word in ("arguments", "numbers", "names")),
)
LUA = ("tests/lua", "tests/runtime")
PAGES = ("tests/web", "tests/kernel/test_kernel_pages.py")

SUITES: dict[str, tuple[str, ...]] = {
    "kernel/ba_kernel": ("tests/kernel",),
    "runtime/ba_runtime": LUA,
    "runtime/ba_runtime/crypto": ("tests/lua/test_crypto_*.py",),
    "runtime/ba_runtime/http_client": ("tests/http_client",),
    "runtime/ba_runtime/lab": ("tests/lab", "tests/kernel/test_kernel_magics.py"),
    "runtime/ba_runtime/_resolver.py": ("tests/lab/test_resolver.py", "tests/lab", *SOCKETS),
    "runtime/ba_runtime/_reactor.py": (
        "tests/runtime/test_poller.py",
        "tests/runtime/test_reactor_wake.py",
        *SOCKETS,
    ),
    "runtime/ba_runtime/lua": LUA,
    "runtime/ba_runtime/lua/fractions.lua": ("tests/lua/test_fractions.py", *LUA),
    "runtime/ba_runtime/lua/console": ("tests/runtime", "tests/lua/test_files.py", API % "trace"),
    "runtime/ba_runtime/lua/crypto": ("tests/lua/test_crypto_*.py", "tests/lua/test_random.py"),
    "runtime/ba_runtime/lua/data": DATA,
    "runtime/ba_runtime/lua/http_client": ("tests/http_client",),
    "runtime/ba_runtime/lua/inspect": ("tests/runtime/test_render.py", *LUA),
    "runtime/ba_runtime/lua/json": ("tests/lua/test_json.py",),
    "runtime/ba_runtime/lua/sockets": (*SOCKETS, *WEBSOCKET, *SECURE),
    "runtime/ba_runtime/lua/sockets/secure.lua": (*SECURE, *SOCKETS),
    "runtime/ba_runtime/lua/sockets/shark.lua": (*SECURE, *SOCKETS),
    "runtime/ba_runtime/lua/sockets/websocket.lua": WEBSOCKET,
    "runtime/ba_runtime/lua/sockets/takeover.lua": (*WEBSOCKET, "tests/web"),
    "runtime/ba_runtime/lua/tasks": TASKS,
    "runtime/ba_runtime/lua/web": PAGES,
    "runtime/ba_runtime/sockets": (
        "tests/runtime/test_dial.py",
        *SOCKETS,
        *SECURE,
        "tests/runtime/test_descriptors.py",
    ),
    "runtime/ba_runtime/sockets/secure.py": (*SECURE, *SOCKETS),
    "runtime/ba_runtime/sockets/tls_calls.py": (*SECURE, *SOCKETS),
    "runtime/ba_runtime/sockets/tls_objects.py": (*SECURE, *SOCKETS),
    "runtime/ba_runtime/sockets/websocket.py": WEBSOCKET,
    "runtime/ba_runtime/tls": TLS,
    "runtime/ba_runtime/web": PAGES,
    "runtime/ba_runtime/websocket": WEBSOCKET,
}


def suite_of(path: str) -> tuple[str, ...]:
    """Returns the tests for a source file, each once."""
    prefixes = [prefix for prefix in SUITES if path == prefix or path.startswith(prefix + "/")]
    return tuple(dict.fromkeys(SUITES[max(prefixes, key=len)])) if prefixes else ("tests",)
