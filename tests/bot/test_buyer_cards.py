"""Papers and buyers as people meet them: on the page, by commands, and as marketplaces ask."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from io import BytesIO
from typing import Any

import httpx
import pytest
from pypdf import PdfReader
from sqlalchemy import select

from core.errors import Missing, Refused
from core.flows import buyers, people, sessions
from core.ports import Paper
from core.values.card import CardFile
from core.values.states import Role
from integrations.http import trusted
from storage.keys import new_key
from storage.models import Account, Member
from tests.bot.known import SECRET, order_of, rows, shown, slip, sold, text_of, trail
from tests.shop import TestShop


@pytest.fixture
def database_kind() -> str:
    """Nothing here depends on the kind."""
    return "sqlite"


async def test_a_look_is_over_after_ten_minutes_and_leaves_a_trace(shop: TestShop) -> None:
    order = await sold(shop)
    await shop.say("/buyer 1")
    [card] = await shown(shop)
    assert {"1 Sandbox Way, Portland, OR 97201, US", "buyer@sandbox.example"} <= {line["value"] for line in card["lines"]}
    assert await trail(shop, "buyer.seen") == [(shop.person.actor, order.id, {"on": "card"})]
    shop.clock.move(minutes=11)
    await shop.tick()
    [card] = await shown(shop)
    assert "were shown" in card["text"]
    assert not any(secret in json.dumps(card) for secret in SECRET)


async def test_the_page_shows_the_card_for_a_while(shop: TestShop) -> None:
    await sold(shop)
    await shop.say("/buyer 1")
    async with await browser(shop) as page:
        assert "Sandra Boxer" in (await page.get("/api/v1/chat")).text


async def browser(shop: TestShop) -> httpx.AsyncClient:
    token = await sessions.open_session(shop.app.house, shop.person)
    headers = {"Authorization": f"Bearer {token}", "X-Haggle": "1"}
    return httpx.AsyncClient(base_url=shop.url, headers=headers, verify=trusted(), trust_env=False, timeout=60)


async def test_the_page_makes_a_slip_when_it_is_opened(shop: TestShop) -> None:
    order = await sold(shop)
    await shop.say("/slip 1")
    [file] = json.loads(await shop.last())["files"]
    async with await browser(shop) as page:
        got = await page.get(file["path"])
    assert got.headers["content-type"] == "application/pdf"
    assert got.headers["content-disposition"] == 'attachment; filename="packing-slip-1.pdf"'
    assert got.headers["cache-control"] == "no-store"
    words = " ".join(text_of(Paper("", "", got.content)).split())
    for part in ("Ship to Sandra Boxer 1 Sandbox Way Portland, OR 97201 US", "Acme brass desk lamp", "Thank you for buying", "eBay"):
        assert part in words
    assert "80" not in words.replace(order.external_id, "").replace("97201", ""), "no prices"
    assert await trail(shop, "buyer.seen") == [(shop.person.actor, order.id, {"paper": "slip", "on": "packing slip"})]
    async with httpx.AsyncClient(base_url=shop.url, verify=trusted(), trust_env=False, timeout=60) as stranger:
        assert (await stranger.get(file["path"])).status_code in (401, 403)


async def test_who_may_not_look_gets_nothing(shop: TestShop) -> None:
    order = await sold(shop)
    house = shop.app.house
    viewer = await people.enter(house, await shop.app.join_code(Role.VIEWER), "web", "", name="Vi")
    with pytest.raises(Refused):
        await slip(shop, order, viewer)
    seller = await people.enter(house, await shop.app.join_code(Role.SELLER), "web", "", name="Al")
    async with house.db.write() as session:
        (await session.get_one(Member, seller.member_id)).channels = ["shopify"]
    with pytest.raises(Refused):
        await slip(shop, order, seller)
    async with house.db.write() as session:
        (await session.get_one(Member, seller.member_id)).active = False
    with pytest.raises(Refused):
        await slip(shop, order, seller)
    assert await trail(shop, "buyer.seen") == []


async def test_a_buyer_is_found_by_exact_words_only(shop: TestShop) -> None:
    await sold(shop)
    await shop.say("/find-buyer SANDRA BOXER")
    assert "1 order." in await shop.last()
    await shop.say("/find-buyer buyer@sandbox.example")
    assert "1 order." in await shop.last()
    await shop.say("/find-buyer Sandra")
    assert "No order is known" in await shop.last()
    await shop.say("/find-buyer")
    assert "Say who" in await shop.last()


async def test_shopifys_erasure_names_orders(shop: TestShop) -> None:
    order = await sold(shop, "shopify")
    key = order.external_id.rpartition("/")[2]
    await from_shopify(shop, "customers/data_request", {"customer": {"id": 1}, "orders_requested": [int(key)]})
    assert "asks through Shopify" in await shop.text()
    await from_shopify(shop, "customers/redact", {"customer": {"id": 1, "email": "nobody@example.com"}, "orders_to_redact": [int(key)]})
    assert buyers.people_of(shop.app.house, await order_of(shop)) == {}
    assert "nobody@example.com" not in await rows(shop)


async def test_a_shop_that_went_away_leaves_no_buyers(shop: TestShop) -> None:
    await sold(shop, "shopify")
    await from_shopify(shop, "shop/redact", {"shop_id": 1})
    assert buyers.people_of(shop.app.house, await order_of(shop)) == {}


async def from_shopify(shop: TestShop, topic: str, payload: dict[str, Any]) -> None:
    """A delivery as Shopify signs it."""
    async with shop.app.house.db.read() as session:
        name = (await session.execute(select(Account.external_id).where(Account.channel == "shopify"))).scalar_one()
    body = json.dumps(payload).encode()
    secret = shop.sandbox.credentials["shopify"]["client_secret"].encode()
    proof = base64.b64encode(hmac.digest(secret, body, hashlib.sha256)).decode()
    headers = {
        "X-Shopify-Hmac-Sha256": proof, "X-Shopify-Webhook-Id": new_key(), "X-Shopify-Shop-Domain": name, "X-Shopify-Topic": topic,
        "Content-Type": "application/json",
    }  # fmt: skip
    async with httpx.AsyncClient(base_url=shop.url, verify=trusted(), trust_env=False, timeout=60) as shopify:
        assert (await shopify.post("/webhooks/shopify", content=body, headers=headers)).status_code == 200
    await shop.idle()


async def test_the_pick_list_has_everything_to_ship(shop: TestShop) -> None:
    with pytest.raises(Missing):
        await shop.app.house.papers.make(CardFile("pick-list.pdf", "pick", "", shop.person.member_id))
    await sold(shop)
    await shop.say("/pick")
    [file] = json.loads(await shop.last())["files"]
    assert (file["kind"], file["name"]) == ("pick", "pick-list.pdf")
    made = await shop.app.house.papers.make(CardFile(file["name"], file["kind"], "", file["by"]))
    words = text_of(made)
    for part in ("Pick list", "1 order to ship", "Acme brass desk lamp", (await shop.row(1)).sku):
        assert part in words
    assert not any(secret in words for secret in SECRET)
    assert len(PdfReader(BytesIO(made.data)).pages[0].images) == 1
