"""The audit trail: append-only, sealed into a hash chain by a tick.

An entry is written in the transaction of the move that it records. Sealing gives entries their place in the chain afterwards:
in each transaction it would make every writer wait for every other. What is not sealed yet is at most some seconds old.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, insert, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from storage.db import Database, before_commit
from storage.keys import new_key
from storage.models import AuditEntry

BATCH = 500
_INSERT = insert(AuditEntry.__table__)  # type: ignore[arg-type]  # a Table, which the declarative base does not promise


def record(
    session: AsyncSession,
    *,
    workspace: str,
    at: datetime,
    actor: str,
    action: str,
    subject: tuple[str, str],
    data: dict[str, Any] | None = None,
) -> None:
    """Add an entry to this transaction, whose entries are written together at its end. `actor` is "member:ID", "system", "autopilot"
    or "channel:KIND"."""
    entry = {
        "id": new_key(), "workspace_id": workspace, "at": at, "actor": actor, "action": action, "subject_kind": subject[0],
        "subject_id": subject[1], "data": data or {},
    }  # fmt: skip
    session.info.setdefault("trail", []).append(entry)
    before_commit(session, "trail", _write)


async def _write(session: AsyncSession) -> None:
    await session.execute(_INSERT, session.info.pop("trail"))


def _digest(prev: str, seq: int, entry: AuditEntry) -> str:
    told = [
        prev, seq, entry.id, entry.workspace_id, entry.at.isoformat(), entry.actor, entry.action,
        entry.subject_kind, entry.subject_id, entry.data,
    ]  # fmt: skip
    return hashlib.sha256(json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()).hexdigest()


async def seal(db: Database) -> int:
    """Give every unsealed entry its place in the chain. Answers how many. Only one process at a time gets through."""
    sealed = 0
    while True:
        async with db.write() as session:
            if not db.is_sqlite:
                await session.execute(text("SELECT pg_advisory_xact_lock(hashtext('haggle seal'))"))
            newest = (
                await session.execute(select(AuditEntry).where(AuditEntry.seq.is_not(None)).order_by(AuditEntry.seq.desc()).limit(1))
            ).scalar()
            seq, prev = (newest.seq or 0, newest.hash) if newest else (0, "")
            entries = (
                await session.execute(select(AuditEntry).where(AuditEntry.seq.is_(None)).order_by(AuditEntry.id).limit(BATCH))
            ).scalars()
            batch = list(entries)
            for entry in batch:
                seq += 1
                entry.seq, entry.prev, entry.hash = seq, prev, _digest(prev, seq, entry)
                prev = entry.hash
        sealed += len(batch)
        if len(batch) < BATCH:
            return sealed


@dataclass(frozen=True, slots=True)
class ChainReport:
    """`broken_at` is the first place where the chain does not hold; None means that it is intact."""

    sealed: int
    unsealed: int
    broken_at: int | None = None


async def verify(db: Database) -> ChainReport:
    """Walk the whole chain and compute every hash again."""
    prev, expected = "", 1
    async with db.read() as session:
        unsealed = (await session.execute(select(func.count()).select_from(AuditEntry).where(AuditEntry.seq.is_(None)))).scalar_one()
        async for entry in _sealed(session):
            if entry.seq != expected or entry.prev != prev or entry.hash != _digest(prev, expected, entry):
                return ChainReport(expected - 1, unsealed, expected)
            prev, expected = entry.hash, expected + 1
    return ChainReport(expected - 1, unsealed)


async def _sealed(session: AsyncSession) -> AsyncIterator[AuditEntry]:
    after = 0
    while True:
        page = list(
            (await session.execute(select(AuditEntry).where(AuditEntry.seq > after).order_by(AuditEntry.seq).limit(BATCH))).scalars()
        )
        for entry in page:
            yield entry
        if len(page) < BATCH:
            return
        after = page[-1].seq or 0
