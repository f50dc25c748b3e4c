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
from typing import Any, Literal

from sqlalchemy import ColumnElement, Select, Table, Update, and_, bindparam, case, func, literal, or_, select, text, update
from sqlalchemy.engine import CursorResult
from sqlalchemy.ext.asyncio import AsyncSession

from storage.db import Database
from storage.models import Account, Change, Draft, InboxEvent, ManualTask, NoticeCopy, Post, Roll
from storage.models.base import Base

LEASE = timedelta(seconds=15)
RENEW_EVERY = timedelta(seconds=5)
# A row made due "now" by a process whose clock is a little ahead of the database's is due now too. Early by this much harms nothing.
SLACK = 0.1

# How many rows of a lane run at once ("publish:ACCOUNT" counts per account). Webhooks: 8, not 3, since each waits for one
# order to be fetched (50 ms and more), and three at a time could not keep up with 50 sales a second on one account.
CHAT = "chat"  # the lane of inbox rows that hold what people said
LANES = {"intake": 3, "publish": 2, "webhook": 8, "quantity": 1, "poll": 1, "delist": 16, "post": 16}


class LostClaim(Exception):
    """Another worker has this row now: what we were about to write must not be written."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A table of work: which states wait, and the state that a claimed row has (None: it stays as it is).

    The first of `waiting` is where a row goes that a dead worker left in `running` and that could not be carried on.
    """

    table: str
    model: type[Base]
    waiting: tuple[str, ...]
    running: str | None = None
    part: Literal["all", "chat", "not chat"] = "all"

    @property
    def claimable(self) -> tuple[str, ...]:
        return (*self.waiting, self.running) if self.running else self.waiting


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


def _table(model: type[Base]) -> Table:
    """Statements go to the table itself: the ORM would look for loaded rows to bring up to date, and nobody reads those afterwards."""
    assert isinstance(model.__table__, Table)
    return model.__table__


def _columns(model: type[Base]) -> Any:
    return model.__table__.c


async def claim(db: Database, table: str, worker: str, *, ids: Collection[str] | None = None, limit: int = 64) -> Claimed:
    """Take due, free rows (of `ids` when given), best priority first."""
    kind = KINDS[table]
    async with db.write() as session:
        if not db.is_sqlite:
            await session.execute(text("SELECT pg_advisory_xact_lock(hashtext(:what))"), {"what": f"haggle claim {table}"})
        rows = (await session.execute(_candidates(db, kind, ids, limit))).all()
        locked = await _locked(db, session, kind, set(ids or ()) - {row.id for row in rows})
        chosen, blocked = await _choose(db, session, kind, rows, limit)
        if not chosen:
            return Claimed((), tuple(blocked), locked)
        c = _columns(kind.model)
        values: dict[str, Any] = {
            "worker": worker,
            "lease_until": db.db_now(LEASE.total_seconds()),
            "attempts": c.attempts + 1,
            "fence": c.fence + 1,
        }
        if kind.running:
            values["state"] = kind.running
        await session.execute(update(_table(kind.model)).where(c.id.in_([row.id for row in chosen])).values(values))
        claims = tuple(
            Claim(table, row.id, worker, row.attempts + 1, row.fence + 1, row.priority, row.state, row.lane, row.turn) for row in chosen
        )
    return Claimed(claims, tuple(blocked), locked)


def _of_kind(kind: Kind) -> ColumnElement[bool]:
    """Which rows of the table belong to this kind, and wait or run."""
    c = _columns(kind.model)
    waits: ColumnElement[bool] = c.state.in_(kind.claimable)
    if kind.part == "all":
        return waits
    return and_(waits, c.lane == CHAT if kind.part == "chat" else c.lane != CHAT)


def _due_and_free(db: Database, kind: Kind) -> ColumnElement[bool]:
    c = _columns(kind.model)
    return and_(_of_kind(kind), c.due_at <= db.db_now(SLACK), or_(c.lease_until.is_(None), c.lease_until < db.db_now()))


async def _locked(db: Database, session: AsyncSession, kind: Kind, missing: Collection[str]) -> tuple[str, ...]:
    """Which rows are due and free and were skipped all the same: a transaction that changes something else about them has them locked."""
    if db.is_sqlite or not missing:
        return ()
    c = _columns(kind.model)
    return tuple((await session.execute(select(c.id).where(_due_and_free(db, kind), c.id.in_(list(missing))))).scalars())


def _candidates(db: Database, kind: Kind, ids: Collection[str] | None, limit: int) -> Select[Any]:
    c = _columns(kind.model)
    query = select(c.id, c.state, c.lane, c.turn, c.priority, c.attempts, c.fence).where(_due_and_free(db, kind))
    query = query.order_by(c.priority, c.id)
    query = query.limit(max(limit * 4, 64)) if ids is None else query.where(c.id.in_(list(ids)))
    return query if db.is_sqlite else query.with_for_update(skip_locked=True)


async def _choose(db: Database, session: AsyncSession, kind: Kind, rows: Sequence[Any], limit: int) -> tuple[list[Any], list[Blocked]]:
    """Respect lanes and turns. A turn goes to its best due row: one that is not even among the candidates blocks the others."""
    c = _columns(kind.model)
    held = and_(_of_kind(kind), c.lease_until >= db.db_now())
    lanes: Counter[str] = Counter()
    wanted_lanes = {row.lane for row in rows if lane_limit(row.lane)}
    if wanted_lanes:
        counts = await session.execute(select(c.lane, func.count()).where(held, c.lane.in_(wanted_lanes)).group_by(c.lane))
        lanes.update({row[0]: row[1] for row in counts.all()})
    first = await _first_of_turns(db, session, kind, {row.turn for row in rows if row.turn})
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


async def _first_of_turns(db: Database, session: AsyncSession, kind: Kind, turns: set[str]) -> dict[str, str]:
    """Per turn the id that may run now: nobody's while one is held, else what a dead worker left running, else the best due one.

    What was left running goes first even before a sale's delist: a listing has one running Change (a unique index), and what
    its worker did before it died must be found out before something else is done to the same listing.
    """
    if not turns:
        return {}
    c = _columns(kind.model)
    query = (
        select(c.turn, c.id, c.lease_until >= db.db_now())
        .where(c.turn.in_(turns), _of_kind(kind), c.due_at <= db.db_now(SLACK))
        .order_by(case((c.state == kind.running, 0), else_=1) if kind.running else literal(0), c.priority, c.id)
    )
    first: dict[str, str] = {}
    held: set[str] = set()
    for turn, key, is_held in (await session.execute(query)).all():
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
        c = _columns(KINDS[table].model)
        ours = or_(*(and_(c.id == one.id, c.fence == one.fence) for one in held))
        async with db.write() as session:
            await session.execute(
                update(_table(KINDS[table].model))
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
    model = _table(KINDS[table].model)
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
    kind = KINDS[table]
    c = _columns(kind.model)
    place = func.row_number().over(partition_by=c.lane, order_by=(c.priority, c.id)).label("place")
    due = select(c.id, c.priority, place).where(_due_and_free(db, kind)).subquery()
    query = select(due.c.id).where(due.c.place <= limit).order_by(due.c.priority, due.c.id)
    async with db.read() as session:
        return list((await session.execute(query)).scalars())
