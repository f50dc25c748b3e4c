"""The ledger on both databases: many at once, the same cause twice, and what the database itself refuses."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from core.flows import ledger
from core.flows.ledger import Posted
from core.rules import stock as rules
from core.rules.stock import Level
from core.values.states import StockKind
from storage.db import Database
from storage.keys import new_key
from storage.models import Item, Stock, StockEntry
from tests.conftest import OpenDatabase
from tests.rows import workspace_row

K = StockKind


async def an_item(db: Database) -> str:
    """An item of which nobody has said yet how many there are."""
    now, home = db.clock.now(), workspace_row(db.clock)
    item = Item(id=new_key(), workspace_id=home.id, number=1, sku="1", state="live", currency="USD", created_at=now, changed_at=now)
    async with db.write() as session:
        session.add(home)
        await session.flush()
        session.add(item)
    return item.id


async def post(db: Database, item_id: str, kind: StockKind, count: int, key: str = "", was_reserved: int = 0) -> Posted:
    async with db.write() as session:
        item = await session.get_one(Item, item_id)
        return await ledger.post(session, db, item, kind, count, key=key or new_key(), source="test", was_reserved=was_reserved)


async def entries(db: Database, item_id: str) -> Sequence[StockEntry]:
    async with db.read() as session:
        return (await session.execute(select(StockEntry).where(StockEntry.item_id == item_id).order_by(StockEntry.place))).scalars().all()


async def check(db: Database, item_id: str) -> Level:
    """Stock is the fold of its entries, each of which begins where the one before it ended."""
    made = await entries(db, item_id)
    assert [one.place for one in made] == list(range(1, len(made) + 1))
    level = Level()
    for one in made:
        assert Level(one.total_before, one.reserved_before) == level
        level = Level(one.total_after, one.reserved_after)
    assert rules.fold([(one.total, one.reserved) for one in made]) == level
    async with db.read() as session:
        kept = await session.get_one(Stock, item_id)
    assert (Level(kept.total, kept.reserved), kept.entries) == (level, len(made))
    return level


async def test_fifty_entries_at_once_come_one_after_the_other(open_database: OpenDatabase) -> None:
    """Through two processes' worth of connections; the item has no stock row before."""
    first, second = open_database(), open_database()
    item = await an_item(first)
    kinds = [(K.INITIAL, 3), (K.RESERVE, 1), (K.SALE, 1), (K.RELEASE, 1), (K.RETURN, 1), (K.ADJUST, 2), (K.ADJUST, -1), (K.DAMAGE, 1)]
    at_once = [post((first, second)[turn % 2], item, *kinds[turn % len(kinds)]) for turn in range(50)]
    done = await asyncio.gather(*at_once)
    assert all(one.fresh for one in done)
    await check(first, item)
    assert len(await entries(first, item)) == 50


async def test_the_same_cause_counts_once_however_many_report_it_at_once(open_database: OpenDatabase) -> None:
    first, second = open_database(), open_database()
    item = await an_item(first)
    await post(first, item, K.INITIAL, 5)
    done = await asyncio.gather(*(post((first, second)[turn % 2], item, K.SALE, 1, key="order-1:line-1") for turn in range(10)))
    assert sum(one.fresh for one in done) == 1
    assert await check(first, item) == Level(4)


async def test_more_is_never_taken_than_there_is(open_database: OpenDatabase) -> None:
    first, second = open_database(), open_database()
    item = await an_item(first)
    await post(first, item, K.INITIAL, 7)
    done = await asyncio.gather(*(post((first, second)[turn % 2], item, K.SALE, 1) for turn in range(10)))
    assert sorted(one.short for one in done) == [0] * 7 + [1] * 3
    assert await check(first, item) == Level(0)


@pytest.mark.parametrize(
    ("wrong", "values"),
    [
        ("the sum", {"total": 3}),
        ("the promised", {"reserved": 2, "reserved_after": 2, "total_after": 1, "total": -1}),
        ("below zero", {"total": -3, "total_after": -1}),
        ("its place", {"place": 1}),
        ("its cause", {"key": "first"}),
    ],
)
async def test_the_database_refuses_an_entry_that_cannot_be(database: Database, wrong: str, values: dict[str, object]) -> None:
    item = await an_item(database)
    await post(database, item, K.INITIAL, 2, key="first")
    async with database.read() as session:
        home = (await session.get_one(Item, item)).workspace_id
    plain = {
        "workspace_id": home, "item_id": item, "place": 2, "kind": "adjust", "total": 0, "reserved": 0, "total_before": 2, "total_after": 2,
        "reserved_before": 0, "reserved_after": 0, "source": "test", "key": "second", "at": database.now(),
    }  # fmt: skip
    with pytest.raises(IntegrityError):
        async with database.write() as session:
            session.add(StockEntry(**{**plain, **values}))
    await check(database, item)


@pytest.mark.parametrize("values", [{"total": -1}, {"reserved": 3}, {"reserved": -1}])
async def test_the_database_refuses_stock_that_cannot_be(database: Database, values: dict[str, int]) -> None:
    item = await an_item(database)
    await post(database, item, K.INITIAL, 2)
    with pytest.raises(IntegrityError):
        async with database.write() as session:
            await session.execute(update(Stock).where(Stock.item_id == item).values(**values))


@pytest.mark.parametrize("statement", ["UPDATE stock_entry SET reason = 'something else'", "DELETE FROM stock_entry"])
async def test_what_is_in_the_ledger_stays(database: Database, statement: str) -> None:
    item = await an_item(database)
    await post(database, item, K.INITIAL, 2)
    with pytest.raises(DBAPIError, match="append-only"):
        async with database.write() as session:
            await session.execute(text(statement))
    assert await check(database, item) == Level(2)
