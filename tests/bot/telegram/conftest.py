"""The real surface, the real inbox and photo store on SQLite, and a local server that speaks the Bot API."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import select

from bot.surfaces.telegram import TelegramSurface
from core.values.card import Inbound
from storage import photos
from storage.db import Database
from storage.helper import Helper
from storage.inbox import Inbox
from storage.models import InboxEvent
from storage.photos import PhotoStore
from tests import requires
from tests.bot.drawer import Drawer
from tests.bot.telegram_server import TelegramServer


@dataclass(slots=True)
class Home:
    """The part of the house that the surface uses, and a look into its inbox."""

    database: Database
    inbox: Inbox
    photos: PhotoStore
    papers: Drawer

    async def rows(self) -> list[InboxEvent]:
        """The inbox, oldest first."""
        async with self.database.read() as session:
            return list((await session.execute(select(InboxEvent).order_by(InboxEvent.id))).scalars())

    async def heard(self) -> list[Inbound]:
        return [Inbound.of_json(row.body) for row in await self.rows()]

    async def photo(self, width: int = 64, height: int = 48, colour: tuple[int, int, int] = (200, 30, 30)) -> str:
        """Keep a photo; its sha256."""
        return (await self.photos.put(picture(width, height, colour))).sha256


def picture(width: int = 64, height: int = 48, colour: tuple[int, int, int] = (200, 30, 30)) -> bytes:
    data = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(data, "PNG")
    return data.getvalue()


StartSurface = Callable[..., Awaitable[TelegramSurface]]


@pytest.fixture(params=["sqlite"])
def database_kind(request: pytest.FixtureRequest) -> str:
    """Nothing here depends on the kind."""
    return str(request.param)


@pytest.fixture
async def home(database: Database, tmp_path: Path) -> AsyncIterator[Home]:
    helper = Helper(photos.MODULE)
    yield Home(database, Inbox(database), PhotoStore(tmp_path / "photos", helper), Drawer())
    await helper.close()


@pytest.fixture
async def telegram() -> AsyncIterator[TelegramServer]:
    """Fails the test when the surface made a call that the Bot API's document forbids."""
    async with TelegramServer(requires.specs()) as server:
        yield server
    assert server.complaints == []


@pytest.fixture
async def start_surface(home: Home, telegram: TelegramServer) -> AsyncIterator[StartSurface]:
    """Starts a surface on the server and waits until it is connected; stops it in the end."""
    started: list[TelegramSurface] = []

    async def start(**values: Any) -> TelegramSurface:
        surface = TelegramSurface(values.pop("home", home), **{"token": telegram.token, "api_url": telegram.url, **values})
        started.append(surface)
        await surface.start()
        await surface.connected()
        return surface

    yield start
    for surface in started:
        await surface.stop()


@pytest.fixture
async def surface(start_surface: StartSurface) -> TelegramSurface:
    return await start_surface()


@pytest.fixture
def chat(telegram: TelegramServer) -> str:
    """The ready-made person's private chat."""
    return str(telegram.person.id)
