"""Publishing, prices, taking down and selling elsewhere. Taking it back is `undo.py`."""

from __future__ import annotations

from sqlalchemy import select

from bot.chat.cards.sale import taken_down
from bot.chat.commands.fields import check_amount, check_editable, set_amount, the_item
from bot.chat.commands.publishing import publish_item, rehearse_item
from bot.chat.context import Context
from bot.chat.limits import channels_of_changes
from bot.chat.registry import Price, Rest, Word, action, command
from core.errors import Invalid, Missing, Refused
from core.flows import changes, edits, ledger, sales
from core.flows.accounts import account_named
from core.flows.wanted import price_of
from core.money import Money, parse
from core.rules.access import Ability
from core.rules.naming import of_change
from core.values.card import Card
from core.values.states import ChangeKind, ChangeState, ItemState
from core.words import N_, Told, _, here
from storage.keys import new_key
from storage.models import Account, Change, Item, Member

SELLING = N_("Selling")
DRY = "dry"  # show what would be sent
HERE = (ItemState.DRAFT, ItemState.READY, ItemState.LIVE, ItemState.DELISTED)  # not sold, not put away


@command(
    "publish",
    N_("Put an item up"),
    "/publish 42",
    needs=Ability.PUBLISH,
    topic=SELLING,
    details=N_("Add a channel to put it up only there. /publish 42 dry shows what would be sent, and sends nothing."),
    offers=(ItemState.DRAFT, ItemState.DELISTED),
)
async def publish(ctx: Context, item: Item, channel: Account | None, dry: Word | None) -> None:
    if dry is None:
        await publish_item(ctx, item, [channel] if channel else [])
        return
    if dry.lower() != DRY:
        account_named(list(await ctx.accounts()), dry)  # a slip in the channel: says which there are
        raise Invalid(_("I did not understand “{words}”. Type it like this: {example}").format(words=dry, example="/publish 42 dry"))
    await rehearse_item(ctx, item, [channel] if channel else [])


@command(
    "price",
    N_("Change a price"),
    "/price 42 45",
    aliases=("reprice",),
    needs=Ability.PRICE,
    topic=SELLING,
    details=N_("/price 42 ebay 45 gives one listing its own price, /price 42 ebay same takes it away."),
    offers=HERE,
    asks={"amount": N_("What should it cost? Type an amount like 45.")},
)
async def price(ctx: Context, item: Item, channel: Account | None, amount: Price) -> None:
    if channel is not None:
        await _own_price(ctx, item, channel, amount.money)
    elif amount.money is None:
        raise Invalid(_("Say on which channel it costs the same as elsewhere: /price {number} ebay same").format(number=item.number))
    elif not await set_amount(ctx, item, "price", amount.money):
        await ctx.say(_("Item {number} costs {price} now.").format(number=item.number, price=amount.money.here()))


async def _own_price(ctx: Context, item: Item, channel: Account, amount: Money | None) -> None:
    """A listing's own price; None takes it away."""
    check_editable(item, "price")
    if amount is not None:
        check_amount(item, "price", amount)
    elif item.price is None:
        raise Missing(_("Item {number} has no price. Type /price {number} 45 first.").format(number=item.number), field="price")
    listing = await changes.listing_for(ctx.session, item, channel)
    told = await edits.write(
        ctx.session, ctx.house, ctx.person, item, "own_price", None if amount is None else amount.amount, listing=listing
    )
    if told.sent:
        await ctx.show("batch", ("batch", told.batch))
        return
    costs = price_of(item, listing)
    await ctx.say(
        _("Item {number} will cost {price} on {channel}.").format(
            number=item.number, price=costs.here() if costs else "", channel=channel.name
        )
    )


@command(
    "delist",
    N_("Take an item down"),
    "/delist 42",
    needs=Ability.DELIST,
    topic=SELLING,
    details=N_("Add a channel to take it down only there."),
    offers=(ItemState.LIVE, ItemState.READY),
)
async def delist(ctx: Context, item: Item, channel: Account | None) -> None:
    batch = new_key()
    up = [one for one in await changes.listings_of(ctx.session, item.id) if one.wanted == "live"]
    up = [one for one in up if channel is None or one.account_id == channel.id]
    for listing in await ctx.theirs(up, lambda one: one.channel):
        await changes.make(ctx.session, ctx.db, ChangeKind.DELIST, item, listing, person=ctx.person, batch=batch, reason=Told("by hand"))
    if not up:
        raise Refused(_("Item {number} is not up there.").format(number=item.number))
    await ctx.show("batch", ("batch", batch))


