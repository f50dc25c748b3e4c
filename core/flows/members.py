"""What members do about each other: invite, name a role, limit to marketplaces, switch off and bring back.

Only owners do that, and the business always has one: whoever changes members holds all owners' rows first, so that of two who
press at once the second sees what the first has done.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import delete, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import Invalid, Missing, Refused
from core.flows import people
from core.flows.house import House
from core.flows.people import Person
from core.flows.posts import touch
from core.flows.sessions import end_sessions
from core.flows.tasks import inherit
from core.rules.access import ROLES, Ability, may_on, outranks, refusal
from core.values.states import Role, TaskState
from core.words import Told
from storage import audit
from storage.models import Identity, ManualTask, Member, OneTimeCode, Setting
from storage.secrets import hash_token
from storage.work import rows_of


@dataclass(frozen=True, slots=True)
class Goodbye:
    """What ended when a member was switched off: how many sessions, how many codes; how many tasks were handed over."""

    sessions: int
    codes: int
    tasks: int


async def invite(session: AsyncSession, house: House, person: Person, role: Role, channels: Sequence[str]) -> str:
    """A one-time code for somebody new, limited to some marketplaces (none named: as its maker is). Raises `Refused`."""
    if outranks(role, person.role):
        raise Refused(Told("You are a {role} here, and nobody invites above their own role.", role=Told(ROLES[person.role])))
    if role is Role.OWNER and channels:
        raise Refused(Told("An owner looks after all channels. Leave them out, or invite a manager."))
    channels = list(channels or person.channels)
    foreign = [one for one in channels if not may_on(person.channels, one)]
    if foreign:
        raise Refused(Told("You cannot give what you do not have: {channels}.", channels=", ".join(foreign)))
    code = people.add_code(
        session, house.db.now(), workspace=person.workspace_id, grants=role, channels=channels, made_by=person.member_id
    )  # fmt: skip
    _record(session, house, person, "member.invited", ("code", hash_token(code)), {"role": role, "channels": channels})
    return code


async def own_code(session: AsyncSession, house: House, person: Person, *, links: bool) -> str:
    """A one-time code for another account of the same person: to sign in with, or (`links`) to join by /link."""
    life = people.CODE_LIFE if links else people.SIGN_IN_LIFE
    return people.add_code(
        session, house.db.now(), workspace=person.workspace_id, grants=person.role, member_id=person.member_id, links=links,
        made_by=person.member_id, life=life,
    )  # fmt: skip


async def withdraw(session: AsyncSession, house: House, person: Person, code_hash: str) -> bool:
    """Make a code void. False when it was used or withdrawn before. Raises `Refused` for another's code, unless an owner asks."""
    row = await session.get(OneTimeCode, code_hash)
    if row is None or (row.made_by != person.member_id and person.role is not Role.OWNER):
        raise Refused(Told("This invitation is somebody else’s. They or an owner can withdraw it."))
    statement = update(OneTimeCode).where(OneTimeCode.hash == code_hash, OneTimeCode.used_at.is_(None)).values(used_at=house.db.now())
    if rows_of(await session.execute(statement)) != 1:
        return False
    await people.retell(session, house.db, code_hash)
    _record(session, house, person, "invitation.withdrawn", ("code", code_hash))
    return True


async def the_member(session: AsyncSession, person: Person, member_id: str) -> Member:
    """A member of the same business, as they are now. Raises `Missing`."""
    found = await session.get(Member, member_id, populate_existing=True)
    if found is None or found.workspace_id != person.workspace_id:
        raise Missing(Told("There is no such member. /members lists them."))
    return found


async def change_role(session: AsyncSession, house: House, person: Person, member_id: str, role: Role) -> Member:
    """Give a member another role. Raises `Refused`: only owners do, and the last owner stays one."""
    owners = await _hold(session, person)
    member = await the_member(session, person, member_id)
    if member.role == role:
        raise Refused(Told("{name} is {role} already.", name=member.name, role=Told(ROLES[role])))
    _keep_one(owners, member)
    before, member.role = member.role, role
    if role is Role.OWNER:
        member.channels = []
    await _changed(session, house, person, member, "member.role", {"before": before, "after": role})
    return member


async def change_channels(session: AsyncSession, house: House, person: Person, member_id: str, channels: Sequence[str]) -> Member:
    """Limit a member to some marketplaces; none named: they look after all. Raises `Refused`."""
    await _hold(session, person)
    member = await the_member(session, person, member_id)
    if member.role == Role.OWNER and channels:
        raise Refused(Told("An owner looks after all channels. Give {name} another role first.", name=member.name))
    before, member.channels = member.channels, sorted(channels)
    await _changed(session, house, person, member, "member.channels", {"before": before, "after": member.channels})
    return member


