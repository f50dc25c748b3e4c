"""A process that stands still in the middle of a transaction holds nobody up, on PostgreSQL. (SQLite has one process.)"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from storage import work
from storage.db import Database
from storage.models import InboxEvent
from tests.clock import TestClock
from tests.rows import add_events, event

pytestmark = pytest.mark.postgres


@pytest.fixture
def database_kind() -> str:
    return "postgres"


@pytest.fixture
async def impatient(database_url: str, clock: TestClock) -> AsyncIterator[Database]:
    """A process whose transactions may stand still for a moment only."""
    opened = Database(database_url, clock, pool=2, patience=0.3)
    yield opened
    await opened.close()


async def test_its_locks_are_free_again_and_its_transaction_never_happened(impatient: Database, database: Database) -> None:
    (key,) = await add_events(database)
    holds, thawed = asyncio.Event(), asyncio.Event()

    async def freeze() -> None:
        async with impatient.write() as session:
            row = (await session.execute(select(InboxEvent).where(InboxEvent.id == key).with_for_update())).scalar_one()
            row.last_error = "written before it froze"
            await session.flush()
            holds.set()
            await thawed.wait()

    frozen = asyncio.create_task(freeze())
    await holds.wait()
    async with asyncio.timeout(10), database.write() as session:
        row = (await session.execute(select(InboxEvent).where(InboxEvent.id == key).with_for_update())).scalar_one()
        assert row.last_error == ""
    thawed.set()
    with pytest.raises(DBAPIError):
        await frozen
    assert (await event(database, key)).last_error == ""
    (claim,) = (await work.claim(impatient, "inbox_event", "the thawed one")).claims
    assert claim.id == key
