"""The lab network: servers inside this process that answer for the documentation's host names.

network.py is the lab itself, with the table of its hosts.
_service.py has the words they share; _stream.py and _datagram.py are the sockets.
_http.py, _websocket.py, _ntp.py, _time.py and _echo.py are the protocols, without I/O.
_tls.py is TLS around one of them, with the certificates of _authority.py.
_silent.py is the host that lets nobody in. _clock.py is the time they all tell.
"""

from ._clock import Clock
from ._errors import LabError
from .network import HostStatus, Lab

__all__ = ["Clock", "HostStatus", "Lab", "LabError"]