async def rename(session: AsyncSession, house: House, person: Person, member_id: str, name: str) -> Member:
    """Everybody names themselves, and owners name anybody. Raises `Refused` or `Invalid`."""
    if member_id != person.member_id:
        await _hold(session, person)
    member = await the_member(session, person, member_id)
    name = " ".join(name.split())
    if not 0 < len(name) <= people.LONGEST_NAME:
        raise Invalid(Told("A name has 1 to {most} characters.", most=people.LONGEST_NAME))
    taken = select(Member.id).where(Member.workspace_id == person.workspace_id, Member.active, Member.name == name, Member.id != member.id)
    if (await session.execute(taken)).first() is not None:
        raise Refused(Told("Somebody else is called {name} already. Add something to tell them apart.", name=name))
    before, member.name = member.name, name
    await _changed(session, house, person, member, "member.renamed", {"before": before, "after": name})
    return member


async def switch_off(session: AsyncSession, house: House, person: Person, member_id: str, heir: str | None) -> Goodbye:
    """Let a member out, at once: sessions end, codes by or for them are void, accounts are a stranger's. Their open tasks go to `heir`, or
    to everybody. Raises `Refused`."""
    owners = await _hold(session, person)
    member = await the_member(session, person, member_id)
    if not member.active:
        raise Refused(Told("{name} is switched off already.", name=member.name))
    _keep_one(owners, member)
    member.active = False
    ended = await end_sessions(session, member.id, terminal=True)
    codes = await _void_codes(session, house, member.id)
    handed = (
        update(ManualTask)
        .where(ManualTask.assigned_to == member.id, ManualTask.state == TaskState.OPEN)
        .values(assigned_to=heir)
        .returning(ManualTask.id)
        .execution_options(synchronize_session=False)
    )
    tasks = (await session.execute(handed)).scalars().all()
    await touch(session, house.db, *(("task", key) for key in tasks))
    if heir is not None:
        await inherit(session, house.db, person, heir, member, tasks)
    await _changed(
        session, house, person, member, "member.switched_off", {"sessions": ended, "codes": codes, "tasks": list(tasks), "heir": heir}
    )  # fmt: skip
    return Goodbye(ended, codes, len(tasks))


async def bring_back(session: AsyncSession, house: House, person: Person, member_id: str) -> Member:
    """A member who was switched off is one again, with the role and accounts they had; their sessions stay ended."""
    await _hold(session, person)
    member = await the_member(session, person, member_id)
    if member.active:
        raise Refused(Told("{name} is a member already.", name=member.name))
    member.active = True
    await _changed(session, house, person, member, "member.brought_back", {"role": member.role})
    return member


async def unlink(session: AsyncSession, house: House, person: Person, identity_id: str) -> Identity:
    """Part an account on a surface from its member. Raises `Refused` for the last way in, `Missing` when it is gone."""
    mine = list((await session.execute(select(Identity).where(Identity.member_id == person.member_id).with_for_update())).scalars())
    row = next((one for one in mine if one.id == identity_id), None)
    if row is None:
        raise Missing(Told("This account is not joined to you any more."))
    if len(mine) == 1:
        raise Refused(Told("This is your only way in. Join another account first: /link."))
    await session.delete(row)
    _record(session, house, person, "member.unlinked", ("member", person.member_id), {"surface": row.surface})
    await touch(session, house.db, ("member", person.member_id), ("members", person.workspace_id))
    return row


async def _hold(session: AsyncSession, person: Person) -> list[str]:
    """The business's owners, held until the transaction ends. Raises `Refused` when who asks is none of them (any more)."""
    query = select(Member).where(Member.workspace_id == person.workspace_id, Member.role == Role.OWNER, Member.active).order_by(Member.id)
    owners = (await session.execute(query.with_for_update().execution_options(populate_existing=True))).scalars().all()
    if person.member_id not in [one.id for one in owners]:
        now = await session.get_one(Member, person.member_id, populate_existing=True)
        raise Refused(refusal(Role(now.role), Ability.MEMBERS))
    return [one.id for one in owners]


def _keep_one(owners: Sequence[str], member: Member) -> None:
    if list(owners) == [member.id]:
        raise Refused(Told("{name} is the only owner. Make somebody else an owner first: /members.", name=member.name))


async def _void_codes(session: AsyncSession, house: House, member_id: str) -> int:
    """Codes that a member made or that let them in, and the consents of marketplaces that they began."""
    theirs = or_(OneTimeCode.member_id == member_id, OneTimeCode.made_by == member_id)
    void = update(OneTimeCode).where(theirs, OneTimeCode.used_at.is_(None), OneTimeCode.expires_at > house.db.now())
    count = rows_of(await session.execute(void.values(used_at=house.db.now())))
    begun = Setting.name.startswith("consent:") & (Setting.value["member"].as_string() == member_id)
    await session.execute(delete(Setting).where(begun).execution_options(synchronize_session=False))
    return count


async def _changed(session: AsyncSession, house: House, person: Person, member: Member, action: str, data: dict[str, object]) -> None:
    _record(session, house, person, action, ("member", member.id), data)
    await session.flush()
    await touch(session, house.db, ("member", member.id), ("members", person.workspace_id))


def _record(
    session: AsyncSession, house: House, person: Person, action: str, subject: tuple[str, str], data: dict[str, object] | None = None
) -> None:
    audit.record(
        session, workspace=person.workspace_id, at=house.db.now(), actor=person.actor, action=action, subject=subject, data=data or {}
    )  # fmt: skip
