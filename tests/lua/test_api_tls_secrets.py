"""Private keys and passwords are never shown: not in a trace, an error, a report or a `repr`."""

from __future__ import annotations

from ._tls import certificates, run

PASSWORD = "hunter2-or-so"


def test_no_error_path_shows_a_key_or_a_password() -> None:
    """Every call that takes one, with everything that can be wrong; what it returns or raises is traced."""
    outcome = run(f"""
        local password, key, locked = "{PASSWORD}", pem "server.key", pem "server.enc.key"
        local half = key:sub(1, #key // 2)
        local function try(f, ...)
          local made = table.pack(pcall(f, ...))
          trace(shown(table.unpack(made, 1, made.n)))
        end
        for _, cert in ipairs {{"garbage", "", pem "server.pem", pem "ca.pem", key}} do
          for _, secret in ipairs {{key, locked, half, half .. password, locked:sub(1, 900)}} do
            try(ba.create.sharkcert, cert, secret, password)
            try(ba.create.sharkcert, cert, secret)
            try(ba.create.sharkcert, secret, cert, password)
            try(ba.create.sharkcert, cert, secret, password, {{}})
            try(ba.create.sharkcert, cert, {{}}, password)
          end
        end
        local st = ba.create.certstore()
        try(st.addcert, st, key)
        try(ba.create.sharkssl, key)
        try(ba.socket.connect, "127.0.0.1", 1, {{shark = key}})
        try(ba.socket.bind, 0, {{shark = password}})
        local wrong = ba.create.sharkssl(nil, {{server = true}})
        wrong:addcert(ba.create.sharkcert(pem "server.pem", pem "server.enc.key", "secret"))
        wrong:addcert(ba.create.sharkcert(pem "server.pem", pem "chain.key"))
        local _, port = listen_tls(function(s)
          s:event(function(s) trace(s:read()) error(tostring(s)) end)
        end, wrong)
        try(ba.socket.connect, "127.0.0.1", port, {{shark = client_context()}})
        ba.socket.event(function() error(wrong) end)
        error(tostring(wrong))
    """)
    everything = repr(outcome.recorder.events) + repr(outcome.result)
    assert "pem_key_unrecognized_format" in everything
    assert "pem_key_passphrase_required" in everything
    assert PASSWORD not in everything
    for name in ("server.key", "server.enc.key", "chain.key"):
        lines = (certificates() / name).read_text().splitlines()
        assert not [line for line in lines if len(line) > 40 and line in everything]
