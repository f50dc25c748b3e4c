"""Orders that come late, twice, from before our time or already over; sales that were a mistake; and who may be believed about what."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from core.errors import Refused
from core.flows import accounts, sales, upkeep
from core.money import Money
from core.values.channel import ChannelOrder, ChannelOrderLine
from core.values.states import ItemState, OrderState
from storage.inbox import Delivery
from storage.models import Account, Item, Listing, Notice, Order, OrderLine, Stock
from tests.shop import TestShop


@pytest.fixture
def database_kind() -> str:
    """Nothing here depends on the kind."""
    return "sqlite"


async def account_of(shop: TestShop, channel: str) -> Account:
    async with shop.app.house.db.read() as session:
        return (await session.execute(select(Account).where(Account.channel == channel))).scalar_one()


async def set_account(shop: TestShop, channel: str, **values: Any) -> None:
    async with shop.app.house.db.write() as session:
        await session.execute(update(Account).where(Account.channel == channel).values(**values))


async def published(shop: TestShop, *, quantity: int = 1, **more: int) -> int:
    number = await shop.item("Acme brass desk lamp", quantity=quantity, **more)
    await shop.say(f"/publish {number}")
    assert await shop.live(number) == ["ebay", "shopify"]
    return number


async def left(shop: TestShop, number: int) -> tuple[int, int]:
    """Total and reserved."""
    async with shop.app.house.db.read() as session:
        stock = (await session.execute(select(Stock).join(Item, Item.id == Stock.item_id).where(Item.number == number))).scalar_one()
    return stock.total, stock.reserved


async def told_of(shop: TestShop, number: int, **more: Any) -> ChannelOrder:
    """An eBay order for an item, as eBay would report it."""
    now = shop.app.house.db.now()
    item = await shop.row(number)
    line = ChannelOrderLine("line-1", item.sku, item.title, 1, Money(8000, "USD"))
    values: dict[str, Any] = {
        "external_id": "17-00001-00001", "state": OrderState.CONFIRMED, "paid": True, "placed_at": now, "changed_at": now,
        "total": Money(8000, "USD"), "lines": (line,),
    }  # fmt: skip
    return ChannelOrder(**{**values, **more})


async def take(shop: TestShop, told: ChannelOrder) -> str | None:
    key = await sales.take(shop.app.house, await account_of(shop, "ebay"), told, seen_by="poll")
    await shop.idle()
    return key


async def orders(shop: TestShop) -> list[Order]:
    async with shop.app.house.db.read() as session:
        return list((await session.execute(select(Order).order_by(Order.id))).scalars())


async def poll(shop: TestShop, channel: str = "ebay") -> None:
    await set_account(shop, channel, due_at=shop.app.house.db.now())
    await shop.app.engine.local.sweep()
    await shop.idle()


async def test_a_poll_that_finds_nothing_reads_on_from_where_it_was(shop: TestShop) -> None:
    before = (await account_of(shop, "ebay")).orders_since
    assert before is not None
    for _ in range(5):
        await poll(shop)
    after = (await account_of(shop, "ebay")).orders_since
    assert after is not None
    assert after >= before


async def test_an_order_from_before_the_account_was_connected_is_history(shop: TestShop) -> None:
    number = await published(shop)
    old = shop.app.house.db.now() - timedelta(days=3)
    assert await take(shop, await told_of(shop, number, placed_at=old)) is None
    assert await orders(shop) == []
    assert await shop.live(number) == ["ebay", "shopify"]


async def test_an_order_that_was_over_before_it_was_heard_of_takes_nothing_down(shop: TestShop) -> None:
    number = await published(shop)
    assert await take(shop, await told_of(shop, number, state=OrderState.CANCELLED)) is not None
    assert await shop.live(number) == ["ebay", "shopify"]
    assert await left(shop, number) == (1, 0)
    assert (await shop.row(number)).state == ItemState.LIVE
    assert "Order 1 on eBay was cancelled" in await shop.text()


async def test_what_cannot_follow_is_asked_about_once_and_changes_nothing(shop: TestShop) -> None:
    number = await published(shop)
    await take(shop, await told_of(shop, number, state=OrderState.SHIPPED))
    later = shop.app.house.db.now() + timedelta(minutes=1)
    for _ in range(3):
        await take(shop, await told_of(shop, number, state=OrderState.CANCELLED, changed_at=later))
    [order] = await orders(shop)
    assert order.state == OrderState.SHIPPED
    assert await left(shop, number) == (0, 0)
    assert (await shop.text()).count("Order 1 is cancelled there, and shipped here.") == 1


async def test_notices_of_deleted_accounts_hide_no_silence(shop: TestShop) -> None:
    shop.sandbox.fault("error500", marketplace="ebay", operation="getOrders")
    for count in range(8):
        shop.clock.move(seconds=180)
        gone = Delivery("ebay", f"gone-{count}", topic="account_deletion", body={"resource": f"someone-{count}"})
        await shop.app.house.inbox.put(gone)
        await poll(shop)
    await upkeep.shout_silent(shop.app.house)
    await shop.idle()
    assert "eBay (sandbox_seller) has been silent for" in await shop.text()
    assert (await account_of(shop, "ebay")).last_webhook_at is None


async def test_an_account_that_only_asks_for_patience_is_silent_too(shop: TestShop) -> None:
    shop.sandbox.fault("busy", marketplace="ebay", operation="getOrders", retry_after=86_400)
    for _ in range(6):
        await poll(shop)
        shop.clock.move(seconds=180)
    account = await account_of(shop, "ebay")
    assert account.due_at - shop.app.house.db.now() <= timedelta(minutes=10)
    await upkeep.shout_silent(shop.app.house)
    await shop.idle()
    assert "eBay (sandbox_seller) has been silent for" in await shop.text()


async def test_a_webhook_that_is_refused_concerns_its_own_account_only(shop: TestShop) -> None:
    async with shop.app.house.db.write() as session:
        first = (await session.execute(select(Account).where(Account.channel == "ebay"))).scalar_one()
        other = Account(
            workspace_id=first.workspace_id, channel="ebay", external_id="other", name="eBay (other)", state="active", settings={},
            credentials=b"", created_at=first.created_at, due_at=first.due_at + timedelta(days=1), lane="poll:other",
        )  # fmt: skip
        session.add(other)
        await session.flush()
        other.credentials = shop.app.house.keyring.seal({"refresh_token": "dead", "access_token": "dead", "expires_at": 0}, other.id)
    await shop.app.house.inbox.put(Delivery("ebay", "hint-1", account="other", topic="order", body={"resource": "17-1"}))
    await shop.idle()
    async with shop.app.house.db.read() as session:
        states = dict((await session.execute(select(Account.name, Account.state).where(Account.channel == "ebay"))).all())
    assert states == {"eBay (sandbox_seller)": "active", "eBay (other)": "expired"}


async def test_a_poll_that_is_asked_for_during_a_poll_comes_right_after_it(shop: TestShop) -> None:
    await set_account(shop, "ebay", due_at=shop.app.house.db.now())
    before = shop.sandbox.calls().get("ebay.getOrders", 0)
    shop.sandbox.fault("latency", marketplace="ebay", operation="getOrders", seconds=0.4, count=1)
    await shop.app.engine.local.sweep()
    while shop.sandbox.calls().get("ebay.getOrders", 0) == before:
        await shop.app.house.db.ping()
    await accounts.ask_soon(shop.app.house, (await account_of(shop, "ebay")).id)
    await shop.idle()
    assert shop.sandbox.calls()["ebay.getOrders"] >= before + 2


async def outside_sale(shop: TestShop, number: int, how: str = "cash") -> Order:
    async with shop.app.house.db.write() as session:
        item = await session.get_one(Item, (await shop.row(number)).id)
        return await sales.sell_outside(session, shop.app.house, shop.person, item, Money(7000, "USD"), how=how)


async def undo_sale(shop: TestShop, order: Order) -> list[str]:
    """The channels on which it was taken down already."""
    async with shop.app.house.db.write() as session:
        row = await session.get_one(Order, order.id)
        return sorted(one.channel for one in await sales.cancel_outside(session, shop.app.house, row, shop.person))


async def test_a_sale_outside_that_was_a_mistake_gives_everything_back(shop: TestShop) -> None:
    number = await published(shop)
    order = await outside_sale(shop, number)
    await shop.idle()
    assert await shop.live(number) == []
    assert await undo_sale(shop, order) == ["ebay", "poshmark", "shopify"]
    await shop.idle()
    assert await left(shop, number) == (1, 0)
    assert (await shop.row(number)).state == ItemState.DELISTED
    await shop.say(f"/publish {number}")
    assert await shop.live(number) == ["ebay", "shopify"]


async def test_what_was_not_down_yet_stays_up_when_a_sale_outside_is_cancelled(shop: TestShop) -> None:
    number = await published(shop)
    await shop.say("/pause all")
    order = await outside_sale(shop, number)
    assert await undo_sale(shop, order) == []
    await shop.say("/resume")
    assert await shop.live(number) == ["ebay", "shopify"]
    assert (await shop.row(number)).state == ItemState.LIVE
    assert await left(shop, number) == (1, 0)
    with pytest.raises(Refused, match="is cancelled"):
        await undo_sale(shop, order)


async def test_one_of_several_comes_back_to_every_channel(shop: TestShop) -> None:
    number = await published(shop, quantity=3)
    order = await outside_sale(shop, number)
    await shop.idle()
    assert {one["quantity"] for one in shop.sandbox.state("shopify")["listings"] if one["state"] == "ACTIVE"} == {2}
    assert await undo_sale(shop, order) == []
    await shop.idle()
    for market in ("ebay", "shopify"):
        assert {one["quantity"] for one in shop.sandbox.state(market)["listings"] if one["state"] == "ACTIVE"} == {3}


async def test_a_marketplaces_own_order_is_cancelled_there(shop: TestShop) -> None:
    number = await published(shop)
    await shop.buy("ebay", number)
    [order] = await orders(shop)
    with pytest.raises(Refused, match="Cancel it there"):
        await undo_sale(shop, order)


async def test_a_sale_on_a_marketplace_without_an_api_ends_its_listing_and_invents_no_fees(shop: TestShop) -> None:
    number = await published(shop)
    await shop.press("It is up")
    order = await outside_sale(shop, number, how="Poshmark")
    await shop.idle()
    assert order.fees is None
    assert order.channel == "poshmark"
    assert await shop.live(number) == []
    async with shop.app.house.db.read() as session:
        there = (await session.execute(select(Listing).where(Listing.channel == "poshmark"))).scalar_one()
    assert (there.state, there.wanted) == ("sold", "gone")
    await shop.say("/tasks")
    assert "take down" not in await shop.last()


async def test_a_sale_that_comes_in_by_itself_is_not_counted_by_hand(shop: TestShop) -> None:
    number = await published(shop)
    with pytest.raises(Refused, match="counted twice"):
        await outside_sale(shop, number, how="ebay")


async def test_an_unknown_line_becomes_a_sale_when_a_person_says_which_item_it_was(shop: TestShop) -> None:
    number = await published(shop)
    line = ChannelOrderLine("line-1", "typed-by-hand", "A lamp of brass", 1, Money(8000, "USD"))
    assert await take(shop, await told_of(shop, number, lines=(line,)))
    assert await shop.live(number) == ["ebay", "shopify"]
    async with shop.app.house.db.write() as session:
        row = (await session.execute(select(OrderLine))).scalar_one()
        item = await session.get_one(Item, (await shop.row(number)).id)
        await sales.assign_line(session, shop.app.house, shop.person, row, item)
    await shop.idle()
    assert await shop.live(number) == []
    assert await left(shop, number) == (0, 0)
    async with shop.app.house.db.write() as session:
        row = (await session.execute(select(OrderLine))).scalar_one()
        with pytest.raises(Refused):
            await sales.assign_line(session, shop.app.house, shop.person, row, item)
        solved = (await session.execute(select(Notice.solved_at).where(Notice.type == "sync_conflict"))).scalars().all()
    assert None not in solved
    assert len(await orders(shop)) == 1


async def test_a_refunded_order_costs_what_was_kept_and_what_is_not_back(shop: TestShop) -> None:
    number = await published(shop, cost=2000)
    order = await shop.buy("shopify", number)
    shop.sandbox.refund("shopify", order.get("id") or order["orderId"])
    await poll(shop, "shopify")
    await shop.until("was refunded")
    [card] = [post.card for post in await shop.posts() if "was refunded" in post.card.get("title", "")]
    shown = {line["label"]: line.get("value") for line in card["lines"]}
    assert (shown["Price"], shown["Given back"], shown["Fees"]) == ("$80.00", "-$80.00", "-$2.62"), "Shopify keeps its fees"
    assert (shown["You paid"], shown["Earned"]) == ("-$20.00", "-$22.62")
    assert card["mood"] == "warn"


async def test_a_sale_that_was_over_before_it_was_heard_of_may_have_ended_its_listing(shop: TestShop) -> None:
    number = await published(shop)
    shop.sandbox.fault("webhook_lost", marketplace="*")
    order = await shop.buy("ebay", number, heard=False, paid=False)
    shop.sandbox.cancel("ebay", str(order["orderId"]))
    await poll(shop)
    await shop.idle()
    assert await shop.live(number) == ["shopify"]
    async with shop.app.house.db.read() as session:
        there = (await session.execute(select(Listing).where(Listing.channel == "ebay"))).scalar_one()
    assert (there.state, there.wanted) == ("ended", "gone")
    assert (await shop.row(number)).state == ItemState.LIVE
    assert await left(shop, number) == (1, 0)
    shop.sandbox.no_faults()
    await shop.press(f"Put item {number} up again")
    assert await shop.live(number) == ["ebay", "shopify"]
