"""One sale that reaches us twice is one order: a file of orders beside the marketplace, and questions where nobody can know."""

from __future__ import annotations

import json
from typing import Any

import httpx
from sqlalchemy import select

from core.flows import sessions
from core.rules.order_files import HEADER
from storage.keys import new_key
from storage.models import InboxEvent, Order, OrderLine, OrderSource, Post
from tests.bot.test_order_desk import left, order_of, sold
from tests.shop import TestShop


async def send_file(shop: TestShop, *rows: str, header: str = HEADER) -> None:
    """Drop a file into the page, as a browser does."""
    token = await sessions.open_session(shop.app.house, shop.person)
    headers = {"Authorization": f"Bearer {token}", "X-Haggle": "1"}
    data = "\n".join((header, *rows)).encode()
    async with httpx.AsyncClient(base_url=shop.url, headers=headers, trust_env=False, timeout=30) as client:
        [kept] = (await client.post("/api/v1/photos", files={"photos": ("orders.csv", data, "text/csv")})).json()["photos"]
        answer = await client.post("/api/v1/chat/messages", json={"event_id": new_key(), "photos": [kept["sha256"]]})
    assert answer.status_code == 202, answer.text
    await shop.idle()


async def report(shop: TestShop) -> dict[str, str]:
    """What the newest report counts."""
    card: dict[str, Any] = [post.card for post in await shop.posts() if post.view == "import"][-1]
    return {line["label"]: line["value"] for line in card["lines"]}


async def orders(shop: TestShop) -> list[Order]:
    async with shop.app.house.db.read() as session:
        return list((await session.execute(select(Order).order_by(Order.number))).scalars())


async def test_a_sale_from_a_file_is_a_sale_like_any_other_and_counts_once(shop: TestShop) -> None:
    number = await shop.item("Acme brass desk lamp")
    await shop.say(f"/publish {number}")
    sku = (await shop.row(number)).sku
    await send_file(shop, f"Poshmark,5f2c91,{sku},Acme lamp,1,45.00,2026-11-20")
    assert await report(shop) == {"New sales": "1"}
    assert await shop.live(number) == []
    assert await left(shop, number) == (0, 0)
    [order] = await orders(shop)
    assert (order.channel, order.external_id, order.total, order.seen_by) == ("poshmark", "5f2c91", 4500, "file")
    await send_file(shop, f"Poshmark,5f2c91,{sku},Acme lamp,1,45.00,2026-11-20")
    assert await report(shop) == {"Imported before": "1"}
    assert len(await orders(shop)) == 1
    await shop.say("/undo")
    assert "You imported orders" in await shop.last()


async def test_an_order_that_is_here_gets_a_second_source(shop: TestShop) -> None:
    await sold(shop)
    there = (await order_of(shop)).external_id
    await send_file(shop, f"eBay,{there},,Acme brass desk lamp,1,80.00,2026-11-20")
    assert await report(shop) == {"Orders that were here": "1"}
    assert len(await orders(shop)) == 1
    assert await left(shop) == (0, 0)
    await shop.say("/order 1")
    assert "a file that you sent" in await shop.last()


async def test_what_may_be_an_order_that_is_here_is_asked(shop: TestShop) -> None:
    number = await shop.item("Acme brass desk lamp", quantity=2)
    await shop.say(f"/sold {number} 45 poshmark")
    sku = (await shop.row(number)).sku
    await send_file(
        shop, f"Poshmark,5f2c91,{sku},Acme lamp,1,45.00,", f"eBay,99-1,{sku},Acme lamp,1,45.00,", f"Poshmark,7aa,{sku},Acme lamp,1,45.00,"
    )
    assert await report(shop) == {"To be asked": "3"}
    assert await left(shop, number) == (1, 0)
    await shop.press("Answer the next")
    assert "Is this order 1, or a new sale?" in await shop.last()
    await shop.press("It is order 1")
    assert "99-1" in await shop.last(), "the next question follows"
    await shop.press("Leave it out")
    await shop.press("A new sale")
    assert await report(shop) == {"New sales": "1", "Orders that were here": "1", "None of yours": "1"}
    assert [one.external_id for one in await orders(shop)][1:] == ["7aa"]
    assert await left(shop, number) == (0, 0)
    async with shop.app.house.db.read() as session:
        assert {json.dumps(one) for one in (await session.execute(select(OrderSource.told))).scalars()} == {"{}"}


async def test_a_title_alone_is_only_proposed_and_nothing_of_buyers_is_kept(shop: TestShop) -> None:
    await shop.item("Acme brass desk lamp")
    await shop.say("/publish 1")
    await send_file(shop, "Mercari,m1,Acme brass lamp,30.00,Jane Roe,12 Elm Street", header="Store,Order Id,Title,Price,Buyer,Address")
    assert await report(shop) == {"New sales": "1"}
    async with shop.app.house.db.read() as session:
        line = (await session.execute(select(OrderLine))).scalar_one()
        kept = [str(one) for one in (await session.execute(select(InboxEvent.body))).scalars()]
        kept += [str(post.said) + str(post.card) for post in (await session.execute(select(Post))).scalars()]
    assert line.item_id is None
    assert not [one for one in kept if "Roe" in one or "Elm" in one]
    assert await shop.live(1) == ["ebay", "shopify"]
    await shop.press("1: Acme brass desk lamp")
    assert await shop.live(1) == []


async def test_rows_that_make_no_sense_are_named(shop: TestShop) -> None:
    await send_file(shop, "Poshmark,1,,Lamp,1,ten,", "Poshmark,2,,Lamp,1,10,01/02/2026")
    assert "is not an amount" in await shop.last()
    assert "can be read in two ways" in await shop.last()
    await send_file(shop, "x,y", header="sku,title")
    assert "has no column" in await shop.last()
    await shop.say("/import orders")
    assert HEADER in await shop.last()
