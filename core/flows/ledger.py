"""The inventory ledger: appends an entry and keeps the fold beside it, one item at a time."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.flows import shortage
from core.rules.stock import Level, move
from core.values.states import StockKind
from storage.db import Database
from storage.models import Item, Stock, StockEntry

_HOLD = select(Item.id).where(Item.id == bindparam("item")).with_for_update(key_share=True)
_STOCK = select(Stock).where(Stock.item_id == bindparam("item")).with_for_update(key_share=True).execution_options(populate_existing=True)
_ENTRY = select(StockEntry.id).where(StockEntry.item_id == bindparam("item"), StockEntry.key == bindparam("key"))


@dataclass(frozen=True, slots=True)
class Posted:
    """What an entry did. `fresh` is False when its key was there already: then nothing happened."""

    level: Level
    short: int
    fresh: bool


async def hold(session: AsyncSession, db: Database, item_id: str) -> None:
    """What happens to one item happens one after the other: its row is locked before its listings, Changes and stock, in this order
    everywhere, so that no two transactions wait for each other in a circle. On SQLite writers queue anyway.

    All our locks leave the key free (FOR NO KEY UPDATE): rows that only refer to a locked one need not wait for it.
    """
    if not db.is_sqlite:
        await session.execute(_HOLD, {"item": item_id})


async def level_of(session: AsyncSession, item_id: str) -> Level | None:
    """The stock of an item; None when nobody ever said how many there are."""
    row = await session.get(Stock, item_id, populate_existing=True)
    return Level(row.total, row.reserved) if row else None


async def held_by(session: AsyncSession, item_id: str, order_id: str) -> int:
    """How many units of an item an order has: reserved for it, or sold to it and not given back."""
    query = select(func.sum(StockEntry.reserved - StockEntry.total)).where(StockEntry.item_id == item_id, StockEntry.order_id == order_id)
    return int((await session.execute(query)).scalar() or 0)


async def post(
    session: AsyncSession,
    db: Database,
    item: Item,
    kind: StockKind,
    quantity: int,
    *,
    key: str,
    source: str,
    order_id: str | None = None,
    reason: str = "",
    was_reserved: int = 0,
) -> Posted:
    """Append one entry. The item's stock row is locked, so entries of one item come one after the other on both databases.

    `key` is the cause's own: what happened once counts once. `source` and `reason` are as `StockEntry` has them.
    """
    stock = (await session.execute(_STOCK, {"item": item.id})).scalar()
    if stock is None and not db.is_sqlite:  # there is no row to lock yet
        await hold(session, db, item.id)
        stock = (await session.execute(_STOCK, {"item": item.id})).scalar()
    level = Level(stock.total, stock.reserved) if stock else Level()
    if (await session.execute(_ENTRY, {"item": item.id, "key": key})).scalar() is not None:
        return Posted(level, 0, fresh=False)
    step = move(level, kind, quantity, was_reserved=was_reserved)
    after = Level(level.total + step.total, level.reserved + step.reserved)
    if stock is None:
        stock = Stock(item_id=item.id, workspace_id=item.workspace_id, total=0, peak=0, entries=0)
        session.add(stock)
    stock.total, stock.reserved, stock.peak = after.total, after.reserved, max(stock.peak, after.total)
    stock.entries += 1
    session.add(
        StockEntry(
            workspace_id=item.workspace_id, item_id=item.id, place=stock.entries, kind=kind, total=step.total, reserved=step.reserved,
            total_before=level.total, total_after=after.total, reserved_before=level.reserved, reserved_after=after.reserved,
            source=source, order_id=order_id, reason=reason, key=key, at=db.now(),
        )
    )  # fmt: skip
    await session.flush()
    if stock.peak > 1 and after.available != level.available:
        await shortage.look(session, db, item, stock, fewer=after.available < level.available)
    return Posted(after, step.short, fresh=True)
