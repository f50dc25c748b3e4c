"""When accounts are compared, by whom, and what is left for later."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from core.flows import reconciling, retention
from core.values.states import Role
from storage.models import Account, Reconciliation
from tests.bot.compared import differing, edit, listed
from tests.bot.people import join
from tests.sandbox_process import SandboxProcess
from tests.shop import TestShop, open_shop


@pytest.fixture
def database_kind() -> str:
    """Nothing here depends on the kind."""
    return "sqlite"


async def test_nothing_is_compared_while_a_change_is_under_way(shop: TestShop) -> None:
    number = await listed(shop, price=4000)
    shop.sandbox.fault("error500", marketplace="ebay", operation="bulkUpdatePriceQuantity")
    await shop.say(f"/price {number} 50")
    await edit(shop, number, "ebay", price="45.00")
    await shop.say("/reconcile ebay")
    assert await differing(shop) == []
    assert "1 under way" in await shop.last()


async def test_who_looks_after_another_marketplace_decides_nothing(shop: TestShop) -> None:
    number = await listed(shop, price=4000)
    ann = await join(shop, Role.SELLER, "shopify")
    await edit(shop, number, "ebay", price="45.00")
    await ann.say("/reconcile ebay")
    assert "You look after Shopify here, not eBay." in await ann.last()
    await ann.say("/reconcile")
    async with shop.app.house.db.read() as session:
        compared = await session.execute(select(Account.channel).join(Reconciliation, Reconciliation.account_id == Account.id))
        assert list(compared.scalars()) == ["shopify"]
    await shop.say("/reconcile ebay")
    await shop.until("Keep $45.00")
    [row] = await differing(shop)
    await ann.put(press=await ann.stored({"do": "difference.keep", "difference": row.id}))
    await shop.idle()
    assert [one.state for one in await differing(shop)] == ["open"]


async def test_the_nightly_comparisons_are_spread_and_made_once(shop: TestShop) -> None:
    for _again in range(2):
        await reconciling.begin_all(shop.app.house)
    async with shop.app.house.db.read() as session:
        rows = list((await session.execute(select(Reconciliation))).scalars())
    assert len(rows) == 2  # a marketplace without an API has nothing to compare with
    assert all(timedelta(0) <= row.due_at - row.created_at <= timedelta(seconds=reconciling.SPREAD) for row in rows)


async def test_a_paused_house_compares_when_it_goes_on(shop: TestShop) -> None:
    await listed(shop)
    await shop.say("/pause all")
    calls = shop.sandbox.calls()
    await shop.say("/reconcile")
    assert shop.sandbox.calls() == calls
    await shop.say("/resume")
    shop.clock.move(seconds=61)
    await shop.tick()
    await shop.until("1 compared")


async def test_a_list_that_is_cut_off_is_made_whole_by_looks(tmp_path: Path, database_url: str) -> None:
    (tmp_path / "stand-in").mkdir()
    process = SandboxProcess.start(tmp_path / "stand-in", ebay_most_listed=1)
    try:
        async with open_shop(tmp_path, process, url=database_url) as shop:
            await listed(shop)
            await listed(shop, "Tin robot")
            await shop.say("/reconcile ebay")
            assert await differing(shop) == []
            told = await shop.last()
            assert "2 right" in told
            assert "eBay does not list them all" in told
    finally:
        process.close()


async def test_nobody_is_asked_about_what_sold_meanwhile(shop: TestShop) -> None:
    number = await listed(shop, price=4000)
    await edit(shop, number, "ebay", price="45.00")
    await shop.say("/reconcile ebay")
    assert [one.state for one in await differing(shop)] == ["open"]
    await shop.buy("shopify", number)
    await shop.say("/reconcile ebay")
    assert [one.state for one in await differing(shop)] == ["settled"]


async def test_comparisons_are_forgotten_after_a_month_but_for_what_is_still_asked(shop: TestShop) -> None:
    number = await listed(shop, price=4000)
    await shop.say("/reconcile shopify")
    await edit(shop, number, "ebay", price="45.00")
    await shop.say("/reconcile ebay")
    shop.clock.move(days=31)
    await retention.forget_old(shop.app.house)
    async with shop.app.house.db.read() as session:
        left = await session.execute(select(Account.channel).join(Reconciliation, Reconciliation.account_id == Account.id))
        assert list(left.scalars()) == ["ebay"]
    assert [one.state for one in await differing(shop)] == ["open"]
