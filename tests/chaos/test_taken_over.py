"""A worker dies with a sale's delists in its hands: another one finishes them. Nothing hurries it: the true lease runs out here."""

from __future__ import annotations

from datetime import datetime

import pytest
from sqlalchemy import func, select, update

from core.values.states import ChangeKind, ChangeState
from storage.models import Change, Listing, Workspace
from tests.bot.test_workers import StartWorker, database_kind, shop, start_worker, until
from tests.chaos.stage import Haggle
from tests.shop import TestShop

__all__ = ["database_kind", "shop", "start_worker"]

pytestmark = pytest.mark.postgres

WITHIN = 25.0  # seconds from the kill to the last proof: a lease of 15, a sweep every 5, and the calls
TRIES = 3  # the machine may stand still for a while; Haggle must have been quick once


async def test_delists_of_a_killed_worker_are_finished_by_another_in_time(shop: TestShop, start_worker: StartWorker) -> None:
    workers = [start_worker(), start_worker()]
    took: list[float] = []
    while len(took) < TRIES:
        took.append(await finished_by_another(shop, workers))
        if took[-1] <= WITHIN:
            return
        workers.append(start_worker())
    raise AssertionError(f"the delists took {took} seconds from the kill")


async def finished_by_another(shop: TestShop, workers: list[Haggle]) -> float:
    """Sell something, kill who takes it down amid its calls. Answers the seconds from there until the last was read back, by the rows."""
    number = await shop.item()
    await shop.say(f"/publish {number}")
    await sold_unseen(shop, number)
    held: dict[int, list[str]] = {}

    async def in_hand() -> bool:
        held.update(await _held(shop))
        return sum(map(len, held.values())) == 2

    await until(shop, in_hand, 60)
    victim = max(workers, key=lambda one: len(held.get(one.pid, [])))
    lost = held[victim.pid]
    began = await _now(shop)
    victim.kill()
    workers.remove(victim)
    shop.sandbox.no_faults()

    async def done() -> bool:
        async with shop.app.house.db.read() as session:
            open_still = select(func.count()).where(Change.id.in_(lost), Change.state != ChangeState.DONE)
            return (await session.execute(open_still)).scalar_one() == 0

    await until(shop, done, 120)
    assert set(await shop.live(number)) <= {"ebay", "shopify"} - await _channels(shop, lost)
    async with shop.app.house.db.read() as session:
        last = (await session.execute(select(func.max(Change.finished_at)).where(Change.id.in_(lost)))).scalar_one()
    assert last is not None
    return float((last - began).total_seconds())


async def sold_unseen(shop: TestShop, number: int) -> None:
    """Sold outside, with no process told of the delists: whoever looks first takes them, and no marketplace answers."""
    await shop.say("/pause all")
    await shop.say(f"/sold {number} 80 cash")
    shop.sandbox.fault("hang", marketplace="*")
    async with shop.app.house.db.write() as session:
        await session.execute(update(Workspace).values(paused=False))
        due = update(Change).where(Change.state == ChangeState.APPROVED).values(due_at=shop.app.house.db.now())
        await session.execute(due)


async def _held(shop: TestShop) -> dict[int, list[str]]:
    """The delists that are under way, by the id of the process that has them."""
    query = select(Change.worker, Change.id).where(Change.kind == ChangeKind.DELIST, Change.state == ChangeState.RUNNING)
    found: dict[int, list[str]] = {}
    async with shop.app.house.db.read() as session:
        for worker, key in (await session.execute(query)).all():
            found.setdefault(int(worker.split(":")[1]), []).append(key)
    return found


async def _now(shop: TestShop) -> datetime:
    """By the clock of the rows."""
    async with shop.app.house.db.read() as session:
        found: datetime = (await session.execute(select(func.clock_timestamp()))).scalar_one()
        return found


async def _channels(shop: TestShop, changes: list[str]) -> set[str]:
    async with shop.app.house.db.read() as session:
        query = select(Listing.channel).join(Change, Change.listing_id == Listing.id).where(Change.id.in_(changes))
        return set((await session.execute(query)).scalars())
