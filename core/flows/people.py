"""Who is speaking: one-time codes and identities. Strangers get nothing but how to be invited.

Signed-in browsers are `sessions.py`; what members do about each other (invite, change, switch off) is `members.py`.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import and_, bindparam, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import Refused
from core.flows.house import House
from core.rules.access import Ability, may, may_on, outranks
from core.values.states import Role
from core.words import N_, Told
from storage import audit
from storage.db import Database, wake
from storage.models import Identity, Member, OneTimeCode, Post, Workspace
from storage.secrets import hash_token
from storage.work import rows_of

CODE_LIFE = timedelta(hours=24)
SIGN_IN_LIFE = timedelta(minutes=15)  # of a code that signs a known member in, which they asked for this moment
SEEN_FOR = timedelta(hours=1)  # then somebody who is there is noted again
LONGEST_NAME = 60
NAMELESS = "Owner"  # until the owner comes in from where they have a name
DEAD = N_("This sign-in link was used already or is too old. Ask for a new one, or look in the terminal where Haggle runs.")
_CHATS = (
    select(Identity.surface, Identity.chat, Member.channels)
    .join(Member, Member.id == Identity.member_id)
    .where(Member.workspace_id == bindparam("workspace"), Member.active, Identity.chat != "")
)
_THE_WORKSPACE = select(Workspace).order_by(Workspace.id).limit(1)
_READER = (
    select(Member.language, Member.timezone)
    .join(Identity, Identity.member_id == Member.id)
    .where(Identity.surface == bindparam("surface"), Identity.chat == bindparam("chat"))
    .limit(2)
)
WHO = select(Member, Workspace).join(Workspace, Workspace.id == Member.workspace_id)


@dataclass(frozen=True, slots=True)
class Person:
    """A member as a command sees them. `language` and `timezone` are theirs, or the business's where they chose none."""

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


@dataclass(frozen=True, slots=True)
class Entry:
    """What a one-time code would do: sign a known member in (`member_id`, by `name`), or make a new one with that role, whom a member
    `invited`. `joins`: it was made by /link, for another account of theirs."""

    member_id: str | None
    name: str
    role: Role
    invited: bool
    joins: bool


def person_of(member: Member, workspace: Workspace) -> Person:
    return Person(
        member.id, member.workspace_id, member.name, Role(member.role), tuple(member.channels), member.language or workspace.language,
        member.timezone or workspace.timezone,
    )  # fmt: skip


async def the_workspace(session: AsyncSession) -> Workspace | None:
    """The business of this installation."""
    return (await session.execute(_THE_WORKSPACE)).scalar()


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


async def the_owner(house: House) -> Person | None:
    """Who owns the business; the first of them, where several do."""
    async with house.db.read() as session:
        row = (await session.execute(WHO.where(Member.role == Role.OWNER, Member.active).order_by(Member.id).limit(1))).first()
    return person_of(*row) if row else None


async def has_owner(house: House) -> bool:
    """Whether somebody owns the business yet."""
    return await the_owner(house) is not None


def add_code(
    session: AsyncSession,
    now: datetime,
    *,
    workspace: str,
    grants: Role,
    member_id: str | None = None,
    channels: Sequence[str] = (),
    links: bool = False,
    made_by: str = "",
    life: timedelta = CODE_LIFE,
) -> str:
    """A one-time code, added to this transaction; see `OneTimeCode`. Only its hash is kept."""
    code = secrets.token_urlsafe(18)
    session.add(
        OneTimeCode(
            hash=hash_token(code), workspace_id=workspace, member_id=member_id, grants=grants, channels=list(channels), links=links,
            made_by=made_by, expires_at=now + life,
        )
    )  # fmt: skip
    return code


async def make_code(house: House, grants: Role, *, member_id: str | None = None) -> str:
    """A one-time code. For a known member it signs them in; otherwise whoever shows it first becomes a member with that role."""
    async with house.db.write() as session:
        workspace = await the_workspace(session)
        assert workspace is not None
        return add_code(session, house.db.now(), workspace=workspace.id, grants=grants, member_id=member_id)


async def owner_code(house: House) -> str:
    """The code for the terminal's sign-in link: signs the owner in, or makes one where there is none yet."""
    owner = await the_owner(house)
    return await make_code(house, Role.OWNER, member_id=owner.member_id if owner else None)


async def fresh_code(session: AsyncSession, code_hash: str, now: datetime) -> OneTimeCode | None:
    """A code that still works, looked at only. Whoever made it must still be somebody who may: a code outlives no permission."""
    row = await session.get(OneTimeCode, code_hash, populate_existing=True)
    if row is None or row.used_at is not None or row.expires_at <= now:
        return None
    maker = await session.get(Member, row.made_by) if row.made_by and not row.member_id else None
    if maker is not None and not (
        maker.active and may(Role(maker.role), Ability.INVITE) and not outranks(Role(row.grants), Role(maker.role))
    ):
        return None
    return row


async def look_at(house: House, code: str) -> Entry | None:
    """What a code would do; None for one that does not work (any more). It is not used up: chat apps open links to show what is there."""
    async with house.db.read() as session:
        row = await fresh_code(session, hash_token(code), house.db.now())
        if row is None:
            return None
        member = await session.get(Member, row.member_id) if row.member_id else None
        if member is None and row.grants == Role.OWNER and not row.made_by:
            member = await _owner(session)
        if member is not None and not member.active:
            return None
        invited = member is None and bool(row.made_by)
        return Entry(member.id if member else None, member.name if member else "", Role(row.grants), invited, row.links)


