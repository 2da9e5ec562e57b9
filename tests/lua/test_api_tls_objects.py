"""`ba.create`, its objects, and what the TLS methods say to wrong arguments (ba-api section 5.1)."""

from __future__ import annotations

import pytest

from ._tls import traced


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("ba.create.sharkcert", "#1 to '?' (string expected, got no value)"),
        ("ba.create.sharkcert, 'x'", "#2 to '?' (string expected, got no value)"),
        ("ba.create.sharkcert, nil, 'x'", "#1 to '?' (string expected, got nil)"),
        ("ba.create.sharkcert, 'x', {}", "#2 to '?' (string expected, got table)"),
        ("ba.create.sharkcert, 'x', 'y', {}", "#3 to '?' (string expected, got table)"),
        ("ba.create.sharkcert, io", "#2 to '?' (string expected, got no value)"),
        ("ba.create.sharkcert, io, 'x'", "#3 to '?' (string expected, got no value)"),
        ("ba.create.sharkcert, io, 'x', 'y', print", "#4 to '?' (string expected, got function)"),
        ("ba.create.sharkssl, {}", "#1 to '?' (BACERTSTORE expected, got table)"),
        ("ba.create.sharkssl, io", "#1 to '?' (BACERTSTORE expected, got userdata)"),
        ("ba.create.sharkssl, context", "#1 to '?' (BACERTSTORE expected, got BASHARKSSL)"),
        ("st.addcert", "#1 to '?' (BACERTSTORE expected, got no value)"),
        ("st.addcert, nil", "#1 to '?' (BACERTSTORE expected, got nil)"),
        ("st.addcert, context", "#1 to '?' (BACERTSTORE expected, got BASHARKSSL)"),
        ("st.addcert, st", "#2 to '?' (string expected, got no value)"),
        ("st.addcert, st, nil", "#2 to '?' (string expected, got nil)"),
        ("st.addcert, st, {}", "#2 to '?' (string expected, got table)"),
        ("st.addcert, st, io", "#3 to '?' (string expected, got no value)"),
        ("st.addcert, st, io, {}", "#3 to '?' (string expected, got table)"),
        ("context.addcert", "#1 to '?' (BASHARKSSL expected, got no value)"),
        ("context.addcert, st", "#1 to '?' (BASHARKSSL expected, got BACERTSTORE)"),
        ("context.addcert, context", "#2 to '?' (SHARKCERT expected, got no value)"),
        ("context.addcert, context, nil", "#2 to '?' (SHARKCERT expected, got nil)"),
        ("context.addcert, context, context", "#2 to '?' (SHARKCERT expected, got BASHARKSSL)"),
        ("c.certificate", "#1 to '?' (_BASOCK expected, got no value)"),
        ("c.certificate, st", "#1 to '?' (_BASOCK expected, got BACERTSTORE)"),
        ("c.cipher, nil", "#1 to '?' (_BASOCK expected, got nil)"),
        ("c.trusted", "#1 to '?' (_BASOCK expected, got no value)"),
        ("c.trusted, c, {}", "#2 to '?' (string expected, got table)"),
        ("c.isresumed, 1", "#1 to '?' (_BASOCK expected, got number)"),
        ("c.relsession", "#1 to '?' (_BASOCK expected, got no value)"),
        ("c.upgrade", "#1 to '?' (_BASOCK expected, got no value)"),
        ("c.upgrade, c", "#2 to '?' (userdata expected, got no value)"),
        ("c.upgrade, c, nil", "#2 to '?' (userdata expected, got nil)"),
        ("c.upgrade, c, {}", "#2 to '?' (userdata expected, got table)"),
        ("c.upgrade, c, st", "#2 to '?' (BASHARKSSL expected, got BACERTSTORE)"),
        ("ba.socket.connect, 'x', 1, {shark = true}", "#-1 to '?' (BASHARKSSL expected, got boolean)"),
        ("ba.socket.connect, 'x', 1, {shark = st}", "#-1 to '?' (BASHARKSSL expected, got BACERTSTORE)"),
        ("ba.socket.bind, 0, {shark = 'x'}", "#-1 to '?' (BASHARKSSL expected, got string)"),
        ("ba.socket.bind, 0, {shark = {}}", "#-1 to '?' (BASHARKSSL expected, got table)"),
    ],
)
def test_a_wrong_argument_is_named(call: str, message: str) -> None:
    """Through pcall, where self counts."""
    assert traced(f"""
        local io, st, context = ba.openio "disk", ba.create.certstore(), ba.create.sharkssl()
        local c = tls_pair()
        trace(pcall({call}))
    """) == [f"false\tbad argument {message}"]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("ba.socket.bind, 0, {shark = ba.create.sharkssl(nil, {server = true})}",
         "Certificate required for server"),
        ("ba.socket.bind, 0, {shark = client_context()}", "SharkSSL not a server type"),
        ("ba.socket.connect, '127.0.0.1', 1, {shark = server_context()}", "SharkSSL not a client type"),
        ("c.upgrade, c, ba.create.sharkssl(nil, {server = true})", "Certificate required for server"),
    ],
)  # fmt: skip
def test_a_context_of_the_wrong_kind_is_refused(call: str, message: str) -> None:
    """Whatever else is right."""
    assert traced(f"local c = pair() trace(pcall({call}))") == [f"false\t{message}"]


