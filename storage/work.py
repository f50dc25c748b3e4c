"""Claim, renew, finish: how rows of work are carried forward, whoever dies.

A row is claimable when its state is one that waits (or runs), it is due, and its lease is free. Claiming sets the lease on the row
itself and counts an attempt; finishing is fenced by worker and claim number, so a worker that lost its lease changes nothing.
Times are the database's. Two rows with the same `turn` never run at once and keep their order; of one `lane` only so many do.

One claim at a time per table (SQLite's writer lock; an advisory lock on PostgreSQL), taking a batch: that makes lanes and turns
exact with any number of workers, and costs about 2 ms for up to 64 rows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import Update, and_, bindparam, or_, text, update
from sqlalchemy.engine import CursorResult
from sqlalchemy.ext.asyncio import AsyncSession

from storage.asking import LEASE, Asking, Kind, asking, table_of
from storage.db import Database
from storage.models import Account, Change, Draft, InboxEvent, ManualTask, NoticeCopy, Post, Reconciliation, Roll

RENEW_EVERY = timedelta(seconds=5)

# How many rows of a lane run at once ("publish:ACCOUNT" counts per account). Webhooks: 8, not 3, since each waits for one
# order to be fetched (50 ms and more), and three at a time could not keep up with 50 sales a second on one account.
LANES = {"intake": 3, "publish": 2, "webhook": 8, "quantity": 1, "poll": 1, "delist": 16, "order": 2, "reconcile": 1, "post": 16}


_ALONE = text("SELECT pg_advisory_xact_lock(hashtext(:what))")


class LostClaim(Exception):
    """Another worker has this row now: what we were about to write must not be written."""


KINDS = {
    kind.table: kind
    for kind in (
        # What people say is carried where the surfaces are; what marketplaces hint at by any worker.
        Kind("inbox_event", InboxEvent, ("received",), part="not chat"),
        Kind("chat_event", InboxEvent, ("received",), part="chat"),
        Kind("change", Change, ("approved",), "running"),
        Kind("draft", Draft, ("pending", "uploading"), "processing"),
        Kind("roll", Roll, ("sorting", "collecting", "making")),
        Kind("card_post", Post, ("dirty",)),
        Kind("manual_task", ManualTask, ("open",)),
        Kind("notice_copy", NoticeCopy, ("waiting",)),
        Kind("account", Account, ("active",)),
        Kind("reconciliation", Reconciliation, ("waiting",)),
    )
}


@dataclass(frozen=True, slots=True)
class Claim:
    """A row that this worker holds until its lease runs out."""

    table: str
    id: str
    worker: str
    attempts: int
    fence: int
    priority: int
    state: str  # before it was claimed
    lane: str
    turn: str = ""


@dataclass(frozen=True, slots=True)
class Blocked:
    """A due row that must wait: for its lane or its turn (`lane_name`, `turn_name` of what is to end first), or ("") for the next batch."""

    id: str
    behind: str


@dataclass(frozen=True, slots=True)
class Claimed:
    """What a claim got, which due rows must wait, and which of those asked for somebody's transaction has locked this moment."""

    claims: tuple[Claim, ...]
    blocked: tuple[Blocked, ...]
    locked: tuple[str, ...] = ()


def lane_name(lane: str) -> str:
    return f"lane {lane}"


def turn_name(turn: str) -> str:
    return f"turn {turn}"


def lane_limit(lane: str) -> int | None:
    """How many rows of a lane may run at once; None is any number."""
    return LANES.get(lane.partition(":")[0])


def _asking(db: Database, table: str) -> Asking:
    return asking(KINDS[table], db.is_sqlite, db.clock.offset.total_seconds())


async def claim(db: Database, table: str, worker: str, *, ids: Collection[str] | None = None, limit: int = 64) -> Claimed:
    """Take due, free rows (of `ids` when given), best priority first."""
    asks = _asking(db, table)
    async with db.write() as session:
        if not db.is_sqlite:
            await session.execute(_ALONE, {"what": f"haggle claim {table}"})
        if ids is None:
            rows = (await session.execute(asks.best, {"most": max(limit * 4, 64)})).all()
        else:
            rows = (await session.execute(asks.these, {"ids": list(ids)})).all()
        locked = await _locked(db, session, asks, set(ids or ()) - {row.id for row in rows})
        chosen, blocked = await _choose(session, asks, rows, limit)
        if not chosen:
            return Claimed((), tuple(blocked), locked)
        await session.execute(asks.take, {"ids": [row.id for row in chosen], "new_worker": worker})
        claims = tuple(
            Claim(table, row.id, worker, row.attempts + 1, row.fence + 1, row.priority, row.state, row.lane, row.turn) for row in chosen
        )
    return Claimed(claims, tuple(blocked), locked)


