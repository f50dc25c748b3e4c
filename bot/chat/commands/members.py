"""Who belongs to the business: inviting, and what owners change about members."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, select

from bot.chat.cards.people import channels_of, role_of
from bot.chat.context import Context
from bot.chat.registry import Rest, action, command
from bot.chat.ways_in import only_in_private, ways_in
from core.errors import Invalid, Missing, Refused
from core.flows import members as flow
from core.flows.people import CODE_LIFE
from core.rules.access import ROLES, Ability
from core.values.card import Button, Card, Line
from core.values.states import AccountState, Role, TaskState
from core.words import N_, _, ngettext
from storage.models import Account, ManualTask, Member
from storage.secrets import hash_token

PEOPLE = N_("People")
RENAME = "rename"


@command(
    "invite",
    N_("Invite somebody"),
    "/invite seller",
    needs=Ability.INVITE,
    topic=PEOPLE,
    details=N_("Roles: owner, manager, seller, viewer. Add channels to limit them: /invite seller ebay poshmark."),
)
async def invite(ctx: Context, words: Rest) -> None:
    only_in_private(ctx)
    role, channels = _asked(ctx, words)
    code = await flow.invite(ctx.session, ctx.house, ctx.person, role, channels)
    channels = channels or list(ctx.person.channels)
    until = ctx.easel().day(ctx.now() + CODE_LIFE)
    text = _("Give one of these to whom you invite. The first to use it comes in, and it works until {time}.").format(time=until)
    lines = (Line(_("Looks after"), channels_of(ctx.easel(), channels)), *ways_in(ctx, code, "/join"))
    key = hash_token(code)
    withdraw = Button(_("Withdraw"), {"do": "invite.withdraw", "code": key}, "danger")
    title = _("Invitation: {role}").format(role=role_of(role))
    await ctx.say(Card(title, text, lines, buttons=((Button(_("Copy the code"), copy=code), withdraw),), subject=("code", key)))


def _asked(ctx: Context, words: str) -> tuple[Role, list[str]]:
    """The role and the channels that were typed, in any order; a seller where no role was."""
    named = {role.value: role for role in ROLES} | {role_of(role).lower(): role for role in ROLES}
    roles, channels = [], []
    for word in words.replace(",", " ").lower().split():
        if word in named:
            roles.append(named[word])
        elif word in ctx.house.capabilities:
            channels.append(word)
        else:
            known = ", ".join([*(role_of(role) for role in ROLES), *sorted(ctx.house.capabilities)])
            raise Invalid(_("“{word}” is neither a role nor a channel. I know: {known}.").format(word=word[:40], known=known))
    if len(roles) > 1:
        raise Invalid(_("Name one role. Type it like this: {example}").format(example="/invite seller ebay"))
    return (roles[0] if roles else Role.SELLER), list(dict.fromkeys(channels))


@action("invite.withdraw", needs=Ability.INVITE)
async def withdraw(ctx: Context, code: str) -> None:
    if not await flow.withdraw(ctx.session, ctx.house, ctx.person, code):
        raise Refused(_("This code was used or withdrawn already."))


@command(
    "members",
    N_("Who belongs to the business, and what each may do"),
    "/members",
    needs=Ability.SELF,
    looks_alone=True,
    topic=PEOPLE,
    details=N_("/members and a name shows one; /members rename Ann Anna Smith gives another name."),
)
async def members(ctx: Context, words: Rest) -> None:
    first, _space, rest = words.strip().partition(" ")
    if not first:
        await ctx.show("members", ("members", ctx.person.workspace_id))
    elif first.lower() == RENAME:
        member, name = await _named(ctx, rest)
        if not name:
            raise Invalid(_("Type the new name too, like this: {example}").format(example="/members rename Ann Anna Smith"))
        await flow.rename(ctx.session, ctx.house, ctx.person, member.id, name)
        await ctx.show("member", ("member", member.id))
    else:
        member, _more = await _named(ctx, words)
        await ctx.show("member", ("member", member.id))


async def _named(ctx: Context, words: str) -> tuple[Member, str]:
    """The member whose name the words begin with, and what follows. Raises `Missing`."""
    query = (
        select(Member).where(Member.workspace_id == ctx.person.workspace_id).order_by(Member.active.desc(), func.length(Member.name).desc())
    )
    there = list((await ctx.session.execute(query)).scalars())
    said = f"{' '.join(words.split())} "
    for one in there:
        if said.lower().startswith(f"{one.name.lower()} "):
            return one, said[len(one.name) :].strip()
    known = ", ".join(one.name for one in there if one.active)
    raise Missing(_("Nobody here is called “{name}”. There are: {known}.").format(name=words.strip()[:60], known=known))


@action("member.show")
async def show(ctx: Context, member: str) -> None:
    await ctx.show("member", ("member", (await flow.the_member(ctx.session, ctx.person, member)).id))


@action("member.role", needs=Ability.MEMBERS)
async def role_(ctx: Context, member: str, role: str) -> None:
    await flow.change_role(ctx.session, ctx.house, ctx.person, member, Role(role))


@action("member.channel", needs=Ability.MEMBERS)
async def channel_(ctx: Context, member: str, channel: str) -> None:
    """Switch one marketplace on or off for a member. Who looked after all looks after all others then."""
    one = await flow.the_member(ctx.session, ctx.person, member)
    there = one.channels or await _kinds(ctx)
    chosen = [kind for kind in there if kind != channel] if channel in there else [*there, channel]
    if not chosen:
        raise Refused(_("{name} has to look after one channel at least. Make them a viewer, or switch them off.").format(name=one.name))
    await flow.change_channels(ctx.session, ctx.house, ctx.person, member, chosen)


async def _kinds(ctx: Context) -> list[str]:
    query = select(Account.channel).where(Account.workspace_id == ctx.person.workspace_id, Account.state != AccountState.DISCONNECTED)
    return sorted(set((await ctx.session.execute(query)).scalars()))


@action("member.all_channels", needs=Ability.MEMBERS)
async def all_channels(ctx: Context, member: str) -> None:
    await flow.change_channels(ctx.session, ctx.house, ctx.person, member, ())


@action("member.rename", needs=Ability.SELF, asks=True)
async def rename(ctx: Context, member: str) -> None:
    one = await flow.the_member(ctx.session, ctx.person, member)
    await ctx.ask(_("What should {name} be called?").format(name=one.name), {"do": "member.renamed", "member": member})


@action("member.renamed", needs=Ability.SELF)
async def renamed(ctx: Context, member: str, answer: str) -> None:
    one = await flow.rename(ctx.session, ctx.house, ctx.person, member, answer)
    await ctx.say(Card(text=_("{name} it is.").format(name=one.name), mood="good"))


@action("member.off_ask", needs=Ability.MEMBERS)
async def off_ask(ctx: Context, member: str) -> None:
    """What switching off means, before it is done."""
    one = await flow.the_member(ctx.session, ctx.person, member)
    text = _("{name} is signed out everywhere at once, and no chat, link or code of theirs works any more. What they did stays.")
    off = {"do": "member.off", "member": member}
    tasks = await _open_tasks(ctx, member)
    buttons: Sequence[Button] = (Button(_("Switch off"), {**off, "heir": ""}, "danger"),)
    if tasks and member != ctx.person.member_id:
        told = ngettext("{count} open task is theirs. Who does it?", "{count} open tasks are theirs. Who does them?", tasks)
        text += " " + told.format(count=tasks)
        buttons = (
            Button(_("Switch off, I do them"), {**off, "heir": ctx.person.member_id}, "danger"),
            Button(_("Switch off, anybody"), {**off, "heir": ""}, "danger"),
        )
    title = _("Switch {name} off?").format(name=one.name)
    await ctx.say(Card(title, text.format(name=one.name), buttons=(tuple(buttons),), mood="warn"))


async def _open_tasks(ctx: Context, member: str) -> int:
    query = select(func.count()).select_from(ManualTask).where(ManualTask.assigned_to == member, ManualTask.state == TaskState.OPEN)
    return int((await ctx.session.execute(query)).scalar_one())


@action("member.off", needs=Ability.MEMBERS)
async def off(ctx: Context, member: str, heir: str) -> None:
    """`heir` "" is everybody. A task can only be handed to who presses."""
    if heir and heir != ctx.person.member_id:
        raise Refused(_("Press the button on a card of your own: /members."))
    gone = await flow.switch_off(ctx.session, ctx.house, ctx.person, member, heir or None)
    one = await flow.the_member(ctx.session, ctx.person, member)
    ctx.bells.append(("web", member))  # their open pages hear that they are signed out
    told = [
        _("{name} is switched off.").format(name=one.name),
        ngettext("{count} session ended.", "{count} sessions ended.", gone.sessions).format(count=gone.sessions),
        ngettext("{count} code is void.", "{count} codes are void.", gone.codes).format(count=gone.codes) if gone.codes else "",
        ngettext("{count} task was handed over.", "{count} tasks were handed over.", gone.tasks).format(count=gone.tasks)
        if gone.tasks
        else "",
    ]
    await ctx.say(Card(text=" ".join(one for one in told if one), mood="good"))


@action("member.back", needs=Ability.MEMBERS)
async def back(ctx: Context, member: str) -> None:
    one = await flow.bring_back(ctx.session, ctx.house, ctx.person, member)
    await ctx.say(Card(text=_("{name} is a member again.").format(name=one.name), mood="good"))
