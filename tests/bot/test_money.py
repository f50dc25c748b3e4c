"""What was sold and earned: the card's figures tie to the cent with the orders, and a chart shows them."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import update

from storage.models import Order, Post
from tests.shop import TestShop


async def newest(shop: TestShop, view: str) -> Post:
    return [post for post in await shop.posts() if post.view == view][-1]


def figures(post: Post) -> dict[str, str]:
    return {line["label"]: line.get("value", "") for line in post.card["lines"]}


async def order(shop: TestShop, number: int, **values: Any) -> None:
    async with shop.app.house.db.write() as session:
        await session.execute(update(Order).where(Order.number == number).values(**values))


@pytest.fixture
async def sold(shop: TestShop) -> TestShop:
    """Three sales: fees and cost known; neither known; one that was refunded; and one from long ago."""
    for title, more in (("Brass lamp", {"cost": 2011}), ("Old radio", {}), ("Blue vase", {"cost": 500}), ("Tin toy", {"cost": 100})):
        await shop.item(title, **more)
    for number, price in ((1, "80"), (2, "45.55"), (3, "30"), (4, "10")):
        await shop.say(f"/sold {number} {price} cash")
    await order(shop, 1, fees=1033)
    await order(shop, 2, fees=None)
    await order(shop, 3, state="refunded")
    await order(shop, 4, placed_at=shop.app.house.db.now() - timedelta(days=20))
    return shop


async def test_sales_say_what_was_sold_and_draw_it(sold: TestShop) -> None:
    await sold.say("/sales")
    post = await newest(sold, "sales")
    assert figures(post)["Sold"] == "$125.55"
    assert post.card["text"] == "1 refunded order is not counted."
    [chart] = post.card["photos"]
    assert "$125.55 in all" in chart["alt"]
    for name in (chart["sha256"], chart["dark"]):
        image = Image.open(io.BytesIO(await sold.app.house.photos.read(name, "original")))
        assert image.width == 800
    await sold.press("Month")
    assert figures(await newest(sold, "sales"))["Sold"] == "$135.55"
    await sold.say("/sales 2001-01-01 2001-02-01")
    post = await newest(sold, "sales")
    assert (post.card["text"], post.card["photos"]) == ("Nothing was sold then.", [])
    await sold.say("/sales fortnight")
    assert "I do not know the time “fortnight”." in await sold.last()


async def test_profit_ties_to_the_cent_and_says_what_is_not_known(sold: TestShop) -> None:
    await sold.say("/profit")
    post = await newest(sold, "profit")
    told = figures(post)
    assert (told["Price"], told["Fees"], told["You paid"], told["Earned"]) == ("$165.55", "-$10.33", "-$26.11", "$99.11")
    assert (told["1: Brass lamp"], told["2: Old radio"], told["4: Tin toy"]) == ("$49.56", "$45.55", "$9.00")
    notes = {line["label"]: line.get("note", "") for line in post.card["lines"]}
    assert notes["2: Old radio"] == "fees not known, cost not known"
    assert notes["Earned"] == "too high by what is not known"
    assert (told["Given back"], told["3: Blue vase"]) == ("-$30.00", "-$5.00"), "the vase is not back yet"
    await sold.say("/profit by channel week")
    told = figures(await newest(sold, "profit"))
    assert (told["Earned"], told["Cash"]) == ("$90.11", "$90.11")
    await sold.say("/profit month")
    assert figures(await newest(sold, "profit"))["Earned"] == "$99.11"
