"""What an order's lines do to stock and listings: taken from the ledger, down everywhere else, and given back when an order ends."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from core.flows import changes, ledger, notices, tasks
from core.flows.house import House
from core.flows.posts import touch
from core.rules.naming import of_order
from core.values.states import ChangeKind, ChangeState, ItemState, ListingState, OrderState, StockKind, TaskKind
from core.words import N_, Told
from storage.keys import new_key
from storage.models import Change, Item, Listing, Order, OrderLine

_TOO_MANY = N_("Order {number} asks for {count} more than there is. Cancel one of its orders; this one came later.")

REREAD_AFTER = timedelta(minutes=1)


async def sell(session: AsyncSession, house: House, order: Order, line: OrderLine) -> None:
    """Move the ledger for one line and take the item down (or lower its quantity) everywhere else."""
    if line.item_id is None:
        return
    db = house.db
    item = await session.get_one(Item, line.item_id, with_for_update={"key_share": True})
    kind = StockKind.SALE if order.paid else StockKind.RESERVE
    moved = await ledger.post(
        session, db, item, kind, line.quantity, key=_key(order, line, kind), source=order.channel, order_id=order.id,
        reason=Told("order {number}", number=order.number),
    )  # fmt: skip
    if moved.short:
        await notices.tell(
            session, db, workspace=item.workspace_id, type="oversell", key=f"oversell:{order.id}:{item.id}",
            title=Told("Item {number} was sold more often than you have it.", number=item.number), subject=("order", order.id),
            body=Told(_TOO_MANY, number=order.number, count=moved.short),
        )  # fmt: skip
    await spread(session, house, item, order, sold_on=line.listing_id, left=moved.level.available)


def _key(order: Order, line: OrderLine, kind: StockKind) -> str:
    return f"{order.account_id or 'outside'}:{order.external_id}:{line.external_id}:{kind}"


async def spread(session: AsyncSession, house: House, item: Item, order: Order, *, sold_on: str | None, left: int) -> None:
    """After a sale: nothing left means down everywhere, the selling listing last since its marketplace ends it by itself."""
    db = house.db
    listings = await changes.listings_of(session, item.id)
    up = [one for one in listings if one.wanted == "live" or one.state in (ListingState.ACTIVE, ListingState.OUT_OF_SYNC)]
    if left <= 0:
        await changes.clear_the_way(session, db, up)
    able = house.capabilities.get(order.channel)
    where = able.name if able else order.channel
    for listing in sorted(up, key=lambda one: one.id == sold_on):
        if left > 0:
            # The selling listing too: what it counted down by itself may have been overwritten by an older quantity of ours.
            reason = Told("{count} left after order {number}", count=left, number=order.number)
            await changes.make(session, db, ChangeKind.QUANTITY, item, listing, reason=reason, after={"quantity": left}, batch=order.id)
            continue
        here = listing.id == sold_on
        if here:
            listing.state = ListingState.SOLD
        if here and not house.capabilities[listing.channel].native:
            # Its marketplace ended it, and the person who told us of the sale knows.
            listing.wanted, listing.ended_at = "gone", db.now()
            await tasks.cancel_open(session, db, listing, TaskKind.LIST)
            continue
        listing.reread_at, listing.reread_count = db.now() + REREAD_AFTER, 0
        await changes.make(
            session, db, ChangeKind.DELIST, item, listing, reason=Told("sold on {channel}", channel=where), order_id=order.id,
            batch=order.id,
            priority=1 if here else 0, cleared=True,
        )  # fmt: skip
    if left <= 0:
        item.state = ItemState.SOLD
        await notices.tell(
            session, db, workspace=item.workspace_id, type="listing_sold", key=f"sold:{order.id}:{item.id}", subject=("order", order.id),
            title=Told("Item {number} is sold: {title}", number=item.number, title=item.title),
            channel=order.channel if order.account_id else "",
        )  # fmt: skip
    await touch(session, db, ("item", item.id))


async def each_line(
    session: AsyncSession, house: House, order: Order, kind: StockKind, *, was_reserved: bool = False, only: str = ""
) -> None:
    """What an order's lines do to stock from now on: sold, released or given back. `only` is one line's id."""
    lines = (await session.execute(select(OrderLine).where(OrderLine.order_id == order.id))).scalars().all()
    for line in lines:
        if line.item_id is None or only not in ("", line.id):
            continue
        item = await session.get_one(Item, line.item_id, with_for_update={"key_share": True})
        # An oversold order holds less than it asks for: it gives back, and pays for, no more than that.
        held = min(line.quantity, await ledger.held_by(session, item.id, order.id))
        moved = await ledger.post(
            session, house.db, item, kind, line.quantity if kind is StockKind.SALE else held, key=_key(order, line, kind),
            source=order.channel, order_id=order.id,
            reason=Told("order {number}: {state}", number=order.number, state=of_order(order.state)),
            was_reserved=held if was_reserved else 0,
        )  # fmt: skip
        if kind is StockKind.SALE or not moved.fresh:
            continue
        await notices.solved(session, house.db, item.workspace_id, f"oversell:{order.id}:{item.id}")
        left = await make_good(session, house, item, moved.level.available)
        if left > 0 and item.state == ItemState.SOLD:
            item.state = ItemState.DELISTED  # its card and the sale's card offer to put it up again
            await touch(session, house.db, ("item", item.id))


async def make_good(session: AsyncSession, house: House, item: Item, free: int) -> int:
    """What came back, or was found, goes to orders that were oversold, first come first served. Answers how many are left."""
    query = (
        select(Order, OrderLine)
        .join(OrderLine, OrderLine.order_id == Order.id)
        .where(OrderLine.item_id == item.id, Order.state.not_in((OrderState.CANCELLED, OrderState.REFUNDED)))
        .order_by(Order.placed_at, Order.id)
    )
    for order, line in (await session.execute(query)).all() if free > 0 else ():
        lacks = min(free, line.quantity - await ledger.held_by(session, item.id, order.id))
        if lacks < 1:
            continue
        kind = StockKind.SALE if order.paid else StockKind.RESERVE
        moved = await ledger.post(
            session, house.db, item, kind, lacks, key=f"{_key(order, line, kind)}:{new_key()}", source=order.channel, order_id=order.id,
            reason=Told("order {number} gets what came back", number=order.number),
        )  # fmt: skip
        free = moved.level.available
        if await ledger.held_by(session, item.id, order.id) >= line.quantity:
            await notices.solved(session, house.db, item.workspace_id, f"oversell:{order.id}:{item.id}")
        await touch(session, house.db, ("order", order.id))
    return free


async def keep_up(session: AsyncSession, house: House, order: Order) -> list[Listing]:
    """A sale did not happen after all: what was not taken down yet stays up. Answers the listings that it did take down."""
    db = house.db
    query = select(Change).where(Change.order_id == order.id, Change.kind == ChangeKind.DELIST).order_by(Change.id)
    down: list[Listing] = []
    for change in (await session.execute(query)).scalars().all():
        listing = await session.get_one(Listing, change.listing_id, with_for_update={"key_share": True})
        why = {"why": Told("Order {number} was cancelled.", number=order.number)}
        if not await changes.move(session, change.id, ChangeState.APPROVED, ChangeState.CANCELLED, finished_at=db.now(), outcome=why):
            down.append(listing)
            continue
        changes.note(session, change, db.now(), "system", ChangeState.CANCELLED, why)
        listing.wanted, listing.reread_at = "live", None
        item = await session.get_one(Item, change.item_id)
        item.state = ItemState.LIVE
        await touch(session, db, *changes.subjects_of(change))
    return down
