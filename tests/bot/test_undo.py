"""Taking back what was done last, whatever it was; or hearing which it was and that it cannot be taken back."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select, update

from core.flows import people
from core.flows.wanted import photos_of, sheet_of
from core.values.draft import Draft
from core.values.states import AccountState, ItemState, Role
from storage import audit
from storage.models import Account, Listing, ManualTask, Stock, Workspace
from tests.bot.people import join, owner_chat, propose
from tests.shop import TestShop, picture


async def sheet(shop: TestShop, number: int) -> Draft:
    item = await shop.row(number)
    async with shop.app.house.db.read() as session:
        return (await sheet_of(session, item.id))[1]


async def published(shop: TestShop, **more: int) -> int:
    number = await shop.item("Acme brass desk lamp", **more)
    await shop.say(f"/publish {number}")
    assert await shop.live(number) == ["ebay", "shopify"]
    return number


def told(shop: TestShop, marketplace: str, what: str) -> set[Any]:
    """What the marketplace's listings that can be bought say."""
    return {one[what] for one in shop.sandbox.state(marketplace)["listings"] if one["state"] == "ACTIVE"}


async def test_edits_are_taken_back_one_after_the_other_the_last_first(shop: TestShop) -> None:
    number = await shop.item()
    item, read = await shop.row(number), (await sheet(shop, number)).fields["brand"]
    for words in ("floor 60", "cost 12", "condition fair", "brand Nike", "price 90", "title Another lamp", "vibe cosy"):
        await shop.say(f"/edit {number} {words}")
    await shop.say("/undo")
    assert "“vibe” of item 1" in await shop.last()
    assert "aspect:vibe" not in (await sheet(shop, number)).fields
    await shop.say("/undo")
    assert (await shop.row(number)).title == item.title
    await shop.say("/undo")
    assert (await shop.row(number)).price == 8000
    await shop.say("/undo")
    assert (await sheet(shop, number)).fields["brand"] == read  # with its evidence
    await shop.say("/undo")
    assert (await sheet(shop, number)).get("condition") == "good"
    await shop.say("/undo")
    assert ((await shop.row(number)).floor, (await shop.row(number)).cost) == (6000, None)
    await shop.say("/undo")
    assert (await shop.row(number)).floor is None
    await audit.seal(shop.app.house.db)
    assert (await audit.verify(shop.app.house.db)).broken_at is None


async def test_an_edit_of_what_is_up_is_taken_back_there_too(shop: TestShop) -> None:
    number = await published(shop)
    await shop.say(f"/edit {number} title Acme brass desk lamp, green shade")
    assert told(shop, "ebay", "title") == told(shop, "shopify", "title") == {"Acme brass desk lamp, green shade"}
    await shop.say("/undo")
    assert told(shop, "ebay", "title") == told(shop, "shopify", "title") == {"Acme brass desk lamp"}
    await shop.say(f"/price {number} ebay 85")
    await shop.say("/undo")
    assert {float(one) for one in told(shop, "ebay", "price")} == {80.0}
    await shop.say(f"/edit {number} quantity 3")
    await shop.buy("ebay", number)
    await shop.say(f"/undo {number}")  # two of the three are taken back: one was sold meanwhile
    async with shop.app.house.db.read() as session:
        stock = (await session.execute(select(Stock))).scalar_one()
    assert stock.total == 0
    assert await shop.live(number) == []


async def test_what_was_changed_again_since_is_not_overwritten(shop: TestShop) -> None:
    number = await published(shop)
    await shop.say(f"/price {number} 75")
    first = next(one for one in reversed(await shop.posts()) if one.view == "batch")
    await shop.say(f"/price {number} 70")
    undo = next(button for row in first.card["buttons"] for button in row if button["label"] == "Undo")
    await shop.hear(press=undo["id"], message=first.message)
    assert "was changed again since" in await shop.last()
    assert {float(one) for one in told(shop, "ebay", "price")} == {70.0}
    await shop.say("/undo")
    await shop.say("/undo")
    assert {float(one) for one in told(shop, "ebay", "price")} == {80.0}
    await shop.hear(press=undo["id"], message=first.message)
    assert "was taken back already" in await shop.last()


