"""Rows for tests, as short as a test wants to say it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from core.ports import Clock
from storage.db import Database
from storage.keys import new_key
from storage.models import InboxEvent, Workspace


def workspace_row(clock: Clock, **values: Any) -> Workspace:
    return Workspace(**{"id": new_key(), "name": "Attic", "created_at": clock.now(), **values})


def event_row(clock: Clock, **values: Any) -> InboxEvent:
    """A delivery that waits to be carried, due a second ago."""
    key = new_key()
    due = clock.now() - timedelta(seconds=1)
    return InboxEvent(
        **{"id": key, "source": "test", "event_id": key, "received_at": due, "due_at": due, "state": "received", "priority": 5, **values}
    )


async def add_events(db: Database, count: int = 1, **values: Any) -> list[str]:
    """Store so many deliveries, oldest first. Answers their keys."""
    rows = [event_row(db.clock, **values) for _ in range(count)]
    async with db.write() as session:
        session.add_all(rows)
    return [row.id for row in rows]


async def event(db: Database, key: str) -> InboxEvent:
    async with db.read() as session:
        found = await session.get(InboxEvent, key)
    assert found is not None
    return found
