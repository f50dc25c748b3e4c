"""The ways in of one member: accounts on other surfaces, the browser, and what is signed in."""

from __future__ import annotations

from bot.chat.cards.people import place_of, role_of
from bot.chat.commands.members import PEOPLE
from bot.chat.context import Context
from bot.chat.registry import Word, action, command
from bot.chat.ways_in import identities_of, only_in_private, sign_in_address, ways_in
from core.errors import Missing, Refused
from core.flows import members as flow
from core.flows import people, sessions
from core.flows.posts import touch
from core.rules.access import ROLES, Ability
from core.values.card import Button, Card, Line
from core.values.states import Role
from core.words import N_, _
from storage import audit
from storage.models import Identity, OneTimeCode
from storage.secrets import hash_token


@command(
    "link",
    N_("Talk with me in another chat as the same member"),
    "/link",
    needs=Ability.SELF,
    topic=PEOPLE,
    details=N_("Say it here, and what I answer there. /unlink parts them again."),
)
async def link(ctx: Context, code: Word | None) -> None:
    only_in_private(ctx)
    if code is not None:
        await _join(ctx, hash_token(code))
        return
    made = await flow.own_code(ctx.session, ctx.house, ctx.person, links=True)
    until = ctx.easel().day(ctx.now() + people.CODE_LIFE)
    text = _("Use one of these where you want to talk with me too. It works once, until {time}. Give it to nobody: it makes them you.")
    key = hash_token(made)
    withdraw = Button(_("Withdraw"), {"do": "link.withdraw", "code": key}, "danger")
    buttons = ((Button(_("Copy the code"), copy=made), withdraw),)
    lines = tuple(ways_in(ctx, made, "/link"))
    await ctx.say(Card(_("One person, many chats"), text.format(time=until), lines, buttons=buttons, subject=("code", key)))


@action("link.withdraw", needs=Ability.SELF)
async def withdraw(ctx: Context, code: str) -> None:
    if not await flow.withdraw(ctx.session, ctx.house, ctx.person, code):
        raise Refused(_("This code was used or withdrawn already."))


async def _join(ctx: Context, code_hash: str) -> None:
    """Somebody who talks here as a member brings a code of a member: nothing is taken over without being asked about."""
    row = await people.fresh_code(ctx.session, code_hash, ctx.now())
    if row is None:
        raise Refused(_(people.DEAD))
    if row.member_id is None:
        raise Refused(_("This is an invitation for somebody new, and you are {name} here already.").format(name=ctx.person.name))
    if row.member_id == ctx.person.member_id:
        await _take(ctx, row, takes_over=False)
        return
    if ctx.inbound.surface == "web":
        raise Refused(_("You are signed in here as {name}. Open the link itself to sign in as the other.").format(name=ctx.person.name))
    other = await flow.the_member(ctx.session, ctx.person, row.member_id)
    text = _("You talk here as {mine} ({my_role}). Shall I take you for {other} ({role}) from now on? {mine} stays a member, but not here.")
    said = text.format(mine=ctx.person.name, my_role=role_of(ctx.person.role), other=other.name, role=role_of(other.role))
    yes = Button(
        _("Yes, I am {name}").format(name=other.name), {"do": "link.take", "code": code_hash, "person": ctx.inbound.person}, "primary"
    )
    await ctx.say(Card(text=said, buttons=((yes,),), mood="warn"))


@action("link.take", needs=Ability.SELF)
async def take(ctx: Context, code: str, person: str) -> None:
    row = await people.fresh_code(ctx.session, code, ctx.now())
    if row is None or row.member_id is None:
        raise Refused(_(people.DEAD))
    if person != ctx.inbound.person:
        raise Refused(_("This asks somebody else."))
    if len(await identities_of(ctx)) == 1 and ctx.person.role is Role.OWNER:
        raise Refused(
            _("{name} has no other way in, and owns the business. Join another account to them first.").format(name=ctx.person.name)
        )
    await _take(ctx, row, takes_over=True)


async def _take(ctx: Context, row: OneTimeCode, *, takes_over: bool) -> None:
    said = ctx.inbound
    joined = await people.enter_in(
        ctx.session, ctx.house, row.hash, (said.surface, said.person, said.chat), name=said.name, takes_over=takes_over
    )
    await touch(ctx.session, ctx.db, ("member", joined.member_id), ("member", ctx.person.member_id), ("members", joined.workspace_id))
    text = _("You talk here as {name}, {role}.").format(name=joined.name, role=_(ROLES[joined.role]))
    await ctx.say(Card(text=text, mood="good"))


