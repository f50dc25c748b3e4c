"""Telegram: people talk to a bot, through python-telegram-bot.

What comes in is a row in the inbox before Telegram is told that we have it; what goes out are cards that are edited in place.
The neighbours do the details: telegram_updates (in), telegram_send, telegram_text, telegram_keys and telegram_pace (out),
telegram_errors. See TELEGRAM.md.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol

import structlog
from sqlalchemy.exc import SQLAlchemyError
from telegram import Update
from telegram.error import EndPointNotFound, InvalidToken, NetworkError, TelegramError
from telegram.ext import Application, ApplicationBuilder, Updater
from telegram.request import BaseRequest, HTTPXRequest, RequestData

from bot.speech import speech_of
from bot.surfaces import telegram_menu as menu
from bot.surfaces.telegram_errors import KeepSecret, ours
from bot.surfaces.telegram_send import Sender
from bot.surfaces.telegram_updates import ALLOWED, FILE, SURFACE, Updates
from core.errors import HaggleError, Invalid, Missing, Unreachable
from core.ports import PaperMaker, PhotoShelf
from core.values.card import Card
from core.values.menu import Menu
from core.words import Told, speaking
from storage.inbox import Inbox, from_chat

log = structlog.get_logger(__name__)

API_URL = "https://api.telegram.org"
WEBHOOK_PATH = "/webhooks/telegram"
_PROOF_HEADER = "x-telegram-bot-api-secret-token"
_CONNECT_STEPS = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0)  # seconds between tries to reach Telegram at the start
_POLL = 20  # seconds that a getUpdates waits at Telegram for something to happen
_ANSWER = 20.0  # seconds for Telegram to answer a call

_App = Application[Any, Any, Any, Any, Any, Any]


class Rooms(Protocol):
    """What this surface uses of the house."""

    @property
    def inbox(self) -> Inbox: ...
    @property
    def photos(self) -> PhotoShelf: ...
    @property
    def papers(self) -> PaperMaker: ...


class TelegramSurface:
    """A bot. `public_url` with https makes Telegram call us at `WEBHOOK_PATH`; otherwise we ask Telegram (polling).

    `trouble` is empty, or one sentence why nothing comes from Telegram at the moment. `webhook_secret` (1 to 256 of A-Z, a-z,
    0-9, _ and -) is made from the token when it is not given, so that it stays the same. `clock` gives seconds that only go
    forward: how fast Telegram lets a bot write is counted by it.
    """

    name = SURFACE
    threads = False

    def __init__(
        self,
        house: Rooms,
        *,
        token: str,
        api_url: str = API_URL,
        public_url: str = "",
        webhook_secret: str = "",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._house = house
        self._public_url = public_url.rstrip("/")
        self._secret = webhook_secret or hmac.new(token.encode(), b"webhook", hashlib.sha256).hexdigest()
        self._redaction = KeepSecret(token)
        self._redaction.install()
        self._app = _application(token, api_url.rstrip("/"), self._take_polled, self._reached)
        self._sender = Sender(self._app.bot, house.photos, house.papers, self._public_url, clock)
        self._updates: Updates | None = None
        self._menus: Sequence[Menu] = ()
        self._connected = asyncio.Event()
        self._connecting: asyncio.Task[None] | None = None
        self._answers: set[asyncio.Task[None]] = set()
        self.trouble = ""

    # -- life

    async def start(self) -> None:
        """Begin to connect. Comes back at once: a laptop without a network starts too, and connects when it has one."""
        self._redaction.install()
        self._connecting = asyncio.create_task(self._connect(), name="telegram")

    async def connected(self) -> None:
        """Wait until Telegram has accepted the bot."""
        await self._connected.wait()

    async def stop(self) -> None:
        """Take nothing more. What was taken is in the inbox."""
        if self._connecting is not None:
            self._connecting.cancel()
            await asyncio.gather(self._connecting, return_exceptions=True)
        if self._updater.running:
            await self._updater.stop()
        await asyncio.gather(*self._answers, return_exceptions=True)
        await self._app.shutdown()
        await self._app.bot.shutdown()  # the application leaves it open when it never came to connect
        self._connected.clear()
        self._redaction.remove()

    @property
    def by_webhook(self) -> bool:
        """Whether Telegram calls us. It only calls https."""
        return self._public_url.startswith("https://")

    def deep_link(self, code: str) -> str:
        """The link that opens the chat and says "/start CODE"; empty until the bot's name is known."""
        return f"https://t.me/{self._app.bot.username}?start={code}" if self._updates else ""

    # -- the port

    def goes_on(self, card: Card) -> tuple[int, int]:
        """A card that is too long says so itself (telegram_text.py)."""
        return 0, 0

    async def post(self, chat: str, card: Card, reply_to: str = "", *, aloud: bool = False) -> str:
        """Raises `Busy`, `Unreachable`, `Refused` (blocked), `Missing` (no such chat), `AuthLost`, `Invalid`."""
        with speaking(speech_of(card.language)):
            return await self._sender.post(chat, card, reply_to)

    async def edit(self, chat: str, message: str, card: Card) -> None:
        with speaking(speech_of(card.language)):
            await self._sender.edit(chat, message, card)

    def settled(self, chat: str) -> None:
        """Telegram keeps its chats itself."""

    async def fetch(self, file: str) -> bytes:
        """A photo by its file id, with or without "file:". `Missing` when Telegram has it no more, `Invalid` above 20 MB."""
        try:
            found = await self._app.bot.get_file(file.removeprefix(FILE))
        except TelegramError as error:
            raise ours(error) from error
        try:
            return bytes(await found.download_as_bytearray())
        except (InvalidToken, EndPointNotFound) as error:  # the library's reading of a 404: the link, not the token, is stale
            raise Missing(Told("Telegram does not have that photo any more. Send it again."), code="404", cause=error.message) from None
        except TelegramError as error:
            raise ours(error) from error

    async def set_menus(self, menus: Sequence[Menu]) -> None:
        """The commands that Telegram offers. Sent now, or as soon as the bot is connected."""
        self._menus = tuple(menus)
        if self._connected.is_set():
            await menu.send(self._app.bot, self._menus)

    async def webhook(self, headers: Mapping[str, str], body: bytes) -> bool:
        """An update that Telegram brought. True: it is in the inbox, answer 200. False: it is not Telegram, answer 403.

        Raises `Invalid` for a body that is no update and `Unreachable` when it cannot be kept: answer 4xx and 503, Telegram
        brings it again.
        """
        told = next((value for name, value in headers.items() if name.lower() == _PROOF_HEADER), "")
        if not hmac.compare_digest(told.encode(), self._secret.encode()):
            return False
        try:
            update = Update.de_json(json.loads(body), self._app.bot)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise Invalid(Told("This is no update of Telegram's."), cause=repr(error)) from error
        try:
            await self._take(update)
        except SQLAlchemyError as error:
            raise Unreachable(Told("The database cannot keep this at the moment."), cause=repr(error)) from error
        return True

    # -- in

    async def _take_polled(self, update: object) -> None:
        """The library goes on polling after its own errors only, so ours is told in its words: the update comes again."""
        assert isinstance(update, Update)
        try:
            await self._take(update)
        except SQLAlchemyError as error:
            raise NetworkError(f"the inbox cannot keep an update: {error!r}") from error

    async def _take(self, update: Update) -> None:
        """Write the inbox row, then let the pressed button stop spinning."""
        if self._updates is None:
            raise Unreachable(Told("Haggle is not connected to Telegram yet."))
        inbound = self._updates.read(update)
        if inbound is None:
            return
        await self._house.inbox.put(from_chat(SURFACE, inbound.chat, inbound.event_id, inbound.to_json()))
        if update.callback_query is not None:
            task = asyncio.create_task(self._acknowledge(update.callback_query.id))
            self._answers.add(task)
            task.add_done_callback(self._answers.discard)

    async def _acknowledge(self, query: str) -> None:
        """Only a courtesy: what was pressed is in the inbox, and an old press cannot be answered any more."""
        try:
            await self._app.bot.answer_callback_query(query)
        except TelegramError as error:
            log.info("a press was not acknowledged", cause=str(ours(error).cause))

    # -- connecting

    @property
    def _updater(self) -> Updater:
        assert self._app.updater is not None, "the application is built with an updater"
        return self._app.updater

    async def _connect(self) -> None:
        """Until it works: a refused token may be a proxy's doing, and the sentence in `trouble` stays until it is accepted."""
        attempt = 0
        while not self._connected.is_set():
            try:
                await self._begin()
            except TelegramError as error:
                self._note(ours(error))
                await asyncio.sleep(_CONNECT_STEPS[min(attempt, len(_CONNECT_STEPS) - 1)])
                attempt += 1

    async def _begin(self) -> None:
        # The application is never started: that would only run its dispatch, and what comes in goes to the inbox instead.
        await self._app.initialize()
        self._updates = Updates(self._app.bot.bot)
        await menu.send(self._app.bot, self._menus)
        if self.by_webhook:
            # One delivery at a time keeps the order of a chat; a delivery is one commit long.
            await self._app.bot.set_webhook(
                self._public_url + WEBHOOK_PATH, secret_token=self._secret, allowed_updates=ALLOWED, max_connections=1
            )
        else:
            await self._updater.start_polling(timeout=_POLL, allowed_updates=ALLOWED, error_callback=self._polling_failed)
        self.trouble = ""
        self._connected.set()
        log.info("telegram is connected", bot=self._app.bot.username, by="webhook" if self.by_webhook else "polling")

    def _reached(self) -> None:
        self.trouble = ""

    def _polling_failed(self, error: TelegramError) -> None:
        self._note(ours(error))

    def _note(self, error: HaggleError) -> None:
        self.trouble = error.sentence
        log.warning("telegram does not work", error=str(error), cause=error.cause)


