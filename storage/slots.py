"""Slots: what must be done once in a time, however many processes think of it."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import or_
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from storage.db import Database
from storage.models import ClockSlot

AHEAD = timedelta(minutes=1)  # a slot that is so much later than the one asked for was taken when a clock was wrong, and binds nobody


async def take(session: AsyncSession, db: Database, job: str, slot: datetime) -> bool:
    """Whether this slot of the job is ours: true for exactly one of all who ask, when they commit. A job keeps the newest slot that was
    taken."""
    insert = sqlite.insert if db.is_sqlite else postgresql.insert
    newer = or_(ClockSlot.slot < slot, ClockSlot.slot > slot + AHEAD)
    statement = insert(ClockSlot).values(job=job, slot=slot)
    mine = statement.on_conflict_do_update(index_elements=["job"], set_={"slot": slot}, where=newer).returning(ClockSlot.job)
    return (await session.execute(mine)).scalar() is not None
