"""The lab's TLS hosts: the conversation in memory, Python's client, and Lua programs that trust the lab."""

from __future__ import annotations

import http.client
import socket
import ssl
from collections.abc import Iterator

import pytest
from cryptography import x509

from ba_runtime import Event, Printed, Runtime
from ba_runtime.lab import Clock, Lab
from ba_runtime.lab._authority import Authority, Leaf
from ba_runtime.lab._http import HttpConversation
from ba_runtime.lab._tls import TlsConversation
from ba_runtime.tls import Closed, Context, Engine, HandshakeDone, Role

NOON = "2026-01-01T12:00:00Z"
SECURE_HOSTS = ["simplemq.com", "www.google.com", "example.com", "realtimelogic.com"]
GET = b"GET / HTTP/1.0\r\nHost: example.com\r\n\r\n"
PATIENCE_S = 20

# ---- in memory


class Client:
    """A client's engine that talks to a conversation without a network."""

    def __init__(self, server: TlsConversation) -> None:
        self.engine = Engine(Context(Role.CLIENT), "example.com", 443)
        self.server = server
        self.events: list[object] = []
        self.served = 0
        self.is_over = False
        self.say(server.opened().data)
        self.engine.start()
        self.exchange(self.engine.take())

    def say(self, data: bytes) -> None:
        """Gives bytes of the server to the client."""
        if data:
            self.events += self.engine.receive(data)

    def exchange(self, data: bytes) -> None:
        """Sends bytes, and what follows from the answers, until both are silent."""
        while data:
            turn = self.server.received(data)
            self.served += turn.served
            self.is_over = turn.is_last
            self.say(turn.data)
            if turn.is_last:
                return
            data = self.engine.take()


@pytest.fixture(scope="module")
def context() -> Context:
    """What the server shows."""
    return Authority().context(Leaf("example.com", 3))


@pytest.fixture
def server(context: Context) -> TlsConversation:
    """The server's side of one connection to example.com, at noon."""
    return TlsConversation(context, HttpConversation("example.com", Clock.fixed(NOON)))


def test_the_page_comes_through_tls_and_then_the_end(server: TlsConversation) -> None:
    """The same bytes as without TLS, and a close_notify after them."""
    client = Client(server)
    assert client.events == [HandshakeDone()]
    client.exchange(client.engine.send(GET))
    _, *data, end = client.events
    assert data == [HttpConversation("example.com", Clock.fixed(NOON)).received(GET).data]
    assert end == Closed(is_clean=True)
    assert (client.served, client.is_over) == (1, True)


def test_a_handshake_in_pieces_is_a_handshake(server: TlsConversation) -> None:
    """TCP may cut anywhere."""
    server.opened()
    engine = Engine(Context(Role.CLIENT), "example.com", 443)
    engine.start()
    sent = b"".join(server.received(bytes([byte])).data for byte in engine.take())
    assert engine.receive(sent) == [HandshakeDone()]


@pytest.mark.parametrize("data", [GET, b""], ids=["no TLS", "the end"])
def test_a_peer_that_does_not_speak_tls_is_dropped(server: TlsConversation, data: bytes) -> None:
    """With nothing served."""
    server.opened()
    turn = server.received(data)
    assert (turn.served, turn.is_last) == (0, True)


@pytest.mark.parametrize("is_clean", [True, False])
def test_the_end_of_the_client_is_the_end_of_the_server(server: TlsConversation, is_clean: bool) -> None:
    """With a close_notify or without."""
    client = Client(server)
    assert server.received(client.engine.close() if is_clean else b"").is_last


def test_garbage_after_the_handshake_is_the_end(server: TlsConversation) -> None:
    """With an alert that says why; what was inside hears nothing of it."""
    client = Client(server)
    turn = server.received(b"\x17\x03\x03\x00\x20" + bytes(32))
    assert (turn.served, turn.is_last) == (0, True)
    assert turn.data != b""
    assert client.events == [HandshakeDone()]


# ---- Python's client


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    """A running lab at noon."""
    lab = Lab(Clock.fixed(NOON))
    lab.start()
    yield lab
    lab.stop()


def trusting(pem: bytes) -> ssl.SSLContext:
    return ssl.create_default_context(cadata=pem.decode())


@pytest.mark.parametrize("host", SECURE_HOSTS)
def test_a_strict_client_trusts_every_secure_host(lab: Lab, host: str) -> None:
    """Chain, name and dates are in order, and the page is that of port 80."""
    pages = []
    for port in (80, 443):
        ip, at = lab.routes[host, port, "tcp"]
        with socket.create_connection((ip, at), timeout=PATIENCE_S) as plain:
            client = http.client.HTTPConnection(host)
            client.sock = (
                trusting(lab.ca_pem).wrap_socket(plain, server_hostname=host) if port == 443 else plain
            )
            client.request("GET", "/")
            pages.append(client.getresponse().read())
            client.close()
    assert pages[0] == pages[1]
    assert f"<h1>{host}</h1>".encode() in pages[0]


@pytest.mark.parametrize(
    ("host", "doubt"),
    [
        ("expired.lab.test", "certificate has expired"),
        ("self-signed.lab.test", "self.signed certificate"),
        ("wrong-name.lab.test", "Hostname mismatch"),
    ],
)
def test_a_strict_client_refuses_the_odd_hosts(lab: Lab, host: str, doubt: str) -> None:
    """Each for the reason it is named after."""
    with (
        socket.create_connection(lab.routes[host, 443, "tcp"], timeout=PATIENCE_S) as plain,
        pytest.raises(ssl.SSLCertVerificationError, match=doubt),
    ):
        trusting(lab.ca_pem).wrap_socket(plain, server_hostname=host)


