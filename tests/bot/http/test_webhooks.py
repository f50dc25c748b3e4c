"""Webhooks: proven, stored once, answered; what is refused leaves only its count."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
from pathlib import Path
from typing import Any

from sqlalchemy import select

from bot.http.limits import Buckets, Limits
from bot.http.webhooks import Webhooks
from storage.models import InboxEvent, RefusedDelivery
from tests.home import SHOPIFY_SECRET, Home, open_home


def signed(body: bytes, event: str = "1", **headers: str) -> dict[str, str]:
    proof = base64.b64encode(hmac.digest(SHOPIFY_SECRET.encode(), body, "sha256")).decode()
    return {
        "X-Shopify-Hmac-Sha256": proof, "X-Shopify-Webhook-Id": event, "X-Shopify-Shop-Domain": "attic.myshopify.com",
        "X-Shopify-Topic": "orders/create", **headers,
    }  # fmt: skip


ORDER = json.dumps({"id": 7, "email": "buyer@example.com"}).encode()


async def rows(home: Home, model: type[Any]) -> list[Any]:
    async with home.app.house.db.read() as session:
        return list((await session.execute(select(model))).scalars())


async def test_a_genuine_delivery_is_a_row_that_holds_ids_only(home: Home) -> None:
    answer = await home.browser().post("/webhooks/shopify", content=ORDER, headers=signed(ORDER))
    assert answer.status_code == 200
    (row,) = await rows(home, InboxEvent)
    assert (row.source, row.account, row.event_id, row.topic, row.priority) == ("shopify", "attic.myshopify.com", "1", "order", 1)
    assert row.body == {"resource": "gid://shopify/Order/7"}
    assert row.lane == "webhook:shopify:attic.myshopify.com"


async def test_the_same_delivery_again_is_counted_not_stored(home: Home) -> None:
    browser = home.browser()
    answers = await asyncio.gather(*(browser.post("/webhooks/shopify", content=ORDER, headers=signed(ORDER)) for _ in range(4)))
    assert {one.status_code for one in answers} == {200}
    (row,) = await rows(home, InboxEvent)
    assert row.duplicates == 3


async def test_a_bad_signature_leaves_a_count_and_nothing_else(home: Home) -> None:
    browser = home.browser()
    for _ in range(2):
        answer = await browser.post("/webhooks/shopify", content=ORDER + b" ", headers=signed(ORDER))
        assert answer.status_code == 401
    assert (await browser.post("/webhooks/ebay", content=b"{}", headers={"X-EBAY-SIGNATURE": "bm9uc2Vuc2U="})).status_code == 412
    assert await rows(home, InboxEvent) == []
    counted = {row.source: row.count for row in await rows(home, RefusedDelivery)}
    assert counted == {"shopify": 2, "ebay": 1}


async def test_signed_nonsense_and_unknown_sources_get_an_answer(home: Home) -> None:
    browser = home.browser()
    assert (await browser.post("/webhooks/shopify", content=b"[", headers=signed(b"["))).status_code == 400
    assert (await browser.post("/webhooks/nobody", content=b"{}")).status_code == 404
    assert (await browser.post("/webhooks/telegram", content=b"{}")).status_code == 404
    assert (await browser.get("/webhooks/shopify", params={"challenge_code": "x"})).status_code == 404
    assert await rows(home, InboxEvent) == []


async def test_the_challenge_is_answered_for_our_own_endpoint(tmp_path: Path) -> None:
    token = "token_" * 8
    async with open_home(tmp_path, public_url="https://shop.example", ebay_verification_token=token) as home:
        answer = await home.browser().get("/webhooks/ebay", params={"challenge_code": "abc"})
        expected = hashlib.sha256(f"abc{token}https://shop.example/webhooks/ebay".encode()).hexdigest()
        assert answer.json() == {"challengeResponse": expected}
        assert answer.headers["content-type"].startswith("application/json")


async def test_above_a_hundred_a_second_the_source_shall_come_again(home: Home) -> None:
    within_a_moment = Limits(webhooks=Buckets(100, 100, lambda: 0.0))
    home.app.http.router.routes.insert(0, Webhooks(home.app.house, within_a_moment, None).router().routes[0])
    browser = home.browser()
    calls = (browser.post("/webhooks/shopify", content=ORDER, headers=signed(ORDER, str(count))) for count in range(104))
    answers = await asyncio.gather(*calls)
    assert sorted(one.status_code for one in answers) == [200] * 100 + [429] * 4
    assert {one.headers.get("retry-after") for one in answers} == {None, "1"}
    assert len(await rows(home, InboxEvent)) == 100


async def test_telegrams_updates_are_handed_on_with_their_headers(home: Home) -> None:
    seen: list[tuple[str, bytes]] = []

    async def telegram(headers: Any, body: bytes) -> bool:
        seen.append((headers["x-telegram-bot-api-secret-token"], body))
        return body == b"good"

    home.app.http.router.routes.insert(0, Webhooks(home.app.house, Limits(), telegram).router().routes[0])
    browser = home.browser(**{"X-Telegram-Bot-Api-Secret-Token": "secret"})
    assert (await browser.post("/webhooks/telegram", content=b"good")).status_code == 200
    assert (await browser.post("/webhooks/telegram", content=b"bad")).status_code == 401
    assert seen == [("secret", b"good"), ("secret", b"bad")]
    assert [row.source for row in await rows(home, RefusedDelivery)] == ["telegram"]
