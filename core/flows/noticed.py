"""A member's own list of notices: what is unread, what was read and dismissed."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.dml import ReturningUpdate

from core.errors import Refused
from core.flows.posts import touch
from core.values.states import Severity
from core.words import Told
from storage.db import Database
from storage.models import Notice, NoticeCopy

MOST = 100  # "99+": counting on says nothing more
UNREAD = "unread"
FILTERS = ("", UNREAD, *(one.value for one in Severity))
Row = tuple[NoticeCopy, Notice]


async def unread(session: AsyncSession, member_id: str) -> int:
    """How many notices a member has not read, `MOST` at most."""
    there = select(NoticeCopy.id).where(NoticeCopy.member_id == member_id, NoticeCopy.read_at.is_(None), NoticeCopy.dismissed_at.is_(None))
    return int((await session.execute(select(func.count()).select_from(there.limit(MOST).subquery()))).scalar_one())


async def listed(session: AsyncSession, member_id: str, *, which: str = "", fold: str = "", skip: int = 0, limit: int = 8) -> list[Row]:
    """A member's notices that they did not dismiss, newest first; of one card that stands for several when `fold` names it."""
    query = (
        select(NoticeCopy, Notice)
        .join(Notice, Notice.id == NoticeCopy.notice_id)
        .where(NoticeCopy.member_id == member_id, NoticeCopy.dismissed_at.is_(None))
    )
    if which == UNREAD:
        query = query.where(NoticeCopy.read_at.is_(None))
    elif which:
        query = query.where(Notice.severity == which)
    if fold:
        query = query.where(NoticeCopy.fold == fold)
    rows = (await session.execute(query.order_by(NoticeCopy.id.desc()).offset(skip).limit(limit))).all()
    return [(row[0], row[1]) for row in rows]


async def one(session: AsyncSession, member_id: str, copy_id: str) -> Row:
    """A notice of this member. Raises `Refused` for one that is forgotten or somebody else's."""
    query = select(NoticeCopy, Notice).join(Notice, Notice.id == NoticeCopy.notice_id)
    found = (await session.execute(query.where(NoticeCopy.id == copy_id, NoticeCopy.member_id == member_id))).first()
    if found is None:
        raise Refused(Told("This notice is not in your list any more."))
    return found[0], found[1]


async def read(session: AsyncSession, db: Database, member_id: str, copies: Sequence[str] | None = None) -> int:
    """These were read; without `copies` all were. Answers how many had not been."""
    statement = update(NoticeCopy).where(NoticeCopy.member_id == member_id, NoticeCopy.read_at.is_(None))
    if copies is not None:
        statement = statement.where(NoticeCopy.id.in_(copies))
    return await _moved(session, db, member_id, statement.values(read_at=db.now()).returning(NoticeCopy.id))


async def read_about(session: AsyncSession, db: Database, member_id: str, subject: tuple[str, str]) -> None:
    """A member acted on a card of this subject: what they were told of it is read."""
    about = select(Notice.id).where(Notice.subject_kind == subject[0], Notice.subject_id == subject[1])
    statement = update(NoticeCopy).where(NoticeCopy.member_id == member_id, NoticeCopy.read_at.is_(None), NoticeCopy.notice_id.in_(about))
    await _moved(session, db, member_id, statement.values(read_at=db.now()).returning(NoticeCopy.id))


async def dismiss(session: AsyncSession, db: Database, member_id: str, copy_id: str) -> None:
    """Take one out of the list. Raises `Refused` for a critical one that is not solved: it stays until it is."""
    copy, notice = await one(session, member_id, copy_id)
    if stays(notice):
        raise Refused(Told("This is not solved yet, so it stays in your list until it is."))
    values = {"dismissed_at": db.now(), "read_at": copy.read_at or db.now()}
    await _moved(session, db, member_id, update(NoticeCopy).where(NoticeCopy.id == copy.id).values(values).returning(NoticeCopy.id))


def stays(notice: Notice) -> bool:
    """Whether a notice is critical and not solved."""
    return notice.severity == Severity.CRITICAL and notice.solved_at is None


async def _moved(session: AsyncSession, db: Database, member_id: str, statement: ReturningUpdate[str]) -> int:
    moved = (await session.execute(statement.execution_options(synchronize_session="fetch"))).scalars().all()
    if moved:
        await touch(session, db, *(("notice_copy", key) for key in moved), *(("notices", f"{member_id}:{which}") for which in FILTERS))
    return len(moved)
