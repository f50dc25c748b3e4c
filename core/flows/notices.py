"""Notices: what members should know, told once, in every chat where they can be reached."""

from __future__ import annotations

from sqlalchemy import ColumnElement, update
from sqlalchemy.dialects.postgresql import insert as insert_postgresql
from sqlalchemy.dialects.sqlite import insert as insert_sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from core.flows.people import chats_of
from core.flows.posts import put_view, touch
from core.values.states import Severity
from storage.db import Database
from storage.keys import new_key
from storage.models import Notice

TITLE = 200


async def tell(
    session: AsyncSession,
    db: Database,
    *,
    workspace: str,
    severity: Severity,
    type: str,
    key: str,
    title: str,
    body: str = "",
    subject: tuple[str, str] = ("", ""),
) -> bool:
    """Tell everybody once; `key` says what "once" is. False when it was told before."""
    insert = insert_sqlite if db.is_sqlite else insert_postgresql
    row = {
        "id": new_key(), "workspace_id": workspace, "severity": severity.value, "type": type, "key": key, "title": title[:TITLE],
        "body": body, "subject_kind": subject[0], "subject_id": subject[1], "at": db.now(),
    }  # fmt: skip
    statement = insert(Notice).values(row).on_conflict_do_nothing(index_elements=["workspace_id", "key"]).returning(Notice.id)
    made = (await session.execute(statement)).scalar()
    if made is None:
        return False
    for place in await chats_of(session, workspace):
        await put_view(session, db, place, "notice", ("notice", made), workspace=workspace, priority=2)
    return True


async def solved(session: AsyncSession, db: Database, workspace: str, key: str) -> None:
    """What a notice warned of is over: its copies say so. It gives its key free, so that the same trouble is told again next time."""
    await _solve(session, db, Notice.workspace_id == workspace, Notice.key == key)


async def all_solved(session: AsyncSession, db: Database, type: str, subject_id: str, severity: Severity) -> None:
    """As `solved`, for every notice of a type and severity about a subject."""
    await _solve(session, db, Notice.type == type, Notice.subject_id == subject_id, Notice.severity == severity)


async def _solve(session: AsyncSession, db: Database, *which: ColumnElement[bool]) -> None:
    statement = (
        update(Notice)
        .where(*which, Notice.solved_at.is_(None))
        .values(solved_at=db.now(), key=Notice.key + ":" + Notice.id)
        .returning(Notice.id)
        .execution_options(synchronize_session=False)
    )
    for made in (await session.execute(statement)).scalars().all():
        await touch(session, db, ("notice", made))
