"""The inbox: every delivery is a row before it is answered, and many arrivals share one commit.

While one transaction is being written, whatever arrives meanwhile gathers and goes into the next: an idle Haggle answers after
one commit, a flooded one writes hundreds of rows in each.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert as insert_postgresql
from sqlalchemy.dialects.sqlite import insert as insert_sqlite
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.ext.asyncio import AsyncSession

from core.values.states import InboxState
from storage.asking import CHAT
from storage.db import Database, wake
from storage.keys import new_key
from storage.models import InboxEvent


@dataclass(frozen=True, slots=True)
class Delivery:
    """Something that arrived. `event_id` is unique per source and account; `turn` keeps the order within a chat."""

    source: str
    event_id: str
    topic: str = ""
    account: str = ""
    body: dict[str, Any] = field(default_factory=dict)
    lane: str = ""
    turn: str = ""
    priority: int = 3


def from_chat(surface: str, chat: str, event_id: str, body: dict[str, Any]) -> Delivery:
    """What a person said or pressed in a chat, in its order there."""
    return Delivery(surface, event_id, body=body, lane=CHAT, turn=f"chat:{surface}:{chat}", priority=2)


@dataclass(slots=True)
class _Waiting:
    delivery: Delivery
    key: str
    done: asyncio.Future[bool]


class Inbox:
    """Writes deliveries. One per process."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._waiting: list[_Waiting] = []
        self._writing: asyncio.Task[None] | None = None

    async def put(self, delivery: Delivery) -> bool:
        """Store it durably. True when it is new, False when it was there already. Raises what the database raises."""
        return (await self.put_all([delivery]))[0]

    async def put_all(self, deliveries: Sequence[Delivery]) -> list[bool]:
        loop = asyncio.get_running_loop()
        waiting = [_Waiting(one, new_key(), loop.create_future()) for one in deliveries]
        self._waiting.extend(waiting)
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write_all())
        return list(await asyncio.gather(*(one.done for one in waiting)))

    async def _write_all(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[:500], self._waiting[500:]
            try:
                await self._write(batch)
            except (OperationalError, InterfaceError) as error:  # the database is away or busy: all of them have to come again
                _refuse(batch, error)
            except Exception:  # noqa: BLE001 - one of them cannot be stored; the others must not suffer for it
                await self._write_each(batch)

    async def _write_each(self, batch: Sequence[_Waiting]) -> None:
        for one in batch:
            try:
                await self._write([one])
            except Exception as error:  # noqa: BLE001 - handed to the caller that waits for this delivery
                _refuse([one], error)

    async def _write(self, batch: Sequence[_Waiting]) -> None:
        async with self._db.write(first=True) as session:
            fresh = await insert_deliveries(session, self._db, [(one.key, one.delivery) for one in batch])
        for one in batch:
            if not one.done.done():
                one.done.set_result(one.key in fresh)


def _refuse(batch: Sequence[_Waiting], error: Exception) -> None:
    for one in batch:
        if not one.done.done():
            one.done.set_exception(error)


async def insert_deliveries(session: AsyncSession, db: Database, rows: Sequence[tuple[str, Delivery]]) -> set[str]:
    """Insert what is new, wake it, count the rest as duplicates. Answers the keys that are new."""
    now = db.now()
    # In one order everywhere: two processes that store the same deliveries wait for each other but never in a circle.
    rows = sorted(rows, key=lambda row: (row[1].source, row[1].account, row[1].event_id))
    values = [_row(key, one, now) for key, one in rows]
    insert = insert_sqlite if db.is_sqlite else insert_postgresql
    statement = insert(InboxEvent).on_conflict_do_nothing(index_elements=["source", "account", "event_id"])
    fresh = set((await session.execute(statement.returning(InboxEvent.id), values)).scalars())
    for key, one in rows:
        if key in fresh:
            wake(session, "chat_event" if one.lane == CHAT else "inbox_event", key, priority=one.priority)
        else:
            await session.execute(
                update(InboxEvent)
                .where(InboxEvent.source == one.source, InboxEvent.account == one.account, InboxEvent.event_id == one.event_id)
                .values(duplicates=InboxEvent.duplicates + 1)
            )
    return fresh


def _row(key: str, one: Delivery, now: datetime) -> dict[str, Any]:
    return {
        "id": key, "source": one.source, "account": one.account, "event_id": one.event_id, "topic": one.topic, "body": one.body,
        "received_at": now, "duplicates": 0, "state": InboxState.RECEIVED.value, "priority": one.priority, "lane": one.lane,
        "turn": one.turn, "due_at": now, "attempts": 0, "fence": 0, "worker": "", "last_error": "",
    }  # fmt: skip
