"""The whole of Haggle in the test's own loop, connected to a stand-in process, and a seller to talk with it.

async with open_shop(folder, sandbox) as shop:
    await shop.photos(picture())
    await shop.press("Good")
    ...
"""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw
from sqlalchemy import select

from bot import wiring
from bot.demo import connect_all
from bot.http.server import Server
from bot.settings import Settings
from core.flows import intake, people
from core.flows.people import Person
from core.flows.watching import reread_sold, shout_late
from core.rules.drafts import said_by_seller
from core.values.card import Inbound
from core.values.draft import Draft
from core.values.states import Role
from storage import migrate
from storage.inbox import from_chat
from storage.keys import new_key
from storage.models import CardButton, Change, Item, Order, Post
from tests.clock import TestClock
from tests.databases import fresh_sqlite
from tests.sandbox_process import SandboxProcess


def picture(words: str = "ACME", color: str = "navy", side: int = 640) -> bytes:
    """A JPEG with big words on it."""
    image = Image.new("RGB", (side, side), color)
    ImageDraw.Draw(image).text((40, side // 3), words, fill="white", font_size=side // 9)
    out = BytesIO()
    image.save(out, "JPEG", quality=90)
    return out.getvalue()


def settings_for(folder: Path, sandbox: SandboxProcess, **more: Any) -> Settings:
    """Settings that point at the stand-in, as `haggle serve --sandbox` makes them."""
    ebay, shopify = sandbox.credentials["ebay"], sandbox.credentials["shopify"]
    values: dict[str, Any] = {
        "data": folder, "timezone": "UTC", "ebay_api_url": f"{sandbox.url}/ebay", "ebay_media_url": f"{sandbox.url}/ebay-media",
        "ebay_identity_url": f"{sandbox.url}/ebay-apiz", "ebay_auth_url": f"{sandbox.url}/ebay-auth",
        "ebay_site_url": f"{sandbox.url}/store/ebay", "ebay_client_id": ebay["client_id"], "ebay_client_secret": ebay["client_secret"],
        "ebay_ru_name": "http://localhost:1/oauth/ebay/callback", "shopify_url": f"{sandbox.url}/shopify/{{shop}}",
        "shopify_client_id": shopify["client_id"], "shopify_client_secret": shopify["client_secret"],
        "ebay_verification_token": new_key() + new_key(), **more,
    }  # fmt: skip
    return Settings(_env_file=None, **values)


@dataclass
class TestShop:
    """The running app and its owner."""

    __test__ = False

    app: wiring.App
    person: Person
    sandbox: SandboxProcess
    clock: TestClock
    url: str = ""

    @property
    def place(self) -> tuple[str, str]:
        return "web", self.person.member_id

    async def hear(self, **values: Any) -> None:
        """Something arrives from the owner; waits until everything that follows from it is done."""
        inbound = Inbound("web", self.person.member_id, self.person.member_id, new_key(), **values)
        await self.app.house.inbox.put(from_chat("web", inbound.chat, inbound.event_id, inbound.to_json()))
        await self.idle()

    async def item(self, title: str = "Acme brass desk lamp", *, price: int = 8000, quantity: int = 1, **more: int) -> int:
        """An item whose draft is ready to publish, without reading a photo. `more`: floor, cost. Answers its number."""
        stored = await self.app.house.photos.put(picture(title[:12]))
        async with self.app.house.db.write() as session:
            await intake.keep_photo(session, self.app.house.db, self.person.workspace_id, stored)
            row = await intake.begin(session, self.app.house, self.person, self.place, [stored.sha256], hints={})
            item = await session.get_one(Item, row.item_id)
            item.title, item.price = title, price
            for name, value in more.items():
                setattr(item, name, value)
            fields = {"condition": said_by_seller("good"), "brand": said_by_seller("Acme")}
            row.fields = Draft(fields, reader="test").to_json()  # it was read, so only the marketplaces are asked
            number = item.number
        await self.idle()
        if quantity > 1:
            await self.say(f"/edit {number} quantity {quantity}")
        while (asked := await self._asked(number)) is not None:
            await self.say(f"/edit {number} {asked}")
        return number

    async def _asked(self, number: int) -> str | None:
        """A field that the draft card still asks for, with a value that answers it."""
        for post in reversed(await self.posts()):
            card = post.card
            if not card.get("title", "").startswith(f"Item {number}:"):
                continue
            if not any(line.get("label") == "Still to answer" for line in card["lines"]):
                return None
            button = card["buttons"][0][0]
            async with self.app.house.db.read() as session:
                row = await session.get_one(CardButton, button["id"])
            field = str(row.action["field"]).removeprefix("aspect:")
            return f"'{field}' {row.action.get('value', 'Other')}"
        return None

    async def live(self, number: int | None = None) -> list[str]:
        """Where it can be bought now, asked of the stand-ins: "ebay", "shopify"."""
        sku = None
        if number is not None:
            sku = (await self.row(number)).sku
        return [
            marketplace
            for marketplace in ("ebay", "shopify")
            for one in self.sandbox.state(marketplace)["listings"]
            if one["state"] == "ACTIVE" and (sku is None or one["sku"] == sku)
        ]

    async def row(self, number: int) -> Item:
        async with self.app.house.db.read() as session:
            return (await session.execute(select(Item).where(Item.number == number))).scalar_one()

    async def buy(self, marketplace: str, number: int, *, heard: bool = True, **more: Any) -> dict[str, Any]:
        """A buyer buys; waits until the sale was taken in and everything followed (unless Haggle cannot have `heard` of it yet)."""
        order = await asyncio.to_thread(self.sandbox.buy, marketplace, (await self.row(number)).sku, **more)
        async with asyncio.timeout(20):
            while heard and not await self._knows(str(order.get("orderId") or order.get("id"))):
                await asyncio.wait({asyncio.create_task(self.app.idle())}, timeout=0.05)
        await self.idle()
        return order

    async def _knows(self, external: str) -> bool:
        async with self.app.house.db.read() as session:
            found = await session.execute(select(Order.id).where(Order.external_id.like(f"%{external}%")))
            return found.scalar() is not None

    async def say(self, text: str) -> None:
        await self.hear(text=text)

    async def photos(self, *pictures: bytes, text: str = "") -> None:
        stored = [await self.app.house.photos.put(one) for one in pictures]
        await self.hear(photos=tuple(one.sha256 for one in stored), text=text, ended=True, album=new_key())

    async def press(self, label: str) -> None:
        """Press the newest button whose label contains this."""
        for post in reversed(await self.posts()):
            for row in post.card.get("buttons", []):
                for button in row:
                    if label.lower() in button["label"].lower() and button.get("id"):
                        await self.hear(press=button["id"], message=post.message)
                        return
        raise AssertionError(f"no button “{label}” in:\n{await self.text()}")

    async def answer_first(self) -> None:
        """Answer the first open question of the newest draft card by its first button."""
        for post in reversed(await self.posts()):
            if any(line.get("label") == "Still to answer" for line in post.card.get("lines", [])):
                button = post.card["buttons"][0][0]
                await self.hear(press=button["id"], message=post.message)
                return

    async def idle(self) -> None:
        async with asyncio.timeout(60):
            await self.app.idle()

    async def waits(self) -> bool:
        """Whether some work waits for its time within the next ten seconds; waits a moment for it."""
        await asyncio.wait({asyncio.create_task(self.app.engine.local.idle())}, timeout=0.1)
        soon = self.app.house.db.now() + timedelta(seconds=10)
        async with self.app.house.db.read() as session:
            found = await session.execute(select(Change.id).where(Change.state.in_(("approved", "running")), Change.due_at < soon).limit(1))
            return found.scalar() is not None

    async def tick(self) -> None:
        """What the clock does, at once: after time was moved."""
        await self.app.engine.local.sweep()
        await shout_late(self.app.house)
        await reread_sold(self.app.house)
        await self.idle()

    async def posts(self) -> list[Post]:
        async with self.app.house.db.read() as session:
            return list((await session.execute(select(Post).where(Post.surface == "web").order_by(Post.id))).scalars())

    async def text(self) -> str:
        """Everything that the chat shows now."""
        return "\n---\n".join(json.dumps(post.card or post.said, ensure_ascii=False, indent=1) for post in await self.posts())

    async def last(self) -> str:
        """What the newest card says, as JSON text. Not a notice: those come when they like, between a word and its answer too."""
        cards = [post.card for post in await self.posts()]
        return json.dumps([card for card in cards if (card.get("subject") or [""])[0] != "notice_copy"][-1], ensure_ascii=False)

    async def until(self, *words: str, seconds: float = 20) -> None:
        """Wait until the chat shows all of these words."""
        async with asyncio.timeout(seconds):
            while True:
                seen = await self.text()
                if all(word in seen for word in words):
                    return
                await self.app.house.db.ping()
                await asyncio.wait({asyncio.create_task(self.app.idle())}, timeout=0.05)


@asynccontextmanager
async def open_shop(
    folder: Path, sandbox: SandboxProcess, *, connect: bool = True, url: str = "", clock: TestClock | None = None, **more: Any
) -> AsyncIterator[TestShop]:
    """A started app on a fresh (or the same) folder, its owner signed in, the marketplaces connected, its webhooks served."""
    door = socket.create_server(("127.0.0.1", 0))
    address = f"http://127.0.0.1:{door.getsockname()[1]}"
    ours = {"public_url": address, "ebay_ru_name": f"{address}/oauth/ebay/callback", "ebay_alert_email": "sam@example.com"}
    settings = settings_for(folder, sandbox, **{"database_url": url, **ours, **more})
    if url:
        await migrate.upgrade(url)
    else:
        await fresh_sqlite(folder)
    clock = clock or TestClock()
    app = await wiring.build(settings, clock)
    await app.start()
    assert app.web is not None
    server = Server(app.http, app.web, host="127.0.0.1", port=0)
    serving = asyncio.create_task(server.serve(sockets=[door]))
    try:
        if await people.has_owner(app.house):
            code = await people.owner_code(app.house)
        else:
            code = await app.join_code(Role.OWNER)
        person = await people.enter(app.house, code, "web", "", name="Sam")
        if connect:
            await connect_all(app, "sandbox-shop")
        yield TestShop(app, person, sandbox, clock, address)
    finally:
        server.should_exit = True
        await serving
        await app.stop()
