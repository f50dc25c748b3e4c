"""Orders as people see them: the list, one living card, parcels that are asked about, and what can be taken back."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from core.flows import parcels as following
from core.values.states import OrderState, Role
from storage.models import Account, Member, Notice, Order
from tests.bot.test_order_desk import UPS, USPS, card_of, external, order_of, parcels, settled, sold, trail
from tests.shop import TestShop


@pytest.fixture
def database_kind() -> str:
    """The rows are tested on both by `test_order_desk.py`."""
    return "sqlite"


async def sold_outside(shop: TestShop) -> None:
    number = await shop.item("Acme brass desk lamp")
    await shop.say(f"/sold {number} 80 cash")


async def test_the_list_filters_and_pages(shop: TestShop) -> None:
    await shop.say("/orders")
    assert "Nothing was sold yet" in await shop.last()
    await shop.item("Acme brass desk lamp", quantity=12)
    for _ in range(12):
        await shop.say("/sold 1 80 cash")
    await shop.say("/orders")
    assert "To ship: 12." in await shop.last()
    await shop.press("More")
    assert '"label": "2"' in await shop.last()
    await shop.say("/ship 3 usps " + USPS)
    await shop.say("/orders shipped")
    assert [line["label"] for line in (await shop.posts())[-1].card["lines"]] == ["3"]
    await shop.say("/orders brass")
    assert '"label": "12"' in await shop.last()
    await shop.say("/orders late")
    assert "No order found" in await shop.last()
    await shop.say("/orders nonsense")
    assert "No order found for “nonsense”" in await shop.last()


async def test_late_orders_are_those_whose_day_is_over(shop: TestShop) -> None:
    await sold(shop)
    async with shop.app.house.db.write() as session:
        await session.execute(update(Order).values(ship_by=shop.app.house.db.now() - timedelta(hours=1)))
    await shop.say("/orders late")
    assert "Late: 1." in await shop.last()
    await shop.say("/order 1")
    assert "late" in str((await card_of(shop))["lines"])


async def test_a_sale_outside_is_shipped_arrives_and_is_done(shop: TestShop) -> None:
    await sold_outside(shop)
    await shop.say("/delivered 1")
    assert "First it is shipped" in await shop.last()
    await shop.say("/ship 1")
    await shop.press("UPS")
    await shop.say(UPS[:-1] + "5")
    assert "does not look like a number of UPS" in await shop.last()
    await shop.press("Another number")
    await shop.say(UPS)
    assert (await order_of(shop)).state == OrderState.SHIPPED
    assert [one.tracking for one in await parcels(shop)] == [UPS]
    await shop.say(f"/ship 1 ups {UPS}")
    assert "is known already" in await shop.last()
    await shop.say(f"/ship 1 usps {USPS}")
    assert len(await parcels(shop)) == 2, "one more parcel of it"
    shop.clock.move(days=8)
    await following.ask_arrived(shop.app.house)
    await shop.until("Has order 1 arrived? It was shipped 8 days ago.")
    await following.ask_arrived(shop.app.house)
    await shop.press("It has arrived")
    order = await order_of(shop)
    assert (order.state, order.delivered_by) == (OrderState.DELIVERED, shop.person.actor)
    async with shop.app.house.db.read() as session:
        asked = (await session.execute(select(Notice).where(Notice.type == "review_needed"))).scalars().all()
    assert [one.solved_at is not None for one in asked if "arrived" in one.title] == [True]
    shop.clock.move(days=13)
    await following.complete_old(shop.app.house)
    assert (await order_of(shop)).state == OrderState.DELIVERED
    shop.clock.move(days=2)
    await following.complete_old(shop.app.house)
    await shop.idle()
    assert (await order_of(shop)).state == OrderState.COMPLETED
    assert "completed" in (await card_of(shop))["title"]
    steps = [f"order.{one}" for one in ("processing", "shipped", "delivered", "completed")]
    assert [action for _who, action in await trail(shop, *steps)] == steps


async def test_who_has_it_not_yet_is_asked_again_in_a_week(shop: TestShop) -> None:
    await sold_outside(shop)
    await shop.say("/ship 1")
    await shop.press("Without a tracking number")
    shop.clock.move(days=8)
    await following.ask_arrived(shop.app.house)
    await shop.until("Has order 1 arrived?")
    await shop.press("Not yet")
    assert await following.ask_arrived(shop.app.house) == 0
    shop.clock.move(days=8)
    assert await following.ask_arrived(shop.app.house) == 1
    await shop.idle()


async def test_a_parcel_that_arrived_is_read_from_the_marketplace(shop: TestShop) -> None:
    await sold(shop, "shopify")
    await shop.say(f"/ship 1 ups {UPS}")
    await settled(shop)
    assert (await order_of(shop)).state == OrderState.SHIPPED
    await asyncio.to_thread(shop.sandbox.deliver, "shopify", await external(shop))
    async with shop.app.house.db.read() as session:
        at = (await session.execute(select(Order.shipped_at))).scalar_one()
    assert at is not None
    async with shop.app.house.db.write() as session:
        await session.execute(update(Order).values(shipped_at=shop.app.house.db.now()))
    await following.read_shipped(shop.app.house)
    await shop.idle()
    order = await order_of(shop)
    assert (order.state, order.delivered_by) == (OrderState.DELIVERED, "channel")
    await shop.say("/order 1")
    assert "the marketplace says so" in await shop.last()


async def test_what_only_we_wrote_down_is_taken_back(shop: TestShop) -> None:
    await sold_outside(shop)
    await shop.say(f"/ship 1 usps {USPS}")
    await shop.say("/delivered 1")
    await shop.say("/undo")
    assert (await order_of(shop)).state == OrderState.SHIPPED
    await shop.say("/undo")
    assert (await order_of(shop)).state == OrderState.CONFIRMED
    assert await parcels(shop) == []
    await shop.say(f"/ship 1 usps {USPS}")
    await shop.say("/refund 1 5")
    await shop.press("Give $5.00 back")
    assert (await order_of(shop)).refunded == 500
    await shop.say("/undo")
    assert (await order_of(shop)).refunded is None


async def test_what_the_marketplace_knows_is_not_taken_back_and_nothing_older_is(shop: TestShop) -> None:
    await sold(shop)
    await shop.say("/edit 1 cost 20")
    await shop.say(f"/ship 1 usps {USPS}")
    await settled(shop)
    await shop.say("/undo")
    assert "The marketplace knows of the parcel" in await shop.last()
    assert (await shop.row(1)).cost == 2000


async def test_what_waits_because_of_a_pause_is_taken_back(shop: TestShop) -> None:
    await sold(shop)
    await shop.say("/pause all")
    await shop.say("/refund 1 5")
    await shop.press("Give $5.00 back")
    assert (await order_of(shop)).refund_asked == 500
    await shop.say(f"/ship 1 usps {USPS}")
    assert (await order_of(shop)).state == OrderState.PROCESSING
    await shop.say("/undo")
    order = await order_of(shop)
    assert (order.state, await parcels(shop)) == (OrderState.CONFIRMED, [])


async def test_a_refund_by_hand_that_differs_is_told_and_settled(shop: TestShop) -> None:
    await sold(shop, "shopify")
    await shop.say("/refund 1 10")
    await shop.press("Give $10.00 back")
    await settled(shop)
    await asyncio.to_thread(shop.sandbox.refund, "shopify", await external(shop), "5.00")
    async with shop.app.house.db.write() as session:
        await session.execute(update(Account).where(Account.channel == "shopify").values(due_at=shop.app.house.db.now()))
    await shop.app.engine.local.sweep()
    await shop.until("$10.00 were to go back to the buyer, and $15.00 did")
    await shop.say("/order 1")
    await shop.press("$15.00 is right")
    order = await order_of(shop)
    assert (order.refund_asked, order.refunded) == (1500, 1500)
    async with shop.app.house.db.read() as session:
        told = (await session.execute(select(Notice.solved_at).where(Notice.type == "sync_conflict"))).scalars().all()
    assert None not in told


async def test_what_the_marketplace_refuses_is_said_and_can_be_tried_again(shop: TestShop) -> None:
    await sold(shop)
    await asyncio.to_thread(shop.sandbox.fault, "error500", marketplace="ebay", operation="issueRefund")
    await shop.say("/refund 1 10")
    await shop.press("Give $10.00 back")
    for _ in range(8):
        shop.clock.move(minutes=11)
        await shop.app.engine.local.sweep()
        await shop.idle()
    await shop.until("The money of order 1 could not be given back")
    await asyncio.to_thread(shop.sandbox.no_faults)
    await shop.press("Try eBay again")
    await settled(shop)
    assert (await order_of(shop)).refunded == 1000


async def test_orders_of_other_marketplaces_are_not_theirs(shop: TestShop) -> None:
    await sold(shop)
    async with shop.app.house.db.write() as session:
        member = await session.get_one(Member, shop.person.member_id)
        member.role, member.channels = Role.MANAGER, ["shopify"]
    await shop.say("/orders")
    assert "Nothing was sold yet" in await shop.last()
    await shop.say(f"/ship 1 usps {USPS}")
    assert "You look after Shopify here, not eBay" in await shop.last()
    await shop.say("/refund 1 5")
    assert "You look after Shopify here, not eBay" in await shop.last()
    assert (await order_of(shop)).state == OrderState.CONFIRMED
