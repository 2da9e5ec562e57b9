"""A user at a distance: Jupyter's REST interface and its WebSocket, as a front end speaks them."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp

CELL_S = 120


@dataclass(slots=True)
class Ran:
    """What a cell answered."""

    status: str = ""
    stdout: str = ""
    stderr: str = ""
    value: str = ""
    html: list[str] = field(default_factory=list)
    error: str = ""


class RemoteKernel:
    """One kernel behind a server, by its WebSocket."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._session = uuid.uuid4().hex

    async def run(self, code: str) -> Ran:
        """Runs a cell, and returns what it wrote once the kernel is idle and has replied."""
        content = {"code": code, "silent": False, "store_history": True, "user_expressions": {}}
        content |= {"allow_stdin": False, "stop_on_error": True}
        number = await self._send("execute_request", content)
        ran, missing = Ran(), {"reply", "idle"}
        while missing:
            message = await asyncio.wait_for(self._socket.receive_json(), CELL_S)
            if message["parent_header"].get("msg_id") == number:
                missing.discard(_note(ran, message))
        return ran

    async def _send(self, kind: str, content: Mapping[str, object]) -> str:
        number = uuid.uuid4().hex
        header = {"msg_id": number, "msg_type": kind, "session": self._session, "username": "", "date": ""}
        message = {"header": header | {"version": "5.3"}, "parent_header": {}, "metadata": {}}
        await self._socket.send_str(json.dumps(message | {"content": content, "channel": "shell"}))
        return number


def _note(ran: Ran, message: dict[str, Any]) -> str:
    kind, content = message["msg_type"], message["content"]
    if kind == "stream":
        setattr(ran, content["name"], getattr(ran, content["name"]) + content["text"])
    elif kind == "execute_result":
        ran.value = content["data"]["text/plain"]
    elif kind == "display_data" and "text/html" in content["data"]:
        ran.html.append(content["data"]["text/html"])
    elif kind == "error":
        ran.error = "\n".join(content["traceback"])
    elif kind == "execute_reply":
        ran.status = content["status"]
        return "reply"
    elif kind == "status" and content["execution_state"] == "idle":
        return "idle"
    return ""


@asynccontextmanager
async def kernel(http: aiohttp.ClientSession, base: str) -> AsyncIterator[RemoteKernel]:
    """Starts a kernel at the server whose URL is `base`, and ends it."""
    async with http.post(f"{base}/api/kernels", json={"name": "ba-lua", "path": "/"}) as answer:
        answer.raise_for_status()
        number = (await answer.json())["id"]
    try:
        async with http.ws_connect(f"{base}/api/kernels/{number}/channels", max_msg_size=0) as socket:
            yield RemoteKernel(socket)
    finally:
        async with http.delete(f"{base}/api/kernels/{number}"):
            pass


async def start_server(http: aiohttp.ClientSession, hub: str, user: str, patience_s: float) -> str:
    """Makes a user of a hub and starts that user's server; returns its URL once it runs."""
    async with http.post(f"{hub}/hub/api/users/{user}") as answer:
        answer.raise_for_status()
    async with http.post(f"{hub}/hub/api/users/{user}/server") as answer:
        answer.raise_for_status()
    # The hub tells the progress as events, and ends with the one that is ready.
    limit = aiohttp.ClientTimeout(total=patience_s)
    async with http.get(f"{hub}/hub/api/users/{user}/server/progress", timeout=limit) as events:
        async for line in events.content:
            if line.startswith(b"data:") and json.loads(line[5:]).get("ready"):
                return f"{hub}/user/{user}"
    raise RuntimeError(f"the server of {user} did not start")
