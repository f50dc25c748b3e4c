"""Time: the clock that everything asks, and the ticks that recur.

APScheduler is the clock and only the clock: its jobs live in memory, in every process. A tick first takes its (job, slot)
row, so that ten machines run it once; what must not be lost is a row with a due time, never a tick.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

from core.ports import Clock
from core.rules.days import last_time
from storage import slots
from storage.db import Database, log_fault

log = structlog.get_logger()

Tick = Callable[[], Awaitable[object]]

SETTLE = 60.0  # seconds after the start until what was missed is caught up with: people come first


class SystemClock:
    """Implements `core.ports.Clock`: the machine's time."""

    offset = timedelta(0)

    def now(self) -> datetime:
        return datetime.now(UTC)


def seconds_of(clock: Clock) -> Callable[[], float]:
    """Seconds that only go forward, however the machine's time is set, and further when a test moves the clock: for what is paced."""
    return lambda: time.monotonic() + clock.offset.total_seconds()


class Ticker:
    """Runs jobs again and again. A job that fails is logged and runs at its next time; one that is still running is not run twice."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._rare: list[Tick] = []
        self._scheduler = AsyncIOScheduler(
            timezone=UTC, job_defaults={"coalesce": True, "misfire_grace_time": None, "max_instances": 1}
        )  # fmt: skip

    def every(self, name: str, seconds: float, job: Tick, *, once_per_slot: bool = True) -> None:
        """Every so many seconds, first after that time. With `once_per_slot` one process of all that share the database runs it."""

        async def tick() -> None:
            now = self._db.now().timestamp()
            slot = datetime.fromtimestamp(math.floor(now / seconds) * seconds, UTC)
            await self._run(name, job, slot if once_per_slot else None)

        self._scheduler.add_job(tick, IntervalTrigger(seconds=seconds, timezone=UTC), id=name)

    def hourly(self, name: str, job: Tick) -> None:
        """Once an hour, by one process of all that share the database; at no certain minute."""

        async def tick() -> None:
            await self._run(name, job, self._db.now().replace(minute=0, second=0, microsecond=0))

        self._rare.append(tick)

    def daily(self, name: str, hour: int, minute: int, zone: str, job: Tick) -> None:
        """Once a day, at this time of the zone, by one process of all that share the database; or later, by `catch_up`."""

        async def tick() -> None:
            await self._run(name, job, last_time(self._db.now(), hour, minute, zone))

        self._rare.append(tick)
        self._scheduler.add_job(tick, CronTrigger(hour=hour, minute=minute, timezone=ZoneInfo(zone)), id=name)

    async def catch_up(self) -> None:
        """Run the hourly and daily jobs whose last time nobody was there for: the machine was off, or asleep."""
        for tick in self._rare:
            await tick()

    def start(self) -> None:
        soon = datetime.now(UTC) + timedelta(seconds=SETTLE)
        self._scheduler.add_job(self.catch_up, IntervalTrigger(hours=1, timezone=UTC), id="catch up", next_run_time=soon)
        self._scheduler.start()

    def stop(self) -> None:
        """No further ticks. One that is running is cut off where it waits; what it had to do is due again at its next time."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)

    async def _run(self, name: str, job: Tick, slot: datetime | None) -> None:
        try:
            if slot is None or await take_slot(self._db, name, slot):
                await job()
        except asyncio.CancelledError:  # we are stopping; the scheduler would call it a fault
            log.info("a tick was cut off", job=name)
        except Exception as error:  # noqa: BLE001 - it is due again at its next time
            log_fault(error, "a tick failed", job=name)


async def take_slot(db: Database, job: str, slot: datetime) -> bool:
    """Whether this slot of the job is ours: true for exactly one of all who ask. A job keeps the newest slot that was taken."""
    async with db.write() as session:
        return await slots.take(session, db, job, slot)
