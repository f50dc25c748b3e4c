"""The real surface, the real inbox and photo store on SQLite, and a local server that speaks Slack's protocols."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from bot.surfaces import slack_ears
from bot.surfaces.slack import SlackSurface
from core.ports import Asked
from core.values.card import Inbound
from storage import photos
from storage.db import Database
from storage.helper import Helper
from storage.inbox import Inbox
from storage.models import InboxEvent
from storage.photos import PhotoStore
from tests import requires
from tests.bot.drawer import Drawer
from tests.bot.slack_people import picture
from tests.bot.slack_server import SlackServer

COMMANDS = ("items", "price", "help")


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is done within Slack's 3 s is looked at in `test_connection.py`; elsewhere a machine that stands still is no fault."""
    monkeypatch.setattr(slack_ears, "KEEP", 20.0)
    monkeypatch.setattr(slack_ears, "LOOK", 20.0)


@dataclass(slots=True)
class Ears:
    """Stands for the conversation where only the surface is looked at. A press of "asks" asks, one of "hangs" waits for ever."""

    asked: list[Inbound] = field(default_factory=list)

    async def question(self, inbound: Inbound) -> Asked | None:
        self.asked.append(inbound)
        if inbound.press == "hangs":
            await asyncio.Event().wait()
        return Asked("Your answer", "What should item 42 cost?", "45.00", "Send", "Cancel") if inbound.press == "asks" else None

    async def hear(self, inbound: Inbound, settle: Any) -> None:
        raise AssertionError("nothing is carried here")


@dataclass(slots=True)
class Home:
    """The part of the house that the surface uses, and a look into its inbox."""

    database: Database
    inbox: Inbox
    photos: PhotoStore
    papers: Drawer
    listener: Ears

    async def rows(self) -> list[InboxEvent]:
        async with self.database.read() as session:
            return list((await session.execute(select(InboxEvent).order_by(InboxEvent.id))).scalars())

    async def heard(self) -> list[Inbound]:
        return [Inbound.of_json(row.body) for row in await self.rows()]

    async def photo(self, colour: tuple[int, int, int] = (200, 30, 30)) -> str:
        return (await self.photos.put(picture(colour))).sha256


StartSurface = Callable[..., Awaitable[SlackSurface]]


@pytest.fixture(params=["sqlite"])
def database_kind(request: pytest.FixtureRequest) -> str:
    """Nothing here depends on the kind."""
    return str(request.param)


@pytest.fixture
async def home(database: Database, tmp_path: Path) -> AsyncIterator[Home]:
    helper = Helper(photos.MODULE)
    yield Home(database, Inbox(database), PhotoStore(tmp_path / "photos", helper), Drawer(), Ears())
    await helper.close()


@pytest.fixture
async def slack() -> AsyncIterator[SlackServer]:
    """Fails the test when the surface made a call that Slack would not take."""
    async with SlackServer(requires.specs()) as server:
        yield server
    assert server.complaints == []


@pytest.fixture
async def start_surface(home: Home, slack: SlackServer) -> AsyncIterator[StartSurface]:
    """Starts a surface on the server and waits until it is connected; stops it in the end."""
    started: list[SlackSurface] = []

    async def start(**values: Any) -> SlackSurface:
        house = values.pop("home", home)
        how = {"token": slack.token, "app_token": slack.app_token, "api_url": slack.url, "names": lambda: COMMANDS, **values}
        surface = SlackSurface(house, **how)
        started.append(surface)
        await surface.start()
        await surface.connected()
        return surface

    yield start
    for surface in started:
        await surface.stop()


@pytest.fixture
async def surface(start_surface: StartSurface) -> SlackSurface:
    return await start_surface()
