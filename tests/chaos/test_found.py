"""What the chaos run found, each as the shortest story that shows it."""

from __future__ import annotations

import asyncio

from sqlalchemy import select, update

from core.flows.watching import reread_sold
from core.values.card import Inbound
from storage.inbox import Delivery
from storage.keys import new_key
from storage.models import Account, Change, Item, Listing, ManualTask, Notice, Order, Stock
from tests.shop import TestShop

LAMP = "Acme brass lamp"


async def later(shop: TestShop, seconds: float = 3600) -> None:
    """Time passes: what waited for its next try is tried, and every account is asked for orders."""
    shop.clock.move(seconds=seconds)
    async with shop.app.house.db.write() as session:
        await session.execute(update(Account).where(Account.channel.in_(("ebay", "shopify"))).values(due_at=shop.app.house.db.now()))
    await shop.app.engine.local.sweep()
    await shop.idle()


async def changes(shop: TestShop, kind: str) -> list[str]:
    async with shop.app.house.db.read() as session:
        return list((await session.execute(select(Change.state).where(Change.kind == kind).order_by(Change.id))).scalars())


async def left(shop: TestShop, number: int) -> int:
    async with shop.app.house.db.read() as session:
        stock = (await session.execute(select(Stock).join(Item, Item.id == Stock.item_id).where(Item.number == number))).scalar_one()
    return stock.total - stock.reserved


def for_sale(shop: TestShop) -> dict[str, int]:
    there = {market: shop.sandbox.state(market)["listings"] for market in ("ebay", "shopify")}
    return {market: one["quantity"] for market, listings in there.items() for one in listings if one["state"] == "ACTIVE"}


async def cancel(shop: TestShop, market: str, order: str) -> None:
    """The buyer cancels; waits until that was taken in."""
    shop.sandbox.cancel(market, order)
    async with asyncio.timeout(30):
        while not await _is_cancelled(shop, order):
            await later(shop, seconds=1)


async def _is_cancelled(shop: TestShop, order: str) -> bool:
    async with shop.app.house.db.read() as session:
        return (await session.execute(select(Order.state).where(Order.external_id == order))).scalar() == "cancelled"


async def test_a_quantity_for_what_is_not_up_yet_is_no_failure(shop: TestShop) -> None:
    number = await shop.item(LAMP, quantity=3)
    shop.sandbox.fault("error500", marketplace="ebay", operation="publishOffer")
    await shop.say(f"/publish {number}")
    await shop.buy("shopify", number)
    shop.sandbox.no_faults()
    await later(shop)
    assert "failed" not in await changes(shop, "quantity")
    assert for_sale(shop) == {"ebay": 2, "shopify": 2}


async def test_a_take_down_that_was_overtaken_by_putting_up_again_does_nothing(shop: TestShop) -> None:
    number = await shop.item(LAMP)
    await shop.say(f"/publish {number}")
    shop.sandbox.fault("error500", marketplace="ebay", operation="withdrawOffer")
    await shop.say(f"/delist {number}")
    await shop.say(f"/publish {number}")
    shop.sandbox.no_faults()
    await later(shop)
    assert sorted(await shop.live(number)) == ["ebay", "shopify"]
    assert (await changes(shop, "delist")).count("cancelled") == 1


async def test_what_an_oversold_order_never_had_does_not_come_back(shop: TestShop) -> None:
    number = await shop.item(LAMP)
    await shop.say(f"/publish {number}")
    sku = (await shop.row(number)).sku
    orders = {market: shop.sandbox.buy(market, sku) for market in ("ebay", "shopify")}
    await later(shop, seconds=20)
    assert await left(shop, number) == 0
    async with shop.app.house.db.read() as session:
        (notice,) = (await session.execute(select(Notice).where(Notice.type == "oversell"))).scalars()

    await cancel(shop, "ebay", str(orders["ebay"]["orderId"]))
    assert await left(shop, number) == 0, "the other order has it now"
    assert (await shop.row(number)).state == "sold"
    async with shop.app.house.db.read() as session:
        assert (await session.get_one(Notice, notice.id)).solved_at is not None

    await cancel(shop, "shopify", str(orders["shopify"]["admin_graphql_api_id"]))
    assert await left(shop, number) == 1
    assert (await shop.row(number)).state == "delisted"


async def test_put_up_by_hand_after_it_was_taken_down_makes_a_task(shop: TestShop) -> None:
    number = await shop.item(LAMP)
    await shop.say(f"/publish {number}")
    await shop.say("/pause all")
    await shop.say(f"/delist {number}")
    await shop.press("It is up")
    await shop.say("/resume")
    await later(shop)
    async with shop.app.house.db.read() as session:
        kinds = (await session.execute(select(ManualTask.kind).where(ManualTask.state == "open"))).scalars().all()
    assert list(kinds) == ["take_down"]


