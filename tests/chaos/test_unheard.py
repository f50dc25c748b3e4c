"""What was sold and is not heard of yet: nothing that Haggle does meanwhile puts it back on sale."""

from __future__ import annotations

import pytest
from sqlalchemy import select, update

from core.flows.watching import wake_held
from storage.models import Change, Item, Listing, ManualTask, Notice
from tests.chaos.test_found import LAMP, changes, for_sale, later, left
from tests.shop import TestShop

MARKETS = ("ebay", "shopify")
LOST = {"ebay": "publishOffer", "shopify": "publishablePublish"}


async def state_of(shop: TestShop, number: int, market: str) -> str:
    query = select(Listing.state).join(Item, Item.id == Listing.item_id).where(Item.number == number, Listing.channel == market)
    async with shop.app.house.db.read() as session:
        return str((await session.execute(query)).scalar_one())


async def buy_unheard(shop: TestShop, market: str, number: int) -> None:
    """A buyer buys, and no webhook tells of it."""
    shop.sandbox.fault("webhook_lost", marketplace=market)
    await shop.buy(market, number, heard=False)


@pytest.mark.parametrize("market", MARKETS)
async def test_what_sold_while_its_publishing_was_tried_again_is_sold_everywhere(shop: TestShop, market: str) -> None:
    number = await shop.item(LAMP)
    shop.sandbox.fault("drop", marketplace=market, operation=LOST[market])
    await shop.say(f"/publish {number}")
    shop.sandbox.no_faults()
    await buy_unheard(shop, market, number)
    for _ in range(3):
        await later(shop, seconds=10)
    assert for_sale(shop) == {}
    assert (await shop.row(number)).state == "sold"
    assert "failed" not in await changes(shop, "publish")


@pytest.mark.parametrize("market", MARKETS)
async def test_a_quantity_after_a_sale_puts_nothing_back_that_sold_too(shop: TestShop, market: str) -> None:
    number = await shop.item(LAMP, quantity=3)
    await shop.say(f"/publish {number}")
    shop.sandbox.fault("webhook_lost", marketplace=market, count=1)
    await shop.buy(market, number, heard=False)
    await shop.buy(market, number)
    assert for_sale(shop)[market] == 1
    await later(shop)
    assert for_sale(shop) == {"ebay": 1, "shopify": 1}
    assert await left(shop, number) == 1


@pytest.mark.parametrize("market", MARKETS)
async def test_orders_are_asked_for_before_something_goes_up_again(shop: TestShop, market: str) -> None:
    number = await shop.item(LAMP)
    await shop.say(f"/publish {number} {market}")
    await buy_unheard(shop, market, number)
    await shop.say(f"/delist {number}")
    await shop.say(f"/publish {number} {market}")
    assert for_sale(shop) == {}
    assert (await shop.row(number)).state == "sold"
    assert await changes(shop, "relist") == ["cancelled"]


async def test_more_that_a_person_found_goes_up_once_the_orders_are_read(shop: TestShop) -> None:
    number = await shop.item(LAMP, quantity=2)
    await shop.say(f"/publish {number}")
    await buy_unheard(shop, "ebay", number)
    await shop.say(f"/edit {number} quantity 4")
    assert await left(shop, number) == 3
    await later(shop)
    assert for_sale(shop) == {"ebay": 3, "shopify": 3}


async def test_a_product_that_sold_out_while_it_was_published_is_not_said_to_be_up(shop: TestShop) -> None:
    number = await shop.item(LAMP)
    shop.sandbox.fault("drop", marketplace="shopify", operation="publishablePublish")
    await shop.say(f"/publish {number} shopify")
    shop.sandbox.no_faults()
    await buy_unheard(shop, "shopify", number)
    shop.sandbox.fault("error500", marketplace="shopify", operation="orders", count=1)
    await later(shop, seconds=3)
    assert await state_of(shop, number, "shopify") != "active"
    shop.sandbox.no_faults()
    for _ in range(2):
        await later(shop, seconds=10)
    assert (await shop.row(number)).state == "sold"


@pytest.mark.parametrize("channel", ["ebay", "poshmark"])
async def test_a_price_below_the_floor_is_not_put_up(shop: TestShop, channel: str) -> None:
    number = await shop.item(LAMP, price=4500)
    await shop.say("/pause all")
    await shop.say(f"/publish {number} {channel}")
    async with shop.app.house.db.write() as session:
        await session.execute(update(Item).values(floor=5000))
    await shop.say("/resume")
    await later(shop)
    assert await changes(shop, "publish") == ["failed"]
    assert "below its floor" in await shop.text()
    assert for_sale(shop) == {}


async def test_what_was_held_while_nothing_left_the_house_goes_on_at_once(shop: TestShop) -> None:
    number = await shop.item(LAMP)
    shop.app.house.outward = False
    await shop.say(f"/publish {number} ebay")
    await shop.idle()
    assert "try 0" not in await shop.text()
    shop.app.house.outward = True
    await wake_held(shop.app.house)
    await shop.idle()
    assert for_sale(shop) == {"ebay": 1}


async def test_a_kit_that_nobody_ticked_is_asked_about_after_a_sale(shop: TestShop) -> None:
    number = await shop.item(LAMP)
    await shop.say(f"/publish {number}")
    await shop.buy("ebay", number)
    async with shop.app.house.db.read() as session:
        tasks = {one.kind: one for one in (await session.execute(select(ManualTask))).scalars()}
    assert (tasks["list"].state, tasks["take_down"].state) == ("cancelled", "open")
    assert "If you had put it up there already, take it down" in tasks["take_down"].reason
    await shop.press("It was never up")
    await later(shop, seconds=7200)
    async with shop.app.house.db.read() as session:
        kinds = (await session.execute(select(ManualTask.kind).where(ManualTask.state == "open"))).scalars().all()
        critical = (await session.execute(select(Notice.title).where(Notice.severity == "critical"))).scalars().all()
    assert (list(kinds), list(critical)) == ([], [])


async def test_taking_down_a_kit_that_nobody_used_asks_nothing(shop: TestShop) -> None:
    number = await shop.item(LAMP)
    await shop.say(f"/publish {number} poshmark")
    await shop.say(f"/delist {number}")
    async with shop.app.house.db.read() as session:
        kinds = (await session.execute(select(ManualTask.kind).where(ManualTask.state == "open"))).scalars().all()
        outcome = (await session.execute(select(Change.outcome).where(Change.kind == "delist"))).scalar_one()
    assert list(kinds) == []
    assert outcome == {"nothing": "It was not up there."}