async def enter(
    house: House, code: str, surface: str, external_id: str, *, name: str, chat: str = "", language: str = "", takes_over: bool = False
) -> Person:
    """Use a code. Raises `Refused` when it is unknown, used or too old. Exactly one of two who use it at once gets in.

    `external_id` "" is whoever the code signs in (the web has no accounts of its own). An account that is another member's already is
    refused, and the code not used up, unless its owner was asked (`takes_over`). `language` is the surface's, where we speak it.
    """
    async with house.db.write() as session:
        return await enter_in(
            session, house, hash_token(code), (surface, external_id, chat), name=name, language=language, takes_over=takes_over
        )


async def enter_in(
    session: AsyncSession,
    house: House,
    code_hash: str,
    account: tuple[str, str, str],
    *,
    name: str,
    language: str = "",
    takes_over: bool = False,
) -> Person:
    """As `enter`, in a transaction that is open; `account` is (surface, external id, chat)."""
    now = house.db.now()
    row = await fresh_code(session, code_hash, now)
    used = update(OneTimeCode).where(OneTimeCode.hash == code_hash, OneTimeCode.used_at.is_(None)).values(used_at=now)
    if row is None or rows_of(await session.execute(used)) != 1:
        raise Refused(Told(DEAD))
    member = await session.get(Member, row.member_id) if row.member_id else None
    if member is None and row.grants == Role.OWNER and not row.made_by:
        # The links for the browser and for Telegram are printed together, before anybody owns the business: both mean one person.
        member = await _owner(session)
    if member is not None and not member.active:
        raise Refused(Told("This member was switched off. Ask the owner to let you in again."))
    known = await _identity(session, *account[:2])
    if member is None:
        if known is not None:
            raise await _is_known(session, known)
        called, limits = name[:LONGEST_NAME] or Role(row.grants).capitalize(), list(row.channels)
        member = Member(
            workspace_id=row.workspace_id, name=called, role=row.grants, channels=limits, language=language, created_at=now
        )  # fmt: skip
        session.add(member)
        await session.flush()
    elif known is not None and known.member_id != member.id and not takes_over:
        raise await _is_known(session, known)
    if member.name == NAMELESS and name:  # the owner, who was made before anybody came
        member.name, member.language = name[:LONGEST_NAME], member.language or language
    row.used_by = member.id
    await retell(session, house.db, row.hash)
    await _know(session, now, member, known, account)
    audit.record(
        session, workspace=member.workspace_id, at=now, actor=f"member:{member.id}", action="member.entered",
        subject=("member", member.id), data={"surface": account[0], "role": member.role, "code": row.hash, "invited_by": row.made_by},
    )  # fmt: skip
    return person_of(member, await session.get_one(Workspace, member.workspace_id))


async def retell(session: AsyncSession, db: Database, code_hash: str) -> None:
    """The card that showed a code, in the chat of who asked for it, says from now on what became of it."""
    shown = and_(Post.subject_kind == "code", Post.subject_id == code_hash)
    values = {"view": "code", "card": {}, "state": "dirty", "version": Post.version + 1, "due_at": db.now()}
    statement = update(Post).where(shown).values(values).returning(Post.id).execution_options(synchronize_session=False)
    for post in (await session.execute(statement)).scalars().all():
        wake(session, "card_post", post)


async def _identity(session: AsyncSession, surface: str, account: str) -> Identity | None:
    return (await session.execute(select(Identity).where(Identity.surface == surface, Identity.external_id == account))).scalar()


async def _is_known(session: AsyncSession, known: Identity) -> Refused:
    member = await session.get_one(Member, known.member_id)
    if not member.active:
        return Refused(Told("You were here before as {name}, who was switched off. Ask the owner to bring you back.", name=member.name))
    return Refused(Told("You talk here as {name} already. Type /unlink first if this should become somebody else’s.", name=member.name))


async def _know(session: AsyncSession, now: datetime, member: Member, known: Identity | None, account: tuple[str, str, str]) -> None:
    surface, external_id, chat = account
    external_id, chat = external_id or member.id, chat or member.id
    known = known or await _identity(session, surface, external_id)
    if known is None:
        session.add(Identity(member_id=member.id, surface=surface, external_id=external_id, chat=chat, created_at=now, seen_at=now))
    else:
        known.member_id, known.chat, known.seen_at = member.id, chat, now


async def who(house: House, surface: str, external_id: str) -> Person | None:
    """The member behind a surface's account; None is a stranger."""
    query = WHO.join(Identity, Identity.member_id == Member.id).where(
        Identity.surface == surface, Identity.external_id == external_id, Member.active
    )
    async with house.db.read() as session:
        row = (await session.execute(query)).first()
    return person_of(*row) if row else None


async def seen(session: AsyncSession, house: House, surface: str, account: str) -> None:
    """Note that somebody is there, once an hour."""
    now = house.db.now()
    late = or_(Identity.seen_at.is_(None), Identity.seen_at < now - SEEN_FOR)
    await session.execute(update(Identity).where(Identity.surface == surface, Identity.external_id == account, late).values(seen_at=now))


async def reader_of(session: AsyncSession, workspace: Workspace, place: tuple[str, str]) -> tuple[str, str]:
    """The language and the time zone of who reads a chat: its one member's, or the business's where several do."""
    found = (await session.execute(_READER, {"surface": place[0], "chat": place[1]})).all()
    language, timezone = found[0] if len(found) == 1 else ("", "")
    return language or workspace.language, timezone or workspace.timezone


async def chats_of(session: AsyncSession, workspace_id: str, channel: str) -> list[tuple[str, str]]:
    """Where members who look after a marketplace can be told something unasked, as (surface, chat)."""
    rows = (await session.execute(_CHATS, {"workspace": workspace_id})).all()
    return list(dict.fromkeys((surface, chat) for surface, chat, channels in rows if may_on(channels, channel)))