async def _locked(db: Database, session: AsyncSession, asks: Asking, missing: Collection[str]) -> tuple[str, ...]:
    """Which rows are due and free and were skipped all the same: a transaction that changes something else about them has them locked."""
    if db.is_sqlite or not missing:
        return ()
    return tuple((await session.execute(asks.locked, {"ids": list(missing)})).scalars())


async def _choose(session: AsyncSession, asks: Asking, rows: Sequence[Any], limit: int) -> tuple[list[Any], list[Blocked]]:
    """Respect lanes and turns. A turn goes to its best due row: one that is not even among the candidates blocks the others."""
    lanes: Counter[str] = Counter()
    if wanted_lanes := {row.lane for row in rows if lane_limit(row.lane)}:
        counts = await session.execute(asks.lanes, {"lanes": list(wanted_lanes)})
        lanes.update({row[0]: row[1] for row in counts.all()})
    first = await _first_of_turns(session, asks, {row.turn for row in rows if row.turn})
    chosen: list[Any] = []
    blocked: list[Blocked] = []
    for row in rows:
        allowed = lane_limit(row.lane)
        if row.turn and first.get(row.turn) != row.id:
            blocked.append(Blocked(row.id, turn_name(row.turn)))
        elif allowed is not None and lanes[row.lane] >= allowed:
            blocked.append(Blocked(row.id, lane_name(row.lane)))
        elif len(chosen) >= limit:
            blocked.append(Blocked(row.id, ""))
        else:
            lanes[row.lane] += 1
            chosen.append(row)
    return chosen, blocked


async def _first_of_turns(session: AsyncSession, asks: Asking, turns: set[str]) -> dict[str, str]:
    """Per turn the id that may run now: nobody's while one is held, else what a dead worker left running, else the best due one.

    What was left running goes first even before a sale's delist: a listing has one running Change (a unique index), and what
    its worker did before it died must be found out before something else is done to the same listing.
    """
    if not turns:
        return {}
    first: dict[str, str] = {}
    held: set[str] = set()
    for turn, key, is_held in (await session.execute(asks.turns, {"turns": list(turns)})).all():
        if is_held:
            held.add(turn)
        first.setdefault(turn, key)
    return {turn: key for turn, key in first.items() if turn not in held}


async def renew(db: Database, claims: Collection[Claim]) -> None:
    """Push the leases of the rows that are still ours."""
    tables: dict[str, list[Claim]] = {}
    for one in claims:
        tables.setdefault(one.table, []).append(one)
    for table, held in tables.items():
        c = table_of(KINDS[table].model).c
        ours = or_(*(and_(c.id == one.id, c.fence == one.fence) for one in held))
        async with db.write() as session:
            await session.execute(
                update(table_of(KINDS[table].model))
                .where(c.worker == held[0].worker, c.lease_until.is_not(None), ours)
                .values(lease_until=db.db_now(LEASE.total_seconds()))
            )


async def finish(session: AsyncSession, claim: Claim, **values: Any) -> None:
    """Move a claimed row on, in the caller's transaction, and free its lease. Raises `LostClaim`, which rolls the transaction back."""
    named = {f"new_{name}": value for name, value in values.items()}
    held = {"held_id": claim.id, "held_worker": claim.worker, "held_fence": claim.fence}
    if rows_of(await session.execute(_finishing(claim.table, tuple(values)), {**named, **held})) != 1:
        raise LostClaim


@lru_cache(maxsize=256)
def _finishing(table: str, names: tuple[str, ...]) -> Update:
    """The statement of `finish`, put together once for each set of columns: it is the one that everything ends with."""
    model = table_of(KINDS[table].model)
    c = model.c
    return (
        update(model)
        .where(c.id == bindparam("held_id"), c.worker == bindparam("held_worker"), c.fence == bindparam("held_fence"))
        .where(c.lease_until.is_not(None))
        .values(lease_until=None, **{name: bindparam(f"new_{name}", type_=c[name].type) for name in names})
    )


def rows_of(result: Any) -> int:
    """How many rows a statement changed."""
    assert isinstance(result, CursorResult)
    return int(result.rowcount)


async def due_ids(db: Database, table: str, limit: int = 256) -> list[str]:
    """What is due and free, best first: the sweep's question. At most `limit` of each lane, so that one full lane hides no other."""
    async with db.read() as session:
        return list((await session.execute(_asking(db, table).due, {"most": limit})).scalars())
