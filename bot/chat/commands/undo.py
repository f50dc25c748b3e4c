"""Taking back what somebody did last, whatever it was, or saying plainly that this cannot be taken back.

What people did is on the audit trail. The newest entry that is not taken back already decides: never is something older undone
because the newest cannot be.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from bot.chat.commands.photos import undo_confirmation
from bot.chat.commands.selling import SELLING
from bot.chat.commands.stopping import PAUSED, RESUMED, pause_outward, resume_outward
from bot.chat.context import Context
from bot.chat.registry import action, command
from core.errors import Refused
from core.flows import edits, labels, ledger, order_undo, rolls, sales, undoing
from core.flows.posts import touch
from core.rules.access import Ability
from core.rules.changes import UNDO_WINDOW
from core.rules.naming import of_field
from core.values.card import Card
from core.values.states import ChangeKind, ChangeState, DraftState, OrderState
from core.words import N_, _, here
from storage import audit
from storage.models import Account, AuditEntry, Base, Change, Draft, Item, Listing, ManualTask, Order, OrderLine

LOOKED_AT = 300  # of the newest entries; whoever undoes so much does better with commands
MADE = "change.approved"
# What cannot be taken back: which it was, and what to do instead. The words in braces are the subject's.
FINAL = {
    "item.begun": N_("You sent photos of item {number}. Press Discard on its card if you do not want it."),
    "change.rejected": N_("You said no to a change of item {number}. Use the command for what you want instead."),
    "task.done": N_("You ticked off task {number}. I cannot untick it: /publish or /delist puts right what is not true."),
    "task.snoozed": N_("You put off task {number}. Tick it off on its card when it is done: /tasks."),
    "order.assigned": N_("You said what was sold in order {number}. That cannot be taken back by me."),
    "order.returned": N_("You said what came back of order {number}. /stock puts right what is not true."),
    "orders.imported": N_("You imported orders from a file. /cancel takes back those that are wrong."),
    "order.agreed": N_("You agreed to what was given back of order {number}. That cannot be taken back."),
    "order.not_mine": N_("You said that something in order {number} is none of yours. Its card takes that back."),
    "difference.put_back": N_("You put back a price or a quantity of item {number}. Type what it should be: /price or /edit."),
    "difference.left": N_("You said “not now” about item {number}. Its card still asks."),
    "difference.left_down": N_("You left item {number} down where it had ended. /publish puts it up again."),
    "orphans.imported": N_("You imported listings of {name}. Each is an item now: /delist takes one down there."),
    "account.connected": N_("You connected {name}. Type /disconnect {channel} to take that back."),
    "account.disconnected": N_("You disconnected {name}. Type /connect {channel} to take that back."),
    "account.ship_from": N_("You said where {name} ships from. Say it again on /channels."),
    "webhook.replayed": N_("You had a delivery taken in again. That cannot be taken back."),
}  # fmt: skip
DOING = {
    ChangeKind.PUBLISH: N_("publishing item {number}"), ChangeKind.RELIST: N_("putting item {number} up again"),
    ChangeKind.DELIST: N_("taking item {number} down"), ChangeKind.REPRICE: N_("the new price of item {number}"),
    ChangeKind.REVISE: N_("updating item {number}"), ChangeKind.QUANTITY: N_("the new quantity of item {number}"),
}  # fmt: skip
OVER = (ChangeState.UNDONE, ChangeState.CANCELLED, ChangeState.REJECTED, ChangeState.EXPIRED)
ORDERS = {**dict.fromkeys(order_undo.DEEDS, order_undo), labels.SAID: labels}  # what is done about orders, and who takes it back
DEEDS = (MADE, edits.EDITED, rolls.CONFIRMED, "item.discarded", "item.restored", "order.seen", PAUSED, RESUMED, *ORDERS, *FINAL)


@dataclass(frozen=True, slots=True)
class Deed:
    """The entry that stands for what was done; `changes` are those of its batch, where it made some."""

    entry: AuditEntry
    changes: Sequence[Change] = ()


@command(
    "undo",
    N_("Take the last thing back"),
    "/undo",
    needs=Ability.UNDO,
    topic=SELLING,
    details=N_("Undoes what you did last, or the last thing about one item: /undo 42."),
)
async def undo(ctx: Context, item: Item | None) -> None:
    deed = await last_deed(ctx, item)
    if deed is None:
        raise Refused(_("There is nothing to take back."))
    what = deed.entry.action
    if what in FINAL:
        raise Refused(_(FINAL[what]).format(**await _subject(ctx, deed.entry)))
    if deed.entry.at < ctx.now() - UNDO_WINDOW:
        raise Refused(_("What you did last was more than a day ago. Use the command for what you want instead."))
    if what == MADE:
        await _undo_changes(ctx, deed.changes)
    elif what == edits.EDITED:
        found = await edits.edits_of(ctx.session, deed.entry.subject_id, str(deed.entry.data["batch"]))
        await _undo_edits(ctx, [one for one in found if item is not None or one.actor == ctx.person.actor])
    elif what == rolls.CONFIRMED:
        await undo_confirmation(ctx, deed.entry)
    elif what == "order.seen":
        await undo_sale(ctx, deed.entry.subject_id)
    elif what in ORDERS:
        await ORDERS[what].take_back(ctx.session, ctx.db, deed.entry, ctx.person)
        await ctx.show("order", ("order", deed.entry.subject_id))
    elif what == "item.discarded":
        await _bring_back(ctx, deed.entry)
    elif what == PAUSED:
        await resume_outward(ctx, undo_of=deed.entry.id)
    else:
        await pause_outward(ctx, undo_of=deed.entry.id)


@action("change.undo", needs=Ability.UNDO)
async def undo_batch(ctx: Context, batch: str) -> None:
    """The button of a batch's card."""
    rows = await _changes_of(ctx, batch)
    found = await edits.edits_of(ctx.session, rows[0].item_id, batch) if rows else []
    if found:
        await _undo_edits(ctx, found)
    else:
        await _undo_changes(ctx, rows)


