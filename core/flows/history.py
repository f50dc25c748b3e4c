"""Everything that ever happened to an item, newest first: entries of the ledger, Changes, and what the trail says of it, of its orders
and of its tasks. A Change is one row, whatever moves it made; a quantity is the ledger's entry, not the edit that made it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.flows.edits import EDITED
from storage.models import AuditEntry, Change, ManualTask, OrderLine, StockEntry

Row = StockEntry | Change | AuditEntry


def when(row: Row) -> datetime:
    return row.created_at if isinstance(row, Change) else row.at


async def of_item(session: AsyncSession, item_id: str, *, skip: int, limit: int) -> list[Row]:
    """So many rows after the first `skip`. Each kind is read as far as it could be needed, by its index."""
    reach = skip + limit
    orders = select(OrderLine.order_id).where(OrderLine.item_id == item_id)
    tasks = select(ManualTask.id).where(ManualTask.item_id == item_id)
    told = select(AuditEntry).where(
        or_(AuditEntry.subject_id == item_id, AuditEntry.subject_id.in_(orders), AuditEntry.subject_id.in_(tasks)),
        or_(AuditEntry.action != EDITED, AuditEntry.data["field"].as_string() != "quantity"),
    )
    entries = select(StockEntry).where(StockEntry.item_id == item_id)
    made = select(Change).where(Change.item_id == item_id)
    rows: list[Row] = []
    rows += (await session.execute(told.order_by(AuditEntry.at.desc(), AuditEntry.id.desc()).limit(reach))).scalars()
    rows += (await session.execute(entries.order_by(StockEntry.at.desc(), StockEntry.id.desc()).limit(reach))).scalars()
    rows += (await session.execute(made.order_by(Change.created_at.desc(), Change.id.desc()).limit(reach))).scalars()
    return sorted(rows, key=lambda row: (when(row), row.id), reverse=True)[skip:reach]
