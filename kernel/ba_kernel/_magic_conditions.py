"""`%lab delay`, `loss` and so on, which disturb the way to a host, and `%lab host`, which adds one.

The lab understands the words; here they are only taken apart, and what came of it is said.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from ba_runtime.errors import BaError

from ._magics import MagicError, Tools

if TYPE_CHECKING:
    from ba_runtime.lab import Lab

    from ._engine import Engine

FORMS = (
    ("%lab delay HOST TIME [±TIME]", "delay everything to and from a host, such as 200ms ±50ms each way"),
    ("%lab loss HOST PERCENT", "lose datagrams, such as 10%; over TCP they are sent again, which takes time"),
    ("%lab rate HOST RATE", "limit the data rate in each direction, such as 56kbit"),
    ("%lab duplicate HOST PERCENT", "send datagrams twice"),
    ("%lab reorder HOST PERCENT", "let datagrams be overtaken by later ones"),
    ("%lab refuse HOST", "refuse new connections and datagrams"),
    (
        "%lab reset HOST [after N bytes]",
        "reset connections, at once or as soon as more than N bytes have arrived",
    ),
    ("%lab cut HOST", "let nothing through, as if the cable were pulled out"),
    ("%lab clear HOST|all", "remove the conditions of one host or of all"),
    ("%lab host NAME PORT", "give your own server at 127.0.0.1:PORT a name in the lab"),
)
WORDS = tuple(form.split()[1] for form, _ in FORMS)


async def run(tools: Tools, word: str, arguments: Sequence[str]) -> None:
    """Runs one `%lab` line that begins with one of `WORDS`."""
    network = tools.engine.lab
    if network is None:
        raise MagicError(f"%lab {word}: the lab network is off; %lab on turns it on")
    act = _own_host if word == "host" else _obey
    try:
        said = await asyncio.to_thread(act, network, word, *arguments)
    except (ValueError, BaError) as error:
        raise MagicError(f"%lab {word}: {error}") from error
    if word == "host":
        tools.engine.use_lab(network)  # programs know the hosts that it had when it was last used
    tools.say(said)


async def beginnings(engine: Engine, _line: str) -> Iterable[str]:
    """Returns the beginnings of lines that set conditions, with the hosts that the lab has now."""
    return tuple(_beginnings(engine.lab)) if engine.lab is not None else ()


def _beginnings(network: Lab) -> Iterator[str]:
    hosts = dict.fromkeys(one.host for one in network.status() if one.conditions is not None)
    for word in WORDS:
        for host in ("all", *hosts) if word == "clear" else () if word == "host" else hosts:
            yield f"%lab {word} {host}"


def _obey(network: Lab, word: str, *arguments: str) -> str:
    from ba_runtime.lab import obey  # imported by now, as the lab is on

    return obey(network, word, *arguments)


def _own_host(network: Lab, word: str, *arguments: str) -> str:
    if len(arguments) != 2 or not (arguments[1].isascii() and arguments[1].isdigit()):
        raise ValueError("write it as host NAME PORT, such as device.lab.test 8080")
    name, port = arguments[0], int(arguments[1][:6])
    network.add_host(name, port)
    return f"{name}:{port} is your own server at 127.0.0.1:{port}, reached through the lab."
