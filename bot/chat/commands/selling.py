"""Publishing, prices, taking down, selling elsewhere, and taking it all back."""

from __future__ import annotations

from sqlalchemy import select

from bot.chat.commands.drafts import publish_item, the_item
from bot.chat.commands.prices import is_up, reprice, reprice_everywhere
from bot.chat.context import Context
from bot.chat.registry import Rest, Word, action, command
from bot.chat.words import _
from core.errors import Invalid, Missing, Refused
from core.flows import changes, ledger, sales
from core.flows.posts import touch
from core.flows.watching import resume as wake_waiting
from core.money import Money, parse
from core.rules.access import SELL
from core.values.card import Button, Card
from core.values.states import ChangeKind, ChangeState, ItemState
from storage import audit
from storage.keys import new_key
from storage.models import Account, Change, Item, Member

SELLING = _("Selling")


@command("publish", _("Put an item up"), "/publish 42", needs=SELL, topic=SELLING, details=_("Add a channel to put it up only there."))
async def publish(ctx: Context, item: Item, channel: Account | None) -> None:
    await publish_item(ctx, item, channel)


@command(
    "price",
    _("Change a price"),
    "/price 42 45",
    aliases=("reprice",),
    needs=SELL,
    topic=SELLING,
    details=_("/price 42 ebay 45 gives one listing its own price."),
)
async def price(ctx: Context, item: Item, channel: Account | None, amount: Money) -> None:
    _check_price(item, amount)
    if channel is None:
        before = item.price
        item.price, item.changed_at = amount.amount, ctx.now()
        audit.record(
            ctx.session, workspace=item.workspace_id, at=ctx.now(), actor=ctx.person.actor, action="item.edited",
            subject=("item", item.id), data={"field": "price", "value": amount.wire(), "before": before},
        )  # fmt: skip
        await touch(ctx.session, ctx.db, ("item", item.id))
        if not await reprice_everywhere(ctx, item, before=before):
            await ctx.say(_("Item {number} costs {price} now.").format(number=item.number, price=amount))
        return
    listing = await changes.listing_for(ctx.session, item, channel)
    before_own = listing.own_price
    listing.own_price = amount.amount
    if not is_up(listing):
        await ctx.say(_("Item {number} will cost {price} on {channel}.").format(number=item.number, price=amount, channel=channel.name))
        return
    listing_before = {"own_price": before_own}
    made = await reprice(ctx, item, listing, new_key(), listing_before)
    await ctx.show("batch", ("batch", made.batch))


def _check_price(item: Item, amount: Money) -> None:
    if amount.currency != item.currency:
        raise Invalid(_("Item {number} is priced in {currency}.").format(number=item.number, currency=item.currency))
    if amount.amount <= 0:
        raise Invalid(_("A price must be more than zero."))
    if item.floor is not None and amount.amount < item.floor:
        floor = Money(item.floor, item.currency)
        raise Refused(
            _("{price} is below its floor of {floor}. Lower the floor first if you mean it: /edit {number} floor …").format(
                price=amount, floor=floor, number=item.number
            )
        )
    if item.state in (ItemState.SOLD, ItemState.ARCHIVED):
        raise Refused(_("Item {number} is {state}.").format(number=item.number, state=item.state))


@command("delist", _("Take an item down"), "/delist 42", needs=SELL, topic=SELLING, details=_("Add a channel to take it down only there."))
async def delist(ctx: Context, item: Item, channel: Account | None) -> None:
    batch = new_key()
    count = 0
    for listing in await changes.listings_of(ctx.session, item.id):
        if listing.wanted != "live" or (channel is not None and listing.account_id != channel.id):
            continue
        await changes.make(ctx.session, ctx.db, ChangeKind.DELIST, item, listing, person=ctx.person, batch=batch, reason="by hand")
        count += 1
    if not count:
        raise Refused(_("Item {number} is not up there.").format(number=item.number))
    await ctx.show("batch", ("batch", batch))


@command(
    "sold",
    _("It sold somewhere else"),
    "/sold 42 80 cash",
    needs=SELL,
    topic=SELLING,
    details=_("Takes it down everywhere and counts what you earned."),
)
async def sold(ctx: Context, item: Item, amount: Money, how: Rest) -> None:
    level = await ledger.level_of(ctx.session, item.id)
    if item.state == ItemState.SOLD or (level is not None and level.available < 1):
        raise Refused(_("Item {number} is sold already.").format(number=item.number))
    await sales.sell_outside(ctx.session, ctx.house, ctx.person, item, amount, how=how[:40] or "outside")


@action("sold.ask", needs=SELL)
async def sold_ask(ctx: Context, item: str) -> None:
    row = await the_item(ctx, item)
    await ctx.ask(
        _("For how much did item {number} sell? Type an amount like 80.").format(number=row.number), {"do": "sold.answer", "item": item}
    )


@action("sold.answer", needs=SELL)
async def sold_answer(ctx: Context, item: str, answer: str) -> None:
    amount, _space, how = answer.partition(" ")
    await sold(ctx, await the_item(ctx, item), parse(amount, ctx.workspace.currency), Rest(how))


