"""While nothing leaves the house every card says so, and none says so a moment longer."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from core.flows import intake
from tests.shop import TestShop, picture

PAUSED = "Haggle is paused"


@pytest.fixture
def database_kind() -> str:
    """Nothing here depends on the kind."""
    return "sqlite"


async def views(shop: TestShop, said: str) -> set[str]:
    """The kinds of living cards that say this now."""
    return {one.view for one in await shop.posts() if one.view and said in json.dumps(one.card, ensure_ascii=False)}


async def collecting(shop: TestShop) -> None:
    """An album whose end has not come."""
    house = shop.app.house
    stored = await house.photos.put(picture("more to come", "teal"))
    async with house.db.write() as session:
        await intake.keep_photo(session, house.db, shop.person.workspace_id, stored)
        row = await intake.begin(session, house, shop.person, shop.place, [stored.sha256], hints={}, album="a", ended=False)
        row.due_at = house.db.now() + timedelta(hours=1)


async def test_every_card_says_that_it_is_paused_and_none_after(shop: TestShop) -> None:
    number = await shop.item()
    await shop.say(f"/publish {number}")
    await shop.item("Another lamp")
    await shop.say("/channels")
    assert "sales arrive at once" in await shop.last()
    await collecting(shop)
    await shop.say("/pause all")
    await shop.say("/items")
    assert PAUSED in await shop.last()
    assert await views(shop, PAUSED) == {"draft", "batch", "task", "channels"}
    uploading = [one.card for one in await shop.posts() if "photo so far" in json.dumps(one.card)]
    assert [PAUSED in one["text"] for one in uploading] == [True]
    assert await views(shop, "sales arrive at once") == set()
    assert await views(shop, "sales are noticed after /resume") == {"channels"}
    await shop.say("/resume")
    assert await views(shop, PAUSED) == set()
    assert await views(shop, "sales arrive at once") == {"channels"}


async def test_a_setting_that_holds_everything_is_named(shop: TestShop) -> None:
    number = await shop.item()
    shop.app.house.outward = False
    await shop.say("/channels")
    assert "switched off: no sale is noticed" in await shop.last()
    await shop.say("/pause all")
    await shop.say(f"/publish {number}")
    await shop.say("/resume")
    assert "HAGGLE_OUTWARD=off holds everything" in await shop.last()
    assert await shop.live(number) == []
