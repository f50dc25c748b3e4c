"""What only a person can do."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from bot.chat.context import Context
from bot.chat.registry import action, command
from core.errors import Refused
from core.flows import tasks as flow
from core.rules.access import Ability
from core.values.card import Card
from core.values.states import TaskState
from core.words import N_, _
from storage.models import ManualTask, Member

SHOWN = 8


@command("tasks", N_("What is yours to do, overdue first"), "/tasks", topic=N_("Your things"))
async def tasks(ctx: Context) -> None:
    query = select(ManualTask).where(ManualTask.workspace_id == ctx.person.workspace_id, ManualTask.state == TaskState.OPEN)
    found = list((await ctx.session.execute(query.order_by(ManualTask.deadline))).scalars())
    if not found:
        await ctx.say(Card(text=_("Nothing is left for you to do."), mood="good"))
        return
    for row in found[:SHOWN]:
        await ctx.show("task", ("task", row.id))
    if len(found) > SHOWN:
        await ctx.say(_("And {count} more: tick some off and type /tasks again.").format(count=len(found) - SHOWN))


@action("task.done", needs=Ability.TASKS)
async def done(ctx: Context, task: str) -> None:
    row = await _the_task(ctx, task)
    if not await flow.tick(ctx.session, ctx.db, row, ctx.person):
        member = await ctx.session.get(Member, row.done_by.removeprefix("member:"))
        raise Refused(_("{who} ticked this off already.").format(who=member.name if member else _("Somebody")))


async def _the_task(ctx: Context, task: str) -> ManualTask:
    row = await ctx.session.get(ManualTask, task)
    if row is None:  # finished tasks are forgotten after a month, and cards can be scrolled back to
        raise Refused(_("This task was done long ago."))
    return row


@action("task.snooze", needs=Ability.TASKS)
async def snooze(ctx: Context, task: str, minutes: int) -> None:
    row = await _the_task(ctx, task)
    if row.state != TaskState.OPEN:
        raise Refused(_("This task is done already."))
    await flow.snooze(ctx.session, ctx.db, row, ctx.person, timedelta(minutes=minutes))
    await ctx.say(_("I remind you again in {minutes} minutes. It stays due when it was.").format(minutes=minutes))
