"""What happens while something else is under way: typing while photos are read, things that break, a chat that is out of reach."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from core.flows.posts import touch
from core.values.states import DraftState, ItemState
from storage.keys import new_key
from storage.models import Draft, InboxEvent, Item, Post
from tests import requires
from tests.bot.telegram_server import TelegramServer
from tests.integrations.ai.chat_service import Service, claims, serving
from tests.sandbox_process import SandboxProcess
from tests.shop import TestShop, open_shop, picture


@pytest.fixture
def database_kind() -> str:
    """Nothing here depends on the kind."""
    return "sqlite"


@pytest.fixture
def model() -> Iterator[Service]:
    """A model that answers once it is released."""
    requires.specs()
    made = Service(new_key(), [])
    answer = claims(title="Acme lamp", brand="Acme", condition="poor")

    def waits(asked: dict[str, Any]) -> tuple[int, bytes]:
        made.released.wait(30)
        return answer(asked)

    made.answers = [waits]
    with serving(made) as service:
        yield service


@pytest.fixture
async def reading(tmp_path: Path, sandbox: SandboxProcess, database_url: str, model: Service) -> AsyncIterator[TestShop]:
    """A shop whose model is thinking about the photos of item 1."""
    more: dict[str, Any] = {"ai_base_url": model.url, "ai_api_key": model.key, "ai_model": "test-model"}
    async with open_shop(tmp_path, sandbox, url=database_url, **more) as shop:
        stored = await shop.app.house.photos.put(picture())
        said = asyncio.create_task(shop.hear(photos=(stored.sha256,), ended=True, album=new_key()))
        async with asyncio.timeout(20):
            while not model.requests:
                await shop.app.house.db.ping()
        yield shop
        model.released.set()
        await said


async def draft(shop: TestShop) -> Draft:
    async with shop.app.house.db.read() as session:
        return (await session.execute(select(Draft))).scalar_one()


async def say(shop: TestShop, text: str, model: Service) -> None:
    """Say it while the model thinks, and wait until it was taken in."""
    said = asyncio.create_task(shop.say(text))
    async with asyncio.timeout(20):
        while not await _heard(shop, text):
            await shop.app.house.db.ping()
    said.add_done_callback(lambda _: model.released.set())


async def _heard(shop: TestShop, text: str) -> bool:
    """It is in the chat, so what it caused is there too."""
    return any(post.said.get("text") == text for post in await shop.posts())


async def test_what_is_typed_while_photos_are_read_stays(reading: TestShop, model: Service) -> None:
    await say(reading, "/edit 1 title My own title", model)
    await say(reading, "/edit 1 condition good", model)
    await say(reading, "/price 1 45", model)
    model.released.set()
    await reading.idle()
    row = await draft(reading)
    assert row.state == DraftState.REVIEW
    fields = row.fields["fields"]
    assert (fields["title"]["value"], fields["condition"]["value"], fields["brand"]["value"]) == ("My own title", "good", "Acme")
    item = await reading.row(1)
    assert (item.title, item.price) == ("My own title", 4500)


async def test_a_draft_that_is_thrown_away_while_it_is_read_stays_thrown_away(reading: TestShop, model: Service) -> None:
    async with reading.app.house.db.write() as session:
        await session.execute(update(Draft).values(state=DraftState.REJECTED))
    model.released.set()
    await reading.idle()
    assert (await draft(reading)).state == DraftState.REJECTED


async def test_what_is_typed_before_the_last_photo_stays_and_the_photos_are_read(shop: TestShop) -> None:
    stored = await shop.app.house.photos.put(picture("ACME LAMP"))
    await shop.hear(photos=(stored.sha256,), ended=False, album="one")
    async with shop.app.house.db.write() as session:  # however slow this machine is, the album does not end by itself
        await session.execute(update(Draft).values(due_at=shop.clock.now() + timedelta(hours=1)))
    await shop.say("/edit 1 brand Puma")
    await shop.press("That’s all")
    row = await draft(shop)
    assert row.state == DraftState.REVIEW
    assert row.fields["reader"] == "offline"
    assert row.fields["fields"]["brand"]["value"] == "Puma"


async def test_who_says_something_that_breaks_reads_so_and_may_try_again(shop: TestShop) -> None:
    number = await shop.item()
    words = f"/edit {number} brand Puma"
    async with shop.app.house.db.write() as session:
        row = (await session.execute(select(Draft))).scalar_one()
        kept = {column.name: getattr(row, column.name) for column in Draft.__table__.columns}
        await session.delete(row)  # an item without its draft: nobody expects that
    await shop.say(words)
    await pass_time(shop, tries=4)
    shown = await shop.text()
    assert words in shown
    assert "I could not do what you just asked, and nothing of it was done." in shown
    async with shop.app.house.db.write() as session:
        session.add(Draft(**kept))
    await shop.press("Try again")
    assert (await draft(shop)).fields["fields"]["brand"]["value"] == "Puma"
    await shop.press("Try again")
    assert "taken in meanwhile" in await shop.last()


async def test_a_card_that_cannot_be_drawn_says_so(shop: TestShop) -> None:
    number = await shop.item()
    async with shop.app.house.db.write() as session:
        await session.execute(update(Item).values(state="nonsense"))
    await shop.say(f"/item {number}")
    await pass_time(shop, tries=3)
    assert "This card cannot be shown" in await shop.last()
    async with shop.app.house.db.write() as session:
        await session.execute(update(Item).values(state=ItemState.LIVE))
        await touch(session, shop.app.house.db, ("item", (await shop.row(number)).id))
    await shop.idle()
    assert f"Item {number}: Acme brass desk lamp" in await shop.last()


async def pass_time(shop: TestShop, *, tries: int) -> None:
    """What failed is tried again so often."""
    for _ in range(tries):
        shop.clock.move(minutes=15)
        await shop.app.engine.local.sweep()
        await shop.idle()


async def test_a_card_waits_for_a_chat_that_is_out_of_reach(tmp_path: Path, sandbox: SandboxProcess, database_url: str) -> None:
    async with TelegramServer(requires.specs()) as telegram:
        more: dict[str, Any] = {"url": database_url, "telegram_bot_token": telegram.token, "telegram_api_url": telegram.url}
        async with open_shop(tmp_path, sandbox, **more) as shop:
            link = await shop.app.telegram_link()
            assert link is not None
            telegram.say(f"/start {link.partition('start=')[2]}")
            await telegram.until(lambda: telegram.last(containing="Hello! I am Haggle."))
            await shop.idle()
            number = await shop.item()
            await shop.say(f"/publish {number}")
            telegram.fail("sendMessage", 502, "Bad Gateway", times=1000)
            telegram.fail("sendPhoto", 502, "Bad Gateway", times=1000)
            await shop.buy("ebay", number)
            await pass_time(shop, tries=12)
            assert not [one for one in telegram.of() if "Sold on eBay" in one.text]
            telegram.no_faults()
            shop.clock.move(minutes=15)
            await shop.app.engine.local.sweep()
            await telegram.until(lambda: telegram.last(containing="Sold on eBay"), seconds=20)
            async with shop.app.house.db.read() as session:
                states = (await session.execute(select(Post.state).where(Post.surface == "telegram", Post.view == "sale"))).scalars().all()
            assert set(states) <= {"posted", "dirty"}


async def test_the_marketplaces_are_not_asked_while_paused_but_after(shop: TestShop) -> None:
    await shop.say("/pause all")
    before = shop.sandbox.calls().get("ebay.getCategorySuggestions", 0)
    await shop.photos(picture("ACME LAMP"), text="Acme brass desk lamp, good condition, want 80")
    assert shop.sandbox.calls().get("ebay.getCategorySuggestions", 0) == before
    await shop.say("/resume")
    assert (await draft(shop)).choices["categories"]
    assert (await draft(shop)).state == DraftState.REVIEW


async def test_a_pasted_address_with_a_key_in_it_is_used_and_not_kept(shop: TestShop) -> None:
    secret = new_key()
    await shop.say(f"https://example.com/back?code={secret}&state=unknown")
    assert "does not belong to a connection" in await shop.last()
    async with shop.app.house.db.read() as session:
        kept = [str(row) for row in (await session.execute(select(InboxEvent.body))).scalars()]
        kept += [str(row) for row in (await session.execute(select(Post.said))).scalars()]
    assert not [row for row in kept if secret in row]
