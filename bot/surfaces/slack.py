"""Slack: people talk to an app, through slack-bolt.

What comes in is a row in the inbox before Slack is told that we have it; what goes out are cards that are edited in place. The
neighbours do the details: slack_ears, slack_updates and slack_socket (in), slack_send, slack_blocks, slack_views and slack_pace (out),
slack_client, slack_errors. See SLACK.md.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping
from contextlib import contextmanager

import structlog
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.request.async_request import AsyncBoltRequest

from bot.speech import speech_of
from bot.surfaces.slack_client import Client
from bot.surfaces.slack_ears import Ears, Rooms
from bot.surfaces.slack_errors import WRONG, library_log, ours
from bot.surfaces.slack_send import Sender
from bot.surfaces.slack_socket import Socket
from bot.surfaces.slack_updates import FILE, SURFACE, Updates, split_only
from core.errors import AuthLost, HaggleError, Refused
from core.values.card import Card
from core.words import _, speaking

log = structlog.get_logger(__name__)

API_URL = "https://slack.com/api"
WEBHOOK_PATH = "/webhooks/slack"
_CONNECT_STEPS = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0)  # seconds between tries to reach Slack at the start


class SlackSurface:
    """An app. With `signing_secret` and a `public_url` of https Slack calls us at `WEBHOOK_PATH`; otherwise we open a socket to it.

    `names` says which words are commands. `trouble` is empty, or one sentence why nothing comes from Slack at the moment. `clock`
    gives seconds that only go forward: how fast Slack lets an app call it is counted by it.
    """

    name = SURFACE
    threads = True

    def __init__(
        self, house: Rooms, *, token: str, app_token: str = "", signing_secret: str = "", api_url: str = API_URL, public_url: str = "",
        names: Callable[[], Collection[str]] = tuple, clock: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self._app_token = app_token
        self.by_webhook = bool(signing_secret) and public_url.startswith("https://")
        self._client = Client(token, api_url.rstrip("/"), clock)
        self._sender = Sender(self._client, house.photos, house.papers, public_url)
        self._app = AsyncApp(
            logger=library_log, process_before_response=True, signing_secret=signing_secret or None, authorize=self._authorizer(),
            request_verification_enabled=self.by_webhook,
        )  # fmt: skip
        self._ears = Ears(house, self._client, Updates(names), self._note)
        self._ears.listen(self._app)
        self._socket: Socket | None = None
        self._me: dict[str, str] = {}
        self._connected = asyncio.Event()
        self._connecting: asyncio.Task[None] | None = None
        self.trouble = ""

    # -- life

    async def start(self) -> None:
        """Begin to connect. Comes back at once: a laptop without a network starts too, and connects when it has one."""
        self._client.open()
        self._connecting = asyncio.create_task(self._connect(), name="slack")

    async def connected(self) -> None:
        """Wait until Slack has accepted the app."""
        await self._connected.wait()

    async def stop(self) -> None:
        """Take nothing more. What was taken is in the inbox."""
        if self._connecting is not None:
            self._connecting.cancel()
            await asyncio.gather(self._connecting, return_exceptions=True)
        if self._socket is not None:
            await self._socket.end()
            self._socket = None
        await self._ears.rest()
        await self._client.close()
        self._connected.clear()

    @property
    def called(self) -> str:
        """The app's name in Slack; empty until it is known."""
        return self._me.get("user", "")

    # -- the port

    async def post(self, chat: str, card: Card, reply_to: str = "", *, aloud: bool = False) -> str:
        """Raises `Busy`, `Unreachable`, `Refused` (no such channel, or not in it), `AuthLost`, `Invalid`."""
        with self._watched(card):
            try:
                return await self._sender.post(chat, card, reply_to, aloud)
            except Refused:
                if address := self._ears.typed.pop(
                    split_only(chat)[1] or chat, ""
                ):  # a command can be typed where the app is not, and cannot answer
                    text = _("I am not in this channel, so I cannot answer here. Invite me with /invite @{name}, or write to me directly.")
                    await self._client.answer_at(address, text.format(name=self.called or "Haggle"))
                raise

    async def edit(self, chat: str, message: str, card: Card) -> None:
        """`Missing` when the message is gone."""
        with self._watched(card):
            await self._sender.edit(chat, message, card)

    @contextmanager
    def _watched(self, card: Card) -> Iterator[None]:
        """In the card's language; a token that is not accepted any more is noted."""
        try:
            with speaking(speech_of(card.language)):
                yield
        except AuthLost as error:
            self._note(error)
            raise

    def goes_on(self, card: Card) -> tuple[int, int]:
        page = self._sender.page(card)
        return page.shown, page.left

    def settled(self, chat: str) -> None:
        """Slack keeps its chats itself."""

    async def fetch(self, file: str) -> bytes:
        """A photo by its file id, with or without "file:"."""
        return await self._client.download(file.removeprefix(FILE))

    async def webhook(self, headers: Mapping[str, str], body: bytes) -> tuple[int, dict[str, str], str]:
        """What Slack brought over HTTP, checked (signature, and not older than 5 minutes) by the library. Status, headers and body of the
        answer: 200 is in the inbox, 401 is not Slack, 503 is to come again."""
        text = body.decode("utf-8", "replace")
        if not self._me and '"url_verification"' not in text:  # Slack looks whether the address is ours before anything else works
            return 503, {}, ""
        answer = await self._app.async_dispatch(AsyncBoltRequest(body=text, headers=dict(headers)))
        return answer.status, {name: values[0] for name, values in answer.headers.items() if values}, answer.body or ""

    # -- connecting

    def _authorizer(self) -> Callable[[], Awaitable[AuthorizeResult]]:
        """Who we are is known since the start; that it is Slack was proven by its signature, or by the socket."""

        async def authorize() -> AuthorizeResult:
            me = self._me
            return AuthorizeResult(
                enterprise_id=None, team_id=me["team_id"], bot_user_id=me["user_id"], bot_id=me.get("bot_id"),
                bot_token=self._client.web.token,
            )  # fmt: skip

        return authorize

    async def _connect(self) -> None:
        """Until it works: the sentence in `trouble` stays until the app is accepted."""
        attempt = 0
        while not self._connected.is_set():
            try:
                await self._begin()
            except WRONG as error:
                self._note(ours(error))
                await asyncio.sleep(_CONNECT_STEPS[min(attempt, len(_CONNECT_STEPS) - 1)])
                attempt += 1

    async def _begin(self) -> None:
        told = await self._client.web.auth_test()
        self._me = {name: str(told[name]) for name in ("user", "user_id", "team_id", "bot_id") if told.get(name)}
        self._ears.reader.me = self._me["user_id"]
        if not self.by_webhook:
            if self._socket is None:
                self._socket = Socket(self._app, self._app_token, self._client.web, failed=self._socket_failed, reached=self._reached)
            await self._socket.begin()
        self.trouble = ""
        self._connected.set()
        log.info("slack is connected", app=self.called, by="webhook" if self.by_webhook else "socket")

    def _reached(self) -> None:
        self.trouble = ""

    def _socket_failed(self, error: Exception) -> None:
        self._note(ours(error))

    def _note(self, error: HaggleError) -> None:
        self.trouble = error.sentence
        log.warning("slack does not work", error=str(error), cause=error.cause)