async def test_what_was_sold_just_before_a_person_was_asked_to_put_it_up_is_no_failure(shop: TestShop) -> None:
    """The publish was picked up already when the sale made it pointless, so the sale could not cancel it."""
    number = await shop.item(LAMP)
    await shop.say("/pause all")
    await shop.say(f"/publish {number} poshmark")
    async with shop.app.house.db.write() as session:
        await session.execute(update(Listing).values(wanted="gone"))
        await session.execute(update(Stock).values(total=0))
    await shop.say("/resume")
    await later(shop)
    assert await changes(shop, "publish") == ["cancelled"]


async def test_a_quantity_that_crossed_a_sale_is_put_right(shop: TestShop) -> None:
    number = await shop.item(LAMP, quantity=4)
    await shop.say(f"/publish {number}")
    shop.sandbox.fault("webhook_lost", marketplace="ebay")
    shop.sandbox.buy("ebay", (await shop.row(number)).sku)
    await shop.buy("shopify", number)
    await later(shop)
    assert for_sale(shop) == {"ebay": 2, "shopify": 2}


async def test_what_a_frozen_worker_did_too_late_is_found_and_undone(shop: TestShop) -> None:
    """Its publish is under way when it loses its claim; others see to it, and take the thing down."""
    number = await shop.item(LAMP)
    db = shop.app.house.db
    shop.sandbox.fault("latency", marketplace="ebay", seconds=0.3)
    said = Inbound("web", shop.person.member_id, shop.person.member_id, new_key(), text=f"/publish {number} ebay")
    await shop.app.house.inbox.put(Delivery("web", said.event_id, body=said.to_json()))
    async with asyncio.timeout(20):
        while "running" not in await changes(shop, "publish"):
            await asyncio.wait({asyncio.create_task(db.ping())})
    async with db.write() as session:
        stolen = update(Change).where(Change.state == "running").values(state="cancelled", fence=Change.fence + 1, lease_until=None)
        await session.execute(stolen)
        await session.execute(update(Listing).values(wanted="gone"))
    await shop.idle()
    assert await shop.live(number) != []
    await reread_sold(shop.app.house)
    await shop.idle()
    assert await shop.live(number) == []


async def test_a_sale_card_shows_what_a_later_order_did_to_the_item(shop: TestShop) -> None:
    number = await shop.item(LAMP)
    await shop.say(f"/publish {number}")
    shop.sandbox.fault("error500", marketplace="shopify")
    await shop.buy("ebay", number)
    shop.sandbox.no_faults()
    shop.sandbox.buy("shopify", (await shop.row(number)).sku)
    await later(shop)
    cards = [post.card for post in await shop.posts() if post.view == "sale"]
    assert len(cards) == 2
    assert "taking it down" not in str(cards)


async def test_being_asked_to_wait_uses_up_no_tries(shop: TestShop) -> None:
    number = await shop.item(LAMP)
    shop.sandbox.fault("busy", marketplace="ebay", retry_after=1)
    await shop.say(f"/publish {number}")
    for _ in range(6):
        await later(shop, seconds=5)
    shop.sandbox.no_faults()
    shop.sandbox.fault("error500", marketplace="ebay")
    await later(shop, seconds=5)
    assert "failed" not in await changes(shop, "publish")
    shop.sandbox.no_faults()
    await later(shop)
    assert sorted(await shop.live(number)) == ["ebay", "shopify"]


async def test_a_price_that_was_set_there_is_asked_about_after_a_sale_too(shop: TestShop) -> None:
    """The sale's quantity was read back together with the price, which was taken for ours."""
    number = await shop.item(LAMP, quantity=3)
    await shop.say(f"/publish {number}")
    shop.sandbox.edit("shopify", (await shop.row(number)).sku, price="103.00")
    await shop.buy("ebay", number)
    await shop.say("/reconcile")
    await shop.until("Shopify shows item 1 at $103.00, and here it costs $80.00.")


async def test_what_sold_out_there_before_it_was_told_of_more_goes_up_again(shop: TestShop) -> None:
    """The sale's own quantity came first, found nothing for sale and called it ended; so what the person had said was dropped."""
    number = await shop.item(LAMP)
    await shop.say(f"/publish {number}")
    shop.sandbox.fault("error500", marketplace="ebay", operation="*ulkUpdatePriceQuantity", count=1)
    await shop.say(f"/stock {number} +2")
    assert await changes(shop, "quantity") == ["approved", "done", "done"]
    await shop.buy("ebay", number)
    await later(shop)
    assert await left(shop, number) == 2
    assert for_sale(shop) == {"ebay": 2, "shopify": 2}
