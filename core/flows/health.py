"""How the house fares: every connection's heartbeat, how much waits, what is sold and still live, who works, the last backup."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.flows import alarms
from core.flows.alarms import StillUp
from core.flows.house import House
from core.flows.intake import remember
from core.flows.people import the_workspace
from core.flows.posts import touch
from core.flows.upkeep import is_silent
from core.values.states import AccountState, ChangeKind, ChangeState, TaskState
from storage.db import Database
from storage.depths import Depth, depths
from storage.models import Account, Change, ManualTask, Post, Setting, Workspace

BEAT = timedelta(seconds=30)  # how often a process says that it works
DEAD = 3 * BEAT  # and after which silence it does not
FORGOTTEN = timedelta(hours=1)
WORKER = "worker:"
FOLLOWED = timedelta(minutes=10)  # for which a card that was asked for is kept up to date


@dataclass(frozen=True, slots=True)
class Worker:
    """A process that carries work. `talks`: it has the surfaces too."""

    name: str
    seen: datetime
    talks: bool

    def alive(self, now: datetime) -> bool:
        return self.seen > now - DEAD


@dataclass(frozen=True, slots=True)
class Health:
    """All of it, read at one time. `unproven` is since when the oldest delist waits to be proven, whatever it is for."""

    at: datetime
    accounts: tuple[Account, ...]
    silent: frozenset[str]  # ids of accounts
    depths: dict[str, Depth]
    still_up: tuple[StillUp, ...]
    unproven: datetime | None
    overdue: int
    workers: tuple[Worker, ...]
    database: str
    answered_in: float  # seconds
    backed_up: datetime | None

    @property
    def late(self) -> tuple[StillUp, ...]:
        return tuple(one for one in self.still_up if one.late(self.at))

    @property
    def ok(self) -> bool:
        """Whether a sale anywhere is noticed, and what sold is down."""
        lost = [one for one in self.accounts if one.state != AccountState.ACTIVE]
        return not (lost or self.silent or self.late)


async def beat(house: House, worker: str, *, talks: bool) -> None:
    """A process says that it works, where several share the work. Those of whom nothing was heard for an hour are forgotten."""
    now = house.db.now()
    async with house.db.write() as session:
        workspace = await the_workspace(session)
        if workspace is None:
            return
        others = select(Setting).where(Setting.workspace_id == workspace.id, Setting.name.startswith(WORKER))
        for row in (await session.execute(others)).scalars():
            if datetime.fromisoformat(row.value["at"]) < now - FORGOTTEN and row.name != WORKER + worker:
                await session.delete(row)
        await remember(session, workspace.id, WORKER + worker, {"at": now.isoformat(), "talks": talks})


async def rest(house: House, worker: str) -> None:
    """A process ends as it should: nobody needs to miss it."""
    async with house.db.write() as session:
        await session.execute(delete(Setting).where(Setting.name == WORKER + worker))


async def follow(house: House) -> None:
    """A tick: cards of `/health` that were asked for a moment ago are drawn again."""
    db = house.db
    query = select(Post.subject_id).where(Post.subject_kind == "health", Post.created_at > db.now() - FOLLOWED).distinct()
    async with db.read() as session:
        there = list((await session.execute(query)).scalars())
    if there:
        async with db.write() as session:
            await touch(session, db, *(("health", key) for key in there))


async def look(house: House, session: AsyncSession) -> Health:
    """Read everything. Raises what the database raises."""
    db = house.db
    began = time.perf_counter()
    workspace = await the_workspace(session)
    answered_in = time.perf_counter() - began
    now = db.now()
    accounts = await _accounts(session)
    silent = [one.id for one in accounts if one.state == AccountState.ACTIVE and one.channel in house.channels and is_silent(one, now)]
    still = await alarms.still_up(session, workspace=workspace.id) if workspace else []
    return Health(
        now, accounts, frozenset(silent if _asks(house, workspace) else ()), await depths(session, now), tuple(still),
        await _unproven(session), await _overdue(session, db), await _workers(session), "SQLite" if db.is_sqlite else "PostgreSQL",
        answered_in, house.backed_up(),
    )  # fmt: skip


def _asks(house: House, workspace: Workspace | None) -> bool:
    """Whether marketplaces are called at all: who is not asked is not silent."""
    return house.outward and not (workspace and workspace.paused)


async def _accounts(session: AsyncSession) -> tuple[Account, ...]:
    query = select(Account).where(Account.state != AccountState.DISCONNECTED).order_by(Account.id)
    return tuple((await session.execute(query)).scalars())


async def _unproven(session: AsyncSession) -> datetime | None:
    waits = Change.state.in_((ChangeState.APPROVED, ChangeState.RUNNING))
    return (await session.execute(select(func.min(Change.created_at)).where(Change.kind == ChangeKind.DELIST, waits))).scalar()


async def _overdue(session: AsyncSession, db: Database) -> int:
    query = select(func.count()).select_from(ManualTask).where(ManualTask.state == TaskState.OPEN, ManualTask.deadline < db.now())
    return int((await session.execute(query)).scalar_one())


async def _workers(session: AsyncSession) -> tuple[Worker, ...]:
    query = select(Setting).where(Setting.name.startswith(WORKER)).order_by(Setting.name)
    found = (await session.execute(query)).scalars()
    return tuple(
        Worker(one.name.removeprefix(WORKER), datetime.fromisoformat(one.value["at"]), bool(one.value.get("talks"))) for one in found
    )


def as_json(health: Health) -> dict[str, Any]:
    """For the health page and for metrics, whose names are kept. Every number is one of the metrics."""
    return {
        "ok": health.ok,
        "due": {table: depth.waiting for table, depth in health.depths.items()},
        "oldest_due_seconds": {table: _age(health, depth.oldest) for table, depth in health.depths.items()},
        "running": {table: depth.running for table, depth in health.depths.items()},
        "oldest_delist_seconds": _age(health, health.unproven),
        "sold_but_live": len(health.late),
        "sold_but_live_items": [
            {"item": one.item.number, "account": one.account.name, "since": one.since.isoformat()} for one in health.late
        ],
        "overdue_tasks": health.overdue,
        "accounts": [
            {
                "name": one.name, "channel": one.channel, "state": one.state, "silent": one.id in health.silent, "error": one.last_error,
                "last_ok": _iso(one.last_ok_at), "last_poll": _iso(one.last_poll_at), "last_webhook": _iso(one.last_webhook_at),
            }
            for one in health.accounts
        ],
        "silent_accounts": len(health.silent),
        "workers": sum(one.alive(health.at) for one in health.workers) or 1,
        "database": {"kind": health.database, "answered_in_seconds": health.answered_in},
        "last_backup": _iso(health.backed_up),
    }  # fmt: skip


def _age(health: Health, since: datetime | None) -> float:
    return (health.at - since).total_seconds() if since else 0.0


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
