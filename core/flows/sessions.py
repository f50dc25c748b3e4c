"""Signed-in browsers and terminals. A session is a row, looked up at every request: ending one acts at once."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from core.flows.house import House
from core.flows.people import SEEN_FOR, WHO, Person, person_of, retell
from storage.models import Member, OneTimeCode, Post, WebSession
from storage.secrets import hash_token
from storage.work import rows_of

LIFE = timedelta(days=30)  # without being used
LONGEST = timedelta(days=90)
TERMINAL = "terminal"  # the name of the session of `haggle talk`


async def open_session(house: House, person: Person, *, name: str = "") -> str:
    """A new cookie for a signed-in person. `name` says which browser it is."""
    token = secrets.token_urlsafe(32)
    now = house.db.now()
    async with house.db.write() as session:
        session.add(
            WebSession(hash=hash_token(token), member_id=person.member_id, name=name, created_at=now, expires_at=now + LIFE, seen_at=now)
        )
    return token


async def session_person(house: House, token: str) -> Person | None:
    """Who a cookie belongs to; None when it is unknown, expired or its member was switched off. Using it renews it, up to a last day."""
    now = house.db.now()
    query = WHO.add_columns(WebSession).join(WebSession, WebSession.member_id == Member.id)
    query = query.where(WebSession.hash == hash_token(token), WebSession.expires_at > now, Member.active)
    async with house.db.read() as session:
        row = (await session.execute(query)).first()
    if row is None:
        return None
    member, workspace, kept = row
    if kept.seen_at is None or kept.seen_at < now - SEEN_FOR:
        until = max(kept.expires_at, min(now + LIFE, kept.created_at + LONGEST))
        async with house.db.write() as session:
            await session.execute(update(WebSession).where(WebSession.hash == kept.hash).values(seen_at=now, expires_at=until))
    return person_of(member, workspace)


async def close_session(house: House, token: str) -> None:
    """Sign out."""
    async with house.db.write() as session:
        await session.execute(delete(WebSession).where(WebSession.hash == hash_token(token)))


async def sessions_of(session: AsyncSession, house: House, member_id: str) -> Sequence[WebSession]:
    """A member's sessions that are not over, the last used first."""
    query = select(WebSession).where(WebSession.member_id == member_id, WebSession.expires_at > house.db.now())
    return list((await session.execute(query.order_by(WebSession.seen_at.desc(), WebSession.hash))).scalars())


async def end_sessions(session: AsyncSession, member_id: str, *, only: str = "", terminal: bool = False) -> int:
    """End a member's sessions, or one by its hash. Answers how many. That of `haggle talk` belongs to the data folder, so it ends only
    where the member is let out (`terminal`)."""
    query = delete(WebSession).where(WebSession.member_id == member_id)
    if only:
        query = query.where(WebSession.hash == only)
    if not terminal:
        query = query.where(WebSession.name != TERMINAL)
    return rows_of(await session.execute(query))


async def retell_expired(house: House) -> None:
    """A tick: a card does not go on showing a code that ran out without being used."""
    db = house.db
    shown = select(OneTimeCode.hash).join(Post, Post.subject_id == OneTimeCode.hash)
    query = shown.where(Post.subject_kind == "code", Post.view == "", OneTimeCode.used_at.is_(None), OneTimeCode.expires_at <= db.now())
    async with db.read() as session:
        over = (await session.execute(query.distinct().limit(100))).scalars().all()
    for code in over:
        async with db.write() as session:
            await retell(session, db, code)