class InboxQueue(asyncio.Queue[object]):
    """The library's update queue. It confirms an update to Telegram once `put` returns; here that is once it is in the inbox.

    Nothing ever waits in it, and nothing is taken out of it.
    """

    def __init__(self, keep: Callable[[object], Awaitable[None]]) -> None:
        super().__init__()
        self._keep = keep

    async def put(self, item: object) -> None:
        await self._keep(item)


class _PollRequest(HTTPXRequest):
    """Polling goes on when Telegram refuses the token: the library would end it for good and in silence, even for a proxy's 404."""

    def __init__(self, reached: Callable[[], None]) -> None:
        super().__init__(connection_pool_size=1, read_timeout=_ANSWER)
        self._reached = reached

    async def do_request(
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: Any = BaseRequest.DEFAULT_NONE,
        write_timeout: Any = BaseRequest.DEFAULT_NONE,
        connect_timeout: Any = BaseRequest.DEFAULT_NONE,
        pool_timeout: Any = BaseRequest.DEFAULT_NONE,
    ) -> tuple[int, bytes]:
        code, payload = await super().do_request(url, method, request_data, read_timeout, write_timeout, connect_timeout, pool_timeout)
        if code in (401, 404):
            raise NetworkError(f"Telegram answers {code}: the token is refused, or something on the way is broken.")
        if code == 200:
            self._reached()
        return code, payload


def _application(token: str, api_url: str, keep: Callable[[object], Awaitable[None]], reached: Callable[[], None]) -> _App:
    builder = ApplicationBuilder().token(token).base_url(f"{api_url}/bot").base_file_url(f"{api_url}/file/bot")
    builder = builder.read_timeout(_ANSWER).connect_timeout(_ANSWER / 2).pool_timeout(_ANSWER)
    return builder.get_updates_request(_PollRequest(reached)).update_queue(InboxQueue(keep)).build()
