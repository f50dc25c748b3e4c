"""What people do about orders on a marketplace: shipping, refunds, cancelling, each carried there and read back."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from sqlalchemy import select

from core.values.states import ItemState, OrderState
from storage.models import AuditEntry, Change, Item, Listing, Notice, Order, OrderLine, Parcel, Stock
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
    assert "shipped" in card and USPS in card
    assert ("member", "order.processing") in await trail(shop, "order.processing", "order.shipped")
