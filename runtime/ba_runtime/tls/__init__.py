"""TLS without I/O, on `ssl`'s memory BIOs; certificates by `cryptography`. Import it when TLS is first used.

Where things are: `engine.py` is one end of a connection, `events.py` what it reports and the documented
words for failures; `context.py` is what connections share, with `sessions.py`; `certificates.py` reads
certificates, `store.py` holds the trusted ones, `credentials.py` a server's or a client's own with the
key; `fit.py` looks whether a server's fit together, `trust.py` judges a peer; `ciphers.py` has the names
of suites; `unofficial.py` is all that `ssl` offers under private names only.
"""

from .certificates import CertificateTable, NameTable, describe, flat, parse_der, parse_pem
from .context import Context, Options, Role, alpn_list
from .credentials import Credentials
from .engine import Engine, State
from .events import Closed, Event, Failed, HandshakeDone
from .store import CertStore
from .trust import certificate_table, is_ca_known, judge

__all__ = [
    "CertStore",
    "CertificateTable",
    "Closed",
    "Context",
    "Credentials",
    "Engine",
    "Event",
    "Failed",
    "HandshakeDone",
    "NameTable",
    "Options",
    "Role",
    "State",
    "alpn_list",
    "certificate_table",
    "describe",
    "flat",
    "is_ca_known",
    "judge",
    "parse_der",
    "parse_pem",
]
