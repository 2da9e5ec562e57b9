"""Taking URLs apart (RFC 3986): http, https, ws and wss, and nothing that could be two things at once."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import quote_from_bytes, unquote_to_bytes

DEFAULT_PORTS = {b"http": 80, b"https": 443, b"ws": 80, b"wss": 443}

# scheme://[user[:password]@]host[:port][/path][?query][#fragment]
_FORM = re.compile(
    rb"(?P<scheme>[A-Za-z]+)://"
    rb"(?:(?P<user>[^/?#@:\\]*)(?::(?P<password>[^/?#@\\]*))?@)?"
    rb"(?:\[(?P<v6>[0-9A-Fa-f:.]+)\]|(?P<host>[^/?#@:\[\]\\]+))"
    rb"(?::(?P<port>[0-9]{0,5}))?"
    rb"(?P<path>/[^?#]*)?(?P<query>\?[^#]*)?(?:#.*)?",
    re.DOTALL,
)
_CONTROL = re.compile(rb"[\x00-\x1f\x7f]")
_HOST = re.compile(rb"[A-Za-z0-9._~!$&'()*+,;=%-]+")
# What stays as it is in a path or a query: everything that RFC 3986 has a meaning for. The rest, blanks and
# bytes beyond ASCII, is encoded, as browsers do it.
_SAFE = "!#$%&'()*+,/:;=?@[]~"


@dataclass(frozen=True, slots=True)
class Url:
    """The parts of a URL that a client needs."""

    scheme: bytes
    host: bytes
    port: int
    target: bytes
    authority: bytes
    user: bytes
    password: bytes


def _ascii_host(host: bytes) -> bytes | None:
    try:
        name = host.decode("ascii").encode() if host.isascii() else host.decode("utf-8").encode("idna")
    except UnicodeError:
        return None
    return name if _HOST.fullmatch(name) else None


def parse(text: bytes) -> Url | None:
    """Returns the parts of a URL, None if it is none, or one of another scheme.

    `authority` is for the Host field: the port is in it if it is not the scheme's own (RFC 9110, 7.2).
    """
    form = None if _CONTROL.search(text) else _FORM.fullmatch(text)
    if form is None or form["scheme"].lower() not in DEFAULT_PORTS:
        return None
    scheme = form["scheme"].lower()
    own_port = DEFAULT_PORTS[scheme]
    port = int(form["port"]) if form["port"] else own_port
    host: bytes | None
    if form["v6"]:
        try:
            host = str(ipaddress.IPv6Address(form["v6"].decode())).encode()
        except ValueError:
            return None
        written = b"[" + host + b"]"
    else:
        host = _ascii_host(form["host"])
        if host is None:
            return None
        written = host
    if port > 0xFFFF:
        return None
    target = quote_from_bytes((form["path"] or b"/") + (form["query"] or b""), _SAFE).encode()
    return Url(
        scheme,
        host,
        port,
        target,
        written if port == own_port else b"%b:%d" % (written, port),
        unquote_to_bytes(form["user"] or b""),
        unquote_to_bytes(form["password"] or b""),
    )
