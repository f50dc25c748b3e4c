"""`/publish 1 dry`: exactly what would be sent, all that would be refused, and nothing sent."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from sqlalchemy import func, select, update

from core.flows import rehearsing
from core.values.channel import Preview
from integrations.ebay.mapping import covers
from storage.models import Account, Change, Draft, Item, Listing
from tests.shop import TestShop

READS = {"getItemConditionPolicies", "getItemAspectsForCategory", "getDefaultCategoryTreeId", "getOrders", "orders", "getTransactions"}


@pytest.fixture
def database_kind() -> str:
    """Nothing here depends on the kind."""
    return "sqlite"


async def dry(shop: TestShop, words: str) -> str:
    """What the card says; and that nothing was sent or made."""
    before, state = shop.sandbox.calls(), shop.sandbox.state()
    await shop.say(f"/publish {words}")
    after = shop.sandbox.calls()
    called = {name for name, count in after.items() if count > before.get(name, 0)}
    assert {name.split()[-1].rpartition(".")[2].rpartition(":")[2] for name in called} <= READS
    assert shop.sandbox.state() == state
    async with shop.app.house.db.read() as session:
        assert (await session.execute(select(func.count()).select_from(Change))).scalar_one() == 0
        assert (await session.execute(select(func.count()).select_from(Listing))).scalar_one() == 0
    return await shop.last()


async def preview(shop: TestShop, number: int, channel: str) -> Preview:
    house = shop.app.house
    item = await shop.row(number)
    async with house.db.read() as session:
        account = (await session.execute(select(Account).where(Account.channel == channel))).scalar_one()
        planned = await rehearsing.plan(session, house, item, account, None)
    return await rehearsing.rehearse(house, planned)


async def on_ebay(shop: TestShop, path: str) -> dict[str, Any]:
    """What eBay keeps."""
    token = shop.sandbox.ebay_tokens()["access_token"]
    async with httpx.AsyncClient(base_url=shop.sandbox.url, trust_env=False, headers={"Authorization": f"Bearer {token}"}) as client:
        found: dict[str, Any] = (await client.get(f"/ebay/sell/inventory/v1{path}")).raise_for_status().json()
    return found


async def test_it_shows_what_each_marketplace_would_get_and_sends_nothing(shop: TestShop) -> None:
    number = await shop.item("Acme brass desk lamp", quantity=2)
    told = await dry(shop, f"{number} dry")
    for words in ("Nothing was sent", "eBay", "would go up", "Shopify", "Poshmark", "you would list it by hand"):
        assert words in told
    for words in ("Acme brass desk lamp", "80.00 USD", "USED_", "Payment policy", "Ships from", "Brand", "Acme", "Condition: Good"):
        assert words in told, words
    assert told.count('"Photos", "value": "1"') == 3
    only = await dry(shop, f"{number} shopify dry")
    assert "Shopify" in only
    assert "USED_" not in only
    assert "USED_" not in await dry(shop, f"{number} dry shopify")


async def test_what_is_sent_then_is_what_was_shown(shop: TestShop) -> None:
    number = await shop.item("Acme brass desk lamp")
    ebay, shopify = await preview(shop, number, "ebay"), await preview(shop, number, "shopify")
    assert ebay.problems == shopify.problems == ()
    await shop.say(f"/publish {number}")
    sku = (await shop.row(number)).sku
    item, [offer] = await on_ebay(shop, f"/inventory_item/{sku}"), (await on_ebay(shop, f"/offer?sku={sku}"))["offers"]
    assert len(item["product"].pop("imageUrls")) == len(ebay.payload["item"]["product"].pop("imageUrls")) == 1
    assert covers(item, ebay.payload["item"])
    assert covers(offer, ebay.payload["offer"])
    [product] = [one for one in shop.sandbox.state("shopify")["listings"] if one["sku"] == sku]
    wanted = shopify.payload["product"]
    [variant] = wanted["variants"]
    assert (product["title"], product["price"]) == (wanted["title"], variant["price"])
    assert product["quantity"] == variant["inventoryQuantities"][0]["quantity"]


async def test_everything_that_would_be_refused_is_named_at_once(shop: TestShop) -> None:
    number = await shop.item("Acme brass desk lamp")
    async with shop.app.house.db.write() as session:
        await session.execute(update(Item).values(title="Acme " * 60))
        row = (await session.execute(select(Draft))).scalar_one()
        fields = row.fields["fields"]
        row.fields = {**row.fields, "fields": {**fields, "aspect:Style": {**fields["brand"], "value": "x" * 51}}}
        account = (await session.execute(select(Account).where(Account.channel == "ebay"))).scalar_one()
        account.settings = {**account.settings, "payment_policy": "", "location": ""}
        shop_ = (await session.execute(select(Account).where(Account.channel == "shopify"))).scalar_one()
        shop_.settings = {**shop_.settings, "currency": "EUR"}
    told = await dry(shop, f"{number} dry")
    for words in (
        "The title has 300 characters and eBay takes 80", "“Style” is too long for eBay", "has no payment policy yet",
        "has no ship-from place yet", "The title has 300 characters and Shopify takes 255", "sells in EUR, not in USD", "would be refused",
    ):  # fmt: skip
        assert words in told, words
    assert "would go up" not in told


async def test_what_is_missing_is_said_and_a_slip_is_no_publish(shop: TestShop) -> None:
    number = await shop.item("Acme brass desk lamp")
    async with shop.app.house.db.write() as session:
        await session.execute(update(Item).values(price=None))
    assert f"Item {number} has no price" in await dry(shop, f"{number} dry")
    assert "There is no channel “ebya”" in await dry(shop, f"{number} ebya")
    await shop.say("/pause all")
    async with shop.app.house.db.write() as session:
        await session.execute(update(Item).values(price=8000))
    assert "Haggle is paused" in await dry(shop, f"{number} dry")
