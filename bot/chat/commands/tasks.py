"""What only a person can do: the list, ticking off, putting off, handing over."""

from __future__ import annotations

from datetime import timedelta
from typing import NoReturn

from sqlalchemy import select

from bot.chat.cards.parts import say
from bot.chat.context import Context, Offer
from bot.chat.registry import Rest, Word, action, command
from core.errors import Invalid, Missing, Refused
from core.flows import tasks as flow
from core.rules import tasks as rules
from core.rules.access import Ability
from core.values.card import Button, Card
from core.values.states import TaskState
from core.words import N_, _, day_time, ngettext
from storage.models import Item, Listing, ManualTask, Member

SHOWN = 8
TOPIC = N_("Your things")
ALL, MINE, OVERDUE = "all", "mine", "overdue"


@command(
    "tasks",
    N_("What is yours to do, overdue first"),
    "/tasks",
    topic=TOPIC,
    details=N_("/tasks mine has what was handed to you, /tasks all what others do too, /tasks overdue what should be done by now."),
)
async def tasks(ctx: Context, which: Word | None) -> None:
    asked = (which or "").lower()
    if asked not in ("", ALL, MINE, OVERDUE):
        raise Invalid(_("I know /tasks, /tasks mine, /tasks all and /tasks overdue."))
    there = await flow.open_tasks(ctx.session, ctx.person)
    found = [one for one in there if _belongs(one, asked, ctx)]
    if not found:
        text = _("Nothing is overdue.") if asked == OVERDUE else _("Nothing is left for you to do.")
        await ctx.say(Card(text=text, mood="good", buttons=_more(len(there))))
        return
    for row in found[:SHOWN]:
        await ctx.show("task", ("task", row.id))
    if len(found) > SHOWN:
        await ctx.say(_("And {count} more: tick some off and type /tasks again.").format(count=len(found) - SHOWN))
    elif len(there) > len(found):
        left = len(there) - len(found)
        told = ngettext("{count} more is open.", "{count} more are open.", left).format(count=left)
        await ctx.say(Card(text=told, buttons=_more(left)))


def _belongs(task: ManualTask, which: str, ctx: Context) -> bool:
    if which == MINE:
        return task.assigned_to == ctx.person.member_id
    if which == OVERDUE:
        return task.deadline < ctx.now()
    return which == ALL or task.assigned_to in (None, ctx.person.member_id)


def _more(count: int) -> tuple[tuple[Button, ...], ...]:
    return ((say(_("All tasks"), "/tasks all"),),) if count else ()


@command(
    "snooze",
    N_("Be reminded of a task later"),
    "/snooze 7 2h",
    needs=Ability.TASKS,
    topic=TOPIC,
    details=N_("Also 30m, tonight, tomorrow or 3 days. It stays due when it was."),
)
async def snooze_command(ctx: Context, task: Word | None, wait: Rest) -> None:
    row = await _named(ctx, task, "snooze")
    if not wait:
        await _when(ctx, row)
        return
    await _put_off(ctx, row, wait)


@command(
    "hand",
    N_("Hand a task over to somebody else"),
    "/hand 7 ann",
    needs=Ability.TASKS,
    topic=TOPIC,
    details=N_("/hand 7 me takes it, /hand 7 anybody gives it back to everybody."),
)
async def hand_command(ctx: Context, task: Word | None, who: Rest) -> None:
    row = await _named(ctx, task, "hand")
    if not who:
        await _whom(ctx, row)
        return
    await _hand(ctx, row, await _called(ctx, row, who))


@action("task.done", needs=Ability.TASKS)
async def done(ctx: Context, task: str) -> None:
    row = await _the_task(ctx, task)
    if row.state == TaskState.CANCELLED:
        raise Refused(_("This task is not needed any more."))
    if not await flow.tick(ctx.session, ctx.db, row, ctx.person):
        await ctx.session.refresh(row)
        member = await ctx.session.get(Member, row.done_by.removeprefix("member:"))
        raise Refused(_("{who} ticked this off already.").format(who=member.name if member else _("Somebody")))


@action("task.snooze", needs=Ability.TASKS)
async def snooze(ctx: Context, task: str, minutes: int = 0, until: str = "") -> None:
    row = await _open(ctx, await _the_task(ctx, task))
    if until:
        await _put_off(ctx, row, until)
        return
    await flow.snooze(ctx.session, ctx.db, row, ctx.person, ctx.now() + timedelta(minutes=minutes))
    await ctx.say(_("I remind you again in {minutes} minutes. It stays due when it was.").format(minutes=minutes))


@action("task.hand", needs=Ability.TASKS)
async def hand(ctx: Context, task: str, member: str | None = None, ask: bool = False) -> None:
    """`member` None is everybody; `ask` shows who may."""
    row = await _open(ctx, await _the_task(ctx, task))
    if ask:
        await _whom(ctx, row)
        return
    able = {one.id: one for one in await flow.hands(ctx.session, row)}
    if member is not None and member not in able:
        raise Refused(_("They cannot do this task any more. Press the task's button again."))
    await _hand(ctx, row, able[member] if member else None)