@action("sale.undo", needs=Ability.UNDO)
async def undo_sale(ctx: Context, order: str) -> None:
    """A sale outside was a mistake: its card then offers to put the item up again."""
    row = await ctx.session.get_one(Order, order)
    await sales.cancel_outside(ctx.session, ctx.house, row, ctx.person)
    if not ctx.inbound.press:
        await ctx.show("sale", ("order", order))


async def last_deed(ctx: Context, item: Item | None) -> Deed | None:
    """The newest thing that the person did, or that anybody did about an item, and that still stands."""
    query = select(AuditEntry).where(AuditEntry.workspace_id == ctx.person.workspace_id, AuditEntry.action.in_(DEEDS))
    query = query.where(AuditEntry.actor == ctx.person.actor if item is None else AuditEntry.actor.startswith("member:"))
    entries = list((await ctx.session.execute(query.order_by(AuditEntry.id.desc()).limit(LOOKED_AT))).scalars())
    if item is not None:
        sold = set((await ctx.session.execute(select(OrderLine.order_id).where(OrderLine.item_id == item.id))).scalars())
        entries = [one for one in entries if item.id in (one.subject_id, one.data.get("item")) or one.subject_id in sold]
    by_batch = {one.data["batch"]: one for one in reversed(entries) if one.action == edits.EDITED}
    undone = {one.data["undo_of"] for one in entries if "undo_of" in one.data}
    for entry in entries:
        deed = await _standing(ctx, entry, by_batch)
        if deed is not None and deed.entry.id not in undone and "undo_of" not in deed.entry.data:
            return deed
    return None


async def _standing(ctx: Context, entry: AuditEntry, by_batch: dict[str, AuditEntry]) -> Deed | None:
    """What an entry stands for; None when that is over, or was itself the taking back of something."""
    if entry.action == "order.seen":
        order = await ctx.session.get_one(Order, entry.subject_id)
        return None if order.state == OrderState.CANCELLED else Deed(entry)
    if entry.action in ORDERS:
        return Deed(entry) if await ORDERS[entry.action].stands(ctx.session, entry) else None
    if entry.action != MADE:
        return Deed(entry)
    change = await ctx.session.get_one(Change, entry.subject_id)
    if change.undo_of is not None:
        return None
    if change.batch in by_batch:
        return Deed(by_batch[change.batch])
    if change.kind not in (ChangeKind.PUBLISH, ChangeKind.RELIST, ChangeKind.DELIST):
        return None  # it followed from something else that was taken back
    rows = await _changes_of(ctx, change.batch)
    return Deed(entry, rows) if any(_stands(one, rows) for one in rows) else None


def _stands(change: Change, batch: Sequence[Change]) -> bool:
    """Whether there is something of it that can be taken back, or of which is to be said why it cannot."""
    return change.by == "member" and change.undo_of is None and change.state not in OVER and all(one.undo_of != change.id for one in batch)


