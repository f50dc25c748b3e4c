"""Reconciliation through the whole app, on both databases: what differs is repaired, learned or asked; orphans are imported."""

from __future__ import annotations

import asyncio
from typing import Any

from sqlalchemy import select, update

from core.flows import differences, reconciling
from core.flows.accounts import connection
from core.values.states import ListingState
from storage.models import Account, AuditEntry, Item, Notice, Reconciliation, StockEntry
from tests.bot.compared import differing, edit, listed, listing, there
from tests.shop import TestShop


async def test_what_is_right_costs_the_pages_and_nothing_else(shop: TestShop) -> None:
    number = await listed(shop)
    before = (await listing(shop, number, "ebay")).verified_at
    calls = shop.sandbox.calls()
    await shop.say("/reconcile")
    spent = {name: count - calls.get(name, 0) for name, count in shop.sandbox.calls().items() if count - calls.get(name, 0)}
    assert (spent["ebay.GetMyeBaySelling"], spent["shopify.products"]) == (1, 1)
    assert set(spent) == {"ebay.GetMyeBaySelling", "shopify.products", "ebay.getOrders", "shopify.orders"}
    assert await differing(shop) == []
    told = await shop.last()
    assert "Compared with the marketplaces" in told
    assert told.count("1 compared") == 2
    assert told.count("1 right") == 2
    after = (await listing(shop, number, "ebay")).verified_at
    assert before is not None
    assert after is not None
    assert after > before


async def test_a_price_edited_there_is_asked_about_once_and_theirs_is_kept(shop: TestShop) -> None:
    number = await listed(shop, price=4000)
    await edit(shop, number, "ebay", price="45.00")
    await shop.say("/reconcile ebay")
    await shop.until("eBay shows item 1 at $45.00, and here it costs $40.00.", "Keep $45.00")
    await shop.say("/reconcile ebay")
    assert len(await differing(shop)) == 1
    assert (await there(shop, number, "ebay"))["price"] == "45.00"
    await shop.press("Keep $45.00")
    row, item = await listing(shop, number, "ebay"), await shop.row(number)
    assert (row.own_price, row.price, item.price) == (4500, 4500, 4000)
    assert (await there(shop, number, "ebay"))["price"] == "45.00"
    assert (await there(shop, number, "shopify"))["price"] == "40.00"
    assert [one.state for one in await differing(shop)] == ["settled"]
    async with shop.app.house.db.read() as session:
        kept = (await session.execute(select(AuditEntry).where(AuditEntry.action == "difference.kept"))).scalar_one()
        assert kept.actor == shop.person.actor
        notice = (await session.execute(select(Notice).where(Notice.subject_kind == "difference"))).scalar_one()
        assert notice.solved_at is not None
    await shop.say("/reconcile ebay")
    assert len(await differing(shop)) == 1
    await shop.say("/undo")
    assert (await there(shop, number, "ebay"))["price"] == "40.00"


async def test_ours_is_put_back_by_a_change(shop: TestShop) -> None:
    number = await listed(shop, price=4000)
    await edit(shop, number, "shopify", price="35.00")
    await shop.say("/reconcile")
    await shop.until("Shopify shows item 1 at $35.00")
    await shop.press("Put ours back")
    assert (await there(shop, number, "shopify"))["price"] == "40.00"
    assert [one.state for one in await differing(shop)] == ["repaired"]
    await shop.say("/reconcile")
    assert len(await differing(shop)) == 1
    await shop.say("/undo")
    assert "You put back a price or a quantity of item 1." in await shop.last()


async def test_not_now_is_asked_again_only_when_it_is_something_else(shop: TestShop) -> None:
    number = await listed(shop, price=4000)
    await edit(shop, number, "ebay", price="45.00")
    await shop.say("/reconcile ebay")
    await shop.until("Not now")
    await shop.press("Not now")
    await shop.say("/reconcile ebay")
    assert [one.state for one in await differing(shop)] == ["left"]
    assert "1 left as it is" in await shop.last()
    await edit(shop, number, "ebay", price="46.00")
    await shop.say("/reconcile ebay")
    assert [one.state for one in await differing(shop)] == ["left", "open"]
    await edit(shop, number, "ebay", price="40.00")
    await shop.say("/reconcile ebay")
    assert [one.state for one in await differing(shop)] == ["settled", "settled"]


