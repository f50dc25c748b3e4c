"""Sold and still live, an account that is silent or lost: alarms of their own, shouted in time, and over when it is proven."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, update

from core.flows import health as flow
from core.flows import upkeep
from core.rules.retry import URGENT
from core.values.states import AccountState, ChangeState
from storage.models import Account, Change, ManualTask, Notice
from tests.shop import TestShop


async def notices(shop: TestShop, type: str) -> list[tuple[str, bool]]:
    """What was told of a type, and whether it is over."""
    async with shop.app.house.db.read() as session:
        rows = (await session.execute(select(Notice).where(Notice.type == type).order_by(Notice.id))).scalars()
        return [(row.title, row.solved_at is not None) for row in rows]


async def account(shop: TestShop, channel: str) -> Account:
    async with shop.app.house.db.read() as session:
        return (await session.execute(select(Account).where(Account.channel == channel))).scalar_one()


async def set_account(shop: TestShop, channel: str, **values: object) -> None:
    async with shop.app.house.db.write() as session:
        await session.execute(update(Account).where(Account.channel == channel).values(**values))


async def delist(shop: TestShop, channel: str) -> Change:
    """The newest delist there after a sale."""
    query = select(Change).where(Change.kind == "delist", Change.order_id.is_not(None)).order_by(Change.id)
    async with shop.app.house.db.read() as session:
        found = [one for one in (await session.execute(query)).scalars() if one.lane.startswith("delist:")]
        kinds = {one.id: one.channel for one in (await session.execute(select(Account))).scalars()}
    return [one for one in found if kinds[one.lane.partition(":")[2]] == channel][-1]


async def tried(shop: TestShop, channel: str, attempts: int) -> Change:
    """Move time to each try in turn, until there were so many."""
    for _ in range(attempts + 3):
        change = await delist(shop, channel)
        if change.attempts >= attempts or change.state == ChangeState.DONE:
            return change
        ahead = (change.due_at - shop.app.house.db.now()).total_seconds()
        shop.clock.move(seconds=max(0.0, ahead) + 0.2)
        await shop.app.engine.local.sweep()
        await shop.idle()
    raise AssertionError(f"not tried {attempts} times")


async def published(shop: TestShop, *channels: str) -> int:
    number = await shop.item()
    for channel in channels or ("ebay", "shopify"):
        await shop.say(f"/publish {number} {channel}")
    return number


async def health(shop: TestShop) -> str:
    await shop.say("/health")
    return await shop.last()


async def test_a_delist_that_fails_is_tried_shouted_about_within_30_seconds_and_over_when_it_is_proven(shop: TestShop) -> None:
    number = await published(shop)
    shop.sandbox.fault("error500", marketplace="shopify", operation="productUpdate")
    await shop.buy("ebay", number)
    assert await shop.live(number) == ["shopify"]
    text = await shop.text()
    assert "gone at" in text or "sold here" in text
    assert "taking it down…" in text, "the other one is shown as what it is: under way"
    assert await notices(shop, "delist_failed") == []

    change = await tried(shop, "shopify", 4)
    assert URGENT == (0.5, 2.0, 8.0, 30.0, 120.0, 600.0)
    spent = shop.app.house.db.now() - change.created_at
    shop.clock.move(seconds=max(0.0, (timedelta(seconds=25) - spent).total_seconds()))  # the tick comes every 5 s
    await shop.tick()
    [(title, over)] = await notices(shop, "delist_failed")
    assert title == f"Item {number} may still be for sale on Shopify (Sandbox Shop)."
    assert not over
    assert "end it there by hand now: Acme brass desk lamp" in await shop.text()
    assert "sold, but still live" in await shop.text()
    told = await health(shop)
    assert "sold, but still live on Shopify" in told
    assert "Something sold may still be bought" in told
    assert (await shop.app.health())["sold_but_live"] == 1
    assert (await shop.app.health())["ok"] is False

    for attempts in (5, 6, 7, 8):
        assert (await tried(shop, "shopify", attempts)).state == ChangeState.APPROVED
    assert len(await notices(shop, "delist_failed")) == 1, "said once"

    shop.sandbox.no_faults()
    await tried(shop, "shopify", 9)
    assert await shop.live(number) == []
    assert await notices(shop, "delist_failed") == [(title, True)]
    cards = [post.card for post in await shop.posts() if post.subject_kind != "health"]
    assert "sold, but still live" not in str(cards)
    assert (await shop.app.health())["sold_but_live"] == 0


async def test_what_only_a_person_takes_down_is_an_alarm_when_it_is_overdue(shop: TestShop) -> None:
    number = await published(shop, "poshmark")
    await shop.press("It is up")
    await shop.say(f"/sold {number} 60 cash")
    assert "sold, but still live" not in await health(shop)
    assert "yours to take down, due" in await shop.text()
    shop.clock.move(minutes=61)
    assert "sold, but still live on Poshmark" in await health(shop)
    await shop.press("It is down")
    assert "sold, but still live" not in await health(shop)


@pytest.mark.parametrize("database_kind", ["sqlite"])
async def test_a_ticked_off_take_down_is_not_asked_for_again_while_it_is_proven(shop: TestShop) -> None:
    number = await published(shop)
    await set_account(shop, "shopify", state=AccountState.EXPIRED)
    await shop.say(f"/sold {number} 60 cash")
    await shop.press("It is down")
    await tried(shop, "shopify", 3)
    shop.clock.move(seconds=60)
    await shop.tick()
    async with shop.app.house.db.read() as session:
        tasks = (await session.execute(select(ManualTask.state))).scalars().all()
    assert list(tasks) == ["done"]
    assert [over for _title, over in await notices(shop, "delist_failed")] == [True]
    await set_account(shop, "shopify", state=AccountState.ACTIVE)
    await tried(shop, "shopify", 4)
    assert await shop.live(number) == []


@pytest.mark.parametrize("database_kind", ["sqlite"])
async def test_a_lost_connection_is_noticed_within_ten_minutes_and_shouted_once_then_daily(shop: TestShop) -> None:
    last = (await account(shop, "ebay")).last_ok_at
    assert last is not None
    await set_account(shop, "ebay", last_webhook_at=last)  # reports came until now, so orders are read at the slowest pace
    shop.sandbox.fault("busy", marketplace="ebay", operation="getOrders", retry_after=86_400)
    noticed: datetime | None = None
    for _ in range(12):
        shop.clock.move(seconds=60)
        await shop.app.engine.local.sweep()
        await shop.idle()
        await upkeep.shout_silent(shop.app.house)
        await shop.idle()
        if noticed is None and await notices(shop, "account_silent"):
            noticed = shop.app.house.db.now()
    assert noticed is not None
    assert noticed - last < timedelta(minutes=10, seconds=30)
    assert len(await notices(shop, "account_silent")) == 1
    assert "silent for" in await health(shop)
    for hours, count in ((22, 1), (3, 2)):
        shop.clock.move(hours=hours)
        await upkeep.shout_silent(shop.app.house)
        assert len(await notices(shop, "account_silent")) == count
    shop.sandbox.no_faults()
    await set_account(shop, "ebay", due_at=shop.app.house.db.now())
    await shop.app.engine.local.sweep()
    await shop.idle()
    await upkeep.shout_silent(shop.app.house)
    assert all(over for _title, over in await notices(shop, "account_silent"))


@pytest.mark.parametrize("database_kind", ["sqlite"])
async def test_an_account_that_lets_us_in_no_more_is_shouted_about_once_then_daily(shop: TestShop) -> None:
    await set_account(shop, "ebay", state=AccountState.EXPIRED, silent_told_at=None)
    for hours, count in ((0, 1), (1, 1), (24, 2)):
        shop.clock.move(hours=hours)
        await upkeep.shout_silent(shop.app.house)
        assert len(await notices(shop, "account_lost")) == count
    assert "not connected any more" in await health(shop)


async def test_health_says_what_waits_and_since_when(shop: TestShop) -> None:
    told = await health(shop)
    for words in ("All is well.", "orders read", "Oldest take-down not proven", "Database", "Last backup", "none that I know of"):
        assert words in told
    (shop.app.settings.data_folder / "backup.json").write_text('{"made": "2026-11-20T10:00:00+00:00"}')
    found = await shop.app.health()
    assert found["last_backup"] == "2026-11-20T10:00:00+00:00"
    assert found["workers"] >= 1
    assert [one["silent"] for one in found["accounts"]] == [False, False, False]


async def test_who_works_is_seen_and_who_is_silent_too(shop: TestShop) -> None:
    house = shop.app.house
    if house.db.is_sqlite:
        assert "this process alone" in await health(shop)
        return
    await flow.beat(house, "other:1", talks=False)
    assert (await shop.app.health())["workers"] == 2
    shop.clock.move(seconds=flow.DEAD.total_seconds() + 1)
    await flow.beat(house, shop.app.engine.worker, talks=True)
    told = await health(shop)
    assert "1 process" in told
    assert "other:1" in told
    assert (await shop.app.health())["workers"] == 1
    shop.clock.move(seconds=flow.FORGOTTEN.total_seconds())
    await flow.beat(house, shop.app.engine.worker, talks=True)
    assert "other:1" not in await health(shop)
    await flow.rest(house, shop.app.engine.worker)
    async with house.db.read() as session:
        assert (await flow.look(house, session)).workers == ()
