"""What the accountant gets: files whose rows add up to what /profit says, labels by hand, and estimates until they are told better."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select, update

from core.errors import Missing, Refused
from core.flows import sales
from core.money import Money, parse
from core.ports import Paper
from core.values.card import CardFile
from core.values.channel import Buyer, ChannelOrder, ChannelOrderLine
from core.values.states import OrderState, Role
from storage.models import Account, Listing, Order
from tests.bot.people import join, person_of, trail
from tests.shop import TestShop

only_sqlite = pytest.mark.parametrize("database_kind", ["sqlite"])  # what nothing of the kind depends on


async def seen(shop: TestShop, view: str) -> dict[str, dict[str, Any]]:
    """The newest card of a view: its lines by their labels."""
    post = [post for post in await shop.posts() if post.view == view][-1]
    return {line["label"]: line for line in post.card["lines"]}


async def the_order(shop: TestShop, number: int = 1) -> Order:
    async with shop.app.house.db.read() as session:
        return (await session.execute(select(Order).where(Order.number == number))).scalar_one()


async def change(shop: TestShop, number: int, **values: Any) -> None:
    async with shop.app.house.db.write() as session:
        await session.execute(update(Order).where(Order.number == number).values(**values))


async def file_of(shop: TestShop) -> CardFile:
    """The file of the newest card that has one."""
    return [CardFile.of_json(file) for post in await shop.posts() for file in post.card.get("files", [])][-1]


def rows_of(paper: Paper) -> list[dict[str, str]]:
    assert paper.mime.startswith("text/csv")
    return list(csv.DictReader(io.StringIO(paper.data.decode("utf-8-sig"), newline="")))


async def told(shop: TestShop, channel: str, number: int, **more: Any) -> ChannelOrder:
    """An order of two of an item as its channel reports it: shipping on top, and no word of fees."""
    async with shop.app.house.db.read() as session:
        found = (await session.execute(select(Listing).where(Listing.channel == channel).order_by(Listing.id))).scalars()
        listing = list(found)[number - 1]
    now = shop.app.house.db.now()
    line = ChannelOrderLine(f"line-{number}", listing.sku, "Lamp", 1, Money(8000, "USD"))
    order = ChannelOrder(
        f"{channel}-{number}", OrderState.CONFIRMED, True, now, now, Money(8500, "USD"), (line,), Buyer("someone", "Zelda Quill"),
        shipping=Money(500, "USD"),
    )  # fmt: skip
    return replace(order, **more)


async def take(shop: TestShop, order: ChannelOrder, channel: str = "ebay") -> None:
    async with shop.app.house.db.read() as session:
        account = (await session.execute(select(Account).where(Account.channel == channel))).scalar_one()
    await sales.take(shop.app.house, account, order, seen_by="poll")
    await shop.idle()


@pytest.fixture
async def sold(shop: TestShop) -> TestShop:
    """One sale on eBay that it has not told the fees of, and some outside."""
    number = await shop.item("Brass lamp", cost=2011)
    await shop.say(f"/publish {number}")
    await take(shop, await told(shop, "ebay", number))
    for title, price in (("=Old radio", "45.55"), ("Blue vase", "30")):
        item = await shop.item(title)
        await shop.say(f"/sold {item} {price} cash")
    return shop


async def test_fees_are_about_until_the_marketplace_has_said_them(sold: TestShop) -> None:
    lines = await seen(sold, "sale")
    assert (await the_order(sold)).fees is None
    await sold.say("/order 1")
    lines = await seen(sold, "order")
    assert lines["Fees"]["value"] == "about -$11.96"  # 13.6 % of $85.00, and 40 cents
    assert lines["Fees"]["note"] == "what eBay usually takes; it tells me later"
    assert (lines["You paid"]["value"], lines["Earned"]["value"]) == ("-$20.11", "about $52.93")
    await sold.say("/profit")
    lines = await seen(sold, "profit")
    assert (lines["Fees"]["value"], lines["Fees"]["note"]) == ("-$11.96", "$11.96 of it estimated")
    assert (lines["Shipping paid"]["value"], lines["Earned"]["value"]) == ("$5.00", "about $128.48")
    assert lines["1: Brass lamp"]["note"] == "fees estimated"
    order = await told(sold, "ebay", 1)
    await take(sold, replace(order, fees=Money(1250, "USD"), changed_at=order.changed_at + timedelta(minutes=1)))
    lines = await seen(sold, "order")
    assert (lines["Fees"]["value"], lines["Fees"].get("note", ""), lines["Earned"]["value"]) == ("-$12.50", "", "$52.39")
    await sold.say("/profit")
    lines = await seen(sold, "profit")
    assert (lines["Fees"].get("note", ""), lines["Earned"]["value"]) == ("", "$127.94")


@only_sqlite
async def test_the_label_is_what_a_person_says_until_they_take_it_back(sold: TestShop) -> None:
    order = replace(await told(sold, "ebay", 1), state=OrderState.SHIPPED)
    await take(sold, order)
    await sold.say("/order 1")
    lines = await seen(sold, "order")
    assert (lines["Label"]["value"], lines["Label"]["note"]) == ("not known", "/label 1 5.20")
    await sold.say("/label 1 5.20")
    assert (await seen(sold, "order"))["Label"]["value"] == "-$5.20"
    later = replace(order, label_cost=Money(410, "USD"), changed_at=order.changed_at + timedelta(minutes=5))
    await take(sold, later)
    assert (await the_order(sold)).label_cost == 520, "who bought it knows better"
    await sold.say("/undo")
    assert ((await the_order(sold)).label_cost, (await the_order(sold)).label_by) == (None, "")
    await take(sold, replace(later, changed_at=later.changed_at + timedelta(minutes=5)))
    assert (await the_order(sold)).label_cost == 410
    await sold.say("/label 1 -3")
    assert "A label costs nothing at least" in await sold.last()
    await sold.say("/label 1 €5")
    assert "Order 1 was paid in USD." in await sold.last()
    assert [entry.data["after"] for entry in await trail(sold, "order.label")] == [520, None]


async def test_the_file_adds_up_to_what_profit_says_and_has_nothing_of_buyers(sold: TestShop) -> None:
    await change(sold, 1, state="shipped", shipped_at=sold.app.house.db.now(), refunded=1000)
    await change(sold, 3, state="refunded")
    await sold.say("/profit")
    shown = (await seen(sold, "profit"))["Earned"]["value"]
    await sold.say("/export sales")
    assert shown in await sold.text()
    file = await file_of(sold)
    paper = await sold.app.house.papers.make(file)
    rows = rows_of(paper)
    assert paper.name.startswith("sales-")
    assert sum(Decimal(row["earned"]) for row in rows) == parse(shown.removeprefix("about ")).decimal()
    assert [(row["order"], row["marketplace"], row["fees_are"], row["state"]) for row in rows] == [
        ("1", "ebay", "estimate", "shipped"), ("2", "cash", "confirmed", "confirmed"), ("3", "cash", "confirmed", "refunded"),
    ]  # fmt: skip
    assert (rows[0]["label"], rows[0]["cost"], rows[0]["given_back"]) == ("", "20.11", "10.00")
    assert rows[1]["title"] == "'=Old radio"
    assert rows[2]["earned"] == "0.00"
    text = paper.data.decode("utf-8-sig").lower()
    assert "zelda" not in text
    assert "someone" not in text
    assert [entry.data["paper"] for entry in await trail(sold, "paper.made")] == ["sales"]


@only_sqlite
async def test_what_there_is_as_a_file(sold: TestShop) -> None:
    toy = str(await sold.item("Tin toy", quantity=4, cost=250))
    await sold.say("/export stock")
    rows = {row["item"]: row for row in rows_of(await sold.app.house.papers.make(await file_of(sold)))}
    assert (rows["1"]["state"], rows["1"]["total"], rows["1"]["cost_of_stock"]) == ("sold", "0", "0.00")
    assert (rows[toy]["cost"], rows[toy]["available"], rows[toy]["cost_of_stock"]) == ("2.50", "4", "10.00")
    assert rows["2"]["title"] == "'=Old radio"


@only_sqlite
async def test_a_file_is_asked_for_by_who_may_and_of_what_is_theirs(sold: TestShop) -> None:
    await sold.say("/export")
    assert "What should be in the file?" in await sold.last()
    ann = await join(sold, Role.SELLER)
    await ann.say("/export sales")
    assert "this needs a manager" in await ann.last()
    ann_id = (await person_of(sold, ann)).member_id
    with pytest.raises(Refused):
        await sold.app.house.papers.make(CardFile("sales.csv", "sales", f"{date(2026, 1, 1)}|{date(2026, 12, 31)}", ann_id))
    boss = (await person_of(sold, await join(sold, Role.MANAGER, "shopify", name="Bea"))).member_id
    today = sold.app.house.db.now().date()
    paper = await sold.app.house.papers.make(CardFile("sales.csv", "sales", f"{today - timedelta(days=9)}|{today}", boss))
    assert rows_of(paper) == [], "eBay's sales are not Bea's to see"
    for about in ("", "2026-01-01", "2026-02-01|2026-01-01", "0001-01-01|9999-12-31", "x|y"):
        with pytest.raises(Missing):
            await sold.app.house.papers.make(CardFile("sales.csv", "sales", about, sold.person.member_id))
