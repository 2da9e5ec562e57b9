"""`%device` and `%%device`: cells that run on a device or another server."""

from __future__ import annotations

import contextlib
import os
import re
from typing import TYPE_CHECKING

from ._devices import NOT_CONNECTED, Where
from ._magics import After, Magic, MagicError, Tools, always, read, unquoted

if TYPE_CHECKING:
    from ba_runtime.device import About, Device, Place

PAGE_BYTES = 1 << 20
USAGE = (
    "usage: %device URL [all] [untrusted] | make FILE.lsp | start [all] | off; "
    "then a cell that begins with %%device runs there"
)
CELL_USAGE = "usage: %%device [both] [SECONDS], with the cell's Lua on the lines below it"
_SECONDS = re.compile(r"\d+(?:\.\d+)?")


async def device(tools: Tools, rest: str) -> After | None:
    """Runs one `%device` line."""
    word, _, argument = rest.partition(" ")
    if word == "make":
        await _make(tools, unquoted(argument))
    elif word.startswith(("http://", "https://")):
        await _connect(tools, word, argument.split())
    elif word == "start":
        await _start(tools, argument)
    elif rest == "off":
        was_there = tools.devices.disconnect()
        tools.say("Cells run here again." if was_there else "No device was connected.")
    elif not rest:
        _show(tools)
    else:
        raise MagicError(USAGE)
    return None


def _show(tools: Tools) -> None:
    devices = tools.devices
    if devices.device is None or devices.about is None:
        tools.say(f"{NOT_CONNECTED[0].upper()}{NOT_CONNECTED[1:]}.")
        return
    which = "all cells run there" if devices.takes_all else "cells that begin with %%device run there"
    tools.say(f"{devices.name}: {devices.about.words()}; {which}.")


async def _make(tools: Tools, name: str) -> None:
    from ba_runtime.device import new_secret, page_with, secret_in

    if not name.endswith(".lsp"):
        raise MagicError("usage: %device make FILE.lsp, such as %device make cells.lsp")
    path = os.path.expanduser(name)
    if os.path.lexists(path) and secret_in(read("%device make", name, PAGE_BYTES).decode("latin-1")) is None:
        raise MagicError(f"%device make: {name} is there, and is another page; take another name")
    secret = new_secret()
    try:
        with contextlib.suppress(FileNotFoundError):
            os.remove(path)
        # Nobody else on this computer may read the secret.
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(page_with(secret))
    except (OSError, ValueError) as error:
        raise MagicError(f"%device make: {getattr(error, 'strerror', error)}: {name}") from error
    tools.devices.secrets.append(secret)
    tools.say(
        f"{name} is written, with a fresh secret in it. Copy it to the device, to where its pages are, and "
        f"connect: %device http://HOST/{os.path.basename(name)}\n"
        "Whoever has the file can run code there: it is for development only. Delete it when you are done."
    )


async def _connect(tools: Tools, url: str, words: list[str]) -> None:
    from ba_runtime.device import place_of

    if not set(words) <= {"all", "untrusted"}:
        raise MagicError(USAGE)
    try:
        place = place_of(url, is_trusting="untrusted" in words)
    except ValueError as error:
        raise MagicError(f"%device: {error}") from error
    connected, about = await _found(tools, place)
    await tools.devices.connect(connected, about, takes_all="all" in words)
    _show(tools)


async def _start(tools: Tools, argument: str) -> None:
    from ._local_device import LocalDevice

    if argument not in ("", "all"):
        raise MagicError(USAGE)
    try:
        local = await LocalDevice.start()
    except OSError as error:
        raise MagicError(f"%device start: {error}") from error
    try:
        about = await _asked(local.device)
    except BaseException:  # also when the user has stopped it
        local.end()
        raise
    await tools.devices.connect(local.device, about, takes_all=bool(argument), local=local)
    tools.say("ba-lua runs on this computer as a device, until %device off.")


async def _found(tools: Tools, place: Place) -> tuple[Device, About]:
    """Returns the device and what it says of itself.

    Its secret is the environment's, that of a page made here, or what the user types.
    """
    from ba_runtime.device import VARIABLE, Device, Refused, Unreachable

    known = [os.environ[VARIABLE]] if os.environ.get(VARIABLE) else tools.devices.secrets
    for secret in reversed(known):
        candidate = Device(place, secret)
        try:
            return candidate, await candidate.about()
        except Refused:
            continue
        except Unreachable as error:
            raise MagicError(f"%device: {error}") from error
    typed = await tools.ask_secret(f"The secret in {place.path.rpartition('/')[2]}: ")
    if typed is None:
        raise MagicError(
            f"%device: {place.name} needs its page's secret, and this front end cannot ask for it; "
            f"start the kernel with {VARIABLE}=SECRET"
        )
    connected = Device(place, typed.strip())
    return connected, await _asked(connected)


async def _asked(connected: Device) -> About:
    from ba_runtime.device import Refused, Unreachable

    try:
        return await connected.about()
    except (Refused, Unreachable) as error:
        raise MagicError(f"%device: {error}") from error


async def device_cell(tools: Tools, rest: str) -> After | None:
    """Has the cell's Lua run on the device."""
    words = rest.split()
    where = Where.BOTH if words[:1] == ["both"] else Where.THERE
    limits = words[1:] if where is Where.BOTH else words
    if len(limits) > 1 or not all(_SECONDS.fullmatch(word) and float(word) > 0 for word in limits):
        raise MagicError(CELL_USAGE)
    if tools.devices.device is None:
        raise MagicError(f"%%device: {NOT_CONNECTED}")
    tools.devices.want(where, float(limits[0]) if limits else None)
    return None


MAGICS = (
    Magic(
        "%device",
        (
            ("%device make FILE.lsp", "write a page that lets this notebook's cells run on a device"),
            (
                "%device URL [all] [untrusted]",
                "connect to a device that has the page; all: all cells run there",
            ),
            ("%device start [all]", "start a device on this computer, for those who have none"),
            ("%device", "show the device"),
            ("%device off", "disconnect; cells run here again"),
        ),
        device,
    ),
    Magic(
        "%%device",
        (
            ("%%device [SECONDS]", "run the cell's Lua on the device, for so many seconds at most"),
            ("%%device both [SECONDS]", "run it here and there, and show what differs"),
        ),
        device_cell,
        is_about=always,
    ),
)