@command("unlink", N_("Talk with me in a chat no more"), "/unlink", needs=Ability.SELF, topic=PEOPLE)
async def unlink(ctx: Context) -> None:
    there = [one for one in await identities_of(ctx) if one.surface != "web"]
    if not there:
        raise Refused(_("You talk with me in the browser only: /sessions signs you out."))
    lines = tuple(
        Line(place_of(one.surface), _("this chat") if _is_here(ctx, one) else "", ctx.easel().day(one.created_at)) for one in there
    )
    buttons = tuple(
        Button(_("Part {place}").format(place=place_of(one.surface)), {"do": "unlink.now", "identity": one.id}, "danger") for one in there
    )  # fmt: skip
    await ctx.say(Card(_("Where you talk with me"), "", lines, buttons=(buttons,)))


def _is_here(ctx: Context, identity: Identity) -> bool:
    return (identity.surface, identity.external_id) == (ctx.inbound.surface, ctx.inbound.person)


@action("unlink.now", needs=Ability.SELF)
async def unlink_now(ctx: Context, identity: str) -> None:
    row = await flow.unlink(ctx.session, ctx.house, ctx.person, identity)
    text = _("You are a stranger to me in {place} now.").format(place=place_of(row.surface))
    await ctx.say(Card(text=text, mood="good"))


@command("web", N_("A link that signs you in to the browser"), "/web", aliases=("signin",), needs=Ability.SELF, topic=PEOPLE)
async def web(ctx: Context) -> None:
    only_in_private(ctx)
    made = await flow.own_code(ctx.session, ctx.house, ctx.person, links=False)
    minutes = int(people.SIGN_IN_LIFE.total_seconds() // 60)
    text = _("This link signs you in, once, within {minutes} minutes. Give it to nobody.").format(minutes=minutes)
    url = sign_in_address(ctx, made)
    await ctx.say(Card(text=text, buttons=((Button(_("Sign in"), url=url),),), subject=("code", hash_token(made))))


@command("sessions", N_("Where you are signed in, and signing out there"), "/sessions", needs=Ability.SELF, looks_alone=True, topic=PEOPLE)
async def sessions_(ctx: Context) -> None:
    there = await sessions.sessions_of(ctx.session, ctx.house, ctx.person.member_id)
    if not there:
        raise Missing(_("You are signed in nowhere. /web gives you a link."))
    easel = ctx.easel()
    shown = there[:8]
    lines = []
    buttons = []
    for number, one in enumerate(shown, 1):
        name = _("haggle talk, where Haggle runs") if one.name == sessions.TERMINAL else one.name or _("A browser")
        since = _("since {time}, for {until} at most").format(time=easel.day(one.created_at), until=easel.day(one.expires_at))
        seen = _("last seen {time}").format(time=easel.day(one.seen_at)) if one.seen_at else ""
        lines.append(Line(f"{number}. {name}", seen, since))
        if one.name != sessions.TERMINAL:
            buttons.append(Button(_("End {number}").format(number=number), {"do": "session.end", "session": one.hash}))
    if len(there) > len(shown):
        lines.append(Line(value=_("And {count} more.").format(count=len(there) - len(shown))))
    everywhere = Button(_("Sign out everywhere"), {"do": "session.end_all", "member": ctx.person.member_id}, "danger")
    await ctx.say(
        Card(
            _("Where you are signed in"),
            "",
            tuple(lines),
            buttons=(*(tuple(buttons[at : at + 4]) for at in (0, 4) if buttons[at:]), (everywhere,)),
        )
    )


@action("session.end", needs=Ability.SELF)
async def end(ctx: Context, session: str) -> None:
    """`session` is the hash of one of this person's own."""
    if not await sessions.end_sessions(ctx.session, ctx.person.member_id, only=session):
        raise Refused(_("This session is over already, or not yours."))
    await _ended(ctx, 1)


@action("session.end_all", needs=Ability.SELF)
async def end_all(ctx: Context, member: str) -> None:
    if member != ctx.person.member_id:
        raise Refused(_("This asks somebody else."))
    await _ended(ctx, await sessions.end_sessions(ctx.session, ctx.person.member_id))


async def _ended(ctx: Context, count: int) -> None:
    ctx.bells.append(("web", ctx.person.member_id))  # open pages hear that they are signed out
    audit.record(
        ctx.session, workspace=ctx.person.workspace_id, at=ctx.now(), actor=ctx.person.actor, action="session.ended",
        subject=("member", ctx.person.member_id), data={"sessions": count},
    )  # fmt: skip
    await ctx.say(Card(text=_("Signed out there."), mood="good"))
