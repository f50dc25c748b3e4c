"""Ticks: whoever is first runs a slot, and a job that breaks does not stop the clock."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from bot.clock import SystemClock, Ticker, take_slot
from core.rules.days import last_time
from storage.db import Database
from storage.models import ClockSlot
from tests.clock import TestClock, WrongClock
from tests.conftest import OpenDatabase
from tests.sandbox_process import SandboxProcess
from tests.shop import open_shop

SLOT = datetime(2026, 1, 5, 12, tzinfo=UTC)


async def taken(database: Database) -> dict[str, datetime]:
    async with database.read() as session:
        return {row.job: row.slot for row in (await session.execute(select(ClockSlot))).scalars()}


async def test_the_system_clock_is_aware_and_right() -> None:
    now = SystemClock().now()
    assert now.tzinfo is UTC
    assert abs(now - datetime.now(UTC)) < timedelta(seconds=5)
    assert SystemClock().offset == timedelta(0)


async def test_a_slot_is_taken_once_by_many_processes(open_database: OpenDatabase) -> None:
    machines = [open_database() for _ in range(3)]
    for later in range(3):
        slot = SLOT + timedelta(seconds=5 * later)
        assert sum(await asyncio.gather(*(take_slot(machine, "seal", slot) for machine in machines for _ in range(4)))) == 1
    assert not await take_slot(machines[0], "seal", SLOT), "what was taken before stays taken"
    assert await take_slot(machines[0], "another", SLOT)
    assert await taken(machines[1]) == {"seal": slot, "another": SLOT}, "a row for each job, however often it ran"


async def test_a_slot_of_a_clock_that_was_wrong_stops_nothing(database: Database) -> None:
    assert await take_slot(database, "seal", SLOT + timedelta(days=300))
    assert await take_slot(database, "seal", SLOT)
    assert not await take_slot(database, "seal", SLOT)


async def test_two_machines_run_a_slot_once(open_database: OpenDatabase) -> None:
    began, runs = open_database().now(), 0
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
    last = (await taken(open_database()))["count"]
    assert runs <= (last - began) / timedelta(seconds=0.05) + 2


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
    assert await taken(database) == {}


async def test_a_daily_job_that_nobody_was_there_for_is_caught_up_with_once(open_database: OpenDatabase, clock: TestClock) -> None:
    runs: list[datetime] = []

    async def job() -> None:
        runs.append(clock.now())

    tickers = [Ticker(open_database()) for _ in range(2)]
    for ticker in tickers:
        ticker.daily("retention", 3, 0, "Europe/Berlin", job)
    for day in range(1, 4):
        for ticker in tickers:
            await ticker.catch_up()
            await ticker.catch_up()
        assert len(runs) == day
        clock.move(days=1)


@pytest.mark.parametrize(
    ("now", "last"),
    [
        ("2026-01-05T01:59:59", "2026-01-04T02:00:00"),
        ("2026-01-05T02:00:00", "2026-01-05T02:00:00"),
        ("2026-03-29T00:59:59", "2026-03-28T02:00:00"),  # the night that has no 02:00 to 03:00 in Berlin
        ("2026-03-29T01:00:00", "2026-03-29T01:00:00"),
        ("2026-10-25T01:59:59", "2026-10-24T01:00:00"),  # the night that has it twice
        ("2026-10-25T23:00:00", "2026-10-25T02:00:00"),
    ],
)
def test_the_last_time_is_the_calendar_s(now: str, last: str) -> None:
    assert last_time(datetime.fromisoformat(now + "+00:00"), 3, 0, "Europe/Berlin") == datetime.fromisoformat(last + "+00:00")


@pytest.mark.parametrize("database_kind", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True)
async def test_a_machine_that_is_a_minute_ahead_makes_nothing_late(tmp_path: Path, sandbox: SandboxProcess, database_url: str) -> None:
    async with open_shop(tmp_path, sandbox, url=database_url, clock=WrongClock(seconds=60)) as shop:
        number = await shop.item()
        await shop.say(f"/publish {number}")
        assert sorted(await shop.live(number)) == ["ebay", "shopify"]
        assert round((await shop.app.health())["clock_ahead_seconds"]) == 60
