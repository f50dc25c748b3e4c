"""Something was sold on a marketplace that is listed nowhere here: the sale's card asks which item it is."""

from __future__ import annotations

from sqlalchemy import select

from core.flows import sales
from core.money import Money
from core.rules.likeness import likeness
from core.values.channel import ChannelOrder, ChannelOrderLine
from core.values.states import OrderState
from storage.models import Account, Notice, OrderLine, Stock
from tests.shop import TestShop


async def sold(shop: TestShop, title: str) -> None:
    """An order that names something under a number of its own."""
    house = shop.app.house
    async with house.db.read() as session:
        account = (await session.execute(select(Account).where(Account.channel == "ebay"))).scalar_one()
    now, price = house.db.now(), Money(8000, "USD")
    line = ChannelOrderLine("line-1", "typed-by-hand", title, 1, price)
    told = ChannelOrder("17-00001-00001", OrderState.CONFIRMED, True, now, now, price, (line,))
    assert await sales.take(house, account, told, seen_by="poll")
    await shop.idle()


async def published(shop: TestShop, title: str) -> int:
    number = await shop.item(title)
    await shop.say(f"/publish {number}")
    return number


async def sale_card(shop: TestShop) -> list[str]:
    """The buttons of the sale's card."""
    card = next(one.card for one in reversed(await shop.posts()) if one.view == "sale")
    return [button["label"] for row in card["buttons"] for button in row if not button["label"].startswith("Order ")]


async def test_the_item_is_picked_and_comes_down_everywhere_else(shop: TestShop) -> None:
    lamp, other = await published(shop, "Acme brass desk lamp"), await published(shop, "Nike running shoes")
    await sold(shop, "Brass lamp by ACME, 100% original")
    assert await sale_card(shop) == [f"{lamp}: Acme brass desk lamp", "Another item…", "Not mine"]
    await shop.press(f"{lamp}: Acme brass desk lamp")
    assert await shop.live(lamp) == []
    assert await shop.live(other) == ["ebay", "shopify"]
    assert await sale_card(shop) == []
    async with shop.app.house.db.read() as session:
        assert None not in (await session.execute(select(Notice.solved_at).where(Notice.type == "sync_conflict"))).scalars().all()


async def test_another_item_is_named_by_its_number(shop: TestShop) -> None:
    lamp = await published(shop, "Acme brass desk lamp")
    await sold(shop, "Something quite different")
    assert await sale_card(shop) == ["Which item…", "Not mine"]
    await shop.press("Which item")
    await shop.say("77")
    assert "There is no item 77" in await shop.last()
    await shop.say(f"#{lamp}")
    assert await shop.live(lamp) == []
    async with shop.app.house.db.read() as session:
        assert (await session.execute(select(Stock.total))).scalar_one() == 0


async def test_what_is_none_of_ours_is_left_alone_until_it_is_ours_after_all(shop: TestShop) -> None:
    lamp = await published(shop, "Acme brass desk lamp")
    await sold(shop, "Acme brass desk lamp")
    await shop.press("Not mine")
    assert "none of yours, you said" in await shop.text()
    assert await shop.live(lamp) == ["ebay", "shopify"]
    async with shop.app.house.db.read() as session:
        assert (await session.execute(select(OrderLine.item_id))).scalar_one() is None
        assert None not in (await session.execute(select(Notice.solved_at).where(Notice.type == "sync_conflict"))).scalars().all()
    await shop.say("/undo")
    assert "none of yours. Its card takes that back" in await shop.last()
    await shop.press("It is mine")
    await shop.say(str(lamp))
    assert await shop.live(lamp) == []


def test_titles_are_alike_by_their_words_or_letters() -> None:
    lamp = "Acme brass desk lamp"
    assert likeness(lamp, lamp) == 1
    assert likeness("lamp", lamp) > 0.8
    assert likeness("acme bras lmap", lamp) > 0.3
    assert likeness("Nike running shoes", lamp) < 0.3
    assert likeness("", lamp) == likeness("!!", lamp) == 0
