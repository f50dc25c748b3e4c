"""Time: the clock that everything asks, and the ticks that recur.

APScheduler is the clock and only the clock: its jobs live in memory, in every process. A tick first takes its (job, slot)
row, so that ten machines run it once; what must not be lost is a row with a due time, never a tick.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger
from sqlalchemy import delete
from sqlalchemy.dialects import postgresql, sqlite

from storage.db import Database
from storage.models import ClockSlot
from storage.work import rows_of

log = structlog.get_logger()

Tick = Callable[[], Awaitable[object]]


class SystemClock:
    """Implements `core.ports.Clock`: the machine's time."""

    offset = timedelta(0)

    def now(self) -> datetime:
        return datetime.now(UTC)


class Ticker:
    """Runs jobs again and again. A job that fails is logged and runs at its next time; one that is still running is not run twice."""

    def __init__(self, db: Database) -> None:
        self._db = db
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

    def daily(self, name: str, hour: int, minute: int, zone: str, job: Tick) -> None:
        """Once a day, at this time of the zone, by one process of all that share the database."""

        async def tick() -> None:
            day = self._db.now().astimezone(ZoneInfo(zone)).date()
            await self._run(name, job, datetime(day.year, day.month, day.day, hour, minute, tzinfo=UTC))

        self._scheduler.add_job(tick, CronTrigger(hour=hour, minute=minute, timezone=ZoneInfo(zone)), id=name)

    def start(self) -> None:
        self._scheduler.start()

    def stop(self) -> None:
        """No further ticks. One that is running is cut off where it waits; what it had to do is due again at its next time."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)

    async def _run(self, name: str, job: Tick, slot: datetime | None) -> None:
        try:
            if slot is None or await take_slot(self._db, name, slot):
                await job()
        except Exception:
            log.exception("a tick failed", job=name)


async def take_slot(db: Database, job: str, slot: datetime) -> bool:
    """Whether this slot of the job is ours: true for exactly one of all who ask."""
    insert = sqlite.insert if db.is_sqlite else postgresql.insert
    mine = insert(ClockSlot).values(job=job, slot=slot).on_conflict_do_nothing().returning(ClockSlot.job)
    async with db.write() as session:
        return (await session.execute(mine)).scalar() is not None


async def forget_slots(db: Database, days: float = 7) -> int:
    """Delete slots older than that. Answers how many."""
    async with db.write() as session:
        return rows_of(await session.execute(delete(ClockSlot).where(ClockSlot.slot < db.now() - timedelta(days=days))))
