"""Ticks: whoever is first runs a slot, and a job that breaks does not stop the clock."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from bot.clock import SystemClock, Ticker, forget_slots, take_slot
from storage.db import Database
from storage.models import ClockSlot
from tests.clock import WrongClock
from tests.conftest import OpenDatabase
from tests.sandbox_process import SandboxProcess
from tests.shop import open_shop

SLOT = datetime(2026, 1, 5, 12, tzinfo=UTC)


async def slots(database: Database) -> int:
    async with database.read() as session:
        return (await session.execute(select(func.count()).select_from(ClockSlot))).scalar_one()


async def test_the_system_clock_is_aware_and_right() -> None:
    now = SystemClock().now()
    assert now.tzinfo is UTC
    assert abs(now - datetime.now(UTC)) < timedelta(seconds=5)
    assert SystemClock().offset == timedelta(0)


async def test_a_slot_is_taken_once_by_many_processes(open_database: OpenDatabase) -> None:
    machines = [open_database() for _ in range(3)]
    taken = await asyncio.gather(*(take_slot(machine, "seal", SLOT) for machine in machines for _ in range(4)))
    assert sum(taken) == 1
    assert await take_slot(machines[0], "seal", SLOT + timedelta(seconds=5))
    assert await take_slot(machines[0], "another", SLOT)


async def test_two_machines_run_a_slot_once(open_database: OpenDatabase) -> None:
    runs = 0
    enough = asyncio.Event()

    async def job() -> None:
        nonlocal runs
        runs += 1
        if runs >= 5:
            enough.set()

    tickers = [Ticker(open_database()) for _ in range(2)]
    for ticker in tickers:
        ticker.every("count", 0.05, job)
        ticker.start()
    async with asyncio.timeout(20):
        await enough.wait()
    for ticker in tickers:
        ticker.stop()
    assert runs <= await slots(open_database())


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
async def test_a_broken_job_runs_again(database: Database) -> None:
    tried = 0
    again = asyncio.Event()

    async def job() -> None:
        nonlocal tried
        tried += 1
        if tried == 3:
            again.set()
        raise RuntimeError("broken")

    ticker = Ticker(database)
    ticker.every("break", 0.02, job, once_per_slot=False)
    ticker.start()
    async with asyncio.timeout(20):
        await again.wait()
    ticker.stop()
    assert await slots(database) == 0


async def test_old_slots_are_forgotten(database: Database) -> None:
    now = database.now()
    for days in (0, 6, 8, 30):
        await take_slot(database, "seal", now - timedelta(days=days))
    assert await forget_slots(database, days=7) == 2
    assert await slots(database) == 2


@pytest.mark.parametrize("database_kind", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True)
async def test_a_machine_that_is_a_minute_ahead_makes_nothing_late(tmp_path: Path, sandbox: SandboxProcess, database_url: str) -> None:
    async with open_shop(tmp_path, sandbox, url=database_url, clock=WrongClock(seconds=60)) as shop:
        number = await shop.item()
        await shop.say(f"/publish {number}")
        assert sorted(await shop.live(number)) == ["ebay", "shopify"]
        assert round((await shop.app.health())["clock_ahead_seconds"]) == 60