async def test_a_quantity_edited_there_is_asked_about_and_can_be_kept(shop: TestShop) -> None:
    number = await listed(shop, quantity=2)
    await edit(shop, number, "shopify", quantity=5)
    await shop.say("/reconcile shopify")
    await shop.until("Shopify shows 5 of item 1, and here there were 2.")
    await shop.press("Keep 5")
    assert (await there(shop, number, "ebay"))["quantity"] == 5
    assert (await there(shop, number, "shopify"))["quantity"] == 5
    async with shop.app.house.db.read() as session:
        total = (await session.execute(select(StockEntry.total_after).order_by(StockEntry.id.desc()).limit(1))).scalar()
    assert total == 5


async def test_what_sold_unheard_is_no_difference(shop: TestShop) -> None:
    number = await listed(shop, quantity=2)
    shop.sandbox.fault("webhook_lost")
    await shop.buy("ebay", number, heard=False)
    await shop.say("/reconcile")
    assert await differing(shop) == []
    assert (await there(shop, number, "shopify"))["quantity"] == 1


async def test_what_is_sold_and_live_there_comes_down_at_once_and_somebody_is_told(shop: TestShop) -> None:
    number = await listed(shop)
    await shop.buy("ebay", number)
    assert await shop.live(number) == []
    await edit(shop, number, "shopify", quantity=1)
    await _put_up_in_the_admin(shop, (await there(shop, number, "shopify"))["id"])
    assert await shop.live(number) == ["shopify"]
    await shop.say("/reconcile")
    assert await shop.live(number) == []
    [row] = await differing(shop)
    assert (row.kind, row.verdict, row.state) == ("live", "ours", "repaired")
    async with shop.app.house.db.read() as session:
        [notice] = (await session.execute(select(Notice).where(Notice.type == "delist_failed"))).scalars().all()
    assert notice.solved_at is not None  # told at once, and over once it was proven gone
    assert "1 put right" in await shop.last()


async def _put_up_in_the_admin(shop: TestShop, product: str) -> None:
    """Somebody puts the product up again in Shopify's admin."""
    async with shop.app.house.db.read() as session:
        account = (await session.execute(select(Account).where(Account.channel == "shopify"))).scalar_one()
    document = "mutation Up($p: ProductUpdateInput!) { productUpdate(product: $p) { userErrors { message } } }"
    channel: Any = shop.app.house.channels["shopify"]
    await channel._client.run(connection(shop.app.house, account), document, {"p": {"id": product, "status": "ACTIVE"}})


async def test_what_was_ended_there_is_asked_about_and_put_up_again(shop: TestShop) -> None:
    number = await listed(shop)
    await asyncio.to_thread(shop.sandbox.end, "ebay", (await there(shop, number, "ebay"))["id"])
    await shop.say("/reconcile ebay")
    await shop.until("eBay does not show item 1 any more")
    assert (await shop.row(number)).state == "live"
    await shop.press("Put it up again")
    assert await shop.live(number) == ["ebay", "shopify"]


async def test_what_was_ended_there_can_stay_down(shop: TestShop) -> None:
    number = await listed(shop)
    await asyncio.to_thread(shop.sandbox.end, "ebay", (await there(shop, number, "ebay"))["id"])
    await shop.say("/reconcile ebay")
    await shop.until("Leave it down")
    await shop.press("Leave it down")
    row = await listing(shop, number, "ebay")
    assert (row.wanted, row.state) == ("gone", ListingState.ENDED)
    assert await shop.live(number) == ["shopify"]


async def test_after_an_hour_without_an_answer_a_listing_is_out_of_sync(shop: TestShop) -> None:
    number = await listed(shop, price=4000)
    await edit(shop, number, "ebay", price="45.00")
    await shop.say("/reconcile ebay")
    await differences.mark_overdue(shop.app.house)
    assert (await listing(shop, number, "ebay")).state == ListingState.ACTIVE
    shop.clock.move(minutes=61)
    await differences.mark_overdue(shop.app.house)
    assert (await listing(shop, number, "ebay")).state == ListingState.OUT_OF_SYNC
    await edit(shop, number, "ebay", price="40.00")
    await shop.say("/reconcile ebay")
    assert (await listing(shop, number, "ebay")).state == ListingState.ACTIVE