@pytest.mark.parametrize(
    ("arguments", "result"),
    [
        ("'x', 'y'", "nil\tpem_key_unrecognized_format"),
        ("pem 'server.pem', 'y'", "nil\tpem_key_unrecognized_format"),
        ("'x', pem 'server.key'", "nil\tpem_cert_unrecognized_format"),
        ("(pem 'server.pem':gsub('M', '*', 5)), pem 'server.key'", "nil\tpem_cert_unsupported_type"),
        ("pem 'server.pem', pem 'server.pem'", "nil\tpem_key_unrecognized_format"),
        ("'', ''", "nil\tpem_key_unrecognized_format"),
        ("pem 'server.pem', pem 'server.enc.key'", "nil\tpem_key_passphrase_required"),
        ("pem 'server.pem', pem 'server.enc.key', 'wrong'", "nil\tpem_key_passphrase_required"),
        ("pem 'server.pem', pem 'server.enc.key', ''", "nil\tpem_key_passphrase_required"),
        ("io, 'none.pem', 'none.key'", "nil\tenoent"),
        ("io, CERTS .. '/server.pem', 'none.key'", "nil\tenoent"),
    ],
)
def test_a_certificate_that_cannot_be_read_has_a_reason(arguments: str, result: str) -> None:
    """The documented one; nothing raises."""
    assert traced(f"local io = ba.openio 'disk' trace(ba.create.sharkcert({arguments}))") == [result]


@pytest.mark.parametrize(
    "arguments",
    [
        "pem 'server.pem', pem 'server.key'", "pem 'server.pem', pem 'server.pk8.key'",
        "pem 'server.pem', pem 'server.key', 'sharkssl'", "pem 'ec.pem', pem 'ec.key'",
        "pem 'server.pem', pem 'server.enc.key', 'secret'", "pem 'server.pem', pem 'chain.key'",
        "pem 'chain.pem', pem 'chain.key'", "pem 'server.pem', pem 'server.key', nil",
        "io, CERTS .. '/server.pem', CERTS .. '/server.key'",
        "io, CERTS .. '/server.pem', CERTS .. '/server.enc.key', 'secret'",
    ],
)  # fmt: skip
def test_a_certificate_is_made(arguments: str) -> None:
    """PKCS#1, PKCS#8 and EC; a password too many and a key of another certificate are not looked at."""
    assert traced(f"""
        local io = ba.openio "disk"
        local certificate = ba.create.sharkcert({arguments})
        trace(type(certificate), ba.create.sharkssl(nil, {{server = true}}):addcert(certificate))
    """) == ["userdata\ttrue"]


def test_a_store_counts_what_it_finds() -> None:
    """Garbage is none; what is known counts again; a file is read through an io."""
    assert traced("""
        local st, io = ba.create.certstore(), ba.openio "disk"
        trace(st:addcert "garbage", st:addcert "", st:addcert(1))
        trace(st:addcert(pem "ca.pem"), st:addcert(pem "ca.pem"))
        trace(st:addcert(pem "otherca.pem" .. pem "inter.pem"), st:addcert(pem "server.key"))
        trace(st:addcert(io, CERTS .. "/ca.pem"))
        trace(st:addcert(io, CERTS .. "/none.pem"))
    """) == ["0\t0\t0", "1\t1", "2\t0", "1", "nil\tenoent"]