async def test_photos_channels_and_discarding_are_taken_back(shop: TestShop) -> None:
    number = await shop.item()
    item = await shop.row(number)
    card = (await shop.posts())[-1]
    stored = await shop.app.house.photos.put(picture("behind", "olive"))
    await shop.hear(photos=(stored.sha256,), message=card.message)
    async with shop.app.house.db.read() as session:
        assert len(await photos_of(session, item.id)) == 2
    await shop.say("/undo")
    async with shop.app.house.db.read() as session:
        assert len(await photos_of(session, item.id)) == 1
        row, _sheet = await sheet_of(session, item.id)
    await shop.press("✓ Shopify")
    await shop.say("/undo")
    async with shop.app.house.db.read() as session:
        assert (await sheet_of(session, item.id))[0].choices["channels"] == row.choices["channels"]
    await shop.press("Discard")
    await shop.say("/undo")
    assert (await shop.row(number)).deleted_at is None
    assert "Publish on" in await shop.last()


async def test_a_sale_on_the_wrong_item_is_taken_back(shop: TestShop) -> None:
    number, other = await shop.item("Acme brass desk lamp", quantity=3), await shop.item("Another lamp")
    await shop.say(f"/publish {number} ebay")
    await shop.say(f"/publish {other} shopify")
    await shop.say(f"/sold {other} 70 cash")
    assert await shop.live(other) == []
    await shop.press("Undo")
    assert "was taken back" in await shop.last()
    assert (await shop.row(other)).state == ItemState.DELISTED
    await shop.press(f"Put item {other} up again")
    assert await shop.live(other) == ["shopify"]  # where it was, and nowhere else
    await shop.say(f"/sold {number} 70 cash")
    await shop.say("/undo")
    async with shop.app.house.db.read() as session:
        totals = list((await session.execute(select(Stock.total).order_by(Stock.item_id))).scalars())
    assert totals == [3, 1]
    assert told(shop, "ebay", "quantity") == {3}
    await shop.say("/undo")
    assert "shopify" not in await shop.live(other)  # the sale is over: what is left to undo came before it


async def test_a_pause_is_taken_back_and_nothing_older(shop: TestShop) -> None:
    number = await shop.item()
    await shop.say(f"/edit {number} cost 12")
    await shop.say("/pause all")
    await shop.say("/undo")
    async with shop.app.house.db.read() as session:
        assert not (await session.execute(select(Workspace.paused))).scalar_one()
    assert (await shop.row(number)).cost == 1200
    await shop.say("/undo")
    assert (await shop.row(number)).cost is None


async def test_what_cannot_be_taken_back_is_named_and_nothing_older_is_touched(shop: TestShop) -> None:
    number = await published(shop)
    await shop.press("It is up")
    await shop.say("/undo")
    assert "You ticked off task 1" in await shop.last()
    assert await shop.live(number) == ["ebay", "shopify"]
    other = await shop.item("Another lamp")
    await shop.say("/undo")
    assert f"You sent photos of item {other}" in await shop.last()
    await shop.say(f"/edit {number} title {'long ' * 30}")
    await shop.say("/undo")
    await shop.say("/disconnect poshmark")
    await shop.press("Leave them up")
    await shop.say("/undo")
    assert "You disconnected Poshmark. Type /connect poshmark" in await shop.last()
    assert await shop.live(number) == ["ebay", "shopify"]


async def test_the_last_thing_about_one_item_is_taken_back_whoever_did_it(shop: TestShop) -> None:
    first, second = await shop.item(), await shop.item("Another lamp")
    await shop.say(f"/edit {first} cost 12")
    await shop.say(f"/edit {second} cost 20")
    code = await people.make_code(shop.app.house, Role.SELLER)
    ann = await people.enter(shop.app.house, code, "web", "", name="Ann")
    other = TestShop(shop.app, ann, shop.sandbox, shop.clock, shop.url)
    await other.say("/undo")
    assert "nothing to take back" in (await other.last()).lower()
    await other.say(f"/undo {first}")
    assert ((await shop.row(first)).cost, (await shop.row(second)).cost) == (None, 2000)