async def _the_task(ctx: Context, task: str) -> ManualTask:
    row = await ctx.session.get(ManualTask, task)
    if row is None:  # finished tasks are forgotten after a month, and cards can be scrolled back to
        raise Refused(_("This task was done long ago."))
    return row


async def _open(ctx: Context, row: ManualTask) -> ManualTask:
    if row.state != TaskState.OPEN:
        raise Refused(_("This task is done already."))
    return row


async def _named(ctx: Context, word: Word | None, command: str) -> ManualTask:
    """The open task with a number, or of the card that is answered. Without either, those that may be meant are offered."""
    there = await flow.open_tasks(ctx.session, ctx.person)
    kind, key = await ctx.replied_subject() or ("", "")
    number = (word or "").lstrip("#")
    found = [one for one in there if (str(one.number) == number if number else kind == "task" and one.id == key)]
    if found:
        return found[0]
    if number:
        await _not_open(ctx, number)
    if not there:
        raise Missing(_("Nothing is left to do."))
    rows = []
    for one in there[:SHOWN]:
        what = flow.sentence(one, await ctx.session.get_one(Item, one.item_id)).here()
        rows.append((say(_("{number}: {title}").format(number=one.number, title=what[:60]), f"/{command} {one.number}"),))
    raise Offer(Card(text=_("Which task?"), buttons=tuple(rows)))


async def _not_open(ctx: Context, number: str) -> NoReturn:
    query = select(ManualTask, Listing.channel).join(Listing, Listing.id == ManualTask.listing_id)
    query = query.where(ManualTask.workspace_id == ctx.person.workspace_id, ManualTask.number == (int(number) if number.isdecimal() else 0))
    row = (await ctx.session.execute(query)).first()
    if row is None:
        raise Missing(_("There is no task {number}. /tasks all lists them.").format(number=number[:20]))
    ctx.check_on(row[1])
    raise Refused(_("Task {number} is done already.").format(number=row[0].number))


async def _put_off(ctx: Context, row: ManualTask, wait: str) -> None:
    zone = ctx.easel().timezone
    at = rules.until(wait, ctx.now(), zone)
    await flow.snooze(ctx.session, ctx.db, row, ctx.person, at)
    text = _("I remind you of task {number} again on {time}. It stays due when it was.")
    await ctx.say(text.format(number=row.number, time=day_time(at, zone)))


async def _when(ctx: Context, row: ManualTask) -> None:
    buttons = [say(_("In 1 hour"), f"/snooze {row.number} 1h"), say(_("Tomorrow"), f"/snooze {row.number} {rules.TOMORROW}")]
    if not rules.is_evening(ctx.now(), ctx.easel().timezone):
        buttons.insert(1, say(_("Tonight"), f"/snooze {row.number} {rules.TONIGHT}"))
    text = _("Until when? Tap, or type it like /snooze {number} 2h.").format(number=row.number)
    await ctx.say(Card(text=text, buttons=(tuple(buttons),)))


async def _whom(ctx: Context, row: ManualTask) -> None:
    """Members who may do it, each a button."""
    able = [one for one in await flow.hands(ctx.session, row) if one.id != row.assigned_to]
    rows = [(Button(one.name, {"do": "task.hand", "task": row.id, "member": one.id}),) for one in able]
    if row.assigned_to is not None:
        rows.append((Button(_("Anybody"), {"do": "task.hand", "task": row.id, "member": None}),))
    await ctx.say(Card(text=_("Who does task {number}?").format(number=row.number), buttons=tuple(rows)))


async def _called(ctx: Context, row: ManualTask, who: str) -> Member | None:
    """The member whom a name means, or the beginning of one; None is everybody."""
    said = who.strip().lower()
    if said in ("anybody", "everybody", "anyone", "everyone"):
        return None
    able = await flow.hands(ctx.session, row)
    if said == "me":
        said = ctx.person.name.lower()
        able = [one for one in able if one.id == ctx.person.member_id]
    found = [one for one in able if one.name.lower() == said] or [one for one in able if one.name.lower().startswith(said)]
    if len(found) != 1:
        text = _("I can hand task {number} to: {names}.") if not found else _("Who of them? I can hand task {number} to: {names}.")
        raise Missing(text.format(number=row.number, names=", ".join(one.name for one in found or able) or _("nobody")))
    return found[0]


async def _hand(ctx: Context, row: ManualTask, to: Member | None) -> None:
    if row.assigned_to == (to.id if to else None):
        raise Refused(_("Nothing changed: task {number} is theirs already.").format(number=row.number))
    await flow.hand_over(ctx.session, ctx.db, row, ctx.person, to)
    if to is None:
        text = _("Task {number} is everybody's again.")
    elif to.id == ctx.person.member_id:
        text = _("Task {number} is yours.")
    else:
        text = _("Task {number} is with {name} now, who is told.")
    await ctx.say(Card(text=text.format(number=row.number, name=to.name if to else ""), mood="good"))