def test_certificates_differ_in_nothing_but_their_keys() -> None:
    """Two labs, one notebook: names, dates and serial numbers are the same."""
    one, other = (x509.load_pem_x509_certificate(Lab().ca_pem) for _ in range(2))
    for field in ("subject", "issuer", "serial_number", "not_valid_before_utc", "not_valid_after_utc"):
        assert getattr(one, field) == getattr(other, field)
    assert one.public_key() != other.public_key()


def test_no_two_certificates_have_the_same_serial_number(lab: Lab) -> None:
    """RFC 5280 section 4.1.2.2, for each issuer; here for all."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    numbers = [x509.load_pem_x509_certificate(lab.ca_pem).serial_number]
    secure = [route for route in lab.routes if route[1] == 443]
    for route in secure:
        with (
            socket.create_connection(lab.routes[route], timeout=PATIENCE_S) as plain,
            context.wrap_socket(plain, server_hostname=route[0]) as secured,
        ):
            shown = secured.getpeercert(binary_form=True)
            assert shown is not None
            numbers.append(x509.load_der_x509_certificate(shown).serial_number)
    assert len(set(numbers)) == len(numbers) == 9


def test_the_root_is_the_same_before_and_after_a_run() -> None:
    """Whoever trusts it can take that back later."""
    lab = Lab()
    before = lab.ca_pem
    lab.start()
    assert lab.ca_pem == before
    lab.stop()
    assert lab.ca_pem == before


# ---- Lua programs


@pytest.fixture
def events() -> list[Event]:
    """What the runtime has said."""
    return []


@pytest.fixture
def runtime(lab: Lab, events: list[Event]) -> Iterator[Runtime]:
    """A runtime whose names lead to the lab, and that trusts it."""
    with Runtime(events.append) as runtime:
        runtime.use_lab(lab)
        yield runtime


def values(runtime: Runtime, program: str) -> tuple[str, ...]:
    """Runs a cell and returns what it returned."""
    result = runtime.run_cell(program.encode(), name="cell[1]", cell=1).result(PATIENCE_S)
    assert result.error is None, result.error
    return tuple(value.decode() for value in result.values)


TRUSTED = """
local s = assert(ba.socket.connect("{0}", 443, {{shark = {1}.sharkclient()}}))
return s:trusted()
"""


@pytest.mark.parametrize("owner", ["ba", "mako"])
@pytest.mark.parametrize(
    ("host", "expected"),
    [
        *((host, ("true",)) for host in SECURE_HOSTS),
        ("expired.lab.test", ("nil", '"certcn"')),
        ("self-signed.lab.test", ("nil", '"cn"')),
        ("wrong-name.lab.test", ("nil", '"cert"')),
    ],
)
def test_trusted_gives_the_documented_doubts(
    runtime: Runtime, host: str, expected: tuple[str, ...], owner: str
) -> None:
    """None for the hosts that are in order; connecting works with all of them."""
    assert values(runtime, TRUSTED.format(host, owner)) == expected


def test_the_lab_is_trusted_only_while_it_is_on(runtime: Runtime, lab: Lab) -> None:
    """By new connections and by one that was made before; other contexts never do."""
    _, port = lab.routes["example.com", 443, "tcp"]
    connect = f's = assert(ba.socket.connect("127.0.0.1", {port}, {{shark = mako.sharkclient()}}))'
    trusted = 'return s:trusted "example.com"'
    assert values(runtime, f"{connect} {trusted}") == ("true",)
    runtime.use_lab(None)
    assert values(runtime, trusted) == ("nil", '"cn"')
    assert values(runtime, f"{connect} {trusted}") == ("nil", '"cn"')
    runtime.use_lab(lab)
    assert values(runtime, trusted) == ("true",)
    other = connect.replace("mako.sharkclient()", "ba.create.sharkssl(ba.create.certstore())")
    assert values(runtime, f"{other} {trusted}") == ("nil", '"cn"')


def test_a_lab_that_replaces_another_replaces_its_trust(runtime: Runtime) -> None:
    """A connection to the former one is not trusted any more, a connection to the new one is."""
    connect = 's = assert(ba.socket.connect("example.com", 443, {shark = mako.sharkclient()}))'
    assert values(runtime, f"{connect} return s:trusted()") == ("true",)
    other = Lab()
    other.start()
    try:
        runtime.use_lab(other)
        assert values(runtime, "return s:trusted()") == ("nil", '"cn"')
        assert values(runtime, f"{connect} return s:trusted()") == ("true",)
    finally:
        other.stop()


def test_the_certificate_is_what_every_run_prints(runtime: Runtime, events: list[Event]) -> None:
    """The leaf, the intermediate that the host sends, and the root that the lab is trusted by."""
    program = """
    local s = assert(ba.socket.connect("www.google.com", 443, {shark = mako.sharkclient()}))
    local c, known = s:certificate()
    print(known, c.san[1])
    while c do
      print(c.tzfrom, c.tzto, c.subject.commonname, c.issuer.commonname, c.subject.organization)
      c = c.parent
    end
    """
    values(runtime, program)
    printed = b"".join(event.text for event in events if isinstance(event, Printed)).decode()
    dates, who = "260101000000Z\t460101000000Z\t", "\tba-lua lab network"
    assert printed.splitlines() == [
        "true\twww.google.com",
        f"{dates}www.google.com\tLab Intermediate (simulated){who}",
        f"{dates}Lab Intermediate (simulated)\tLab Root (simulated){who}",
        f"{dates}Lab Root (simulated)\tLab Root (simulated){who}",
    ]
