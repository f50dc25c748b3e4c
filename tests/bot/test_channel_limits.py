"""Members who look after some marketplaces only: refused where they name another, kept to theirs where they name none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import select

from core.values.states import Role
from storage.models import Account, AuditEntry, Change, Listing, ManualTask
from tests.bot.people import Chat, join, owner_chat, propose
from tests.shop import TestShop

NOT_SHOPIFY = "You look after eBay here, not Shopify. Ask the owner."
LEFT_OUT = "Left out, since it is not yours to look after: "


@pytest.fixture
def database_kind() -> str:
    """Nothing here depends on the kind."""
    return "sqlite"


@pytest.fixture
async def ann(shop: TestShop) -> Chat:
    """She looks after eBay."""
    return await join(shop, Role.SELLER, "ebay")


async def up(shop: TestShop, *channels: str) -> int:
    """An item that is up there."""
    number = await shop.item(floor=5000)
    for channel in channels:
        await shop.say(f"/publish {number} {channel}")
    return number


async def made_by(shop: TestShop, chat: Chat) -> list[tuple[str, str]]:
    """The Changes that somebody made, as (kind, channel)."""
    query = select(Change.kind, Listing.channel).join(Listing, Listing.id == Change.listing_id).where(Change.member_id == chat.account)
    async with shop.app.house.db.read() as session:
        return [(row[0], row[1]) for row in (await session.execute(query.order_by(Change.id))).all()]


async def test_what_names_another_channel_is_refused(shop: TestShop, ann: Chat) -> None:
    number = await up(shop, "shopify")
    for line in (f"/publish {number} shopify", f"/price {number} shopify 70", f"/delist {number} shopify"):
        await ann.say(line)
        assert NOT_SHOPIFY in await ann.last(), line
    assert await made_by(shop, ann) == []
    assert await shop.live(number) == ["shopify"]
    await ann.say(f"/item {number}")  # looking is free
    assert "Shopify" in await ann.last()


async def test_what_acts_everywhere_acts_on_theirs_and_says_what_it_left_out(shop: TestShop, ann: Chat) -> None:
    number = await shop.item()
    await ann.say(f"/publish {number}")
    assert f"{LEFT_OUT}Poshmark, Shopify." in await ann.text()
    assert await shop.live(number) == ["ebay"]
    await shop.say(f"/publish {number}")
    assert await shop.live(number) == ["ebay", "shopify"]

    await ann.say(f"/price {number} 70")
    assert await prices(shop, number) == {"ebay": 7000, "shopify": 8000, "poshmark": 8000}
    await ann.say(f"/edit {number} title Another lamp")  # one title for all of them
    assert "You look after ebay here, not" in await ann.last()
    assert (await shop.row(number)).title == "Acme brass desk lamp"

    await ann.say(f"/delist {number}")
    assert (await ann.text()).count(f"{LEFT_OUT}Poshmark, Shopify.") == 3  # publish, price, delist
    assert await shop.live(number) == ["shopify"]
    assert await made_by(shop, ann) == [("publish", "ebay"), ("reprice", "ebay"), ("delist", "ebay")]
    await ann.say(f"/delist {number}")
    assert "You look after eBay here, not Poshmark, Shopify." in await ann.last()


async def prices(shop: TestShop, number: int) -> dict[str, int | None]:
    row = await shop.row(number)
    async with shop.app.house.db.read() as session:
        return {one.channel: one.price for one in (await session.execute(select(Listing).where(Listing.item_id == row.id))).scalars()}


async def test_a_sale_outside_is_everybodys_since_it_takes_down_everywhere(shop: TestShop, ann: Chat) -> None:
    number = await up(shop, "ebay", "shopify")
    await ann.say(f"/sold {number} 80 cash")
    assert await shop.live(number) == []


async def states(shop: TestShop, keys: Sequence[str]) -> list[str]:
    async with shop.app.house.db.read() as session:
        return [(await session.get_one(Change, key)).state for key in keys]


async def test_a_proposal_of_another_channel_may_be_seen_but_not_pressed(shop: TestShop, ann: Chat) -> None:
    number = await up(shop, "ebay", "shopify")
    foreign = await propose(shop, number, ["shopify"], ann)
    assert "waits for your yes" in await ann.last()
    await ann.press("Yes")
    assert NOT_SHOPIFY in await ann.last()
    await ann.press("No")
    assert await states(shop, foreign) == ["proposed"]

    both = await propose(shop, number, ["ebay", "shopify"], ann)
    await ann.press("Yes")
    assert f"{LEFT_OUT}Shopify." in await ann.text()
    assert await states(shop, both) == ["done", "proposed"]


async def test_who_only_looks_says_neither_yes_nor_no_to_a_proposal(shop: TestShop) -> None:
    number, viewer = await up(shop, "ebay"), await join(shop, Role.VIEWER)
    proposed = await propose(shop, number, ["ebay"], viewer)
    for label in ("Yes", "No"):
        await viewer.press(label)
        assert "You are a viewer here, and this needs a seller." in await viewer.last()
    assert await states(shop, proposed) == ["proposed"]


async def test_tasks_drafts_and_connections_of_another_channel_are_not_pressed(shop: TestShop, ann: Chat) -> None:
    number = await up(shop, "poshmark")
    async with shop.app.house.db.read() as session:
        task = (await session.execute(select(ManualTask))).scalar_one()
        accounts = {one.channel: one.id for one in (await session.execute(select(Account))).scalars()}
    other = await shop.item("Another lamp")
    row = await shop.row(other)
    pressed: list[dict[str, Any]] = [
        {"do": "task.done", "task": task.id},
        {"do": "task.snooze", "task": task.id, "minutes": 60},
        {"do": "draft.channel", "item": row.id, "account": accounts["poshmark"]},
        {"do": "draft.category", "item": row.id, "account": accounts["poshmark"], "category": "1"},
    ]
    for action in pressed:
        await ann.put(press=await ann.stored(action))
        await shop.idle()
        assert "You look after eBay here, not Poshmark." in await ann.last(), action
    async with shop.app.house.db.read() as session:
        assert (await session.get_one(ManualTask, task.id)).state == "open"
        left = await session.execute(select(AuditEntry).where(AuditEntry.actor == f"member:{ann.account}"))
        assert [one.action for one in left.scalars()] == ["member.entered"]
    assert (await shop.row(number)).state != "live"

    manager = await join(shop, Role.MANAGER, "ebay", name="Bea")
    for line in ("/connect shopify mystore", "/disconnect shopify"):
        await manager.say(line)
        assert NOT_SHOPIFY in await manager.last(), line
    await manager.put(press=await manager.stored({"do": "channel.disconnect", "account": accounts["shopify"], "down": False}))
    await shop.idle()
    assert NOT_SHOPIFY in await manager.last()
    async with shop.app.house.db.read() as session:
        assert (await session.get_one(Account, accounts["shopify"])).state == "active"


async def test_a_limit_that_came_between_showing_and_pressing_counts(shop: TestShop) -> None:
    number = await shop.item()
    ann = await join(shop, Role.SELLER)
    await ann.say(f"/item {number}")
    pressed = await ann.button("Publish on")
    await shop.say("/members Ann")
    await shop.press("✓ Shopify")
    await shop.press("✓ Poshmark")
    assert '"Looks after", "value": "eBay"' in await owner_chat(shop).text()
    await ann.put(**pressed)
    await shop.idle()
    assert await shop.live(number) == ["ebay"]
    await shop.press("All channels")
    await ann.put(**pressed)
    await shop.idle()
    assert await shop.live(number) == ["ebay", "shopify"]
