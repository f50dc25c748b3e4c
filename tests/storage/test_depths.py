"""How much work waits: what is due, what is being carried, what has its time still to come."""

from __future__ import annotations

from datetime import timedelta

from storage import work
from storage.db import Database
from storage.depths import Depth, depths
from tests.rows import add_events


async def test_what_waits_is_counted_by_kind_and_says_since_when(database: Database) -> None:
    now = database.now()
    await add_events(database, 2)
    await add_events(database, due_at=now - timedelta(minutes=5))
    await add_events(database, due_at=now + timedelta(minutes=5))
    await add_events(database, lane="chat")
    await add_events(database, state="done")
    claimed = await work.claim(database, "inbox_event", "worker", limit=1)
    assert len(claimed.claims) == 1
    async with database.read() as session:
        found = await depths(session, database.now())
    of_hints = found["inbox_event"]
    assert (of_hints.waiting, of_hints.running, of_hints.later) == (2, 1, 1)
    assert of_hints.oldest is not None
    assert found["chat_event"].waiting == 1
    assert found["change"] == Depth(0, 0, 0, None)
