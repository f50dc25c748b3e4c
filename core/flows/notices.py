"""Notices: what members should know, told once to each of them. `telling.py` brings them into chats, `noticed.py` has what is read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Update, bindparam, insert, select, update
from sqlalchemy.dialects.postgresql import insert as insert_postgresql
from sqlalchemy.dialects.sqlite import insert as insert_sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from core.flows.posts import touch
from core.rules import notices as rules
from core.rules.access import may_on
from core.values.states import Severity
from core.words import Told
from storage.asking import table_of
from storage.db import Database, wake
from storage.keys import new_key
from storage.models import Member, Notice, NoticeCopy

TITLE = 200
WAITING, TOLD, FOLDED, MUTED = "waiting", "told", "folded", "muted"
_URGENCY = {Severity.CRITICAL: 1, Severity.WARNING: 2, Severity.INFO: 2, Severity.SUCCESS: 4}


@dataclass(frozen=True, slots=True)
class _Reader:
    """What must be known of a member to give them a copy."""

    id: str
    channels: Sequence[str]
    notify: dict[str, Any]


# Every sale tells a notice, so its statements are put together once; whether the database is SQLite picks the first.
_N = table_of(Notice).c
_ONCE = {
    is_sqlite: into.on_conflict_do_nothing(index_elements=["workspace_id", "key"]).returning(_N.id)
    for is_sqlite, into in ((True, insert_sqlite(table_of(Notice))), (False, insert_postgresql(table_of(Notice))))
}
_READERS = select(Member.id, Member.channels, Member.notify).where(Member.workspace_id == bindparam("workspace"), Member.active)
_COPY = insert(table_of(NoticeCopy))
_SOLVE = (
    update(table_of(Notice))
    .where(_N.solved_at.is_(None))
    .values(solved_at=bindparam("now", type_=_N.solved_at.type), key=_N.key + ":" + _N.id)
    .returning(_N.id)
)
_BY_KEY = _SOLVE.where(_N.workspace_id == bindparam("of_workspace"), _N.key == bindparam("of_key"))
_BY_SUBJECT = _SOLVE.where(_N.type == bindparam("of_type"), _N.subject_id == bindparam("of_subject"))


async def tell(
    session: AsyncSession,
    db: Database,
    *,
    workspace: str,
    type: str,
    key: str,
    title: str,
    body: str = "",
    subject: tuple[str, str] = ("", ""),
    channel: str = "",
    member: str | None = None,
) -> bool:
    """Tell each member once; `key` says what "once" is. False when it was told before.

    What is about one `channel` is not for members who are limited to others; with `member` it is for that one only.
    """
    kind = rules.KINDS[type]
    row = {
        "id": new_key(), "workspace_id": workspace, "member_id": member, "severity": kind.severity.value, "type": type, "key": key,
        "title": _short(title), "body": body, "subject_kind": subject[0], "subject_id": subject[1],
        "at": db.now(),
    }  # fmt: skip
    made = (await session.execute(_ONCE[db.is_sqlite], row)).scalar()
    if made is None:
        return False
    readers = [one for one in await _readers(session, workspace) if may_on(one.channels, channel) or not channel]
    await _copy(session, db, made, type, [one for one in readers if member in (None, one.id)])
    return True


def _short(title: str) -> str:
    """At most 200 characters: of a sentence its longest part is cut, as a rule the title of an item."""
    over = len(title) - TITLE
    if over <= 0 or not isinstance(title, Told):
        return title[:TITLE]
    name = max(title.values, key=lambda one: len(str(title.values[one])))
    cut = str(title.values[name])[: -over - 1].rstrip() + "…"
    return Told(title.message, many=title.many, **{**title.values, name: cut})


async def _readers(session: AsyncSession, workspace: str) -> list[_Reader]:
    """The active members, asked for once a transaction: a sale may have several notices."""
    known: dict[str, list[_Reader]] = session.info.setdefault("readers", {})
    if workspace not in known:
        known[workspace] = [_Reader(*row) for row in (await session.execute(_READERS, {"workspace": workspace})).all()]
    return known[workspace]


async def _copy(session: AsyncSession, db: Database, notice: str, type: str, readers: Sequence[_Reader]) -> None:
    now, priority = db.now(), _URGENCY[rules.KINDS[type].severity]
    rows = [
        {
            "id": new_key(), "notice_id": notice, "member_id": one.id, "at": now, "due_at": now, "priority": priority,
            "state": WAITING if rules.chosen(one.notify, type) else MUTED, "turn": f"notices:{one.id}",
        }
        for one in readers
    ]  # fmt: skip
    if rows:
        await session.execute(_COPY, rows)
    for row in rows:
        if row["state"] == WAITING:
            wake(session, "notice_copy", str(row["id"]), priority=priority)


async def solved(session: AsyncSession, db: Database, workspace: str, key: str) -> None:
    """What a notice warned of is over: its copies say so. It gives its key free, so that the same trouble is told again next time."""
    await _solve(session, db, _BY_KEY, of_workspace=workspace, of_key=key)


async def all_solved(session: AsyncSession, db: Database, type: str, subject_id: str) -> None:
    """As `solved`, for every notice of a type about a subject."""
    await _solve(session, db, _BY_SUBJECT, of_type=type, of_subject=subject_id)


async def _solve(session: AsyncSession, db: Database, statement: Update, **which: str) -> None:
    now = db.now()
    over = (await session.execute(statement, {"now": now, **which})).scalars().all()
    if not over:
        return
    # Trouble that is over needs nobody's reading.
    query = select(NoticeCopy.id, NoticeCopy.fold).where(NoticeCopy.notice_id.in_(over))
    copies = (await session.execute(query)).all()
    if not copies:  # a business without members
        return
    unread = update(NoticeCopy).where(NoticeCopy.notice_id.in_(over), NoticeCopy.read_at.is_(None)).values(read_at=now)
    await session.execute(unread.execution_options(synchronize_session=False))
    await touch(session, db, *(("notice_copy", key) for key, _fold in copies), *(("fold", fold) for _key, fold in copies if fold))
