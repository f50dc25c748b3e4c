"""uvicorn, told to end our event streams when it stops: it waits for open connections, and those would never close."""

from __future__ import annotations

import socket

import uvicorn
from fastapi import FastAPI

from bot.surfaces.web import WebSurface

KEEP_ALIVE = 75  # seconds; longer than a proxy's own, so that it never sends into a connection that we just closed


class Server(uvicorn.Server):
    """Serves the app until `should_exit`."""

    def __init__(self, app: FastAPI, web: WebSurface, *, host: str, port: int) -> None:
        # The access log would hold one-time codes from addresses; structlog tells what matters.
        super().__init__(
            uvicorn.Config(app, host=host, port=port, log_config=None, access_log=False, server_header=False, timeout_keep_alive=KEEP_ALIVE,
                           timeout_graceful_shutdown=10)
        )  # fmt: skip
        self._web = web

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._web.close()
        await super().shutdown(sockets)
