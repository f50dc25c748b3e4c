"""How much work waits, by its kind: what `/health` shows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, case, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from storage.asking import CHAT, Kind, table_of
from storage.work import KINDS


@dataclass(frozen=True, slots=True)
class Depth:
    """Rows of one kind: due and not taken up yet, being carried, and those whose time is still to come. `oldest`: since when the one is
    due that waits longest; None where none does."""

    waiting: int
    running: int
    later: int
    oldest: datetime | None


async def depths(session: AsyncSession, now: datetime) -> dict[str, Depth]:
    """By kind, as `storage.work.KINDS` calls them."""
    found: dict[str, Depth] = {}
    for name, kind in KINDS.items():
        c = table_of(kind.model).c
        held: ColumnElement[bool] = and_(c.lease_until.is_not(None), c.lease_until >= now)
        waits = and_(c.due_at <= now, or_(c.lease_until.is_(None), c.lease_until < now))
        asked = (func.count(case((waits, 1))), func.count(case((held, 1))), func.count(), func.min(case((waits, c.due_at))))
        row = (await session.execute(select(*asked).where(c.state.in_(kind.claimable), *_part(kind)))).one()
        found[name] = Depth(row[0], row[1], row[2] - row[0] - row[1], row[3])
    return found


def _part(kind: Kind) -> tuple[ColumnElement[bool], ...]:
    """What people say and what marketplaces hint at share a table."""
    if kind.part == "all":
        return ()
    lane = table_of(kind.model).c.lane
    return (lane == CHAT if kind.part == "chat" else lane != CHAT,)
