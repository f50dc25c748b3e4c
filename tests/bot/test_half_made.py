"""A publish that stops half way is finished, or what it made is removed: at every step, whether taken back, given up or cut off."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import select

from core.values.states import ChangeState
from storage.models import Change
from tests.sandbox_process import SandboxProcess
from tests.shop import TestShop, open_shop

# Where a publish can stop: the step whose answer never comes though its work is done, and the one that is then refused.
STEPS = [
    ("ebay", "createOrReplaceInventoryItem", "createOffer"),
    ("ebay", "createOffer", "publishOffer"),
    ("shopify", "productSet", "publishablePublish"),
]


@pytest.fixture
def database_kind() -> str:
    """Nothing here depends on the kind."""
    return "sqlite"


def made(sandbox: SandboxProcess, marketplace: str) -> list[str]:
    """What a marketplace has of ours, live or not."""
    state = sandbox.state(marketplace)
    return [one["sku"] for one in (*state["items"], *state["listings"])]


async def half_made(shop: TestShop, marketplace: str, done: str, stuck: str) -> int:
    """A publish whose step `done` was done without an answer, and that does not get past `stuck`."""
    number = await shop.item()
    shop.sandbox.fault("drop", marketplace=marketplace, operation=done, count=1)
    shop.sandbox.fault("error500", marketplace=marketplace, operation=stuck)
    await shop.say(f"/publish {number} {marketplace}")
    async with asyncio.timeout(30):
        while not any(shop.sandbox.calls().get(f"{marketplace} {stuck}", 0) or stuck in name for name in shop.sandbox.calls()):
            await again(shop)
    assert made(shop.sandbox, marketplace)
    assert await shop.live(number) == []
    return number


async def again(shop: TestShop) -> None:
    """Everything that waits for its time is tried again."""
    shop.clock.move(seconds=11)
    await shop.app.engine.local.sweep()
    await shop.idle()


async def settled(shop: TestShop) -> None:
    """Until no Change waits any more."""
    async with asyncio.timeout(60):
        while True:
            async with shop.app.house.db.read() as session:
                waits = Change.state.in_((ChangeState.APPROVED, ChangeState.RUNNING))
                if (await session.execute(select(Change.id).where(waits).limit(1))).scalar() is None:
                    return
            await again(shop)


@pytest.mark.parametrize(("marketplace", "done", "stuck"), STEPS)
async def test_what_is_taken_back_half_way_leaves_nothing(shop: TestShop, marketplace: str, done: str, stuck: str) -> None:
    number = await half_made(shop, marketplace, done, stuck)
    await shop.say(f"/delist {number}")
    await settled(shop)
    assert made(shop.sandbox, marketplace) == []
    shop.sandbox.no_faults()
    await shop.say(f"/publish {number} {marketplace}")
    await settled(shop)
    assert await shop.live(number) == [marketplace], "and it can go up all the same"


@pytest.mark.parametrize(("marketplace", "done", "stuck"), STEPS)
async def test_clearing_up_whose_answer_is_lost_too_is_done_again(shop: TestShop, marketplace: str, done: str, stuck: str) -> None:
    number = await half_made(shop, marketplace, done, stuck)
    shop.sandbox.fault("drop", marketplace=marketplace, operation="deleteInventoryItem", count=1)
    shop.sandbox.fault("drop", marketplace=marketplace, operation="productDelete", count=1)
    await shop.say(f"/delist {number}")
    await settled(shop)
    assert made(shop.sandbox, marketplace) == []


@pytest.mark.parametrize(("marketplace", "done", "stuck"), STEPS)
async def test_a_restart_finishes_what_was_half_made(
    tmp_path: Path, sandbox: SandboxProcess, database_url: str, marketplace: str, done: str, stuck: str
) -> None:
    async with open_shop(tmp_path, sandbox, url=database_url) as shop:
        number = await half_made(shop, marketplace, done, stuck)
        clock = shop.clock
    sandbox.no_faults()
    async with open_shop(tmp_path, sandbox, url=database_url, clock=clock, connect=False) as shop:
        await settled(shop)
        assert await shop.live(number) == [marketplace]
        assert len(sandbox.state(marketplace)["listings"]) == 1


async def test_giving_up_clears_up(shop: TestShop) -> None:
    for marketplace, done, stuck in STEPS[2:]:
        await half_made(shop, marketplace, done, stuck)
        await settled(shop)  # every try fails, and then what it made goes
        assert made(shop.sandbox, marketplace) == []
        assert "not published" in await shop.text()
        shop.sandbox.no_faults()


async def test_what_was_for_sale_once_is_ended_and_kept(shop: TestShop) -> None:
    number = await shop.item()
    await shop.say(f"/publish {number}")
    await shop.say(f"/delist {number}")
    await settled(shop)
    for marketplace in ("ebay", "shopify"):
        assert made(shop.sandbox, marketplace)
    await shop.say(f"/publish {number}")
    await settled(shop)
    assert await shop.live(number) == ["ebay", "shopify"]
    assert len(shop.sandbox.state("shopify")["listings"]) == 1
