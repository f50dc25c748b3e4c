"""The statements of a claim, put together once for each kind of work: building them anew cost more than running them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from typing import Any, Literal

from sqlalchemy import ColumnElement, Select, Table, Update, and_, bindparam, case, func, literal, or_, select, update

from storage.models import DbNow
from storage.models.base import Base

LEASE = timedelta(seconds=15)
# A row made due "now" by a process whose clock is a little ahead of the database's is due now too. Early by this much harms nothing.
SLACK = 0.1
CHAT = "chat"  # the lane of inbox rows that hold what people said


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


@dataclass(frozen=True, slots=True)
class Asking:
    """What is asked of one table. Parameters: `ids`, `lanes` and `turns` are lists, `most` a number, `new_worker` a name."""

    best: Select[Any]  # due and free, best first, `most` of them
    these: Select[Any]  # the same, of `ids`
    locked: Select[Any]  # which of `ids` are due and free, whoever has them locked
    lanes: Select[Any]  # how many rows of each of `lanes` are held
    turns: Select[Any]  # what is due of `turns`, in its order, and whether it is held
    due: Select[Any]  # due and free, `most` of each lane
    take: Update  # claims `ids` for `new_worker`


def table_of(model: type[Base]) -> Table:
    """Statements go to the table itself: the ORM would look for loaded rows to bring up to date, and nobody reads those afterwards."""
    assert isinstance(model.__table__, Table)
    return model.__table__


@lru_cache(maxsize=64)  # the offset is zero outside tests
def asking(kind: Kind, is_sqlite: bool, offset: float) -> Asking:
    """The statements of a kind. `offset` is the clock's, in seconds."""
    c = table_of(kind.model).c
    waits: ColumnElement[bool] = c.state.in_(kind.claimable)
    if kind.part != "all":
        waits = and_(waits, c.lane == CHAT if kind.part == "chat" else c.lane != CHAT)
    due = c.due_at <= DbNow(offset + SLACK)
    free = and_(waits, due, or_(c.lease_until.is_(None), c.lease_until < DbNow(offset)))
    is_held = c.lease_until >= DbNow(offset)
    candidates = select(c.id, c.state, c.lane, c.turn, c.priority, c.attempts, c.fence).where(free).order_by(c.priority, c.id)
    if not is_sqlite:
        candidates = candidates.with_for_update(skip_locked=True)
    ids = c.id.in_(bindparam("ids", expanding=True))
    left_running_first = case((c.state == kind.running, 0), else_=1) if kind.running else literal(0)
    place = func.row_number().over(partition_by=c.lane, order_by=(c.priority, c.id)).label("place")
    placed = select(c.id, c.priority, place).where(free).subquery()
    claimed: dict[str, Any] = {
        "worker": bindparam("new_worker"), "lease_until": DbNow(offset + LEASE.total_seconds()), "attempts": c.attempts + 1,
        "fence": c.fence + 1,
    }  # fmt: skip
    if kind.running:
        claimed["state"] = kind.running
    return Asking(
        best=candidates.limit(bindparam("most")),
        these=candidates.where(ids),
        locked=select(c.id).where(free, ids),
        lanes=select(c.lane, func.count()).where(waits, is_held, c.lane.in_(bindparam("lanes", expanding=True))).group_by(c.lane),
        turns=select(c.turn, c.id, is_held)
        .where(c.turn.in_(bindparam("turns", expanding=True)), waits, due)
        .order_by(left_running_first, c.priority, c.id),
        due=select(placed.c.id).where(placed.c.place <= bindparam("most")).order_by(placed.c.priority, placed.c.id),
        take=update(table_of(kind.model)).where(ids).values(claimed),
    )
