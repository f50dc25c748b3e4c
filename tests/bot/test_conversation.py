"""What sellers do, through the real app and the stand-in marketplaces, on both databases."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import select, update

from bot.chat.registry import REGISTRY
from core.errors import Refused
from core.flows import people
from core.rules.drafts import SAID
from core.values.states import ItemState
from storage import audit, contacts
from storage.inbox import Delivery
from storage.models import Account, AuditEntry, Change, InboxEvent, Listing, ManualTask, Member, Order, StockEntry
from tests.shop import TestShop


async def published(shop: TestShop, *, quantity: int = 1, **more: int) -> int:
    number = await shop.item("Acme brass desk lamp", quantity=quantity, **more)
    await shop.say(f"/publish {number}")
    assert await shop.live(number) == ["ebay", "shopify"]
    return number


async def test_a_sale_takes_it_down_everywhere_and_says_what_was_earned(shop: TestShop) -> None:
    number = await published(shop, cost=2000)
    await shop.press("It is up")
    await shop.buy("ebay", number)
    assert await shop.live(number) == []
    seen = await shop.text()
    assert "Sold on eBay" in seen
    assert "yours to take down" in seen
    assert "Earned" in seen
    assert (await shop.row(number)).state == ItemState.SOLD
    async with shop.app.house.db.read() as session:
        kinds = list((await session.execute(select(StockEntry.kind).order_by(StockEntry.id))).scalars())
        task = (await session.execute(select(ManualTask).where(ManualTask.kind == "take_down"))).scalar_one()
    assert kinds == ["initial", "sale"]
    assert (task.deadline - task.created_at).total_seconds() == 3600
    await audit.seal(shop.app.house.db)
    report = await audit.verify(shop.app.house.db)
    assert report.broken_at is None
    assert report.unsealed == 0


async def test_a_sale_on_shopify_takes_it_down_on_ebay(shop: TestShop) -> None:
    number = await published(shop)
    await shop.buy("shopify", number)
    assert await shop.live(number) == []
    assert "Sold on Shopify" in await shop.text()


async def test_an_order_that_is_not_paid_yet_takes_it_down_too_and_its_end_offers_to_relist(shop: TestShop) -> None:
    number = await published(shop)
    order = await shop.buy("shopify", number, paid=False)
    assert await shop.live(number) == []
    shop.sandbox.cancel("shopify", order.get("orderId") or order["id"])
    await shop.until("was cancelled", f"Put item {number} up again")
    await shop.press(f"Put item {number} up again")
    assert await shop.live(number) == ["ebay", "shopify"]
    async with shop.app.house.db.read() as session:
        kinds = list((await session.execute(select(StockEntry.kind).order_by(StockEntry.id))).scalars())
    assert kinds == ["initial", "reserve", "release"]


async def test_several_of_a_thing_lower_the_other_channels_quantity(shop: TestShop) -> None:
    number = await published(shop, quantity=3)
    await shop.buy("ebay", number)
    assert await shop.live(number) == ["ebay", "shopify"]
    assert {one["quantity"] for one in shop.sandbox.state("shopify")["listings"] if one["state"] == "ACTIVE"} == {2}
    await shop.buy("shopify", number, quantity=2)
    assert await shop.live(number) == []


async def test_a_new_price_goes_everywhere_and_comes_back(shop: TestShop) -> None:
    number = await published(shop, floor=6000)
    await shop.say(f"/price {number} 75")
    await shop.until("live at $75.00")
    assert {float(one["price"]) for one in shop.sandbox.state("ebay")["listings"]} == {75.0}
    await shop.say("/undo")
    assert {float(one["price"]) for one in shop.sandbox.state("ebay")["listings"]} == {80.0}
    assert {float(one["price"]) for one in shop.sandbox.state("shopify")["listings"]} == {80.0}
    assert (await shop.row(number)).price == 8000


async def test_the_floor_holds(shop: TestShop) -> None:
    number = await published(shop, floor=6000)
    await shop.say(f"/price {number} 50")
    assert "below its floor of $60.00" in await shop.last()
    assert (await shop.row(number)).price == 8000


async def test_a_listing_may_have_its_own_price(shop: TestShop) -> None:
    number = await published(shop)
    await shop.say(f"/price {number} ebay 85")
    assert {float(one["price"]) for one in shop.sandbox.state("ebay")["listings"]} == {85.0}
    assert {float(one["price"]) for one in shop.sandbox.state("shopify")["listings"]} == {80.0}
    await shop.say(f"/price {number} 70")
    assert {float(one["price"]) for one in shop.sandbox.state("ebay")["listings"]} == {85.0}
    assert {float(one["price"]) for one in shop.sandbox.state("shopify")["listings"]} == {70.0}
    assert "keeps its own price of $85.00" in await shop.last()
    await shop.say(f"/item {number}")
    await shop.press("Same price on eBay")
    assert {float(one["price"]) for one in shop.sandbox.state("ebay")["listings"]} == {70.0}
    await shop.say(f"/price {number} 72 ebay")
    assert {float(one["price"]) for one in shop.sandbox.state("ebay")["listings"]} == {72.0}


async def test_taking_down_and_taking_that_back(shop: TestShop) -> None:
    number = await published(shop)
    await shop.say(f"/delist {number}")
    assert await shop.live(number) == []
    assert (await shop.row(number)).state == ItemState.DELISTED
    await shop.press("Undo")
    assert await shop.live(number) == ["ebay", "shopify"]
    assert len(shop.sandbox.state("shopify")["listings"]) == 1


async def test_undoing_a_publish_takes_it_down(shop: TestShop) -> None:
    number = await published(shop)
    await shop.press("Undo")
    assert await shop.live(number) == []
    await shop.say("/undo")
    assert f"You sent photos of item {number}" in await shop.last()


async def test_a_sale_outside_does_the_same_as_any_sale(shop: TestShop) -> None:
    number = await published(shop, cost=1000)
    await shop.say(f"/sold {number} 70 cash")
    assert await shop.live(number) == []
    seen = await shop.text()
    assert "Sold outside, cash! Order 1" in seen
    assert '"Fees"' not in seen
    assert "$60.00" in seen
    await shop.say(f"/sold {number} 70 cash")
    assert "sold already" in await shop.last()


async def test_paused_nothing_leaves_and_nothing_is_lost(shop: TestShop) -> None:
    number = await shop.item()
    await shop.say("/pause all")
    await shop.say(f"/publish {number}")
    assert await shop.live(number) == []
    assert "Haggle is paused" in await shop.text()
    await shop.say("/resume")
    assert await shop.live(number) == ["ebay", "shopify"]


async def test_the_same_order_twice_counts_once(shop: TestShop) -> None:
    number = await published(shop)
    shop.sandbox.fault("webhook_duplicate", marketplace="ebay")
    await shop.buy("ebay", number)
    async with shop.app.house.db.read() as session:
        assert len((await session.execute(select(Order.id))).all()) == 1
        assert len((await session.execute(select(StockEntry.id).where(StockEntry.kind == "sale"))).all()) == 1


async def test_two_buyers_of_the_last_one_are_both_recorded_and_shouted(shop: TestShop) -> None:
    number = await published(shop)
    shop.sandbox.buy("shopify", (await shop.row(number)).sku)
    shop.sandbox.buy("ebay", (await shop.row(number)).sku)
    await shop.until("was sold more often than you have it")
    await shop.idle()
    assert await shop.live(number) == []
    async with shop.app.house.db.read() as session:
        assert len((await session.execute(select(Order.id))).all()) == 2


async def test_disconnecting_asks_about_what_is_live(shop: TestShop) -> None:
    number = await published(shop)
    await shop.say("/disconnect ebay")
    assert "1 listing is live there. What about it?" in await shop.last()
    await shop.press("Take them down first")
    assert await shop.live(number) == ["shopify"]
    await shop.say("/disconnect ebay")
    await shop.press("Disconnect")
    async with shop.app.house.db.read() as session:
        account = (await session.execute(select(Account).where(Account.channel == "ebay"))).scalar_one()
        listing = (await session.execute(select(Listing).where(Listing.channel == "ebay"))).scalar_one()
    assert (account.state, account.credentials) == ("disconnected", b"")
    assert listing.state == "ended"


async def test_a_publish_whose_answer_was_lost_is_one_listing(shop: TestShop) -> None:
    number = await shop.item()
    shop.sandbox.fault("drop", marketplace="ebay", operation="publishOffer", count=1)
    await shop.say(f"/publish {number}")
    query = select(Change.attempts).join(Listing, Listing.id == Change.listing_id).where(Listing.channel == "ebay")
    async with asyncio.timeout(30):
        while "ebay" not in await shop.live(number) or await shop.waits():
            await shop.app.idle()
    async with shop.app.house.db.read() as session:
        assert (await session.execute(query)).scalar_one() == 2, "the answer of the first try was lost"
    assert len(shop.sandbox.state("ebay")["listings"]) == 1


async def test_a_refused_publish_says_why_and_can_be_tried_again(shop: TestShop) -> None:
    number = await shop.item()
    await shop.say(f"/edit {number} title {'long ' * 30}")
    await shop.say(f"/publish {number}")
    assert "takes 80" in await shop.last()
    assert await shop.live(number) == []


async def test_words_that_mean_nothing_get_a_sentence(shop: TestShop) -> None:
    for text, answer in (
        ("hello there", "did not understand"),
        ("/prise 1 2", "Did you mean /price"),
        ("/item 999", "There is no item 999"),
        ("/price", "Type it like this"),
        ("/connect nowhere", "I know: "),
        ("/edit", "You have no item for /edit"),
        ("/undo", "You connected Shopify (Sandbox Shop). Type /disconnect shopify"),
    ):
        await shop.say(text)
        assert answer.lower() in (await shop.last()).lower(), text


async def test_every_command_explains_itself(shop: TestShop) -> None:
    await shop.say("/help")
    listed = await shop.last()
    for name in REGISTRY.commands:
        assert f'"/{name}"' in listed
        await shop.say(f"/help {name}")
        assert "Example" in await shop.last()
    await shop.say("/help edit")
    told = await shop.last()
    assert all(field in told for field in SAID)
    await shop.say("/help prise")
    assert "Did you mean /price?" in await shop.last()


async def test_a_button_of_something_that_moved_on_says_what_happened(shop: TestShop) -> None:
    number = await shop.item()
    await shop.press("Discard")
    await shop.say(f"/item {number}")
    assert "There is no item" in await shop.last()


async def test_the_audit_trail_knows_who_did_what(shop: TestShop) -> None:
    number = await published(shop)
    async with shop.app.house.db.read() as session:
        rows = (await session.execute(select(AuditEntry).order_by(AuditEntry.id))).scalars().all()
    actions = [row.action for row in rows]
    assert actions.count("change.done") == 3
    assert f"member:{shop.person.member_id}" in {row.actor for row in rows if row.action == "change.approved"}
    assert number == 1


async def test_the_floor_is_offered_as_far_below_the_price_as_last_time(shop: TestShop) -> None:
    first = await shop.item()
    await shop.say(f"/edit {first} floor 60")
    second = await shop.item("Another lamp", price=4000)
    await shop.press("Floor $30.00 (75 % of the price, as last time)")
    assert (await shop.row(second)).floor == 3000


async def test_publishing_on_one_channel_leaves_the_usual_ones_alone(shop: TestShop) -> None:
    number = await shop.item()
    await shop.press("✓ Poshmark")
    await shop.say(f"/publish {number}")
    await shop.say(f"/delist {number}")
    await shop.say(f"/publish {number} shopify")
    await shop.item("Another lamp")
    assert "Publish on eBay, Shopify" in await shop.last()


async def test_a_buyer_who_deletes_their_account_is_forgotten_and_that_is_proven(shop: TestShop) -> None:
    number = await published(shop)
    await shop.buy("ebay", number)
    async with shop.app.house.db.read() as session:
        order = (await session.execute(select(Order))).scalar_one()
    handle = shop.app.house.keyring.open(order.buyer, order.id)["handle"]
    assert handle
    await shop.app.house.inbox.put(Delivery("ebay", "erase-1", topic="account_deletion", body={"resource": f"{handle}\nu-1"}))
    await shop.idle()
    async with shop.app.house.db.read() as session:
        order = (await session.execute(select(Order))).scalar_one()
        proof = (await session.execute(select(AuditEntry).where(AuditEntry.action == "buyer.forgotten"))).scalar_one()
        event = (await session.execute(select(InboxEvent).where(InboxEvent.event_id == "erase-1"))).scalar_one()
        assert await contacts.orders_of(session, shop.app.house.keyring, handle) == []
    assert (order.buyer, proof.subject_id, event.body) == (b"", order.id, {})
    assert order.forgotten_at is not None


async def test_both_links_of_a_first_start_mean_one_owner(shop: TestShop) -> None:
    house = shop.app.house
    async with house.db.write() as session:
        await session.execute(update(Member).values(active=False))
    codes = [await people.owner_code(house) for _ in range(2)]
    first = await people.enter(house, codes[0], "web", "", name="Ann")
    second = await people.enter(house, codes[1], "telegram", "77", name="Ann")
    assert first.member_id == second.member_id != shop.person.member_id
    with pytest.raises(Refused, match="used already"):
        await people.enter(house, codes[1], "telegram", "78", name="Eve")
