"""What people do about orders on a marketplace: shipping, refunds, cancelling, each carried there and read back."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from sqlalchemy import select

from core.values.states import ItemState, OrderState
from storage.models import AuditEntry, Change, Item, Order, Parcel, Stock
from tests.shop import TestShop

USPS = "9400100000000000000006"
UPS = "1Z999AA10123456784"


async def order_of(shop: TestShop, number: int = 1) -> Order:
    async with shop.app.house.db.read() as session:
        return (await session.execute(select(Order).where(Order.number == number))).scalar_one()


async def parcels(shop: TestShop) -> list[Parcel]:
    async with shop.app.house.db.read() as session:
        return list((await session.execute(select(Parcel).order_by(Parcel.id))).scalars())


async def trail(shop: TestShop, *actions: str) -> list[tuple[str, str]]:
    """Who did what to orders and their Changes, oldest first."""
    async with shop.app.house.db.read() as session:
        query = select(AuditEntry).where(AuditEntry.action.in_(actions)).order_by(AuditEntry.id)
        return [(one.actor.partition(":")[0], one.action) for one in (await session.execute(query)).scalars()]


async def left(shop: TestShop, number: int = 1) -> tuple[int, int]:
    async with shop.app.house.db.read() as session:
        stock = (await session.execute(select(Stock).join(Item, Item.id == Stock.item_id).where(Item.number == number))).scalar_one()
    return stock.total, stock.reserved


async def card_of(shop: TestShop, number: int = 1) -> dict[str, Any]:
    """The newest copy of an order's card."""
    key = (await order_of(shop, number)).id
    found = [post.card for post in await shop.posts() if post.view == "order" and post.subject_id == key]
    return dict(found[-1])


async def sold(shop: TestShop, marketplace: str = "ebay", **more: Any) -> None:
    number = await shop.item("Acme brass desk lamp")
    await shop.say(f"/publish {number}")
    await shop.buy(marketplace, number, **more)


async def settled(shop: TestShop) -> None:
    """Every Change about orders is over, retries included."""
    async with asyncio.timeout(30):
        while True:
            await shop.idle()
            async with shop.app.house.db.read() as session:
                waits = select(Change.id).where(Change.state.in_(("approved", "running")), Change.listing_id.is_(None))
                if (await session.execute(waits.limit(1))).scalar() is None:
                    break
            await shop.app.engine.local.sweep()
    await shop.idle()


async def test_a_parcel_is_told_to_ebay_and_read_back(shop: TestShop) -> None:
    await sold(shop)
    await shop.say(f"/ship 1 usps {USPS}")
    await settled(shop)
    order, [parcel] = await order_of(shop), await parcels(shop)
    assert order.state == OrderState.SHIPPED, await shop.text()
    assert order.shipped_at is not None
    assert (parcel.carrier, parcel.tracking) == ("usps", USPS)
    assert parcel.pushed_at is not None
    card = json.dumps(await card_of(shop))
    assert "shipped" in card
    assert USPS in card
    assert ("member", "order.processing") in await trail(shop, "order.processing", "order.shipped")


async def external(shop: TestShop) -> str:
    """What the stand-in calls the first order."""
    return (await order_of(shop)).external_id


async def test_a_refund_is_confirmed_by_a_tap_and_asked_and_given_are_two_amounts(shop: TestShop) -> None:
    await sold(shop, "shopify")
    await shop.say("/refund 1 10")
    assert (await order_of(shop)).refund_asked is None, "nothing before the tap"
    await shop.press("Give $10.00 back")
    await settled(shop)
    order = await order_of(shop)
    assert (order.refund_asked, order.refunded, order.state) == (1000, 1000, OrderState.CONFIRMED), await shop.text()
    await shop.press("Give $10.00 back")  # the same button once more, on the card that was scrolled back to
    await settled(shop)
    assert (await order_of(shop)).refunded == 1000
    assert "something else was given back meanwhile" in await shop.last()
    await shop.say("/refund 1 75")
    assert "may be given back at most" in await shop.last()


async def test_a_full_refund_asks_what_came_back_before_the_stock_has_it(shop: TestShop) -> None:
    await sold(shop, "shopify")
    await shop.say("/refund 1")
    assert "cancel it: /cancel 1" in await shop.last()
    await shop.say(f"/ship 1 ups {UPS}")
    await settled(shop)
    await shop.say("/refund 1")
    await shop.press("Give $80.00 back")
    await settled(shop)
    order = await order_of(shop)
    assert (order.state, order.refunded) == (OrderState.REFUNDED, 8000), await shop.text()
    assert await left(shop) == (0, 0)
    await shop.press("1 is back: into stock")
    assert await left(shop) == (1, 0)
    assert (await shop.row(1)).state == ItemState.DELISTED
    await shop.press("Put item 1 up again")
    assert await shop.live(1) == ["ebay", "shopify"]
    assert ("member", "order.returned") in await trail(shop, "order.returned")


async def test_cancelling_gives_units_back_and_offers_to_put_it_up_again(shop: TestShop) -> None:
    await sold(shop)
    await shop.say("/cancel 1")
    assert (await order_of(shop)).state == OrderState.CONFIRMED, "nothing before the tap"
    await shop.press("Yes: sold out")
    await settled(shop)
    order = await order_of(shop)
    assert order.state == OrderState.CANCELLED, await shop.text()
    assert order.refund_asked == order.total
    assert await left(shop) == (1, 0)
    await shop.press("Put item 1 up again")
    assert await shop.live(1) == ["ebay", "shopify"]


async def test_an_unpaid_order_takes_it_down_and_when_it_is_cancelled_it_may_go_up_again(shop: TestShop) -> None:
    await sold(shop, "shopify", paid=False)
    assert await shop.live(1) == []
    assert await left(shop) == (1, 1)
    await shop.say(f"/ship 1 usps {USPS}")
    assert "The buyer pays first" in await shop.last()
    await shop.say("/cancel 1")
    await shop.press("Yes: the buyer asked")
    await settled(shop)
    assert (await order_of(shop)).state == OrderState.CANCELLED
    assert await left(shop) == (1, 0)
    await shop.press("Put item 1 up again")
    assert await shop.live(1) == ["ebay", "shopify"]


async def test_a_lost_answer_does_nothing_twice(shop: TestShop) -> None:
    await sold(shop)
    await shop.say(f"/ship 1 usps {USPS}")
    await settled(shop)
    await asyncio.to_thread(shop.sandbox.fault, "drop", marketplace="ebay", operation="issueRefund", count=1)
    await shop.say("/refund 1 10")
    await shop.press("Give $10.00 back")
    async with asyncio.timeout(30):
        while (await order_of(shop)).refunded is None:
            await settled(shop)
    order = await order_of(shop)
    assert (order.refund_asked, order.refunded) == (1000, 1000), await shop.text()
    async with shop.app.house.db.read() as session:
        change = (await session.execute(select(Change).where(Change.kind == "refund"))).scalar_one()
    assert change.state == "done"
    assert change.attempts == 2, "the first answer was lost"