async def test_what_is_long_ago_is_not_undone_by_a_word(shop: TestShop) -> None:
    number = await shop.item()
    await shop.say(f"/edit {number} cost 12")
    shop.clock.move(hours=25)
    await shop.say("/undo")
    assert "more than a day ago" in await shop.last()
    assert (await shop.row(number)).cost == 1200


async def test_a_publish_that_failed_leaves_what_was_before_it_alone(shop: TestShop) -> None:
    number = await shop.item()
    await shop.say(f"/edit {number} cost 12")
    async with shop.app.house.db.write() as session:
        await session.execute(update(Account).where(Account.channel == "ebay").values(state=AccountState.EXPIRED))
    await shop.say(f"/publish {number} ebay")
    await shop.until("Try eBay again")
    await shop.say("/undo")
    assert "It did not work" in await shop.last()
    assert (await shop.row(number)).cost == 1200


@pytest.mark.parametrize("what", ["publish", "price", "delist", "title"])
async def test_what_still_waits_is_as_if_it_had_not_been_said(shop: TestShop, what: str) -> None:
    number = await shop.item() if what == "publish" else await published(shop)
    before = await shop.row(number)
    await shop.say("/pause all")
    await shop.say({"price": f"/price {number} 20", "title": f"/edit {number} title X"}.get(what, f"/{what} {number}"))
    await shop.say("/undo")
    after = await shop.row(number)
    assert (after.state, after.price, after.title) == (before.state, before.price, before.title)
    async with shop.app.house.db.read() as session:
        listings = list((await session.execute(select(Listing))).scalars())
        row, _sheet = await sheet_of(session, after.id)
    assert {(one.wanted, one.state) for one in listings} <= {("gone", "draft"), ("live", "active"), ("live", "pending")}
    assert row.state == ("review" if what == "publish" else "approved")
    await shop.say("/resume")
    assert await shop.live(number) == ([] if what == "publish" else ["ebay", "shopify"])
    assert (await shop.row(number)).state == (ItemState.DRAFT if what == "publish" else ItemState.LIVE)
    if what == "publish":
        await shop.say(f"/publish {number}")
    assert await shop.live(number) == ["ebay", "shopify"]
    assert {float(one) for one in told(shop, "ebay", "price")} == {80.0}
    assert told(shop, "shopify", "title") == {"Acme brass desk lamp"}


async def test_taking_down_what_had_changes_waiting_brings_them_back_too(shop: TestShop) -> None:
    number = await published(shop)
    await shop.say("/pause all")
    await shop.say(f"/edit {number} title Acme brass desk lamp, green shade")
    await shop.say(f"/delist {number}")
    await shop.say("/undo")
    await shop.say("/resume")
    assert await shop.live(number) == ["ebay", "shopify"]
    assert told(shop, "ebay", "title") == told(shop, "shopify", "title") == {"Acme brass desk lamp, green shade"}


async def buttons(shop: TestShop, view: str) -> set[str]:
    """The buttons of the newest living card of a kind."""
    card = next(one.card for one in reversed(await shop.posts()) if one.view == view)
    return {button["label"] for row in card["buttons"] for button in row}


async def test_what_was_taken_back_offers_no_second_time(shop: TestShop) -> None:
    number = await published(shop)
    assert "Undo" in await buttons(shop, "batch")
    await shop.press("Undo")
    assert await shop.live(number) == []
    assert "Undo" not in await buttons(shop, "batch")
    await shop.say(f"/publish {number}")
    await shop.say(f"/price {number} 75")
    assert "Undo" in await buttons(shop, "batch")
    await shop.say("/undo")
    assert "Undo" not in await buttons(shop, "batch")


