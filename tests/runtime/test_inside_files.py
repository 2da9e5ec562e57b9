"""The files inside the server, `ba.openio "vm"`: a certificate for localhost that only this process has."""

from __future__ import annotations

import os

from tests.lua._programs import run_well, session


def test_a_tls_server_takes_its_certificate_from_inside() -> None:
    """As the vendor's examples do; it is for localhost, and signed by itself."""
    recorder = run_well("""
        local io = ba.openio "vm"
        trace(type(io))
        local name = ".certificate/MakoServer"
        local cert = ba.create.sharkcert(io, name .. ".pem", name .. ".key", "sharkssl")
        local shark = ba.create.sharkssl(nil, {server = true})
        trace(shark:addcert(cert))
        local l = ba.socket.bind(0, {shark = shark})
        local _, port = l:sockname()
        l:event(function(l) local s = l:accept() s:write(s:read()) end)
        local c = ba.socket.connect("localhost", port, {shark = ba.create.sharkssl()})
        c:write "hello"
        trace(c:read(5000), c:trusted "localhost")
        trace(c:certificate().subject.commonname)
    """)
    assert recorder.traced[:2] == ["userdata", "true"]
    assert recorder.traced[2].startswith("hello\t")
    assert recorder.traced[3] == "localhost"


def test_nothing_inside_can_be_changed_and_it_goes_with_the_runtime() -> None:
    """By no function of an io."""
    with session() as lua:
        root = lua.value("ba.openio('vm'):realpath ''").strip('"')
        assert os.path.isdir(root)
        lua.run("""
            local io = ba.openio "vm"
            local name = ".certificate/MakoServer.key"
            for _, mode in ipairs{"w", "a", "w+", "a+"} do trace(io:open(name, mode)) end
            trace(io:open("new", "w")) trace(io:mkdir "new") trace(io:rmdir ".certificate")
            trace(io:remove(name)) trace(io:rename(name, "x"))
            trace(ba.mkio(io, ".certificate"):remove "MakoServer.key")
            trace(#io:open(name):read "*a" > 0)
        """)
        *refused, readable = lua.recorder.traced
        assert readable == "true"
        assert len(refused) == 10
        assert all(text.startswith("nil\tnoaccess") for text in refused)
    assert not os.path.exists(root)


def test_the_key_is_new_each_time() -> None:
    """Nobody else can know it."""
    keys = set()
    for _ in range(2):
        with session() as lua:
            keys.add(lua.value("ba.openio('vm'):open('.certificate/MakoServer.key'):read '*a'"))
    assert len(keys) == 2


def test_the_same_name_is_the_same_folder() -> None:
    """And other names are none."""
    with session() as lua:
        assert lua.value("ba.openio('vm'):realpath'' == ba.openio('vm'):realpath''") == "true"
        assert lua.value("ba.openio 'nothing'") == "nil"