@command(
    "sold",
    N_("It sold somewhere else"),
    "/sold 42 80 cash",
    needs=Ability.SOLD,
    topic=SELLING,
    details=N_("Takes it down everywhere and counts what you earned."),
    offers=HERE,
    asks={"amount": N_("For how much did it sell? Type an amount like 80.")},
)
async def sold(ctx: Context, item: Item, amount: Money, how: Rest) -> None:
    if amount.amount < 0:
        raise Invalid(_("Nobody sells for less than nothing. Type it like /sold {number} 80 cash.").format(number=item.number))
    level = await ledger.level_of(ctx.session, item.id)
    if item.state == ItemState.SOLD or (level is not None and level.available < 1):
        raise Refused(_("Item {number} is sold already.").format(number=item.number))
    await sales.sell_outside(ctx.session, ctx.house, ctx.person, item, amount, how=how[:40] or "outside")


@action("sale.up_again", needs=Ability.PUBLISH)
async def up_again(ctx: Context, order: str, item: str) -> None:
    """A sale was cancelled: the item goes up again everywhere that the sale took it down."""
    row = await the_item(ctx, item)
    where = set(await taken_down(ctx.session, order, row))
    there = [one for one in await ctx.accounts() if one.id in where]
    if not there:
        raise Refused(_("Item {number} is not down any more.").format(number=row.number))
    await publish_item(ctx, row, there)


@action("sold.ask", needs=Ability.SOLD, asks=True)
async def sold_ask(ctx: Context, item: str) -> None:
    row = await the_item(ctx, item)
    await ctx.ask(
        _("For how much did item {number} sell? Type an amount like 80.").format(number=row.number), {"do": "sold.answer", "item": item}
    )


@action("sold.answer", needs=Ability.SOLD)
async def sold_answer(ctx: Context, item: str, answer: str) -> None:
    amount, _space, how = answer.partition(" ")
    await sold(ctx, await the_item(ctx, item), parse(amount, ctx.workspace.currency), Rest(how))


@action("change.again", needs=Ability.PUBLISH)
async def again(ctx: Context, change: str) -> None:
    row = await ctx.session.get(Change, change)
    if row is None or not await changes.again(ctx.session, ctx.db, row, ctx.person):
        raise Refused(_("Nothing to try again: it is {state} by now.").format(state=here(of_change(row.state)) if row else _("gone")))


async def _decided(ctx: Context, change: Change) -> str:
    """Who decided a Change before us, kindly."""
    member = await ctx.session.get(Member, change.decided_by.removeprefix("member:"))
    who = member.name if member else _("Haggle")
    return _("{who} decided this already: it is {state}.").format(who=who, state=here(of_change(change.state)))


@action("change.approve", needs=Ability.DECIDE)
async def approve(ctx: Context, changes: list[str]) -> None:
    await _decide(ctx, changes, yes=True)


@action("change.reject", needs=Ability.DECIDE)
async def reject(ctx: Context, changes: list[str]) -> None:
    await _decide(ctx, changes, yes=False)


async def _decide(ctx: Context, ids: list[str], *, yes: bool) -> None:
    late = ""
    count = 0
    rows = [await ctx.session.get(Change, key, populate_existing=True) for key in ids]
    there = [one for one in rows if one is not None]
    if len(there) < len(rows):
        raise Missing(_("This is not there any more."))
    channels = await channels_of_changes(ctx.session, there)
    for row in await ctx.theirs(there, lambda one: channels[one.id]):
        if yes:
            moved = await edits.approve(ctx.session, ctx.house, ctx.person, row)
        else:
            moved = await changes.reject(ctx.session, ctx.db, row, ctx.person)
        if moved:
            count += 1
        else:
            late = await _decided(ctx, await ctx.session.get_one(Change, row.id, populate_existing=True))
    if not count:
        raise Refused(late)


@command("pending", N_("What waits for your yes"), "/pending", topic=SELLING)
async def pending(ctx: Context) -> None:
    query = (
        select(Change.batch)
        .where(Change.workspace_id == ctx.person.workspace_id, Change.state == ChangeState.PROPOSED)
        .distinct()
        .limit(10)
    )
    batches = list((await ctx.session.execute(query)).scalars())
    if not batches:
        await ctx.say(Card(text=_("Nothing waits for you."), mood="good"))
    for batch in batches:
        await ctx.show("batch", ("batch", batch))