async def _subject(ctx: Context, entry: AuditEntry) -> dict[str, str]:
    """What the sentences of `FINAL` say of what an entry is about."""
    kinds: dict[str, type[Base]] = {"item": Item, "task": ManualTask, "order": Order, "account": Account, "change": Item}
    kind, key = kinds.get(entry.subject_kind), entry.data.get("item") if entry.subject_kind == "change" else entry.subject_id
    row = await ctx.session.get(kind, key) if kind else None
    return {name: str(getattr(row, name, "")) for name in ("number", "name", "channel")}


async def _changes_of(ctx: Context, batch: str) -> list[Change]:
    return list((await ctx.session.execute(select(Change).where(Change.batch == batch).order_by(Change.id))).scalars())


async def _undo_changes(ctx: Context, rows: Sequence[Change]) -> None:
    """Take back every Change of a batch that can be; say why for those that cannot."""
    refusals: list[str] = []
    standing = [one for one in rows if _stands(one, rows)]
    for change in standing:
        try:
            if change.state == ChangeState.FAILED:
                number = (await ctx.session.get_one(Item, change.item_id)).number
                what = _(DOING[ChangeKind(change.kind)]).format(number=number)
                raise Refused(_("What you did last was {what}. It did not work, so there is nothing to take back.").format(what=what))
            await undoing.undo(ctx.session, ctx.db, change, ctx.person)
        except Refused as error:
            refusals.append(here(error.sentence))
    if len(refusals) == len(standing):
        raise Refused(refusals[0] if refusals else _("This was taken back already."))
    if not ctx.inbound.press:
        await ctx.show("batch", ("batch", rows[0].batch))


async def _undo_edits(ctx: Context, found: Sequence[AuditEntry]) -> None:
    """Take back every edit of a batch that still stands and can be; say why for those that cannot."""
    await ledger.hold(ctx.session, ctx.db, found[0].subject_id)  # of two who press at once the second sees what the first has done
    over = await edits.taken_back(ctx.session, found)
    standing = [one for one in found if one.id not in over]
    if not standing:
        raise Refused(_("This was taken back already."))
    refusals, sent = [], 0
    theirs = await _theirs(ctx, standing)
    for edit in theirs:
        try:
            async with ctx.session.begin_nested():  # one that cannot be is told, and holds up none of the others
                sent += (await edits.take_back(ctx.session, ctx.house, ctx.person, edit)).sent
        except Refused as error:
            refusals.append(here(error.sentence))
    if len(refusals) == len(theirs):
        raise Refused(refusals[0])
    for sentence in dict.fromkeys(refusals):
        await ctx.say(Card(text=sentence, mood="warn"))
    if ctx.inbound.press:
        return
    item = await ctx.session.get_one(Item, found[0].subject_id)
    what, batch = here(of_field(found[0].data["field"])), str(found[0].data["batch"])
    await ctx.say(_("Taken back: {what} of item {number} is what it was.").format(what=what, number=item.number))
    if sent or await _changes_of(ctx, batch):
        await ctx.show("batch", ("batch", batch))


async def _theirs(ctx: Context, found: Sequence[AuditEntry]) -> list[AuditEntry]:
    """Without those of single listings that the person does not look after."""
    keys = {str(one.data["listing"]) for one in found if one.data.get("listing")}
    rows = (await ctx.session.execute(select(Listing.id, Listing.channel).where(Listing.id.in_(keys)))).all()
    channels = {row[0]: row[1] for row in rows}
    single = [one for one in found if one.data.get("listing") in channels]
    theirs = await ctx.theirs(single, lambda one: channels[one.data["listing"]])
    return [one for one in found if one not in single or one in theirs]


async def _bring_back(ctx: Context, entry: AuditEntry) -> None:
    item = await ctx.session.get_one(Item, entry.subject_id)
    query = select(Draft).where(Draft.item_id == item.id).order_by(Draft.id.desc()).limit(1)
    (await ctx.session.execute(query)).scalar_one().state = DraftState.REVIEW
    item.deleted_at = None
    audit.record(
        ctx.session, workspace=item.workspace_id, at=ctx.now(), actor=ctx.person.actor, action="item.restored", subject=("item", item.id),
        data={"undo_of": entry.id},
    )  # fmt: skip
    await touch(ctx.session, ctx.db, ("item", item.id))
    await ctx.show("draft", ("item", item.id))
