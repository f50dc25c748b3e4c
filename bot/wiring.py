"""Builds everything once: with `outside.py` the only module that knows concrete classes.

`build(settings)` gives an `App`; `start` begins work, `stop` ends it and leaves what was claimed to others.
"""

from __future__ import annotations

import asyncio
import os
import socket
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import structlog
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from bot import ticks
from bot.chat.cards import Artist
from bot.chat.menus import menus
from bot.chat.registry import REGISTRY, commands
from bot.chat.router import Router
from bot.clock import SystemClock, Ticker, seconds_of
from bot.http.app import create
from bot.outside import open_interpreter, open_outside, open_reader
from bot.settings import Settings, secrets_of
from bot.speech import speech_of
from bot.surfaces.web import WebSurface
from core.flows import accounts, health, keys, people
from core.flows.carrying import ChangeFlow
from core.flows.deliveries import InboxFlow
from core.flows.desk import LANE, ByLane, DeskFlow
from core.flows.engine import Engine
from core.flows.house import House
from core.flows.papers import Papers
from core.flows.polling import AccountFlow
from core.flows.posts import PostFlow
from core.flows.reading import DraftFlow
from core.flows.reconciling import ReconcileFlow
from core.flows.rolls import RollFlow
from core.flows.tasks import TaskFlow
from core.flows.telling import NoticeFlow
from core.flows.watching import wake_held
from core.ports import Clock, Reader
from core.values.states import AccountState, Role
from integrations.ai import offline
from integrations.assisted.kits import Kits
from integrations.charts import drawing
from integrations.http import Http
from integrations.papers import printing
from storage import photos
from storage.backup import last_backup
from storage.db import Database
from storage.helper import Helper
from storage.inbox import Inbox
from storage.keys import short_code
from storage.models import Account
from storage.pace import Pace
from storage.secrets import Keyring, key_of_folder, parse_keys

if TYPE_CHECKING:
    from storage.dispatch.procrastinate import Procrastinate

log = structlog.get_logger()

TELEGRAM_SECONDS = 5.0  # for the bot's name, which its link needs; a laptop without a network starts all the same


@dataclass(slots=True)
class App:
    """One process of Haggle. `http` is the ASGI app; None in a worker."""

    settings: Settings
    house: House
    engine: Engine
    ticker: Ticker
    outbound: Http
    helpers: list[Helper]
    http: Any = None
    web: WebSurface | None = None
    telegram: Any = None
    slack: Any = None
    reader: Reader | None = None
    spread: Procrastinate | None = None
    unopened: int = 0  # sealed values whose key is missing, at the start

    async def start(self) -> None:
        await ticks.compare_clocks(self.house.db)
        await people.ensure_workspace(self.house, currency=self.settings.currency, timezone=self.settings.timezone)
        self.unopened = (await keys.look_at(self.house)).lost
        await self._reach_old_accounts()
        await wake_held(self.house)
        self.engine.start()
        if self.spread is not None:
            await self.spread.start()
        ticks.set_up(self.ticker, self.house, self.engine.local, self.settings.timezone, secrets_of(self.settings))
        await self._beat()
        self.ticker.start()
        await self.engine.local.sweep()
        if self.telegram is not None:
            await self.telegram.start()
            await self.telegram.set_menus(menus())
        if self.slack is not None:
            await self.slack.start()

    async def stop(self) -> None:
        if self.telegram is not None:
            await self.telegram.stop()
        if self.slack is not None:
            await self.slack.stop()
        self.ticker.stop()
        if self.spread is not None:
            await self.spread.stop()
        await self.engine.stop()
        if self.reader is not None and hasattr(self.reader, "close"):
            await self.reader.close()
        if self.house.interpreter is not None:
            await self.house.interpreter.close()
        for helper in self.helpers:
            await helper.close()
        await self.outbound.close()
        if not self.house.db.is_sqlite:
            with suppress(SQLAlchemyError):  # the database may be away, and who is silent is forgotten by itself
                await health.rest(self.house, self.engine.worker)
        await self.house.db.close()

    async def _reach_old_accounts(self) -> None:
        """Accounts are polled at once after a start: nobody knows what was sold meanwhile."""
        async with self.house.db.write() as session:
            query = select(Account).where(Account.state == AccountState.ACTIVE, Account.channel.in_(tuple(self.house.channels)))
            for account in (await session.execute(query)).scalars():
                account.due_at = self.house.db.now()
                if account.settings.get("reached_at") != self.house.public_url:
                    # Its marketplace still sends webhooks to where we were: tell it where we are.
                    account.settings = {**account.settings, "reached_at": self.house.public_url, "recheck": True}

    async def _beat(self) -> None:
        """Where several processes share the work, each says now and then that it is there."""
        if self.house.db.is_sqlite:
            return

        async def beat() -> None:
            await health.beat(self.house, self.engine.worker, talks=self.web is not None)

        await beat()
        self.ticker.every("heartbeat", health.BEAT.total_seconds(), beat, once_per_slot=False)

    async def sign_in_links(self, *bases: str) -> list[str]:
        """The way in for the owner (and what makes the first to open it the owner), below each address. Together they work once."""
        code = await people.owner_code(self.house)
        return [f"{base}/enter?code={code}" for base in bases]

    async def telegram_link(self) -> str | None:
        """The deep link that makes its opener the owner in Telegram; None without a bot, or when Telegram is not reached at once."""
        if self.telegram is None:
            return None
        try:
            async with asyncio.timeout(TELEGRAM_SECONDS):
                await self.telegram.connected()
        except TimeoutError:
            return None
        link: str = self.telegram.deep_link(await people.owner_code(self.house))
        return link

    async def slack_words(self) -> str | None:
        """What makes whoever writes it to the app the owner in Slack; None without an app, or when Slack is not reached at once."""
        if self.slack is None:
            return None
        try:
            async with asyncio.timeout(TELEGRAM_SECONDS):
                await self.slack.connected()
        except TimeoutError:
            return None
        return f"@{self.slack.called}: join {await people.owner_code(self.house)}"

    async def join_code(self, role: Role) -> str:
        return await people.make_code(self.house, role)

    async def idle(self) -> None:
        """Wait until nothing is due and nothing runs in this process."""
        await self.engine.local.idle()

    async def health(self) -> dict[str, Any]:
        """Everything of `/health`, and what only this process knows."""
        ahead = (-self.house.db.skew).total_seconds()
        ours = {"clock_ahead_seconds": ahead, "calls": self.outbound.counts(), "outward": self.house.outward}
        async with self.house.db.read() as session:
            return health.as_json(await health.look(self.house, session)) | ours


