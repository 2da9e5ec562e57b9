"""Taking URLs apart as the server does: http, https, ws and wss in small letters, and then host, port, path.

A URL of httpc is not one of RFC 3986: all that follows the host is the path, with its `?`, `#` and `%`, and
is escaped as a whole (lua/http_client/options.lua). A user before the host is taken for a part of the host,
whose name then does not resolve.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import urljoin

DEFAULT_PORTS = {b"http": 80, b"https": 443, b"ws": 80, b"wss": 443}

_FORM = re.compile(rb"(?P<scheme>http|https|ws|wss)://(?P<place>[^/\x00]*)(?P<path>/[^\x00]*)?", re.DOTALL)
_PLACE = re.compile(rb"(?:\[(?P<v6>[0-9A-Fa-f:.]+)\]|(?P<host>[^:\[\]]+))(?::(?P<port>[0-9]*))?")
_HOST = re.compile(rb"[A-Za-z0-9._~!$&'()*+,;=%-]+")
# No port has more digits; int() of thousands of them takes long.
_PORT_DIGITS = 20


@dataclass(frozen=True, slots=True)
class Url:
    """The parts of a URL that a client needs."""

    scheme: bytes
    host: bytes
    port: int
    path: bytes
    authority: bytes


@dataclass(frozen=True, slots=True)
class NoUrl:
    """Why a text cannot be asked for, in the word that a program gets."""

    reason: bytes


def _ascii_host(host: bytes) -> bytes | None:
    try:
        name = host.decode("ascii").encode() if host.isascii() else host.decode("utf-8").encode("idna")
    except UnicodeError:
        return None
    return name if _HOST.fullmatch(name) else None


def _v6_host(text: bytes) -> bytes | None:
    try:
        return str(ipaddress.IPv6Address(text.decode())).encode()
    except ValueError:
        return None


def parse(text: bytes) -> Url | NoUrl:
    """Returns the parts of a URL, or why it is not one.

    `authority` is for the Host field: the port is in it if it is not the scheme's own (RFC 9110, 7.2).
    """
    form = _FORM.fullmatch(text)
    if form is None:
        return NoUrl(b"invalidurl")
    place = _PLACE.fullmatch(form["place"])
    if place is None:
        return NoUrl(b"cannotresolve")
    host = _v6_host(place["v6"]) if place["v6"] else _ascii_host(place["host"])
    if host is None:
        return NoUrl(b"cannotresolve")
    own_port = DEFAULT_PORTS[form["scheme"]]
    port = int(place["port"][:_PORT_DIGITS]) if place["port"] else own_port
    if port > 0xFFFF:
        return NoUrl(b"cannotconnect")
    written = b"[%b]" % host if place["v6"] else host
    authority = written if port == own_port else b"%b:%d" % (written, port)
    return Url(form["scheme"], host, port, form["path"] or b"/", authority)


def join(base: bytes, location: bytes) -> bytes | None:
    """Returns the absolute URL of a response's Location (RFC 9110, 10.2.2); None when there is none."""
    try:
        return urljoin(base, location)
    except ValueError:  # something in brackets that is not an IPv6 address
        return None
