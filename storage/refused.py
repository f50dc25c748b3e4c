"""Counting deliveries with a bad signature. How many came is kept, what was in them never."""

from __future__ import annotations

from sqlalchemy.dialects.postgresql import insert as insert_postgresql
from sqlalchemy.dialects.sqlite import insert as insert_sqlite

from storage.db import Database
from storage.models import RefusedDelivery


async def count_refused(db: Database, source: str) -> None:
    """One more refused delivery of a source today (UTC)."""
    now = db.now()
    insert = insert_sqlite if db.is_sqlite else insert_postgresql
    statement = insert(RefusedDelivery).values(source=source, day=now.date().isoformat(), count=1, last_at=now)
    again = {"count": RefusedDelivery.count + 1, "last_at": now}
    async with db.write() as session:
        await session.execute(statement.on_conflict_do_update(index_elements=["source", "day"], set_=again))
