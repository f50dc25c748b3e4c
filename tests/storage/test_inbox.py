"""Every delivery is a row before it is answered, once, and many share one commit."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import Engine, event, func, select
from sqlalchemy.exc import DBAPIError, StatementError

from storage.db import Database
from storage.dispatch.inprocess import InProcess
from storage.inbox import Delivery, Inbox
from storage.models import InboxEvent
from storage.work import Claim
from tests.conftest import OpenDatabase


@contextmanager
def counted_commits() -> Iterator[list[object]]:
    commits: list[object] = []

    def count(connection: object) -> None:
        commits.append(connection)

    event.listen(Engine, "commit", count)
    try:
        yield commits
    finally:
        event.remove(Engine, "commit", count)


async def rows(db: Database) -> list[InboxEvent]:
    async with db.read() as session:
        return list((await session.execute(select(InboxEvent).order_by(InboxEvent.event_id))).scalars())


async def test_a_delivery_is_a_row_when_put_returns(database: Database) -> None:
    body = {"resource": "order", "id": 7, "text": "für Ann"}
    assert await Inbox(database).put(Delivery("ebay", "e1", topic="sold", account="a1", body=body, lane="webhook:a1", turn="t", priority=2))
    (row,) = await rows(database)
    assert (row.source, row.account, row.event_id, row.topic, row.body) == ("ebay", "a1", "e1", "sold", body)
    assert (row.state, row.lane, row.turn, row.priority, row.attempts, row.duplicates) == ("received", "webhook:a1", "t", 2, 0, 0)


async def test_a_delivery_counts_once_however_often_it_comes(database: Database) -> None:
    inbox = Inbox(database)
    same = Delivery("shopify", "e1", account="a")
    assert await inbox.put(same)
    assert [await inbox.put(same) for _ in range(2)] == [False, False]
    assert sorted(await inbox.put_all([Delivery("shopify", "e2", account="a")] * 3)) == [False, False, True], "in one commit too"
    assert await inbox.put(Delivery("shopify", "e1", account="b")), "another account's event"
    assert await inbox.put(Delivery("ebay", "e1", account="a")), "another source's event"
    assert [(row.source, row.account, row.event_id, row.duplicates) for row in await rows(database)] == [
        ("shopify", "a", "e1", 2),
        ("shopify", "b", "e1", 0),
        ("ebay", "a", "e1", 0),
        ("shopify", "a", "e2", 2),
    ]


async def test_many_arrivals_share_a_commit(database: Database) -> None:
    inbox = Inbox(database)
    with counted_commits() as commits:
        fresh = await asyncio.gather(*(inbox.put(Delivery("test", f"e{n}")) for n in range(300)))
    assert all(fresh)
    assert len(await rows(database)) == 300
    assert len(commits) <= 10


async def test_two_processes_storing_the_same_deliveries_count_each_once(open_database: OpenDatabase, database: Database) -> None:
    forth = [Delivery("test", f"e{n:03}") for n in range(100)]
    fresh = await asyncio.gather(Inbox(open_database()).put_all(forth), Inbox(open_database()).put_all(forth[::-1]))
    assert sum(fresh[0]) + sum(fresh[1]) == 100
    async with database.read() as session:
        assert (await session.execute(select(func.sum(InboxEvent.duplicates)))).scalar_one() == 100


async def test_what_cannot_be_stored_fails_alone(database: Database) -> None:
    inbox = Inbox(database)
    bad = Delivery("test", "bad", body={"unfit": object()})
    told = await asyncio.gather(*(inbox.put(one) for one in (Delivery("test", "a"), bad, Delivery("test", "b"))), return_exceptions=True)
    assert (told[0], told[2]) == (True, True)
    assert isinstance(told[1], StatementError | TypeError)
    assert [row.event_id for row in await rows(database)] == ["a", "b"]


@pytest.mark.parametrize("database_kind", [pytest.param("postgres", marks=pytest.mark.postgres)])
async def test_text_that_postgresql_refuses_fails_alone(database: Database) -> None:
    inbox = Inbox(database)
    told = await asyncio.gather(inbox.put(Delivery("test", "a")), inbox.put(Delivery("test", "nul\0")), return_exceptions=True)
    assert told[0] is True
    assert isinstance(told[1], DBAPIError)


async def test_a_caller_that_gives_up_disturbs_nobody(database: Database) -> None:
    inbox = Inbox(database)
    impatient = asyncio.create_task(inbox.put(Delivery("test", "a")))
    patient = asyncio.create_task(inbox.put(Delivery("test", "b")))
    await asyncio.sleep(0)
    impatient.cancel()
    assert await patient
    assert [row.event_id for row in await rows(database)] == ["a", "b"]


async def test_a_new_delivery_wakes_its_carrier_and_a_duplicate_does_not(database: Database) -> None:
    carried: list[str] = []

    async def carry(claim: Claim) -> None:
        carried.append(claim.id)

    database.dispatcher = local = InProcess(database, "worker", carry, tables=("inbox_event",))
    local.start()
    inbox = Inbox(database)
    await inbox.put(Delivery("test", "a"))
    await local.idle()
    await inbox.put(Delivery("test", "a"))
    await local.idle()
    await local.stop()
    assert carried == [row.id for row in await rows(database)]
