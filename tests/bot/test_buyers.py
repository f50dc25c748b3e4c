"""Who bought: sealed at rest, shown for ten minutes with a trace, found by exact words, erased wherever it stands."""

from __future__ import annotations

import asyncio
import json
import logging
from datetime import timedelta

import pytest
from sqlalchemy import select

from core.flows import accounts, buyers, privacy
from storage.models import Account, Order
from tests.bot.known import SECRET, order_of, rows, shown, slip, sold, text_of, told_by, trail
from tests.shop import TestShop


async def test_nothing_at_rest_or_in_the_log_says_who_bought(
    shop: TestShop, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """The whole story: sale, notice, cards, a look, a slip, a search."""
    caplog.set_level(logging.INFO)
    order = await sold(shop)
    await shop.say("/order 1")
    await shop.say("/buyer 1")
    assert "Sandra Boxer" in json.dumps(await shown(shop))
    await shop.say("/slip 1")
    assert "Sandra Boxer" in text_of(await slip(shop, order))
    await shop.say("/find-buyer sandra boxer")
    await shop.say("/forget-buyer Sandra Boxer")
    everything = await rows(shop) + caplog.text + "".join(capfd.readouterr())
    assert [secret for secret in SECRET if secret.lower() in everything.lower()] == []
    assert "/find-buyer …" in everything


async def test_who_is_forgotten_is_gone_everywhere(shop: TestShop) -> None:
    order = await sold(shop)
    await shop.say("note: sandra boxer wants it wrapped")
    await shop.say("/buyer 1")
    await shop.say("/forget-buyer 1")
    await shop.press("Erase")
    assert "Erased, in 1 order." in await shop.last()
    assert "Erased" in (await shown(shop))[0]["text"]
    everything = await rows(shop)
    assert [secret for secret in SECRET if secret.lower() in everything.lower()] == []
    assert await trail(shop, "buyer.forgotten") == [(shop.person.actor, order.id, {"asked": "erasure"})]
    assert (await order_of(shop)).forgotten_at is not None
    assert "Ship to" not in text_of(await slip(shop, order))
    await shop.say("/find-buyer sandra boxer")
    assert "No order is known" in await shop.last()
    await shop.say("/forget-buyer 1")
    assert "Nothing is known" in await shop.last()


async def test_ebays_erasure_is_done_by_itself_and_proven(shop: TestShop) -> None:
    order = await sold(shop)
    handle = buyers.people_of(shop.app.house, order)["handle"]
    await told_by(shop, "ebay", privacy.ERASE, handle, "an-immutable-id")
    assert buyers.people_of(shop.app.house, await order_of(shop)) == {}
    assert await trail(shop, "buyer.forgotten") == [("channel:ebay", order.id, {"asked": "erasure"})]
    assert handle not in await rows(shop)


async def test_an_erasure_that_comes_before_its_order_holds(shop: TestShop) -> None:
    number = await shop.item("Acme brass desk lamp")
    await shop.say(f"/publish {number}")
    shop.sandbox.fault("webhook_lost", marketplace="*")
    placed = await shop.buy("ebay", number, heard=False)
    await told_by(shop, "ebay", privacy.ERASE, placed["buyer"]["username"])
    async with shop.app.house.db.read() as session:
        key = (await session.execute(select(Account.id).where(Account.channel == "ebay"))).scalar_one()
    await accounts.ask_soon(shop.app.house, key)
    async with asyncio.timeout(30):
        while not await shop._knows(placed["orderId"]):
            await asyncio.wait({asyncio.create_task(shop.app.idle())}, timeout=0.05)
    found = await order_of(shop)
    assert buyers.people_of(shop.app.house, found) == {}
    assert found.forgotten_at is not None
    assert "Sandra" not in await rows(shop)


async def test_buyers_are_kept_as_long_as_the_seller_says(shop: TestShop) -> None:
    order = await sold(shop)
    house = shop.app.house
    house.keep_buyers = timedelta(days=30)
    shop.clock.move(days=31)
    await buyers.forget_old(house)
    assert buyers.people_of(house, await order_of(shop)), "an order that is open keeps its buyer"
    async with house.db.write() as session:
        (await session.get_one(Order, order.id)).state = "completed"
    house.keep_buyers = timedelta()
    await buyers.forget_old(house)
    assert buyers.people_of(house, await order_of(shop)), "nothing was said"
    house.keep_buyers = timedelta(days=30)
    await buyers.forget_old(house)
    assert buyers.people_of(house, await order_of(shop)) == {}
    assert await trail(shop, "buyer.forgotten") == [("system", order.id, {"asked": "retention"})]
