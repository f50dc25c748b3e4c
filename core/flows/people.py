"""Who is speaking: one-time codes, identities, sessions. Strangers get nothing but how to be invited."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import Refused
from core.flows.house import House
from core.values.states import Role
from storage import audit
from storage.models import Identity, Member, OneTimeCode, WebSession, Workspace
from storage.secrets import hash_token
from storage.work import rows_of

CODE_LIFE = timedelta(hours=24)
SESSION_LIFE = timedelta(days=30)
_CHATS = (
    select(Identity.surface, Identity.chat)
    .join(Member, Member.id == Identity.member_id)
    .where(Member.workspace_id == bindparam("workspace"), Member.active, Identity.chat != "")
    .distinct()
)


@dataclass(frozen=True, slots=True)
class Person:
    """A member as a command sees them. `language` and `timezone` are "" where they are the business's."""

    member_id: str
    workspace_id: str
    name: str
    role: Role
    channels: tuple[str, ...] = ()
    language: str = ""
    timezone: str = ""

    @property
    def actor(self) -> str:
        return f"member:{self.member_id}"


def person_of(member: Member) -> Person:
    channels, role = tuple(member.channels), Role(member.role)
    return Person(member.id, member.workspace_id, member.name, role, channels, member.language, member.timezone)


async def the_workspace(session: AsyncSession) -> Workspace | None:
    """The business of this installation."""
    return (await session.execute(select(Workspace).order_by(Workspace.id).limit(1))).scalar()


async def ensure_workspace(house: House, *, currency: str, timezone: str) -> str:
    """The business's id; made at the first start."""
    async with house.db.write() as session:
        found = await the_workspace(session)
        if found is None:
            found = Workspace(name="My shop", currency=currency, timezone=timezone, created_at=house.db.now())
            session.add(found)
            await session.flush()
        return found.id


async def _owner(session: AsyncSession) -> Member | None:
    query = select(Member).where(Member.role == Role.OWNER, Member.active).order_by(Member.id).limit(1)
    return (await session.execute(query)).scalar()


async def has_owner(house: House) -> bool:
    """Whether somebody owns the business yet."""
    async with house.db.read() as session:
        return await _owner(session) is not None


async def make_code(house: House, grants: Role, *, member_id: str | None = None) -> str:
    """A one-time code. For a known member it signs them in; otherwise whoever shows it first becomes a member with that role."""
    code = secrets.token_urlsafe(18)
    async with house.db.write() as session:
        workspace = await the_workspace(session)
        assert workspace is not None
        session.add(
            OneTimeCode(
                hash=hash_token(code),
                workspace_id=workspace.id,
                member_id=member_id,
                grants=grants,
                expires_at=house.db.now() + CODE_LIFE,
            )
        )
    return code


async def owner_code(house: House) -> str:
    """The code for the terminal's sign-in link: signs the owner in, or makes one where there is none yet."""
    async with house.db.read() as session:
        owner = await _owner(session)
    return await make_code(house, Role.OWNER, member_id=owner.id if owner else None)


async def enter(house: House, code: str, surface: str, external_id: str, *, name: str, chat: str = "") -> Person:
    """Use a code. Raises `Refused` when it is unknown, used or too old. Exactly one of two people who use it at once gets in."""
    now = house.db.now()
    async with house.db.write() as session:
        used = update(OneTimeCode).where(OneTimeCode.hash == hash_token(code), OneTimeCode.used_at.is_(None), OneTimeCode.expires_at > now)
        if rows_of(await session.execute(used.values(used_at=now))) != 1:
            raise Refused("This sign-in link was used already or is too old. Ask for a new one, or look in the terminal where Haggle runs.")
        row = await session.get_one(OneTimeCode, hash_token(code))
        member = await session.get(Member, row.member_id) if row.member_id else None
        if member is None and row.grants == Role.OWNER:
            # The links for the browser and for Telegram are printed together, before anybody owns the business: both mean one person.
            member = await _owner(session)
        if member is not None and not member.active:
            raise Refused("This member was switched off. Ask the owner to let you in again.")
        if member is None:
            member = Member(workspace_id=row.workspace_id, name=name, role=row.grants, created_at=now)
            session.add(member)
            await session.flush()
        await _know(session, house, member, surface, external_id or member.id, chat or member.id)
        audit.record(
            session, workspace=member.workspace_id, at=now, actor=f"member:{member.id}", action="member.entered",
            subject=("member", member.id), data={"surface": surface, "role": member.role},
        )  # fmt: skip
        return person_of(member)


async def _know(session: AsyncSession, house: House, member: Member, surface: str, external_id: str, chat: str) -> None:
    query = select(Identity).where(Identity.surface == surface, Identity.external_id == external_id)
    known = (await session.execute(query)).scalar()
    if known is None:
        session.add(Identity(member_id=member.id, surface=surface, external_id=external_id, chat=chat, created_at=house.db.now()))
    else:
        known.member_id, known.chat = member.id, chat


async def who(house: House, surface: str, external_id: str) -> Person | None:
    """The member behind a surface's account; None is a stranger."""
    query = (
        select(Member)
        .join(Identity, Identity.member_id == Member.id)
        .where(Identity.surface == surface, Identity.external_id == external_id, Member.active)
    )
    async with house.db.read() as session:
        member = (await session.execute(query)).scalar()
    return person_of(member) if member else None


async def open_session(house: House, person: Person) -> str:
    """A new cookie for a signed-in person."""
    token = secrets.token_urlsafe(32)
    now = house.db.now()
    async with house.db.write() as session:
        session.add(WebSession(hash=hash_token(token), member_id=person.member_id, created_at=now, expires_at=now + SESSION_LIFE))
    return token


async def session_person(house: House, token: str) -> Person | None:
    """Who a cookie belongs to; None when it is unknown, expired or its member was switched off."""
    query = (
        select(Member)
        .join(WebSession, WebSession.member_id == Member.id)
        .where(WebSession.hash == hash_token(token), WebSession.expires_at > house.db.now(), Member.active)
    )
    async with house.db.read() as session:
        member = (await session.execute(query)).scalar()
    return person_of(member) if member else None


async def close_session(house: House, token: str) -> None:
    """Sign out."""
    async with house.db.write() as session:
        row = await session.get(WebSession, hash_token(token))
        if row is not None:
            await session.delete(row)


async def reader_of(session: AsyncSession, workspace: Workspace, place: tuple[str, str]) -> tuple[str, str]:
    """The language and the time zone of who reads a chat: its one member's, or the business's where several do."""
    query = select(Member.language, Member.timezone).join(Identity, Identity.member_id == Member.id)
    found = (await session.execute(query.where(Identity.surface == place[0], Identity.chat == place[1]).limit(2))).all()
    language, timezone = found[0] if len(found) == 1 else ("", "")
    return language or workspace.language, timezone or workspace.timezone


async def chats_of(session: AsyncSession, workspace_id: str) -> list[tuple[str, str]]:
    """Where members can be told something unasked, as (surface, chat)."""
    return [(surface, chat) for surface, chat in (await session.execute(_CHATS, {"workspace": workspace_id})).all()]
