"""Putting an item up where something is still to be answered: it is asked, and then it goes up."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from core.flows.wanted import sheet_of
from storage.models import Account
from tests.shop import TestShop


@pytest.fixture
def database_kind() -> str:
    """Nothing here depends on the kind."""
    return "sqlite"


async def forget_answers(shop: TestShop, number: int, *names: str) -> None:
    """The draft as it was before these were answered."""
    item = await shop.row(number)
    async with shop.app.house.db.write() as session:
        row, sheet = await sheet_of(session, item.id)
        row.fields = {**row.fields, "fields": {name: one.to_json() for name, one in sheet.fields.items() if name not in names}}


async def test_another_channel_asks_what_it_needs_and_then_it_goes_up(shop: TestShop) -> None:
    number = await shop.item()
    await shop.say(f"/publish {number} shopify")
    await forget_answers(shop, number, "brand", "condition")
    await shop.say(f"/publish {number} ebay")
    assert f"Before item {number} can go up on eBay: What condition is it in?" in await shop.last()
    await shop.press("Fair")
    assert f"Before item {number} can go up on eBay: Brand?" in await shop.last()
    await shop.press("Something else")
    await shop.say("Acme")
    assert await shop.live(number) == ["ebay", "shopify"]


async def test_what_is_typed_is_asked_for_and_then_it_goes_up(shop: TestShop) -> None:
    number = await shop.item()
    await shop.say(f"/edit {number} title {'long ' * 30}")
    await shop.say(f"/publish {number}")
    assert "takes 80" in await shop.last()
    await shop.say("Acme brass desk lamp")
    assert "asking the marketplaces" in await shop.last()
    await shop.press("Publish")
    assert await shop.live(number) == ["ebay", "shopify"]


async def test_a_marketplace_that_was_connected_later_is_asked_for_a_category_first(shop: TestShop) -> None:
    number = await shop.item()
    item = await shop.row(number)
    async with shop.app.house.db.write() as session:
        row, _sheet = await sheet_of(session, item.id)
        ebay = (await session.execute(select(Account.id).where(Account.channel == "ebay"))).scalar_one()
        row.choices = {**row.choices, "categories": {}, "suggested": {}}
    await shop.say(f"/publish {number} ebay")
    assert "asking the marketplaces" in await shop.last()
    async with shop.app.house.db.read() as session:
        assert ebay in (await sheet_of(session, item.id))[0].choices["categories"]
    await shop.press("Publish on eBay")
    assert await shop.live(number) == ["ebay"]


async def test_what_is_sold_says_so_and_asks_nothing(shop: TestShop) -> None:
    number = await shop.item()
    await shop.say(f"/sold {number} 70")
    await forget_answers(shop, number, "condition")
    await shop.say(f"/publish {number}")
    assert f"Item {number} is sold, so it cannot go up." in await shop.last()