async def build(settings: Settings, clock: Clock | None = None, *, surfaces: bool | None = None) -> App:
    """Everything of one process; `surfaces` False is a worker. Nothing runs until `start`."""
    clock = clock or SystemClock()
    surfaces = settings.surfaces if surfaces is None else surfaces
    db = Database(settings.database, clock)
    outbound = Http(outward=settings.outward)
    outside = open_outside(settings, outbound)
    pictures, reading, charting = Helper(photos.MODULE), Helper(offline.MODULE), Helper(drawing.MODULE, idle_seconds=60)
    pressing = Helper(printing.MODULE, idle_seconds=60)
    shelf = photos.PhotoStore(settings.data_folder / "photos", pictures)
    reader = open_reader(settings, offline.OfflineReader(reading), shelf)
    house = House(
        db=db,
        inbox=Inbox(db),
        keyring=Keyring(parse_keys(settings.secret_key) if settings.secret_key else key_of_folder(settings.data_folder)),
        pace=Pace(db),
        photos=shelf,
        reader=reader,
        kits=Kits(),
        charts=drawing.Charts(charting, shelf),
        printer=printing.Press(pressing),
        channels=outside.channels,
        capabilities=outside.capabilities,
        connectors=outside.connectors,
        gates=outside.gates,
        outward=settings.outward,
        public_url=settings.public_url,
        poll_seconds=settings.poll_seconds,
        speech_of=speech_of,
        interpreter=open_interpreter(settings),
        paper=settings.paper,
        keep_buyers=timedelta(days=settings.keep_buyers_days),
        backed_up=partial(last_backup, settings.data_folder),
    )
    house.meet(Artist(house), Router(house), Papers(house))
    app = App(settings, house, _engine(house, surfaces), Ticker(db), outbound, [pictures, reading, charting, pressing], reader=reader)
    if not db.is_sqlite:
        from storage.dispatch.procrastinate import Procrastinate  # 0.2 s of a start that most do not need

        app.spread = Procrastinate(db.url, app.engine.local)
    db.dispatcher = app.spread or app.engine.local
    if surfaces:
        _add_surfaces(app)
    return app


def _engine(house: House, surfaces: bool) -> Engine:
    """A worker carries everything but the conversation, whose surfaces belong to one process."""
    worker = f"{socket.gethostname()}:{os.getpid()}:{short_code(4)}"
    flows: dict[str, Any] = {
        "change": ByLane(ChangeFlow(house), {LANE: DeskFlow(house)}),
        "draft": DraftFlow(house),
        "roll": RollFlow(house),
        "manual_task": TaskFlow(house),
        "account": AccountFlow(house),
        "inbox_event": InboxFlow(house),
        "reconciliation": ReconcileFlow(house),
    }
    if surfaces:
        flows |= {"chat_event": InboxFlow(house), "card_post": PostFlow(house), "notice_copy": NoticeFlow(house)}
    return Engine(house.db, worker, flows)


def _add_surfaces(app: App) -> None:
    house, settings = app.house, app.settings
    app.web = WebSurface()
    house.surfaces["web"] = app.web
    token = settings.telegram_bot_token
    if token:
        from bot.surfaces.telegram import TelegramSurface  # 20 MB that a seller without a bot need not carry

        app.telegram = TelegramSurface(
            house, token=token, api_url=settings.telegram_api_url, public_url=_webhook_base(settings), clock=seconds_of(house.db.clock)
        )
        house.surfaces["telegram"] = app.telegram
    if settings.slack_bot_token:
        from bot.surfaces.slack import SlackSurface

        app.slack = SlackSurface(
            house, token=settings.slack_bot_token, app_token=settings.slack_app_token, signing_secret=settings.slack_signing_secret,
            api_url=settings.slack_api_url, public_url=settings.public_url, names=lambda: REGISTRY.names,
            clock=seconds_of(house.db.clock),
        )  # fmt: skip
        house.surfaces["slack"] = app.slack
    app.http = create(
        house,
        settings,
        app.web,
        health=app.health,
        idle=app.idle,
        commands=commands,
        finish_connect=lambda kind, query: accounts.finish_connect(house, kind, query),
        telegram_webhook=app.telegram.webhook if app.telegram else None,
        slack_webhook=app.slack.webhook if app.slack and app.slack.by_webhook else None,
    )


def _webhook_base(settings: Settings) -> str:
    """Telegram is asked by polling unless it can reach us."""
    return settings.public_url if settings.telegram_webhook == "auto" else ""
