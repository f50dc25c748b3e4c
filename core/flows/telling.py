"""Brings notices to their members: each copy waits for its moment, goes where its member wants it, and joins others in a storm."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import HaggleError
from core.flows.house import House
from core.flows.notices import FOLDED, MUTED, TOLD, WAITING
from core.flows.posts import GONE, put_view, touch
from core.rules import notices as rules
from storage import work
from storage.db import Database, wake
from storage.models import Identity, Member, Notice, NoticeCopy, Post, Workspace
from storage.work import Claim

AT_ONCE = 200  # copies that are decided about together
Place = tuple[str, str]
Due = dict[str, tuple[NoticeCopy, Notice]]


class NoticeFlow:
    """Carries `notice_copy` rows. One of a member's is carried at a time, together with all that are due with it."""

    def __init__(self, house: House) -> None:
        self._house = house

    async def carry(self, claim: Claim) -> None:
        db = self._house.db
        async with db.write() as session:
            member = await session.get_one(Member, claim.turn.partition(":")[2])
            workspace = await session.get_one(Workspace, member.workspace_id)
            desk = _Desk(session, db, member, member.timezone or workspace.timezone, await _due(session, db, claim, member))
            await desk.decide()
            for key, values in desk.settled.items():
                if key != claim.id:
                    await session.execute(update(NoticeCopy).where(NoticeCopy.id == key, NoticeCopy.state == WAITING).values(values))
            await touch(session, db, ("home", member.id))  # it counts what is unread
            await work.finish(session, claim, **desk.settled[claim.id])
        if web := self._house.surfaces.get("web"):
            web.settled(member.id)  # the page's bell counts what is unread

    def again_in(self, error: HaggleError, claim: Claim) -> float | None:
        return 60.0

    async def retrying(self, claim: Claim, error: HaggleError) -> None:
        """It simply comes later."""

    async def fail(self, claim: Claim, error: HaggleError) -> None:
        """Never reached: a notice is tried for ever."""

    async def lost(self, claim: Claim) -> None:
        """What it would have posted was rolled back with it."""


async def _due(session: AsyncSession, db: Database, claim: Claim, member: Member) -> Due:
    """The claimed copy and what else of its member is due, oldest first."""
    waits = (NoticeCopy.state == WAITING) & (NoticeCopy.member_id == member.id) & (NoticeCopy.due_at <= db.now())
    query = select(NoticeCopy, Notice).join(Notice, Notice.id == NoticeCopy.notice_id).where(or_(NoticeCopy.id == claim.id, waits))
    rows = (await session.execute(query.order_by(NoticeCopy.id != claim.id, NoticeCopy.id).limit(AT_ONCE))).all()
    return {copy.id: (copy, notice) for copy, notice in sorted(rows, key=lambda row: row[0].id)}