@command(
    "undo",
    _("Take the last thing back"),
    "/undo",
    needs=SELL,
    topic=SELLING,
    details=_("Undoes what you did last, or the last thing about one item: /undo 42."),
)
async def undo(ctx: Context, item: Item | None) -> None:
    query = (
        select(Change)
        .where(
            Change.workspace_id == ctx.person.workspace_id,
            Change.by == "member",
            Change.undo_of.is_(None),
            Change.state.in_((ChangeState.DONE, ChangeState.APPROVED, ChangeState.RUNNING)),
        )
        .order_by(Change.id.desc())
        .limit(1)
    )
    query = query.where(Change.item_id == item.id) if item is not None else query.where(Change.member_id == ctx.person.member_id)
    last = (await ctx.session.execute(query)).scalar()
    if last is None:
        raise Refused(_("There is nothing to take back."))
    await undo_batch(ctx, last.batch)


@action("change.undo", needs=SELL)
async def undo_batch(ctx: Context, batch: str) -> None:
    """Take back every Change of a batch that can be; say why for those that cannot."""
    rows = list((await ctx.session.execute(select(Change).where(Change.batch == batch).order_by(Change.id))).scalars())
    refusals: list[str] = []
    count = 0
    for change in rows:
        if change.undo_of is not None or change.state in (
            ChangeState.UNDONE,
            ChangeState.CANCELLED,
            ChangeState.REJECTED,
            ChangeState.FAILED,
        ):
            continue
        try:
            await changes.undo(ctx.session, ctx.db, change, ctx.person)
            count += 1
        except Refused as error:
            refusals.append(str(error))
    if not count:
        raise Refused(refusals[0] if refusals else _("This was taken back already."))
    if ctx.inbound.press == "":
        await ctx.show("batch", ("batch", batch))


@action("change.again", needs=SELL)
async def again(ctx: Context, change: str) -> None:
    row = await ctx.session.get(Change, change)
    if row is None or not await changes.again(ctx.session, ctx.db, row, ctx.person):
        raise Refused(_("Nothing to try again: it is {state} by now.").format(state=row.state if row else _("gone")))


async def _decided(ctx: Context, change: Change) -> str:
    """Who decided a Change before us, kindly."""
    member = await ctx.session.get(Member, change.decided_by.removeprefix("member:"))
    who = member.name if member else _("Haggle")
    return _("{who} decided this already: it is {state}.").format(who=who, state=change.state)


@action("change.approve", needs=SELL)
async def approve(ctx: Context, changes: list[str]) -> None:
    await _decide(ctx, changes, yes=True)


@action("change.reject", needs=SELL)
async def reject(ctx: Context, changes: list[str]) -> None:
    await _decide(ctx, changes, yes=False)


async def _decide(ctx: Context, ids: list[str], *, yes: bool) -> None:
    late = ""
    count = 0
    for key in ids:
        row = await ctx.session.get(Change, key, populate_existing=True)
        if row is None:
            raise Missing(_("This is not there any more."))
        decide = changes.approve if yes else changes.reject
        if await decide(ctx.session, ctx.db, row, ctx.person):
            count += 1
        else:
            late = await _decided(ctx, await ctx.session.get_one(Change, key, populate_existing=True))
    if not count:
        raise Refused(late)


@command("pending", _("What waits for your yes"), "/pending", topic=SELLING)
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


@command(
    "pause",
    _("Stop every outward call"),
    "/pause all",
    needs=SELL,
    topic=SELLING,
    details=_("Changes wait and nothing is lost; /resume lets them go."),
)
async def pause(ctx: Context, what: Word | None) -> None:
    if what != "all":
        raise Invalid(_("Type /pause all to stop every outward call. Changes then wait until /resume."))
    await _pause(ctx, paused=True)
    await ctx.say(
        Card(
            _("Paused"),
            _("Nothing leaves the house now: no publishing, no price changes, and no taking down when something sells. Changes wait."),
            buttons=((Button(_("Resume"), {"do": "say", "text": "/resume"}, "primary"),),),
            mood="warn",
        )
    )


@command("resume", _("Go on after a pause"), "/resume", needs=SELL, topic=SELLING)
async def resume(ctx: Context) -> None:
    await _pause(ctx, paused=False)
    waiting = await wake_waiting(ctx.session, ctx.house, ctx.person.workspace_id)
    text = _("Going on. {count} changes waited.").format(count=waiting) if waiting else _("Going on. Nothing waited.")
    await ctx.say(Card(text=text, mood="good"))


async def _pause(ctx: Context, *, paused: bool) -> None:
    ctx.workspace.paused = paused
    action_name = "workspace.paused" if paused else "workspace.resumed"
    audit.record(
        ctx.session, workspace=ctx.workspace.id, at=ctx.now(), actor=ctx.person.actor, action=action_name,
        subject=("workspace", ctx.workspace.id),
    )  # fmt: skip
    await touch(ctx.session, ctx.db, ("channels", ctx.workspace.id))
