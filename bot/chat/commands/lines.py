"""What was sold there and is known nowhere here: a person says which item it is, or that it is none of theirs."""

from __future__ import annotations

from bot.chat.cards.sale import NOT_MINE
from bot.chat.commands.fields import the_item
from bot.chat.context import Context
from bot.chat.finding import find_item
from bot.chat.registry import action
from core.errors import Missing
from core.flows import notices, sales
from core.flows.posts import touch
from core.rules.access import Ability
from core.words import _
from storage import audit
from storage.models import OrderLine


@action("line.assign", needs=Ability.SOLD)
async def assign(ctx: Context, line: str, item: str) -> None:
    row = await ctx.session.get_one(OrderLine, line)
    await sales.assign_line(ctx.session, ctx.house, ctx.person, row, await the_item(ctx, item))


@action("line.ask", needs=Ability.SOLD, asks=True)
async def ask(ctx: Context, line: str) -> None:
    row = await ctx.session.get_one(OrderLine, line)
    await ctx.ask(_("Which item was sold as “{title}”? Type its number.").format(title=row.title), {"do": "line.answer", "line": line})


@action("line.answer", needs=Ability.SOLD)
async def answer(ctx: Context, line: str, answer: str) -> None:
    found = await find_item(ctx.session, ctx.person.workspace_id, answer)
    if found is None:
        raise Missing(_("There is no item {number}. /items lists what you have.").format(number=answer[:40]))
    await assign(ctx, line, found.id)
    row = await ctx.session.get_one(OrderLine, line)
    await ctx.show("sale", ("order", row.order_id))


@action("line.not_mine", needs=Ability.SOLD)
async def not_mine(ctx: Context, line: str) -> None:
    row = await ctx.session.get_one(OrderLine, line)
    audit.record(
        ctx.session, workspace=row.workspace_id, at=ctx.now(), actor=ctx.person.actor, action=NOT_MINE, subject=("order", row.order_id),
        data={"line": line},
    )  # fmt: skip
    await notices.solved(ctx.session, ctx.db, row.workspace_id, f"unknown_line:{line}")
    await touch(ctx.session, ctx.db, ("order", row.order_id))
