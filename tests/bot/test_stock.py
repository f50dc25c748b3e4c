"""How many there are of a thing: said, counted, broken, found, taken back; on every marketplace; and an item's history in words."""

from __future__ import annotations

import re
from typing import Any

import pytest
from sqlalchemy import select, update

from bot.chat.cards.history import DEEDS
from core.flows import quantities
from core.values.states import ItemState, OrderState, Role
from storage.models import Account, Item, Listing, Notice, Stock, StockEntry
from tests.bot.people import join
from tests.requires import ROOT
from tests.shop import TestShop


@pytest.fixture
def database_kind() -> str:
    """What depends on the kind is in tests/core/test_ledger.py."""
    return "sqlite"


async def published(shop: TestShop, *, quantity: int) -> int:
    number = await shop.item("Acme brass desk lamp", quantity=quantity)
    await shop.say(f"/publish {number}")
    assert await shop.live(number) == ["ebay", "shopify"]
    return number


async def stock_of(shop: TestShop, number: int) -> Stock:
    async with shop.app.house.db.read() as session:
        return (await session.execute(select(Stock).join(Item, Item.id == Stock.item_id).where(Item.number == number))).scalar_one()


async def entries(shop: TestShop, number: int) -> list[tuple[str, int, str]]:
    query = select(StockEntry).join(Item, Item.id == StockEntry.item_id).where(Item.number == number).order_by(StockEntry.place)
    async with shop.app.house.db.read() as session:
        return [(one.kind, one.total, str(one.reason)) for one in (await session.execute(query)).scalars()]


async def shown(shop: TestShop, number: int) -> dict[str, int]:
    """What buyers see, asked of the marketplaces."""
    sku = (await shop.row(number)).sku
    found = {}
    for market in ("ebay", "shopify"):
        for one in shop.sandbox.state(market)["listings"]:
            if one["sku"] == sku and one["state"] == "ACTIVE":
                found[market] = int(one["quantity"])
    return found


async def poll(shop: TestShop) -> None:
    """eBay is asked what was ordered: it tells nobody of an order that is not paid."""
    async with shop.app.house.db.write() as session:
        await session.execute(update(Account).where(Account.channel == "ebay").values(due_at=shop.app.house.db.now()))
    await shop.app.engine.local.sweep()
    await shop.idle()


async def unpaid(shop: TestShop, number: int, **more: Any) -> dict[str, Any]:
    order = await shop.buy("ebay", number, heard=False, paid=False, **more)
    await poll(shop)
    return order


async def card_of(shop: TestShop, title: str) -> dict[str, Any]:
    """The newest card whose title begins so."""
    return [post.card for post in await shop.posts() if str(post.card.get("title", "")).startswith(title)][-1]


def lines(card: dict[str, Any]) -> list[str]:
    return [" | ".join(str(line.get(name, "")) for name in ("label", "value", "note")) for line in card["lines"]]


async def test_what_is_found_lost_and_counted_reaches_every_marketplace(shop: TestShop) -> None:
    number = await published(shop, quantity=2)
    for said, there in (("+3 found two more", 5), ("-1 broken", 4), ("damaged 1 cracked foot", 3), ("7", 7), ("-2 gave them away", 5)):
        await shop.say(f"/stock {number} {said}")
        assert (await stock_of(shop, number)).total == there, said
        assert await shown(shop, number) == {"ebay": there, "shopify": there}, said
    assert (await entries(shop, number))[2:] == [
        ("adjust", 3, "found two more"), ("damage", -1, "broken"), ("damage", -1, "cracked foot"), ("adjust", 4, ""),
        ("adjust", -2, "gave them away"),
    ]  # fmt: skip
    card = await card_of(shop, "Stock of item")
    told = "\n".join(lines(card))
    assert "There are | 5" in told
    assert "eBay | shows 5 | live at $80.00" in told
    assert "damaged -1: there are 3 | cracked foot · Sam" in told


async def test_the_buttons_of_its_card(shop: TestShop) -> None:
    number = await published(shop, quantity=2)
    await shop.say(f"/stock {number}")
    await shop.press("+1")
    await shop.press("−1")
    await shop.press("+1")
    assert (await stock_of(shop, number)).total == 3
    assert str([post.card.get("title") for post in await shop.posts()]).count("Stock of item") == 1  # the card itself says it
    await shop.press("Count again")
    await shop.say("6")
    await shop.press("Damaged")
    await shop.say("1 moth holes")
    assert (await stock_of(shop, number)).total == 5
    assert (await entries(shop, number))[-1] == ("damage", -1, "moth holes")
    await shop.press("Low at")
    await shop.say("4")
    await shop.press("Reorder at")
    await shop.say("5")
    kept = await stock_of(shop, number)
    assert (kept.low_at, kept.reorder_at) == (4, 5)
    assert "Reorder at | 5 | time to get more" in lines(await card_of(shop, "Stock of item"))