@pytest.mark.parametrize(
    "op",
    ["", "nil", "nil, nil", "nil, {}", "nil, 5", "nil, {server = false}", "nil, {server = 1}",
     "nil, {cachesize = 0}", "nil, {cachesize = -1}", "nil, {cachesize = 4.5}", "nil, {cachesize = 2^60}",
     "nil, {cachesize = '4', insize = 1, outsize = 1e300}", "ba.create.certstore()"],
)  # fmt: skip
def test_a_context_with_any_options_connects(op: str) -> None:
    """A client's, unless `server` is true; sizes of buffers do not matter here."""
    assert traced(f"""
        local c = tls_pair(nil, ba.create.sharkssl({op}))
        trace(type(c))
    """) == ["userdata"]


@pytest.mark.parametrize("option", ["insize", "outsize", "cachesize"])
def test_the_sizes_of_a_context_must_be_numbers(option: str) -> None:
    """Though those of buffers do not matter here; and the original's own form of a store is not known."""
    assert traced(f"""
        trace(select(2, pcall(ba.create.sharkssl, nil, {{{option} = true}})))
        trace(select(2, pcall(ba.create.sharkssl, "x")))
    """) == ["bad argument #-1 to '?' (number expected, got boolean)", "Invalid SharkSSL CaList format"]


def test_the_public_context_is_one_object() -> None:
    """Under both names, and a client's; it does not know our authority."""
    assert traced("""
        local public = ba.sharkclient()
        trace(type(public), public == ba.sharkclient(), public == mako.sharkclient())
        trace(pcall(ba.socket.bind, 0, {shark = ba.sharkclient()}))
        local c = tls_pair(nil, ba.sharkclient())
        trace(c:trusted "localhost")
        trace(select(2, c:certificate()))
    """) == ["userdata\ttrue\ttrue", "false\tSharkSSL not a server type", "nil\tcn", "false"]


def test_objects_show_their_kind_and_nothing_else() -> None:
    """No Python object looks through, and fields cannot be set."""
    assert traced("""
        local cert = ba.create.sharkcert(pem "server.pem", pem "server.key")
        for _, object in ipairs {ba.create.certstore(), cert, ba.create.sharkssl()} do
          trace((tostring(object):gsub("0x%x+", "PTR"):gsub("%x%x%x%x%x+", "PTR")), object.nothing)
          trace(pcall(function() object.field = 1 end))
        end
    """)[::2] == ["BACERTSTORE: PTR\tnil", "SHARKCERT: PTR\tnil", "BASHARKSSL: PTR\tnil"]


@pytest.mark.parametrize("method", ["certificate", "cipher", "trusted", "isresumed"])
@pytest.mark.parametrize("before", ["pair()", "tls_pair() c:close()", "ba.socket.bind(0)", "udp()"])
def test_there_is_no_tls_on_other_sockets(method: str, before: str) -> None:
    """Plain, closed, listening, UDP."""
    assert traced(f"local c = {before} trace(c:{method}())") == ["nil\tsslnotenabled"]


def test_other_sockets_have_no_session_and_no_upgrade() -> None:
    """Both are just false."""
    assert traced("""
        local closed, open = tls_pair()
        closed:close()
        for _, s in ipairs {closed, ba.socket.bind(0), (udp())} do
          trace(s:relsession(), s:upgrade(client_context()))
        end
        trace(open:upgrade(server_context()))
        trace((pair()):relsession())
    """) == ["false\tfalse"] * 3 + ["false", "false"]


def test_objects_may_go_while_a_connection_uses_them() -> None:
    """The connection keeps what it needs."""
    assert traced("""
        local c, peer = tls_pair()
        for _ = 1, 3 do collectgarbage() end
        c:write "hello"
        trace(peer:read(5000))
        trace(c:trusted "localhost")
    """) == ["hello", "nil\tcn"]


def test_many_objects_come_and_go() -> None:
    """What nobody refers to is freed, in Python too."""
    assert traced("""
        for _ = 1, 2000 do
          ba.create.sharkssl(ba.create.certstore())
        end
        for _ = 1, 3 do collectgarbage() end
        trace "fine"
    """) == ["fine"]
