"""`%lab`: the simulated hosts that answer inside the kernel for the names that the documentation uses.

What is wrong on the way to them on purpose is set in `_magic_conditions.py`.
"""

from __future__ import annotations

import asyncio
import textwrap
from typing import TYPE_CHECKING

from ba_runtime.errors import BaError

from . import _magic_conditions as conditions
from ._magics import After, Magic, MagicError, Tools

if TYPE_CHECKING:
    from ba_runtime.lab import HostStatus, Lab

WIDTH = 76  # columns of what is said; a page of 80 has room for it

USAGE = (
    "usage: %lab on [TIME] | off | status, with a TIME such as 2026-01-01T12:00:00Z to fix the clock, or "
    f"%lab {' | '.join(conditions.WORDS)}, which %help explains"
)


async def lab(tools: Tools, rest: str) -> After | None:
    """Runs one `%lab` line."""
    word, _, argument = rest.partition(" ")
    if word == "on":
        await _on(tools, argument.strip())
    elif word == "off" and not argument:
        _off(tools)
    elif word == "status" and not argument:
        _status(tools)
    elif word in conditions.WORDS:
        await conditions.run(tools, word, argument.split())
    else:
        raise MagicError(USAGE)
    return None


async def _on(tools: Tools, time: str) -> None:
    try:
        network = await asyncio.to_thread(_started, time)
    except (ValueError, OSError, BaError) as error:
        raise MagicError(f"%lab on: {error}") from error
    tools.engine.use_lab(network)
    tools.say("The lab network is on. These hosts are simulated inside this kernel:")
    tools.say(_names(network))
    if time:
        tools.say(f"Their clock stands at {time}.")


def _started(time: str) -> Lab:
    # The lab brings servers and certificates; a notebook that does not ask for it does not wait for it.
    from ba_runtime.lab import Clock, Lab

    network = Lab(Clock.fixed(time) if time else Clock())
    network.start()
    return network


def _off(tools: Tools) -> None:
    tools.engine.use_lab(None)
    tools.say("The lab network is off: host names refer to the internet.")


def _names(network: Lab) -> str:
    """Returns the host names, each once, in lines that break between two of them."""
    names = dict.fromkeys(host.host for host in network.status())
    return textwrap.fill(
        ", ".join(names),
        WIDTH,
        initial_indent="  ",
        subsequent_indent="  ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def _status(tools: Tools) -> None:
    network = tools.engine.lab
    if network is None:
        tools.say("The lab network is off: host names refer to the internet. %lab on turns it on.")
        return
    tools.say("The lab network is on. These hosts are simulated inside this kernel:")
    hosts = network.status()
    names = [f"{host.host}:{host.port}/{host.kind}" for host in hosts]
    width = max(map(len, names), default=0)
    for name, host in zip(names, hosts, strict=True):
        tools.say(f"  {name:{width}}  {host.what}, {host.served} served{_conditions(host)}")


def _conditions(host: HostStatus) -> str:
    words = str(host.conditions or "")
    return words and f"; {words}"


MAGICS = (
    Magic(
        "%lab",
        (
            (
                "%lab on [TIME]",
                "simulate the documentation's host names inside this kernel, without the internet",
            ),
            ("%lab off", "use the internet again"),
            ("%lab status", "list the simulated hosts, and the conditions on the way to them"),
            *conditions.FORMS,
        ),
        lab,
        conditions.beginnings,
    ),
)
