"""Nothing happens in silence: what cannot be done or proven is said, once, and said again when it is over."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select, update

from bot.demo import connect_all
from core.flows import accounts, upkeep
from core.flows.notices import tell
from core.flows.wanted import ref_of, wanted_of
from core.values.channel import Connection, Ref, Wanted
from core.values.states import InboxState, Severity
from core.words import Told
from storage.inbox import Delivery
from storage.models import Account, InboxEvent, Item, Listing, Notice
from tests.sandbox_process import SandboxProcess
from tests.shop import TestShop, open_shop

MINUTE = 60.0
HOUR = 60 * MINUTE
LIFE_OF_A_GRANT = 48_000_000  # seconds; eBay's and Shopify's refresh tokens are dead by then


@pytest.fixture
def database_kind() -> str:
    """Nothing here depends on the kind."""
    return "sqlite"


async def published(shop: TestShop) -> int:
    number = await shop.item()
    await shop.say(f"/publish {number}")
    assert await shop.live(number) == ["ebay", "shopify"]
    return number


async def notices(shop: TestShop, kind: str) -> list[Notice]:
    async with shop.app.house.db.read() as session:
        return list((await session.execute(select(Notice).where(Notice.type == kind).order_by(Notice.id))).scalars())


async def later(shop: TestShop, seconds: float, *, ask: bool = False) -> None:
    """Time passes, and the clock does what it does. `ask` has every account asked for its orders, as its poll would."""
    shop.clock.move(seconds=seconds)
    if ask:
        async with shop.app.house.db.write() as session:
            natives = tuple(shop.app.house.channels)
            await session.execute(update(Account).where(Account.channel.in_(natives)).values(due_at=shop.app.house.db.now()))
    await shop.tick()
    await upkeep.shout_silent(shop.app.house)
    await shop.idle()


async def test_a_take_down_that_cannot_be_proven_is_shouted_about_after_half_a_minute(shop: TestShop) -> None:
    number = await published(shop)
    shop.sandbox.fault("error500", marketplace="shopify")
    await shop.buy("ebay", number)
    await later(shop, 20)
    assert await notices(shop, "delist_failed") == []
    await later(shop, 15)
    await later(shop, 15)
    [told] = await notices(shop, "delist_failed")
    assert (told.severity, told.title) == (Severity.CRITICAL, f"Item {number} may still be for sale on Shopify (Sandbox Shop).")
    assert "end it there by hand now: Acme brass desk lamp" in told.body
    assert told.title in await shop.text()
    assert await shop.live(number) == ["shopify"]
    shop.sandbox.no_faults()
    await later(shop, 10 * MINUTE)
    assert await shop.live(number) == []
    [told] = await notices(shop, "delist_failed")
    assert told.solved_at is not None
    assert "Solved at" in await shop.text()


async def test_a_silent_account_is_shouted_about_once_a_day_until_it_answers(shop: TestShop) -> None:
    shop.sandbox.fault("error500", marketplace="ebay")
    for _ in range(6):
        await later(shop, 3 * MINUTE, ask=True)
    [told] = await notices(shop, "account_silent")
    assert told.severity == Severity.CRITICAL
    assert told.title.startswith("eBay (sandbox_seller) has been silent for ")
    await shop.say("/channels")
    assert "silent since" in await shop.last()
    await later(shop, 25 * HOUR, ask=True)
    assert len(await notices(shop, "account_silent")) == 2
    shop.sandbox.no_faults()
    await later(shop, MINUTE, ask=True)
    await later(shop, MINUTE, ask=True)
    assert [one.solved_at is not None for one in await notices(shop, "account_silent")] == [True, True]


async def test_a_laptop_that_was_asleep_does_not_cry_wolf(shop: TestShop) -> None:
    shop.clock.move(hours=9)
    await upkeep.shout_silent(shop.app.house)
    await later(shop, 0)
    assert await notices(shop, "account_silent") == []


async def test_what_happens_a_second_time_is_told_a_second_time(shop: TestShop) -> None:
    for grants, solved in ((1, [False]), (2, [True, False])):
        shop.sandbox.shift_clock(grants * LIFE_OF_A_GRANT)
        await later(shop, 2 * MINUTE, ask=True)
        told = [one for one in await notices(shop, "account_lost") if one.title.startswith("eBay")]
        assert [one.solved_at is not None for one in told] == solved
        await connect_all(shop.app, "sandbox-shop")
        await shop.idle()


async def test_a_task_is_reminded_of_when_due_then_less_and_less_until_it_is_ticked(shop: TestShop) -> None:
    await published(shop)
    counts = []
    for wait in (23 * HOUR, HOUR, HOUR, 3 * HOUR, 23 * HOUR, HOUR):
        await later(shop, wait + 1)
        counts.append(len(await notices(shop, "manual_task_due")))
    assert counts == [0, 1, 2, 3, 3, 4]
    await shop.press("In 1 hour")
    await later(shop, 30 * MINUTE)
    assert len(await notices(shop, "manual_task_due")) == 4
    await later(shop, 31 * MINUTE)
    assert len(await notices(shop, "manual_task_due")) == 5
    await shop.press("It is up")
    await later(shop, 72 * HOUR)
    assert len(await notices(shop, "manual_task_due")) == 5


async def test_what_comes_back_after_a_sale_is_taken_down_again(shop: TestShop) -> None:
    """As by a call that a frozen worker had sent before the sale."""
    number = await published(shop)
    connection, wanted, ref = await listed(shop, number)
    await shop.buy("ebay", number)
    assert await shop.live(number) == []
    for wait in (MINUTE, 9 * MINUTE):
        await shop.app.house.channels["shopify"].ensure_listed(connection, wanted, ref)
        assert await shop.live(number) == ["shopify"]
        await later(shop, wait + 1)
        assert await shop.live(number) == []


async def listed(shop: TestShop, number: int) -> tuple[Connection, Wanted, Ref]:
    """What a call that puts it up on Shopify is made of."""
    house = shop.app.house
    async with house.db.read() as session:
        query = select(Listing, Item, Account).join(Item, Item.id == Listing.item_id).join(Account, Account.id == Listing.account_id)
        listing, item, account = (await session.execute(query.where(Item.number == number, Account.channel == "shopify"))).one()
        return accounts.connection(house, account), await wanted_of(session, house, item, listing, account), ref_of(listing)


async def test_a_webhook_that_could_not_be_taken_in_is_listed_and_replayed(shop: TestShop) -> None:
    number = await published(shop)
    shop.sandbox.fault("error500", marketplace="ebay", operation="getOrder")
    await shop.buy("ebay", number, heard=False)
    for _ in range(8):
        await later(shop, 15 * MINUTE)
    await shop.say("/webhooks")
    assert "Replay ebay order" in await shop.last()
    [told] = [one for one in await notices(shop, "review_needed") if one.key.startswith("webhook:")]
    assert "/webhooks lists it" in told.body
    shop.sandbox.no_faults()
    await shop.press("Replay ebay order")
    async with shop.app.house.db.read() as session:
        states = (await session.execute(select(InboxEvent.state).where(InboxEvent.source == "ebay"))).scalars().all()
    assert set(states) == {InboxState.DONE}
    await shop.say("/webhooks")
    assert "Nothing failed." in await shop.last()


async def test_switched_off_nothing_leaves_the_house(tmp_path: Path, sandbox: SandboxProcess, database_url: str) -> None:
    async with open_shop(tmp_path, sandbox, url=database_url) as shop:
        number = await published(shop)
        second = await shop.item("Another lamp")
    before = sandbox.calls()
    async with open_shop(tmp_path, sandbox, url=database_url, connect=False, outward="off") as shop:
        await shop.say(f"/publish {second}")
        assert "Outward calls are switched off (HAGGLE_OUTWARD=off)" in await shop.text()
        await shop.say(f"/price {number} 75")
        await shop.say(f"/delist {number}")
        order = sandbox.buy("ebay", (await shop.row(number)).sku)
        await shop.app.house.inbox.put(Delivery("ebay", "hint-1", topic="order", body={"resource": order["orderId"]}))
        await later(shop, HOUR, ask=True)
        await later(shop, HOUR, ask=True)
        await shop.say("/channels")
        assert "Outward calls are switched off" in await shop.last()
        assert await shop.live(number) == ["shopify"]
    assert sandbox.calls() == before
    async with open_shop(tmp_path, sandbox, url=database_url, connect=False) as shop:
        await later(shop, 2 * HOUR, ask=True)
        assert await shop.live(number) == []
        assert "Sold on eBay" in await shop.text()
        assert await shop.live(second) == ["ebay", "shopify"]


async def test_a_title_is_cut_at_200_and_stays_a_sentence(shop: TestShop) -> None:
    db, long = shop.app.house.db, "brass " * 50
    async with db.write() as session:
        for key, title in (("told", Told("Item {number} is sold: {title}", number=7, title=long)), ("plain", long)):
            await tell(session, db, workspace=shop.person.workspace_id, type="listing_sold", key=key, title=title)
    titles = [one.title for one in await notices(shop, "listing_sold")]
    assert [len(title) <= 200 for title in titles] == [True, True]
    assert titles[0].startswith("Item 7 is sold: brass brass")
    assert titles[0].endswith("…")
    assert isinstance(titles[0], Told)
