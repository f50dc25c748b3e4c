"""The whole of Haggle behind a real server on a free port, with nothing connected: for tests of the web and the terminal.

async with open_home(folder, template) as home:
    owner = await home.sign_in()
    await owner.post("/api/v1/chat/messages", json=...)
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
from PIL import Image, ImageDraw

from bot import wiring
from bot.http.server import Server
from bot.settings import Settings
from bot.surfaces.web import WebSurface
from core.flows import people, sessions
from core.flows.people import Person
from core.values.states import Role
from integrations.http import trusted
from storage.keys import new_key
from storage.models import Member
from tests.clock import TestClock
from tests.databases import fresh_sqlite

SHOPIFY_SECRET = new_key()
OURS = {"X-Haggle": "1"}


def picture(words: str = "ACME", color: str = "navy", form: str = "JPEG", side: int = 480) -> bytes:
    """A photo with big words on it."""
    image = Image.new("RGB", (side, side), color)
    ImageDraw.Draw(image).text((side // 12, side // 3), words, fill="white", font_size=side // 7)
    out = BytesIO()
    image.save(out, form)
    return out.getvalue()


@dataclass
class Home:
    """A running Haggle. `url` has no slash at its end."""

    app: wiring.App
    clock: TestClock
    url: str
    server: Server
    clients: list[httpx.AsyncClient] = field(default_factory=list)

    @property
    def web(self) -> WebSurface:
        assert self.app.web is not None
        return self.app.web

    def browser(self, **headers: str) -> httpx.AsyncClient:
        """A stranger's browser: it keeps cookies and follows no redirects."""
        client = httpx.AsyncClient(base_url=self.url, headers=headers, verify=trusted(), trust_env=False, timeout=30)
        self.clients.append(client)
        return client

    async def code(self, role: Role = Role.OWNER) -> str:
        return await people.make_code(self.app.house, role)

    async def enter(self, browser: httpx.AsyncClient, code: str, **form: str) -> httpx.Response:
        """What the button of a sign-in link's page does."""
        return await browser.post("/enter", data={"code": code, **form}, headers={"Origin": self.url})

    async def member(self, role: Role = Role.MANAGER) -> tuple[Person, str]:
        """A new member, and a session's token."""
        person = await people.enter(self.app.house, await self.code(role), "web", "", name="Sam")
        return person, await sessions.open_session(self.app.house, person)

    async def sign_in(self) -> httpx.AsyncClient:
        """A new member's client, by bearer token, with the header that calls need."""
        _person, token = await self.member()
        return self.browser(Authorization=f"Bearer {token}", **OURS)

    async def switch_off(self, person: Person) -> None:
        async with self.app.house.db.write() as session:
            (await session.get_one(Member, person.member_id)).active = False

    async def idle(self) -> None:
        async with asyncio.timeout(60):
            await self.app.idle()


@asynccontextmanager
async def open_home(folder: Path, **settings: Any) -> AsyncIterator[Home]:
    """Migrated (its file may be there already), started and listening."""
    await fresh_sqlite(folder)
    clock = TestClock()
    values: dict[str, Any] = {"data": folder, "timezone": "UTC", "shopify_client_secret": SHOPIFY_SECRET, **settings}
    app = await wiring.build(Settings(_env_file=None, **values), clock)
    assert app.web is not None
    with socket.create_server(("127.0.0.1", 0)) as door:
        server = Server(app.http, app.web, host="127.0.0.1", port=0)
        await app.start()
        serving = asyncio.create_task(server._serve([door]))  # `serve` without taking over the process's signals
        app.house.address = f"http://127.0.0.1:{door.getsockname()[1]}"
        home = Home(app, clock, f"http://127.0.0.1:{door.getsockname()[1]}", server)
        try:
            yield home
        finally:
            for client in home.clients:
                await client.aclose()
            server.should_exit = True
            await serving
            await app.stop()
