"""Rows for tests, as short as a test wants to say it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from core.ports import Clock
from storage.db import Database
from storage.keys import new_key
from storage.models import Account, Change, InboxEvent, Item, Listing, Workspace


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


async def add_listing(db: Database) -> Listing:
    """A listing of an item on an account of a workspace."""
    now = db.clock.now()
    home = workspace_row(db.clock)
    item = Item(id=new_key(), workspace_id=home.id, number=1, sku="1", state="live", currency="USD", created_at=now, changed_at=now)
    account = Account(id=new_key(), workspace_id=home.id, channel="ebay", state="active", due_at=now, settings={}, created_at=now)
    listing = Listing(id=new_key(), workspace_id=home.id, item_id=item.id, account_id=account.id, channel="ebay", sku="1", state="active")
    async with db.write() as session:
        for row in (home, item, account, listing):
            session.add(row)
            await session.flush()
    return listing


def change_row(listing: Listing, clock: Clock, **values: Any) -> Change:
    """An approved Change of a listing, due now."""
    key, now = new_key(), clock.now()
    return Change(
        **{
            "id": key, "workspace_id": listing.workspace_id, "kind": "publish", "item_id": listing.item_id, "listing_id": listing.id,
            "batch": key, "by": "system", "created_at": now, "due_at": now, "state": "approved", "turn": listing.id, **values,
        }
    )  # fmt: skip
