"""The lab network: servers inside this process that answer for the documentation's host names.

network.py is the lab itself; _run.py is its thread, and _hosts.py the table of its hosts. _service.py has
the words they share. _http.py, _websocket.py, _ntp.py, _time.py and _echo.py are the protocols, without
I/O. _tls.py is TLS around one of them, with the certificates of _authority.py. _silent.py is the host that
lets nobody in. _clock.py is the time they all tell.

What can be wrong on the way to a host is in conditions.py, how people write it in _words.py, and what they
order in orders.py. _link.py has what is in force, _pipe.py and _post.py what is on its way, and _hold.py
makes connecting take time. incidents.py is what the lab tells about it.

_connections.py has the TCP connections of one host, with _door.py to listen and a _passage.py for each;
_stream.py lets the lab's protocols answer them. _datagram.py is the same for UDP, and _relay.py for servers
of the user's.
"""

from ._clock import Clock
from ._errors import LabError
from ._words import USAGES, changed
from .conditions import Conditions
from .incidents import Direction, Incident, OnIncident
from .network import HostStatus, Lab
from .orders import obey

__all__ = [
    "USAGES",
    "Clock",
    "Conditions",
    "Direction",
    "HostStatus",
    "Incident",
    "Lab",
    "LabError",
    "OnIncident",
    "changed",
    "obey",
]
