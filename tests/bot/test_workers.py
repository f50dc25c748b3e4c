"""Several processes on one PostgreSQL: who talks, who carries, and what happens when one of them dies or stands still."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import select, update

from bot.settings import variable_of
from core.values.states import ChangeState
from storage.models import Change, Workspace
from tests.chaos.stage import Haggle
from tests.sandbox_process import SandboxProcess
from tests.shop import TestShop, open_shop

pytestmark = pytest.mark.postgres

StartWorker = Callable[[], Haggle]


@pytest.fixture
def database_kind() -> str:
    """SQLite has one process."""
    return "postgres"


@pytest.fixture
async def shop(tmp_path: Path, sandbox: SandboxProcess, database_url: str) -> AsyncIterator[TestShop]:
    """The process that serves. It carries what it is told of, but never looks around for more: its clock stands still."""
    async with open_shop(tmp_path, sandbox, url=database_url) as opened:
        opened.app.ticker.stop()
        yield opened


@pytest.fixture
def start_worker(shop: TestShop, tmp_path: Path) -> Iterator[StartWorker]:
    """Starts `haggle worker` beside the shop, as often as wanted."""
    started: list[Haggle] = []
    given = shop.app.settings.model_dump(exclude_unset=True)
    environment = {variable_of(name): str(value) for name, value in given.items() if value != ""}

    def start() -> Haggle:
        made = Haggle(environment, tmp_path / f"worker-{len(started)}.log")
        made.start()
        started.append(made)
        return made

    yield start
    for one in started:
        one.kill()


async def due_for_whoever_looks(shop: TestShop, *numbers: int) -> None:
    """Publish, with no process told of it."""
    await shop.say("/pause all")
    for number in numbers:
        await shop.say(f"/publish {number}")
    async with shop.app.house.db.write() as session:
        await session.execute(update(Workspace).values(paused=False))
        await session.execute(update(Change).where(Change.state == ChangeState.APPROVED).values(due_at=shop.app.house.db.now()))


async def until(shop: TestShop, true: Callable[[], Awaitable[bool]], seconds: float = 40) -> None:
    async with asyncio.timeout(seconds):
        while not await true():
            await asyncio.wait({asyncio.create_task(shop.app.idle())}, timeout=0.1)
            await shop.app.house.db.ping()


async def carriers(shop: TestShop) -> set[int]:
    """The ids of the processes that carried a Change last."""
    async with shop.app.house.db.read() as session:
        return {int(worker.split(":")[1]) for worker in (await session.execute(select(Change.worker))).scalars()}


async def expire_leases(shop: TestShop, pid: int) -> None:
    """What 15 seconds do to the leases of a process that is dead or frozen."""
    past = shop.app.house.db.now().replace(year=2020)
    async with shop.app.house.db.write() as session:
        mine = Change.worker.like(f"%:{pid}:%")
        await session.execute(update(Change).where(mine, Change.lease_until.is_not(None)).values(lease_until=past))


def made_up(sandbox: SandboxProcess) -> dict[str, int]:
    """How many listings were ever made on each marketplace."""
    return {market: len(sandbox.state(market)["listings"]) for market in ("ebay", "shopify")}


async def test_workers_carry_and_the_server_tells(shop: TestShop, start_worker: StartWorker) -> None:
    numbers = [await shop.item(f"Acme lamp {count}") for count in range(3)]
    await due_for_whoever_looks(shop, *numbers)
    pids = {start_worker().pid, start_worker().pid}

    async def all_up() -> bool:
        return len(await shop.live()) == 2 * len(numbers)

    await until(shop, all_up)
    for number in numbers:
        await shop.until(f"Item {number} is partly up")
    await until(shop, lambda: _told(shop, "live at $80.00", 4 * len(numbers)))
    assert await carriers(shop) <= pids
    await shop.buy("ebay", numbers[0])
    await shop.until("Sold on eBay", "verified gone")
    await until(shop, lambda: _down(shop, numbers[0]))
    assert made_up(shop.sandbox) == {"ebay": 3, "shopify": 3}


async def _told(shop: TestShop, words: str, times: int) -> bool:
    return (await shop.text()).count(words) >= times


async def publishing(shop: TestShop, start_worker: StartWorker, number: int, kind: str) -> Haggle:
    """A worker that has asked eBay to publish, and has no answer yet: eBay does it, and never answers (hang) or late (latency)."""
    shop.sandbox.fault(kind, marketplace="ebay", operation="publishOffer", count=1, seconds=3)
    await due_for_whoever_looks(shop, number)
    worker = start_worker()
    await until(shop, lambda: _asked(shop.sandbox))
    return worker


async def _asked(sandbox: SandboxProcess) -> bool:
    return "ebay.publishOffer" in sandbox.calls()


async def test_a_worker_that_is_killed_amid_a_publish_loses_nothing(shop: TestShop, start_worker: StartWorker) -> None:
    number = await shop.item()
    victim = await publishing(shop, start_worker, number, "hang")
    pid = victim.pid
    victim.kill()
    await expire_leases(shop, pid)
    start_worker()
    await until(shop, lambda: _told(shop, "live at $80.00", 4))
    assert await shop.live(number) == ["ebay", "shopify"]
    assert made_up(shop.sandbox) == {"ebay": 1, "shopify": 1}


async def test_a_worker_that_stands_still_amid_a_publish_changes_nothing_when_it_wakes(
    shop: TestShop, start_worker: StartWorker, tmp_path: Path
) -> None:
    number = await shop.item()
    frozen = await publishing(shop, start_worker, number, "latency")
    frozen.freeze()
    await expire_leases(shop, frozen.pid)
    start_worker()
    await until(shop, lambda: _told(shop, "live at $80.00", 4))
    await shop.buy("shopify", number)
    await until(shop, lambda: _told(shop, "verified gone", 1))
    await until(shop, lambda: _down(shop, number))
    frozen.thaw()
    await until(shop, lambda: _logged(tmp_path / "worker-0.log", "lost the claim"))
    await until(shop, lambda: _down(shop, number))
    made = made_up(shop.sandbox)
    assert made["shopify"] == 1
    assert made["ebay"] <= 2, "the call that was under way when it was frozen may have put it up once more, and nothing else may"


async def _down(shop: TestShop, number: int) -> bool:
    return await shop.live(number) == []


async def _logged(log: Path, words: str) -> bool:
    """Whether a process has written this."""
    return words in await asyncio.to_thread(log.read_text)
