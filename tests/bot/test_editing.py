"""Saying what an item is: by command, and what comes of slips."""

from __future__ import annotations

import pytest

from core.flows.wanted import sheet_of
from core.values.draft import Draft
from tests.shop import TestShop


@pytest.fixture
def database_kind() -> str:
    """Nothing here depends on the kind."""
    return "sqlite"


async def sheet(shop: TestShop, number: int) -> Draft:
    item = await shop.row(number)
    async with shop.app.house.db.read() as session:
        return (await sheet_of(session, item.id))[1]


async def test_what_was_typed_is_taken_as_it_was_typed(shop: TestShop) -> None:
    await shop.item()
    number = await shop.item("A mug")
    await shop.say(f"/edit {number} title {number} pack of mugs")
    assert (await shop.row(number)).title == f"{number} pack of mugs"
    await shop.say(f"/edit {number} quantity {number}")
    await shop.say(f"/item {number}")
    assert f'"Quantity", "value": "{number}"' in await shop.last()
    await shop.say(f"/edit {number} description Two mugs.\n\nThey say “2”,  and 'mug'.")
    assert (await sheet(shop, number)).get("description") == "Two mugs.\n\nThey say “2”,  and 'mug'."
    await shop.say(f"/edit\n{number} 'brand' Acme")
    assert (await sheet(shop, number)).get("brand") == "Acme"


async def test_a_shop_may_be_called_like_its_marketplace(shop: TestShop) -> None:
    await shop.say("/connect shopify shop")
    assert "Open this page" in await shop.last()