class _Desk:
    """Decides about one member's due copies, in one transaction. `settled` has the new values of each row."""

    def __init__(self, session: AsyncSession, db: Database, member: Member, zone: str, due: Due) -> None:
        self._session, self._db, self._member, self._zone, self._due = session, db, member, zone, due
        self._now: datetime = db.now()
        self.settled: dict[str, dict[str, Any]] = {}

    async def decide(self) -> None:
        reached = await _chats(self._session, self._member)
        shown = await _shown(self._session, [notice for _copy, notice in self._due.values()])
        lacking: dict[str, list[Place]] = {}
        for key, (_copy, notice) in self._due.items():
            places = rules.places(self._member.notify, notice.type, reached) if self._member.active else []
            if notice.solved_at is not None or not places:
                self._settle(key, MUTED)
                continue
            card = rules.card_of(notice.type, notice.subject_kind)
            lacking[key] = [place for place in places if (card, notice.subject_id, *place) not in shown]
            if not lacking[key]:
                self._settle(key, TOLD)  # a living card there says it already
        waiting = [rules.Waiting(key, self._due[key][1].type, self._due[key][0].at) for key, places in lacking.items() if places]
        until = rules.quiet_until(self._now, self._member.quiet_from, self._member.quiet_until, self._zone)
        plan = rules.plan(waiting, now=self._now, quiet=until is not None, told=await self._told())
        for key in plan.held:
            assert until is not None
            self.settled[key] = {"state": WAITING, "due_at": until, "attempts": 0}
            wake(self._session, "notice_copy", key, delay=until - self._now)
        for key in sorted(plan.alone):
            await self._alone(key, lacking[key])
        for type, keys in plan.folds:
            await self._fold(type, sorted(keys), lacking)

    def _settle(self, key: str, state: str, **values: Any) -> None:
        self.settled[key] = {"state": state, "due_at": self._now, **values}

    async def _told(self) -> dict[str, int]:
        """How many of each type came alone within the last minute."""
        query = (
            select(Notice.type, func.count())
            .join(NoticeCopy, NoticeCopy.notice_id == Notice.id)
            .where(NoticeCopy.member_id == self._member.id, NoticeCopy.state == TOLD, NoticeCopy.told_at > self._now - rules.MINUTE)
            .group_by(Notice.type)
        )
        return {row[0]: row[1] for row in (await self._session.execute(query)).all()}

    async def _alone(self, key: str, places: Sequence[Place]) -> None:
        notice = self._due[key][1]
        card = rules.card_of(notice.type, notice.subject_kind)
        view, subject = (card, (notice.subject_kind, notice.subject_id)) if card else ("notice", ("notice_copy", key))
        for place in places:
            await put_view(self._session, self._db, place, view, subject, workspace=notice.workspace_id, priority=2)
        self._settle(key, TOLD, told_at=self._now)

    async def _fold(self, type: str, keys: Sequence[str], lacking: dict[str, list[Place]]) -> None:
        """One card for several: that of the storm that is under way, or a new one."""
        fold = await self._open_fold(type) if type else None
        if fold is not None:
            await touch(self._session, self._db, ("fold", fold))
        else:
            fold = keys[0]
            for place in sorted({place for key in keys for place in lacking[key]}):
                workspace = self._member.workspace_id
                await put_view(self._session, self._db, place, "fold", ("fold", fold), workspace=workspace, priority=2)
        for key in keys:
            self._settle(key, FOLDED, told_at=self._now, fold=fold)

    async def _open_fold(self, type: str) -> str | None:
        query = (
            select(NoticeCopy.fold)
            .join(Notice, Notice.id == NoticeCopy.notice_id)
            .where(NoticeCopy.member_id == self._member.id, NoticeCopy.state == FOLDED, NoticeCopy.told_at > self._now - rules.MINUTE)
            .where(Notice.type == type)
            .order_by(NoticeCopy.told_at.desc(), NoticeCopy.id.desc())
        )
        return (await self._session.execute(query.limit(1))).scalar()


async def _chats(session: AsyncSession, member: Member) -> list[Place]:
    """Where a member can be told something unasked."""
    query = select(Identity.surface, Identity.chat).where(Identity.member_id == member.id, Identity.chat != "").distinct()
    return [(surface, chat) for surface, chat in (await session.execute(query.order_by(Identity.surface, Identity.chat))).all()]


async def _shown(session: AsyncSession, notices: Sequence[Notice]) -> set[tuple[str, str, str, str]]:
    """The living cards that say what these notices say, as (view, subject's id, surface, chat)."""
    about = {(notice.subject_kind, notice.subject_id) for notice in notices if rules.card_of(notice.type, notice.subject_kind)}
    if not about:
        return set()
    query = select(Post.view, Post.subject_id, Post.surface, Post.chat).where(
        Post.subject_kind.in_({kind for kind, _id in about}), Post.subject_id.in_({key for _kind, key in about}), Post.state != GONE
    )
    return {(row[0], row[1], row[2], row[3]) for row in (await session.execute(query)).all()}


async def wake_held(session: AsyncSession, db: Database, member_id: str) -> None:
    """A member changed their quiet hours: what they hold back is looked at again now."""
    statement = update(NoticeCopy).where(NoticeCopy.member_id == member_id, NoticeCopy.state == WAITING).values(due_at=db.now())
    for key in (await session.execute(statement.returning(NoticeCopy.id))).scalars().all():
        wake(session, "notice_copy", key)
