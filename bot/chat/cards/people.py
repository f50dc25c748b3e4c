"""Members, one of them, and what became of a code."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import func, select

from bot.chat.cards.parts import Easel
from core.rules.access import ROLES
from core.values.card import Button, Card, Line
from core.values.states import AccountState, Role
from core.words import N_, _, ngettext
from storage.models import Account, Identity, Member, OneTimeCode, WebSession

SHOWN = 20
PLACES = {"web": N_("the browser"), "telegram": N_("Telegram"), "slack": N_("Slack")}


def role_of(role: str) -> str:
    return _(ROLES[Role(role)])


def place_of(surface: str) -> str:
    return _(PLACES.get(surface, surface))


def channels_of(easel: Easel, channels: Collection[str]) -> str:
    """What somebody looks after, in words."""
    return ", ".join(easel.channel(one) for one in channels) or _("all channels")


async def members(easel: Easel, workspace_id: str) -> Card:
    """Everybody, those who are switched off last."""
    query = select(Member).where(Member.workspace_id == workspace_id).order_by(Member.active.desc(), Member.id)
    there = list((await easel.session.execute(query)).scalars())
    lines = [await _line(easel, one) for one in there[:SHOWN]]
    buttons = [Button(one.name, {"do": "member.show", "member": one.id}) for one in there[:SHOWN]]
    rows = [tuple(buttons[start : start + 4]) for start in range(0, len(buttons), 4)]
    rows.append((Button(_("Invite somebody"), {"do": "say", "text": "/invite"}, "primary"),))
    more = len(there) - SHOWN
    told = ngettext("And {count} more: type /members and a name.", "And {count} more: type /members and a name.", more)
    text = told.format(count=more) if more > 0 else ""
    return Card(_("Members"), text, tuple(lines), (), tuple(rows), subject=("members", workspace_id))


async def _line(easel: Easel, one: Member) -> Line:
    if not one.active:
        return Line(one.name, _("switched off"), role_of(one.role))
    what = ", ".join((role_of(one.role), channels_of(easel, one.channels))) if one.channels else role_of(one.role)
    places, seen = await where(easel, one.id)
    return Line(one.name, what, "; ".join(part for part in (", ".join(places), _last_seen(easel, seen)) if part))


async def where(easel: Easel, member_id: str) -> tuple[list[str], datetime | None]:
    """Where a member talks, in words, and when they were last there."""
    query = select(Identity.surface, func.max(Identity.seen_at)).where(Identity.member_id == member_id).group_by(Identity.surface)
    rows = (await easel.session.execute(query.order_by(Identity.surface))).all()
    visits = (await easel.session.execute(select(func.max(WebSession.seen_at)).where(WebSession.member_id == member_id))).scalar()
    seen = [one for one in (*(at for _surface, at in rows), visits) if one is not None]
    return [place_of(surface) for surface, _at in rows], max(seen, default=None)


def _last_seen(easel: Easel, seen: datetime | None) -> str:
    return _("last seen {time}").format(time=easel.day(seen)) if seen else _("not seen yet")


async def member(easel: Easel, member_id: str) -> Card | None:
    """One member, with what an owner may change."""
    one = await easel.session.get(Member, member_id)
    if one is None:
        return None
    places, seen = await where(easel, one.id)
    subject = ("member", one.id)
    lines = [Line(_("Role"), role_of(one.role)), Line(_("Looks after"), channels_of(easel, one.channels))]
    lines += [Line(_("Talks in"), ", ".join(places) or _("nowhere")), Line(_("Seen"), _last_seen(easel, seen))]
    rename = Button(_("Name…"), {"do": "member.rename", "member": one.id})
    if not one.active:
        back = Button(_("Bring back"), {"do": "member.back", "member": one.id}, "primary")
        return Card(one.name, _("Switched off: nothing of theirs works."), tuple(lines), (), ((back,),), "warn", subject)
    roles = tuple(
        Button(_("Make {role}").format(role=role_of(role)), {"do": "member.role", "member": one.id, "role": role})
        for role in ROLES
        if role != one.role
    )
    off = Button(_("Switch off…"), {"do": "member.off_ask", "member": one.id}, "danger")
    rows = (roles, *(await _channel_rows(easel, one)), (rename, off))
    return Card(one.name, "", tuple(lines), (), tuple(row for row in rows if row), "", subject)


async def _channel_rows(easel: Easel, one: Member) -> list[tuple[Button, ...]]:
    """A switch for each marketplace that is connected. An owner looks after all."""
    if one.role == Role.OWNER:
        return []
    query = select(Account.channel).where(Account.workspace_id == one.workspace_id, Account.state != AccountState.DISCONNECTED)
    kinds = sorted({*(await easel.session.execute(query)).scalars(), *one.channels})
    switches = [
        Button(
            ("✓ " if not one.channels or kind in one.channels else "+ ") + easel.channel(kind),
            {"do": "member.channel", "member": one.id, "channel": kind},
        )
        for kind in kinds
    ]
    rows = [tuple(switches[start : start + 4]) for start in range(0, len(switches), 4)]
    return [*rows, (Button(_("All channels"), {"do": "member.all_channels", "member": one.id}),)] if one.channels else rows


async def code(easel: Easel, code_hash: str) -> Card | None:
    """What a one-time code became, in place of the card that showed it."""
    row = await easel.session.get(OneTimeCode, code_hash)
    if row is None:
        return None
    subject, when = ("code", code_hash), easel.day(row.used_at or row.expires_at)
    if row.used_at is None:
        return Card(text=_("Ran out {time}, unused: this code lets nobody in.").format(time=when), subject=subject)
    if not row.used_by:
        return Card(text=_("Withdrawn {time}: this code lets nobody in.").format(time=when), subject=subject)
    who = await easel.session.get_one(Member, row.used_by)
    if row.member_id is not None:
        return Card(text=_("Used {time}.").format(time=when), mood="good", subject=subject)
    text = _("{name} came in as {role}, {time}.").format(name=who.name, role=role_of(row.grants), time=when)
    show = Button(who.name, {"do": "member.show", "member": who.id})
    return Card(text=text, buttons=((show,),), mood="good", subject=subject)
