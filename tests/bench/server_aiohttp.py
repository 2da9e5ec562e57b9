"""The same page from aiohttp."""

from __future__ import annotations

import asyncio

from aiohttp import web


async def page(request: web.Request) -> web.Response:
    """Answers a GET."""
    return web.Response(
        text=f"<html>\n<p>Hello from {request.path}</p>\n</html>\n", content_type="text/html", charset="utf-8"
    )


async def main() -> None:
    """Serves until the process is ended."""
    app = web.Application()
    app.router.add_get("/page.lsp", page)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