async def test_none_left_takes_it_down_and_undo_puts_it_up_again(shop: TestShop) -> None:
    number = await published(shop, quantity=2)
    await shop.say(f"/stock {number} 0")
    assert await shop.live(number) == []
    assert (await shop.row(number)).state == ItemState.DELISTED
    await shop.say("/undo")
    assert await shown(shop, number) == {"ebay": 2, "shopify": 2}
    assert [kind for kind, _total, _reason in await entries(shop, number)] == ["initial", "adjust", "adjust", "adjust"]
    assert (await shop.row(number)).state == ItemState.LIVE


async def test_taking_back_is_an_entry_of_its_own_unless_the_units_are_gone(shop: TestShop) -> None:
    number = await published(shop, quantity=2)
    await shop.say(f"/stock {number} +2 in the attic")
    await shop.say(f"/undo {number}")
    assert (await entries(shop, number))[-2:] == [("adjust", 2, "in the attic"), ("adjust", -2, "undo")]
    assert await shown(shop, number) == {"ebay": 2, "shopify": 2}
    await shop.say(f"/stock {number} +2 in the attic")
    await shop.buy("ebay", number, quantity=3)
    await shop.say(f"/undo {number}")
    assert "of the 2 that were added, only 1 can go" in await shop.last()
    assert (await stock_of(shop, number)).total == 1
    await shop.buy("shopify", number)
    assert await shop.live(number) == []


async def test_what_is_promised_cannot_go(shop: TestShop) -> None:
    number = await published(shop, quantity=3)
    await unpaid(shop, number, quantity=2)
    await shop.say(f"/stock {number} 1")
    assert "of 3, 2 are promised to buyers who have not paid yet, so only 1 can go" in await shop.last()
    await shop.say(f"/stock {number} -1 broken")
    kept = await stock_of(shop, number)
    assert (kept.total, kept.reserved) == (2, 2)
    assert await shop.live(number) == []
    await shop.say(f"/stock {number} -1")
    assert "only 0 can go" in await shop.last()


async def test_a_sold_thing_is_stocked_again(shop: TestShop) -> None:
    number = await published(shop, quantity=2)
    await shop.buy("shopify", number, quantity=2)
    assert (await shop.row(number)).state == ItemState.SOLD
    await shop.say(f"/stock {number} +4 a new box")
    assert (await shop.row(number)).state == ItemState.DELISTED
    assert await shop.live(number) == []  # nothing goes up by itself
    await shop.press("Put it up again")
    assert await shown(shop, number) == {"ebay": 4, "shopify": 4}
    await shop.say(f"/stock {number} 4")
    assert "Nothing is changed" in await shop.last()


async def test_what_is_found_goes_first_to_who_bought_it_already(shop: TestShop) -> None:
    number = await published(shop, quantity=1)
    shop.sandbox.fault("webhook_lost", marketplace="ebay")
    await shop.buy("ebay", number, heard=False)
    await shop.buy("shopify", number)
    await poll(shop)
    assert "sold more often than you have it" in await shop.text()
    await shop.say(f"/stock {number} +1 one more in a box")
    kept = await stock_of(shop, number)
    assert (kept.total, kept.reserved) == (0, 0)  # it is the second buyer's
    assert (await shop.row(number)).state == ItemState.SOLD
    assert [kind for kind, _total, _reason in await entries(shop, number)] == ["initial", "sale", "sale", "adjust", "sale"]


async def test_a_quantity_that_did_not_arrive_is_told_again(shop: TestShop) -> None:
    await published(shop, quantity=2)
    async with shop.app.house.db.write() as session:  # as if its Change had failed
        await session.execute(update(Listing).where(Listing.channel == "ebay").values(quantity=5))
        await session.execute(update(Listing).where(Listing.channel == "shopify").values(quantity=1))
    assert await quantities.sweep(shop.app.house) == 1
    await shop.idle()
    async with shop.app.house.db.read() as session:
        shows = dict((await session.execute(select(Listing.channel, Listing.quantity).where(Listing.quantity.is_not(None)))).all())
    assert shows == {"ebay": 2, "shopify": 1}  # more than it shows is only put there by a person
    assert await quantities.sweep(shop.app.house) == 0


async def test_what_shows_fewer_than_there_are_is_raised_by_a_tap(shop: TestShop) -> None:
    number = await published(shop, quantity=3)
    order = await unpaid(shop, number)
    assert await shown(shop, number) == {"ebay": 2, "shopify": 2}
    shop.sandbox.cancel("ebay", str(order["orderId"]))
    await poll(shop)
    assert (await stock_of(shop, number)).total == 3
    await shop.say(f"/stock {number}")
    await shop.press("Show 3 everywhere")
    assert await shown(shop, number) == {"ebay": 3, "shopify": 3}
    assert "Show 3 everywhere" not in str((await card_of(shop, "Stock of item"))["buttons"])


