"""The server of `llmtui web`; needs the packages of llmtui[web]."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from aiohttp import web
from textual_serve.server import Server

from llmtui.tui.loopback import from_here


class OwnServer(Server):  # type: ignore[misc]
    """Serves only this machine: no page of elsewhere may open the app's web socket."""

    async def _make_app(self) -> web.Application:
        app: web.Application = await super()._make_app()
        app.middlewares.append(_only_from_here)
        return app


@web.middleware
async def _only_from_here(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    if not from_here(request.host, request.headers.get("Origin", "")):
        raise web.HTTPForbidden(text="Only this machine and its own pages may come in.")
    return await handler(request)
