"""Going through big tables in small steps.

A statement of SQLite runs in the event loop's own thread and one writer keeps all others waiting, so upkeep reads and deletes a page at a
time, each in a transaction of its own, and lets everybody else go first in between.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, delete, select
from sqlalchemy.orm import InstrumentedAttribute

from storage.db import Database
from storage.keys import key_before
from storage.work import rows_of

PAGE = 200
MARGIN = timedelta(days=1)  # by which the clocks of the machines that made the keys may be wrong


async def pages(
    db: Database, query: Select[*tuple[Any, ...]], key: InstrumentedAttribute[str], *, until: datetime | None = None
) -> AsyncIterator[Sequence[Any]]:
    """The rows of `query`, whose first column is `key`, in the order of their keys. Every row is read, so conditions belong into
    a column. `until`: leave out what was made after that time (for UUIDv7 keys)."""
    if until is not None:
        query = query.where(key < key_before(until + MARGIN))
    last = ""
    while True:
        async with db.read() as session:
            rows = (await session.execute(query.where(key > last).order_by(key).limit(PAGE))).all()
        if rows:
            yield rows
        if len(rows) < PAGE:
            return
        last = rows[-1][0]
        await asyncio.sleep(0)


async def forget(db: Database, key: InstrumentedAttribute[str], old: ColumnElement[bool], *, until: datetime | None = None) -> int:
    """Delete the rows that are `old`. Answers how many."""
    gone = 0
    async for page in pages(db, select(key, old), key, until=until):
        gone += await delete_rows(db, key, [name for name, is_old in page if is_old], old)
    return gone


async def delete_rows(db: Database, key: InstrumentedAttribute[str], keys: Sequence[str], still: ColumnElement[bool]) -> int:
    """Delete these rows, as far as `still` holds for them. Answers how many."""
    if not keys:
        return 0
    doomed = delete(key.class_).where(key.in_(keys), still).execution_options(synchronize_session=False)
    async with db.write() as session:
        return rows_of(await session.execute(doomed))
