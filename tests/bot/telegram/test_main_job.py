"""The main job in Telegram: the whole app, the real library, a local server in Telegram's place, and stand-in marketplaces."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import func, select

from core.values.states import Role
from storage.models import Change, Item, ItemPhoto, ManualTask, Member
from tests.bot.telegram_chats import Sent
from tests.bot.telegram_server import TelegramServer
from tests.home import open_home
from tests.sandbox_process import SandboxProcess
from tests.shop import TestShop, open_shop, picture


@pytest.fixture
async def shop(tmp_path: Path, sandbox: SandboxProcess, telegram: TelegramServer, database_url: str) -> AsyncIterator[TestShop]:
    """The owner of a connected shop, who has opened the link to the bot too."""
    more: dict[str, Any] = {"url": database_url, "telegram_bot_token": telegram.token, "telegram_api_url": telegram.url}
    async with open_shop(tmp_path, sandbox, **more) as opened:
        link = await opened.app.telegram_link()
        assert link is not None
        telegram.say(f"/start {link.partition('start=')[2]}")
        await telegram.until(lambda: telegram.last(containing="Hello! I am Haggle."))
        await opened.idle()
        yield opened


async def draft_of(telegram: TelegramServer) -> Sent:
    """Send an album of two photos and wait for the draft."""
    telegram.send_photos([picture("ACME LAMP"), picture("LX-200", "maroon")], caption="Acme brass desk lamp, paid 20, want 80 min 60")
    return await telegram.until(lambda: _with_button(telegram, "Good"), seconds=20)


def _with_button(telegram: TelegramServer, label: str) -> Sent | None:
    """The newest message that offers a button whose label begins so."""
    return next((sent for sent in reversed(telegram.of()) if _label(sent, label)), None)


def _label(sent: Sent, label: str) -> str:
    return next((one for one in sent.labels if one.startswith(label)), "")


async def press(telegram: TelegramServer, sent: Sent, label: str) -> None:
    telegram.press(sent, _label(sent, label))


async def test_the_link_makes_an_owner_and_a_stranger_reads_one_sentence(tmp_path: Path, telegram: TelegramServer) -> None:
    async with open_home(tmp_path, telegram_bot_token=telegram.token, telegram_api_url=telegram.url) as home:
        stranger = telegram.stranger()
        telegram.say("/items", who=stranger)
        told = await telegram.until(lambda: telegram.last(stranger.id))
        assert told.text == "This Haggle belongs to somebody. Ask its owner for an invitation: it says what to send me."
        link = await home.app.telegram_link()
        assert link is not None
        assert link.startswith("https://t.me/haggle_test_bot?start=")
        code = link.partition("start=")[2]
        telegram.say(f"/start {code}")
        await telegram.until(lambda: telegram.last(containing="Hello! I am Haggle."))
        telegram.say(f"/start {code}", who=stranger)
        await telegram.until(lambda: telegram.last(stranger.id, "used already"))
        async with home.app.house.db.read() as session:
            members = (await session.execute(select(Member))).scalars().all()
        assert [(one.role, one.name) for one in members] == [(Role.OWNER, "Ann Seller")]
        assert len(telegram.of(stranger.id)) == 2


async def test_an_album_becomes_one_item_that_goes_live(shop: TestShop, telegram: TelegramServer) -> None:
    draft = await draft_of(telegram)
    await press(telegram, draft, "Good")
    await telegram.until(lambda: "Condition: Good" in draft.text and "Still to answer: Brand?" in draft.text)
    telegram.press(draft, draft.labels[0])
    await telegram.until(lambda: _label(draft, "Publish on"))
    await press(telegram, draft, "Publish on")
    outcome = await telegram.until(lambda: telegram.last(containing="Item 1 is partly up"))
    await telegram.until(lambda: outcome.text.count("live at $80.00") == 2)
    assert draft.edits
    assert len([one for one in telegram.of() if "Item 1 is partly up" in one.text]) == 1
    assert await shop.live(1) == ["ebay", "shopify"]
    assert await _colours(shop) == ["blue", "red"]
    async with shop.app.house.db.read() as session:
        assert (await session.execute(select(func.count()).select_from(Item))).scalar_one() == 1


async def test_sold_to_gone(shop: TestShop, telegram: TelegramServer) -> None:
    number = await shop.item()
    telegram.say(f"/publish {number}")
    task = await telegram.until(lambda: _with_button(telegram, "It is up"))
    await press(telegram, task, "It is up")
    await telegram.until(lambda: "Done by Sam" in task.text)

    shop.sandbox.buy("ebay", (await shop.row(number)).sku)
    sale = await telegram.until(lambda: telegram.last(containing="Sold on eBay"), seconds=20)
    down = await telegram.until(lambda: _with_button(telegram, "It is down"), seconds=20)
    await press(telegram, down, "It is down")
    await telegram.until(lambda: "ticked by you" in sale.text and sale.text.count("verified") == 2, seconds=20)
    assert "Earned" in sale.text
    assert await shop.live(number) == []
    assert len([one for one in telegram.of() if "Sold on eBay" in one.text]) == 1
    async with shop.app.house.db.read() as session:
        states = (await session.execute(select(ManualTask.state))).scalars().all()
    assert list(states) == ["done", "done"]


async def _colours(shop: TestShop) -> list[str]:
    """What the item's photos show, in their order."""
    async with shop.app.house.db.read() as session:
        names = (await session.execute(select(ItemPhoto.sha256).order_by(ItemPhoto.position))).scalars().all()
    seen = []
    for name in names:
        pixel = Image.open(io.BytesIO(await shop.app.house.photos.read(name, "original"))).convert("RGB").getpixel((5, 5))
        assert isinstance(pixel, tuple)
        seen.append("red" if pixel[0] > pixel[2] else "blue")
    return seen


async def test_a_button_pressed_in_two_places_at_once_has_one_outcome(shop: TestShop, telegram: TelegramServer) -> None:
    number = await shop.item()
    telegram.say(f"/item {number}")
    card = await telegram.until(lambda: _with_button(telegram, "Publish on"))
    pressed = card.button(_label(card, "Publish on"))["callback_data"]
    await press(telegram, card, "Publish on")
    await asyncio.gather(
        shop.hear(press=pressed),
        telegram.until(lambda: telegram.last(containing="Item 1 is partly up") or telegram.last(containing="is up there already")),
    )
    await shop.idle()
    async with shop.app.house.db.read() as session:
        kinds = (await session.execute(select(Change.kind))).scalars().all()
    assert list(kinds) == ["publish"] * 3
    assert await shop.live(number) == ["ebay", "shopify"]
    assert [len(shop.sandbox.state(market)["listings"]) for market in ("ebay", "shopify")] == [1, 1]