async def test_what_cannot_be_understood_says_how(shop: TestShop) -> None:
    number = await shop.item()
    for said in ("a few", "+0", "damaged", "low", "-1.5", "+1000000", "low three"):
        await shop.say(f"/stock {number} {said}")
        assert f"Type it like /stock {number} +3" in await shop.last(), said
    assert len(await entries(shop, number)) == 1
    await shop.say(f"/stock {number} +99999")
    assert "is not a quantity" in await shop.last()
    await shop.say(f"/history {number} page 9")
    assert "There is no page" in await shop.last()


async def test_a_viewer_looks_and_an_ebay_seller_counts_for_all(shop: TestShop) -> None:
    number = await published(shop, quantity=3)
    viewer, seller = await join(shop, Role.VIEWER), await join(shop, Role.SELLER, "ebay")
    await viewer.say(f"/stock {number}")
    assert "For sale" in await viewer.last()
    await viewer.say(f"/stock {number} +1")
    assert "this needs a seller" in await viewer.last()
    await viewer.say(f"/history {number}")
    assert "first count +1" in await viewer.last()
    await seller.say(f"/stock {number} -1 broken")
    assert await shown(shop, number) == {"ebay": 2, "shopify": 2}
    await seller.say(f"/stock {number} 0 the cellar was flooded")
    assert await shop.live(number) == []


async def test_its_history_tells_everything_in_words(shop: TestShop) -> None:
    number = await published(shop, quantity=2)
    await shop.say(f"/price {number} 75")
    order = await shop.buy("ebay", number)
    await shop.say(f"/stock {number} -1 broken")
    await shop.say(f"/history {number}")
    told = lines(await card_of(shop, "History of item"))
    await shop.press("Older")
    told += lines(await card_of(shop, "History of item"))
    wanted = (
        "damaged -1: there are 0 | broken · Sam", "sold -1: there is 1 | order 1 · eBay", "order 1 came in | eBay",
        "the price: $80.00 → $75.00 | Sam", "a new price on eBay: done | new price · Sam", "publishing on Shopify: done",
        "changed +1: there are 2", "first count +1: there is 1 | one, as photographed · with the photos", "photos came in | Sam",
        "taking down on Shopify: done | none left · Sam", "a new quantity on eBay: done | 1 left after order 1 · Haggle",
    )  # fmt: skip
    places = []
    for words in wanted:
        place = next((place for place, line in enumerate(told) if words in line), None)
        assert place is not None, "\n".join((words, "", *told))
        places.append(place)
    assert places[0] < places[1] < places[3] < places[6] < places[7]  # the newest first
    assert str(order["orderId"]) not in str(told)


async def test_few_left_and_time_to_get_more_are_told_at_the_sellers_own_thresholds(shop: TestShop) -> None:
    number = await published(shop, quantity=6)
    await shop.say(f"/stock {number} low 1")
    await shop.say(f"/stock {number} reorder 4")
    await shop.say(f"/stock {number} -1")
    assert await notices(shop) == []
    await shop.say(f"/stock {number} -1")
    assert await notices(shop) == [("low_stock", "Item 1, Acme brass desk lamp: 4 left", "Time to get more: its reorder point is 4.")]
    await shop.say(f"/stock {number} -1")
    assert len(await notices(shop)) == 1  # told once
    await shop.say(f"/stock {number} -2 broken")
    await shop.say(f"/stock {number} -1")
    assert [title for _type, title, _body in await notices(shop)][1:] == [
        "Item 1, Acme brass desk lamp: 1 left", "Item 1, Acme brass desk lamp is out of stock.",
    ]  # fmt: skip
    await shop.say("/digest")
    assert "Time to get more" in await shop.last()
    await shop.say(f"/stock {number} +9")
    async with shop.app.house.db.read() as session:
        solved = (await session.execute(select(Notice.solved_at).where(Notice.type.in_(("low_stock", "out_of_stock"))))).scalars().all()
    assert None not in solved


async def notices(shop: TestShop) -> list[tuple[str, str, str]]:
    query = select(Notice).where(Notice.type.in_(("low_stock", "out_of_stock"))).order_by(Notice.id)
    async with shop.app.house.db.read() as session:
        return [(one.type, str(one.title), str(one.body)) for one in (await session.execute(query)).scalars()]


def test_whatever_the_trail_says_of_an_item_or_its_orders_has_words() -> None:
    said = {"order.sent", "order.refund", "order.cancel", *(f"difference.{state}" for state in ("repaired", "settled"))}
    for folder in ("core/flows", "bot/chat/commands"):
        for file in (ROOT / folder).glob("*.py"):
            said |= set(re.findall(r'(?:action=|SAID = |RETURNED = )"((?:order|item|draft|task)\.[a-z_]+|buyer\.seen)"', file.read_text()))
    states = {f"order.{state}" for state in OrderState}
    assert said - set(DEEDS) - states == set()
    assert len(said) > 15, "it found what is recorded"
