"""Comparing with the marketplaces, and deciding what differs."""

from __future__ import annotations

from sqlalchemy import select

from bot.chat.context import Context
from bot.chat.registry import action, command
from core.errors import Missing, Refused
from core.flows import adopting, differences, reconciling
from core.rules.access import Ability
from core.rules.reconciling import Kind
from core.values.card import Card
from core.words import N_, _
from storage.models import Account, Difference

SHOWN = 8


@command(
    "reconcile",
    N_("Compare everything with what the marketplaces show"),
    "/reconcile",
    aliases=("compare",),
    needs=Ability.RECONCILE,
    topic=N_("Channels"),
    details=N_("I do it every night. Add a channel to compare only that one: /reconcile ebay."),
)
async def reconcile(ctx: Context, channel: Account | None) -> None:
    there = [channel] if channel else await ctx.theirs(await ctx.accounts(), lambda one: one.channel)
    batch = await reconciling.begin(ctx.session, ctx.house, ctx.person.workspace_id, there, by=ctx.person.actor)
    if not batch:
        raise Refused(_("There is nothing to compare with: no marketplace that I can ask is connected. Type /channels."))
    await ctx.show("reconciliation", ("reconciliation", batch))


async def _one(ctx: Context, key: str) -> Difference:
    row = await ctx.session.get(Difference, key)
    if row is None:
        raise Missing(_("This was decided long ago."))
    return row


@action("difference.list", needs=Ability.RECONCILE)
async def questions(ctx: Context) -> None:
    """Each open question as its own card."""
    query = select(Difference).where(
        Difference.workspace_id == ctx.person.workspace_id, Difference.state == differences.OPEN, Difference.kind != Kind.ORPHAN
    )
    rows = list((await ctx.session.execute(query.order_by(Difference.id))).scalars())
    if not rows:
        await ctx.say(Card(text=_("Nothing waits for you."), mood="good"))
    for row in rows[:SHOWN]:
        await ctx.show("difference", ("difference", row.id))
    if len(rows) > SHOWN:
        await ctx.say(_("And {count} more: decide some and press the button again.").format(count=len(rows) - SHOWN))


@action("difference.keep", needs=Ability.RECONCILE)
async def keep(ctx: Context, difference: str) -> None:
    await _decide(ctx, difference, keep=True)


@action("difference.put_back", needs=Ability.RECONCILE)
async def put_back(ctx: Context, difference: str) -> None:
    await _decide(ctx, difference, keep=False)


async def _decide(ctx: Context, difference: str, *, keep: bool) -> None:
    batch = await differences.decide(ctx.session, ctx.house, ctx.person, await _one(ctx, difference), keep=keep)
    if batch:
        await ctx.show("batch", ("batch", batch))


@action("difference.leave", needs=Ability.RECONCILE)
async def leave(ctx: Context, difference: str) -> None:
    await differences.leave(ctx.session, ctx.house, ctx.person, await _one(ctx, difference))


@action("orphan.import", needs=Ability.RECONCILE)
async def take_over(ctx: Context, difference: str) -> None:
    row = await _one(ctx, difference)
    account = await ctx.session.get_one(Account, row.account_id)
    await adopting.take_over(ctx.session, ctx.house, ctx.person, account, [row])


@action("orphan.import_all", needs=Ability.RECONCILE)
async def take_over_all(ctx: Context, account: str) -> None:
    row = await ctx.session.get_one(Account, account)
    orphans = list((await ctx.session.execute(reconciling.orphans_of(account))).scalars())
    await adopting.take_over(ctx.session, ctx.house, ctx.person, row, [one for one in orphans if one.theirs.get("plain", True)])
