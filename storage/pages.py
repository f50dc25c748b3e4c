"""Going through big tables in small steps.

A statement of SQLite runs in the event loop's own thread and one writer keeps all others waiting, so upkeep reads and deletes a page at a
time, each in a transaction of its own, and lets everybody else go first in between.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, case, delete, select
from sqlalchemy.orm import InstrumentedAttribute

from storage.db import Database
from storage.work import rows_of

PAGE = 200  # rows that are read (half a millisecond) or deleted (two, with all their indexes) at once


async def pages(db: Database, query: Select[*tuple[Any, ...]], key: InstrumentedAttribute[str]) -> AsyncIterator[Sequence[Any]]:
    """The rows of `query`, whose first column is `key`, in the order of their keys. A condition belongs into a column: in the query it
    would have one statement search for a whole page of what fits."""
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


async def forget(db: Database, key: InstrumentedAttribute[str], old: ColumnElement[bool]) -> int:
    """Delete the rows that are `old`. Answers how many."""
    gone = 0
    async for page in pages(db, select(key, old), key):
        gone += await delete_rows(db, key, [name for name, is_old in page if is_old], old)
    return gone


async def delete_rows(db: Database, key: InstrumentedAttribute[str], keys: Sequence[str], still: ColumnElement[bool]) -> int:
    """Delete these rows, as far as `still` holds for them, some in each transaction. Answers how many."""
    gone = 0
    it_holds = case((still, 1), else_=0) == 1  # as a plain condition SQLite would go by the index of a state that nearly every row has
    for at in range(0, len(keys), PAGE):
        doomed = delete(key.class_).where(key.in_(keys[at : at + PAGE]), it_holds).execution_options(synchronize_session=False)
        async with db.write() as session:
            gone += rows_of(await session.execute(doomed))
    return gone
