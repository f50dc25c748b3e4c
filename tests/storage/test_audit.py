"""The audit chain: sealed once, in order, and any later touch is found where it was made."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from sqlalchemy import delete, select, update

from storage import audit
from storage.db import Database
from storage.models import AuditEntry
from tests.conftest import OpenDatabase


async def record(db: Database, count: int, **data: Any) -> None:
    async with db.write() as session:
        for number in range(count):
            told = {"number": number, "price": 4500, "share": 0.25, "text": "ä", "none": None, **data}
            audit.record(session, workspace="w", at=db.now(), actor="system", action="reprice", subject=("item", "i"), data=told)


async def test_what_was_recorded_is_sealed_in_order_and_holds(database: Database) -> None:
    await record(database, 7)
    assert await audit.verify(database) == audit.ChainReport(sealed=0, unsealed=7)
    assert await audit.seal(database) == 7
    assert await audit.seal(database) == 0
    await record(database, 2)
    assert await audit.verify(database) == audit.ChainReport(sealed=7, unsealed=2)
    assert await audit.seal(database) == 2
    assert await audit.verify(database) == audit.ChainReport(sealed=9, unsealed=0)
    async with database.read() as session:
        by_age = (await session.execute(select(AuditEntry.seq).order_by(AuditEntry.id))).scalars().all()
    assert by_age == list(range(1, 10))


async def test_a_chain_longer_than_a_batch(database: Database) -> None:
    await record(database, audit.BATCH + 3)
    assert await audit.seal(database) == audit.BATCH + 3
    assert await audit.verify(database) == audit.ChainReport(sealed=audit.BATCH + 3, unsealed=0)


async def test_processes_that_seal_at_once_make_one_chain(open_database: OpenDatabase, database: Database) -> None:
    await record(database, 50)
    sealed = await asyncio.gather(*(audit.seal(open_database()) for _ in range(4)))
    assert sum(sealed) == 50
    assert await audit.verify(database) == audit.ChainReport(sealed=50, unsealed=0)


@pytest.mark.parametrize(
    "changed", [{"data": {"number": 4, "price": 1}}, {"actor": "member:somebody"}, {"subject_id": "other"}, {"prev": "0"}, {"hash": "0"}]
)
async def test_a_changed_entry_is_found(database: Database, changed: dict[str, Any]) -> None:
    await record(database, 9)
    await audit.seal(database)
    async with database.write() as session:
        await session.execute(update(AuditEntry).where(AuditEntry.seq == 5).values(changed))
    assert await audit.verify(database) == audit.ChainReport(sealed=4, unsealed=0, broken_at=5)


async def test_a_removed_entry_is_found(database: Database) -> None:
    await record(database, 9)
    await audit.seal(database)
    async with database.write() as session:
        await session.execute(delete(AuditEntry).where(AuditEntry.seq == 5))
    assert (await audit.verify(database)).broken_at == 5


async def test_a_move_that_is_rolled_back_leaves_no_entry(database: Database) -> None:
    async def move_and_break() -> None:
        async with database.write() as session:
            audit.record(session, workspace="w", at=database.now(), actor="system", action="sold", subject=("item", "i"))
            await session.flush()
            raise RuntimeError("lost the claim")

    with pytest.raises(RuntimeError):
        await move_and_break()
    assert await audit.verify(database) == audit.ChainReport(sealed=0, unsealed=0)