async def test_orphans_are_listed_and_become_items_that_a_sale_takes_down(shop: TestShop) -> None:
    number = await listed(shop)
    await asyncio.to_thread(shop.sandbox.make, "ebay", "Old camera", "30.00", quantity=2)
    await asyncio.to_thread(shop.sandbox.make, "shopify", "Tin robot", "12.00")
    await shop.say("/reconcile")
    told = await shop.last()
    assert "Old camera" in told
    assert "Tin robot" in told
    await shop.press("Import Old camera")
    await shop.press("Import all of Shopify")
    async with shop.app.house.db.read() as session:
        items = {one.title: one for one in (await session.execute(select(Item).where(Item.number > number))).scalars()}
        entries = list((await session.execute(select(StockEntry).where(StockEntry.kind == "bulk_import"))).scalars())
        notices = list((await session.execute(select(Notice).where(Notice.title.like("%that I do not know%")))).scalars())
    assert {title: (one.state, one.price) for title, one in items.items()} == {"Old camera": ("live", 3000), "Tin robot": ("live", 1200)}
    assert sorted(one.total_after for one in entries) == [1, 2]
    assert len(notices) == 2
    assert all(one.solved_at for one in notices)
    await shop.say("/reconcile")
    assert [one.state for one in await differing(shop)] == ["imported", "imported"]
    camera = items["Old camera"]
    await shop.say(f"/sold {camera.number} 30 cash")
    await shop.say(f"/sold {camera.number} 30 cash")
    assert [one["state"] for one in shop.sandbox.state("ebay")["listings"] if one["title"] == "Old camera"] == ["ENDED"]


async def _picture_of(shop: TestShop) -> str:
    """Where the stand-in keeps the photo of what was just listed."""
    channel: Any = shop.app.house.channels["ebay"]
    async with shop.app.house.db.read() as session:
        account = (await session.execute(select(Account).where(Account.channel == "ebay"))).scalar_one()
    page = await channel.page(connection(shop.app.house, account), "", None)
    return str(page.found[0].photo)


async def test_a_photo_comes_along_with_what_is_imported(shop: TestShop) -> None:
    await listed(shop)
    await asyncio.to_thread(shop.sandbox.make, "ebay", "Old camera", "30.00", picture=await _picture_of(shop))
    await shop.say("/reconcile ebay")
    await shop.press("Import Old camera")
    await shop.say("/item 2")
    assert '"sha256"' in await shop.last()


async def test_what_changed_lately_is_compared_by_one_call_each(shop: TestShop) -> None:
    number = await listed(shop, price=4000)
    await shop.say("/reconcile")
    calls = shop.sandbox.calls()
    await edit(shop, number, "ebay", price="45.00")
    await reconciling.begin_all(shop.app.house, kind=reconciling.CHANGED, spread=0)
    await shop.idle()
    spent = {name for name, count in shop.sandbox.calls().items() if count > calls.get(name, 0)}
    assert "ebay.GetSellerEvents" in spent
    assert "ebay.GetMyeBaySelling" not in spent
    assert [one.kind for one in await differing(shop)] == ["price"]


async def test_a_comparison_that_was_cut_off_goes_on_at_its_page(shop: TestShop) -> None:
    await listed(shop)
    for place in range(201):
        await asyncio.to_thread(shop.sandbox.make, "ebay", f"Thing {place:03}", "5.00")
    shop.sandbox.fault("error500", marketplace="ebay", operation="GetMyeBaySelling", count=1)
    await shop.say("/reconcile ebay")
    async with shop.app.house.db.write() as session:
        await session.execute(update(Reconciliation).values(due_at=shop.app.house.db.now()))
    await shop.tick()
    await shop.until("201 on eBay that I do not know")
    async with shop.app.house.db.read() as session:
        run = (await session.execute(select(Reconciliation))).scalar_one()
    assert (run.state, run.counts["pages"], run.counts["orphans"], run.counts["compared"]) == ("done", 2, 201, 202)