async def test_what_a_person_had_not_taken_down_yet_is_still_up(shop: TestShop) -> None:
    number = await shop.item()
    await shop.say(f"/publish {number} poshmark")
    await shop.press("It is up")
    await shop.say(f"/delist {number}")
    assert "yours to take down" in await shop.text()
    await shop.say("/undo")
    async with shop.app.house.db.read() as session:
        assert (await session.execute(select(Listing.state))).scalar_one() == "active"
        tasks = (await session.execute(select(ManualTask.kind, ManualTask.state).order_by(ManualTask.number))).all()
    assert [tuple(one) for one in tasks] == [("list", "done"), ("take_down", "cancelled")]
    await shop.say(f"/delist {number}")
    await shop.press("It is down")
    assert (await shop.row(number)).state == ItemState.DELISTED


async def test_what_never_went_up_does_not_go_up_for_good(shop: TestShop) -> None:
    number = await shop.item()
    await shop.say("/pause all")
    await shop.say(f"/publish {number}")
    await shop.say(f"/delist {number}")
    await shop.say("/resume")
    assert (await shop.row(number)).state == ItemState.DELISTED
    assert await shop.live(number) == []


async def agreed(shop: TestShop) -> int:
    """An item with a price of its own on each of two marketplaces, proposed in one batch and agreed to by one press."""
    number = await published(shop, floor=5000)
    await propose(shop, number, ["ebay", "shopify"], owner_chat(shop))
    await shop.press("Yes")
    assert prices_told(shop) == {"ebay": {75.0}, "shopify": {75.0}}
    return number


def prices_told(shop: TestShop) -> dict[str, set[float]]:
    return {one: {float(price) for price in told(shop, one, "price")} for one in ("ebay", "shopify")}


async def test_prices_that_were_agreed_to_at_once_are_taken_back_at_once(shop: TestShop) -> None:
    number = await agreed(shop)
    await shop.say("/undo")
    assert prices_told(shop) == {"ebay": {80.0}, "shopify": {80.0}}
    assert await own_prices(shop, number) == [None, None]
    await shop.say("/undo")
    assert await shop.live(number) == []  # nothing of it is left to take back: what was done before is what is last now


async def own_prices(shop: TestShop, number: int) -> list[int | None]:
    item = await shop.row(number)
    query = select(Listing.own_price).where(Listing.item_id == item.id, Listing.channel != "poshmark").order_by(Listing.channel)
    async with shop.app.house.db.read() as session:
        return list((await session.execute(query)).scalars())


async def test_the_button_of_a_batch_takes_all_of_it_back_but_what_was_changed_since(shop: TestShop) -> None:
    number = await agreed(shop)
    chat = owner_chat(shop)
    undo = await chat.button("Undo")
    await shop.say(f"/price {number} shopify 70")
    await chat.put(**undo)
    await shop.idle()
    assert prices_told(shop) == {"ebay": {80.0}, "shopify": {70.0}}
    assert "was changed again since" in await shop.text()
    await chat.put(**undo)
    await shop.idle()
    assert prices_told(shop) == {"ebay": {80.0}, "shopify": {70.0}}


async def test_each_takes_back_what_they_agreed_to(shop: TestShop) -> None:
    ann = await join(shop, Role.SELLER, "ebay")
    number = await published(shop, floor=5000)
    await propose(shop, number, ["ebay", "shopify"], owner_chat(shop), ann)
    await ann.press("Yes")
    assert prices_told(shop) == {"ebay": {75.0}, "shopify": {80.0}}
    await shop.press("Yes")
    assert prices_told(shop) == {"ebay": {75.0}, "shopify": {75.0}}
    await shop.say("/undo")
    assert prices_told(shop) == {"ebay": {75.0}, "shopify": {80.0}}
    await ann.say(f"/undo {number}")
    assert prices_told(shop) == {"ebay": {80.0}, "shopify": {80.0}}
