"""Which rows hold sealed values, and with which key: for changing keys, and for noticing that one is lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from sqlalchemy import ColumnElement, LargeBinary, and_, func, select, update
from sqlalchemy.orm import InstrumentedAttribute

from core.errors import Invalid
from storage import contacts
from storage.db import Database
from storage.models import Account, Order
from storage.pages import pages
from storage.secrets import KEY_ID, Keyring
from storage.work import rows_of

log = structlog.get_logger()

# The keys of the rows (which are authenticated with the values), and the sealed columns.
COLUMNS: tuple[tuple[InstrumentedAttribute[str], InstrumentedAttribute[bytes]], ...] = (
    (Account.id, Account.credentials),
    (Order.id, Order.buyer),
)


@dataclass(frozen=True, slots=True)
class Report:
    """How many sealed values need an older key, and how many no key that we have opens."""

    old: int = 0
    lost: int = 0


def sealed_with(column: InstrumentedAttribute[bytes], ids: Sequence[bytes]) -> ColumnElement[bool]:
    """Whether one of these keys sealed the column's value."""
    return func.substr(column, 1, KEY_ID, type_=LargeBinary()).in_(ids)


def is_lost(column: InstrumentedAttribute[bytes], ids: Sequence[bytes]) -> ColumnElement[bool]:
    """Whether the column's value was sealed with a key that is none of these."""
    return and_(func.length(column) > 0, ~sealed_with(column, ids))


async def report(db: Database, ids: Sequence[bytes]) -> Report:
    """Look at every sealed value. `ids` are those of the keys, newest first (`Keyring.ids`). Reads whole tables in one statement each:
    for the start and for the doctor, when nobody waits."""
    old = lost = 0
    async with db.read() as session:
        for _, column in COLUMNS:
            counts = [func.count().filter(sealed_with(column, ids[1:])), func.count().filter(is_lost(column, ids))]
            row = (await session.execute(select(*counts).select_from(column.class_))).one()
            old, lost = old + row[0], lost + row[1]
    return Report(old, lost)


async def reseal(db: Database, keyring: Keyring) -> int:
    """Seal with the newest key what an older one sealed, in small steps. Answers how many values that were."""
    older, done = keyring.ids[1:], 0
    for key, column in COLUMNS if older else ():
        async for page in pages(db, select(key, sealed_with(column, older)), key):
            owners = [name for name, is_old in page if is_old]
            if owners:
                done += await _reseal(db, keyring, key, column, owners)
    return done


async def _reseal(
    db: Database, keyring: Keyring, key: InstrumentedAttribute[str], column: InstrumentedAttribute[bytes], owners: Sequence[str]
) -> int:
    """A value that was replaced meanwhile (a token was renewed, a buyer forgotten) is left as it is."""
    done = 0
    async with db.write() as session:
        for owner, sealed in (await session.execute(select(key, column).where(key.in_(owners)))).all():
            try:
                opened = keyring.open(sealed, owner)
            except Invalid as error:
                log.warning("a sealed value cannot be opened", table=column.class_.__tablename__, id=owner, error=str(error))
                continue
            values: dict[Any, Any] = {column: keyring.seal(opened, owner)}
            statement = update(column.class_).where(key == owner, column == sealed, func.length(column) > 0).values(values)
            fresh = rows_of(await session.execute(statement.execution_options(synchronize_session=False)))
            done += fresh
            if fresh and column is Order.buyer:
                await contacts.drop(session, owner)
                await contacts.keep(session, keyring, owner, opened)
    return done
