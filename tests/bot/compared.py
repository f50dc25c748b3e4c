"""What tests of reconciliation share: something that is listed, what the marketplace shows of it, and what differs."""

from __future__ import annotations

import asyncio
from typing import Any

from sqlalchemy import select

from storage.models import Difference, Item, Listing
from tests.shop import TestShop


async def listed(shop: TestShop, title: str = "Acme brass desk lamp", **more: Any) -> int:
    number = await shop.item(title, **more)
    await shop.say(f"/publish {number}")
    assert await shop.live(number) == ["ebay", "shopify"]
    return number


async def listing(shop: TestShop, number: int, channel: str) -> Listing:
    async with shop.app.house.db.read() as session:
        query = select(Listing).join(Item, Item.id == Listing.item_id).where(Item.number == number, Listing.channel == channel)
        return (await session.execute(query)).scalar_one()


async def differing(shop: TestShop) -> list[Difference]:
    async with shop.app.house.db.read() as session:
        return list((await session.execute(select(Difference).order_by(Difference.id))).scalars())


async def there(shop: TestShop, number: int, marketplace: str) -> dict[str, Any]:
    sku = (await shop.row(number)).sku
    return next(one for one in shop.sandbox.state(marketplace)["listings"] if one["sku"] == sku)


async def edit(shop: TestShop, number: int, marketplace: str, **what: Any) -> None:
    await asyncio.to_thread(shop.sandbox.edit, marketplace, (await there(shop, number, marketplace))["id"], **what)
