"""Two sales of the last one: both recorded, everything down, and a card that offers which order to cancel."""

from __future__ import annotations

import asyncio

from sqlalchemy import select, update

from core.flows.ledger import level_of
from core.values.states import OrderState, Role
from storage.models import Account, Notice, Order, OrderLine
from tests.bot.people import join
from tests.shop import TestShop


async def sold_twice(shop: TestShop) -> int:
    """An item that sold on eBay and a little later on Shopify before we heard of either."""
    number = await shop.item()
    await shop.say(f"/publish {number}")
    sku = (await shop.row(number)).sku
    shop.sandbox.fault("webhook_lost")
    await asyncio.to_thread(shop.sandbox.buy, "ebay", sku)
    shop.sandbox.shift_clock(20)
    await asyncio.to_thread(shop.sandbox.buy, "shopify", sku)
    shop.clock.move(seconds=20)
    async with shop.app.house.db.write() as session:
        await session.execute(update(Account).where(Account.channel.in_(("ebay", "shopify"))).values(due_at=shop.app.house.db.now()))
    await shop.app.engine.local.sweep()
    await shop.until("was sold more often than you have it")
    await shop.idle()
    return number


async def orders(shop: TestShop) -> dict[str, Order]:
    async with shop.app.house.db.read() as session:
        return {one.channel: one for one in (await session.execute(select(Order))).scalars()}


async def test_the_later_order_is_suggested_and_cancelled_by_the_button(shop: TestShop) -> None:
    number = await sold_twice(shop)
    assert await shop.live(number) == []
    assert {one.state for one in (await orders(shop)).values()} == {OrderState.CONFIRMED}
    later, first = (await orders(shop))["shopify"], (await orders(shop))["ebay"]
    assert later.placed_at > first.placed_at
    text = await shop.text()
    assert f"Cancel order {later.number}, which came later" in text
    assert f"Cancel order {first.number} instead" in text

    await shop.press(f"Cancel order {later.number}, which came later")
    await shop.until(f"Order {first.number if first.number > later.number else later.number}: settled")
    assert (await orders(shop))["shopify"].state == OrderState.CANCELLED
    assert (await orders(shop))["ebay"].state == OrderState.CONFIRMED
    assert [one["state"] for one in shop.sandbox.state("shopify")["orders"]] == ["CANCELLED"]
    async with shop.app.house.db.read() as session:
        level = await level_of(session, (await shop.row(number)).id)
        [solved] = (await session.execute(select(Notice.solved_at).where(Notice.type == "oversell"))).scalars()
        lines = (await session.execute(select(OrderLine.item_id))).scalars().all()
    assert level is not None
    assert (level.total, level.reserved) == (0, 0)
    assert solved is not None
    assert len(lines) == 2, "both sales stay recorded"
    assert await shop.live(number) == []


async def test_the_first_order_may_be_cancelled_instead_and_the_later_one_has_it_then(shop: TestShop) -> None:
    number = await sold_twice(shop)
    first = (await orders(shop))["ebay"]
    await shop.press(f"Cancel order {first.number} instead")
    await shop.until(": settled")
    assert {one.channel: one.state for one in (await orders(shop)).values()} == {"ebay": "cancelled", "shopify": "confirmed"}
    assert (await shop.row(number)).state == "sold"


async def test_who_may_not_give_money_back_cancels_nothing(shop: TestShop) -> None:
    ann = await join(shop, Role.SELLER)
    await sold_twice(shop)
    await ann.press("Cancel order")
    assert "this needs a manager" in await ann.last()
    assert {one.state for one in (await orders(shop)).values()} == {OrderState.CONFIRMED}
