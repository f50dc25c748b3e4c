"""Socket Mode: Slack's events over a WebSocket that we open, so that no public address is needed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog
from slack_bolt.adapter.socket_mode.async_internals import run_async_bolt_app, send_async_response
from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.async_client import AsyncBaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.web.async_client import AsyncWebClient

from bot.surfaces.slack_errors import library_log

log = structlog.get_logger(__name__)

PING = 10.0  # seconds between signs of life, and between the library's own tries
TRY = 8.0  # seconds to open a socket


class Socket(SocketModeClient):
    """The library's client, which connects anew by itself; it says how that goes.

    A new address is asked for at each connection, which is where Slack refuses a token.
    """

    def __init__(
        self, app: AsyncApp, app_token: str, web: AsyncWebClient, *, failed: Callable[[Exception], None], reached: Callable[[], None]
    ) -> None:
        super().__init__(app_token, logger=library_log, web_client=web, ping_interval=PING)
        self._app = app
        self._failed = failed
        self._reached = reached
        self.socket_mode_request_listeners.append(self._hear)

    async def begin(self) -> None:
        """Connect for the first time. Raises what Slack says when it refuses."""
        self.wss_uri = await self.issue_new_wss_url()
        await self.connect()

    async def issue_new_wss_url(self) -> str:
        try:
            address: str = await super().issue_new_wss_url()
        except Exception as error:
            self._failed(error)
            raise
        self._reached()
        return address

    async def connect(self) -> None:
        """One try. The library would go on with an address that has had its time, for ever; whoever calls this asks for a new one."""
        try:
            async with asyncio.timeout(TRY):
                await super().connect()  # type: ignore[no-untyped-call]
        except TimeoutError as error:
            self.auto_reconnect_enabled = self.default_auto_reconnect_enabled
            self._failed(error)
            raise

    async def end(self) -> None:
        """Close, and wait until the library's tasks have ended."""
        await self.close()  # type: ignore[no-untyped-call]
        tasks = [one for one in (self.message_processor, self.current_session_monitor, self.message_receiver) if one is not None]
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _hear(self, client: AsyncBaseSocketModeClient, request: SocketModeRequest) -> None:
        """What the app does not answer with 200 is not acknowledged, and Slack brings it again."""
        answer = await run_async_bolt_app(self._app, request)
        try:
            await send_async_response(client, request, answer, 0.0)
        except (
            ConnectionError,
            SlackApiError,
            RuntimeError,
        ) as error:  # replaced meanwhile: it comes again, and is known
            log.info("a delivery could not be acknowledged", error=type(error).__name__)
