"""A sale, wherever it happened: the order once, the ledger, every other listing down at once, a card with what was earned."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.flows import changes, ledger, notices
from core.flows.house import House
from core.flows.people import Person, chats_of
from core.flows.posts import put_view, touch
from core.flows.tasks import next_number
from core.money import Money
from core.rules import orders as rules
from core.values.channel import Buyer, ChannelOrder
from core.values.states import ChangeKind, ItemState, ListingState, OrderState, Severity, StockKind
from storage import audit
from storage.db import Database
from storage.keys import new_key
from storage.models import Account, Item, Listing, Order, OrderLine

REREAD_AFTER = timedelta(minutes=1)
_KNOWN = select(Order).where(Order.account_id == bindparam("account"), Order.external_id == bindparam("external"))
_BY_SKU = select(Listing).where(Listing.account_id == bindparam("account"), Listing.sku == bindparam("sku"))


async def take(
    house: House, account: Account, told: ChannelOrder, *, seen_by: str, also: Callable[[AsyncSession], Awaitable[None]] | None = None
) -> str | None:
    """Take an order in, in a transaction of its own, which `also` may add to. Answers its id, or None when there was nothing to do."""
    if also is None:
        async with house.db.read() as session:
            known = await _known(session, account.id, told.external_id)
            if known is not None and not _differs(known, told):
                return None
    async with house.db.write() as session:
        key = await record(session, house, account, told, seen_by=seen_by)
        if also is not None:
            await also(session)
        return key


async def _known(session: AsyncSession, account_id: str, external_id: str) -> Order | None:
    return (await session.execute(_KNOWN, {"account": account_id, "external": external_id})).scalar()


def _differs(order: Order, told: ChannelOrder) -> bool:
    fees = told.fees is not None and told.fees.amount != order.fees
    return order.state != told.state or order.paid != told.paid or fees


async def record(session: AsyncSession, house: House, account: Account, told: ChannelOrder, *, seen_by: str) -> str:
    """The order, once: created, or moved along. Everything it causes is in the caller's transaction."""
    db = house.db
    if not db.is_sqlite:  # two reports of one new order come one after the other; on SQLite all transactions do
        await session.get_one(Account, account.id, with_for_update={"key_share": True})
    order = await _known(session, account.id, told.external_id)
    if order is None:
        if not db.is_sqlite:
            await _hold_items(session, account, told)
        order = await _create(session, house, account, told, seen_by)
        lines = await _lines(session, order, account, told)
        for line in lines:
            await _sell(session, house, order, line)
        await _announce(session, db, order, lines)
    await _follow(session, house, order, told)
    await touch(session, db, ("order", order.id))
    return order.id


async def _hold_items(session: AsyncSession, account: Account, told: ChannelOrder) -> None:
    """Lock what was sold before the workspace's counters, in one order: see `ledger.hold`."""
    by_sku = Listing.sku.in_([line.sku for line in told.lines])
    by_ref = Listing.listing_ref.in_([line.listing_id for line in told.lines if line.listing_id])
    sold = select(Listing.item_id).where(Listing.account_id == account.id, by_sku | by_ref)
    await session.execute(select(Item.id).where(Item.id.in_(sold)).order_by(Item.id).with_for_update(key_share=True))


async def _create(session: AsyncSession, house: House, account: Account, told: ChannelOrder, seen_by: str) -> Order:
    now = house.db.now()
    key = new_key()
    order = Order(
        id=key, workspace_id=account.workspace_id, number=await next_number(session, account.workspace_id, "order"), account_id=account.id,
        channel=account.channel, external_id=told.external_id, state=OrderState.CONFIRMED if told.paid else OrderState.PENDING,
        paid=told.paid, currency=told.total.currency, total=told.total.amount, fees=_amount(told.fees), shipping=_amount(told.shipping),
        tax=_amount(told.tax), buyer=house.keyring.seal(asdict(told.buyer), key) if told.buyer != Buyer() else b"",
        buyer_key=house.keyring.search_key(told.buyer.handle), placed_at=told.placed_at, changed_at=told.changed_at, seen_at=now,
        seen_by=seen_by,
    )  # fmt: skip
    session.add(order)
    await session.flush()
    audit.record(
        session, workspace=order.workspace_id, at=now, actor=f"channel:{account.channel}", action="order.seen",
        subject=("order", order.id), data={"external": order.external_id, "by": seen_by, "state": order.state},
    )  # fmt: skip
    return order


def _amount(money: Money | None) -> int | None:
    return None if money is None else money.amount


async def _lines(session: AsyncSession, order: Order, account: Account, told: ChannelOrder) -> list[OrderLine]:
    """Match what was sold to our items: by our sku on that account, else by the channel's listing id, else it is asked."""
    made = []
    for line in told.lines:
        listing = None
        if line.sku:
            listing = (await session.execute(_BY_SKU, {"account": account.id, "sku": line.sku})).scalar()
        if listing is None and line.listing_id:
            query = select(Listing).where(Listing.account_id == account.id, Listing.listing_ref == line.listing_id)
            listing = (await session.execute(query)).scalar()
        row = OrderLine(
            workspace_id=order.workspace_id, order_id=order.id, external_id=line.external_id, sku=line.sku, title=line.title,
            quantity=line.quantity, price=line.price.amount, item_id=listing.item_id if listing else None,
            listing_id=listing.id if listing else None,
        )  # fmt: skip
        session.add(row)
        made.append(row)
    await session.flush()
    return made


async def _sell(session: AsyncSession, house: House, order: Order, line: OrderLine) -> None:
    """Move the ledger for one line and take the item down (or lower its quantity) everywhere else."""
    if line.item_id is None:
        return
    db = house.db
    item = await session.get_one(Item, line.item_id, with_for_update={"key_share": True})
    kind = StockKind.SALE if order.paid else StockKind.RESERVE
    moved = await ledger.post(
        session, db, item, kind, line.quantity, key=_key(order, line, kind), source=order.channel, order_id=order.id,
        reason=f"order {order.external_id}",
    )  # fmt: skip
    if moved.short:
        await notices.tell(
            session, db, workspace=item.workspace_id, severity=Severity.CRITICAL, type="oversell", key=f"oversell:{order.id}:{item.id}",
            title=f"Item {item.number} was sold more often than you have it.", subject=("order", order.id),
            body=f"Order {order.number} asks for {moved.short} more than there is. Cancel one of its orders; this one came later.",
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
            reason = f"{left} left after order {order.number}"
            await changes.make(session, db, ChangeKind.QUANTITY, item, listing, reason=reason, after={"quantity": left}, batch=order.id)
            continue
        here = listing.id == sold_on
        if here:
            listing.state = ListingState.SOLD
        listing.reread_at, listing.reread_count = db.now() + REREAD_AFTER, 0
        await changes.make(
            session, db, ChangeKind.DELIST, item, listing, reason=f"sold on {where}", order_id=order.id, batch=order.id,
            priority=1 if here else 0, cleared=True,
        )  # fmt: skip
    if left <= 0:
        item.state = ItemState.SOLD
    await touch(session, db, ("item", item.id))


async def _announce(session: AsyncSession, db: Database, order: Order, lines: list[OrderLine]) -> None:
    for place in await chats_of(session, order.workspace_id):
        await put_view(session, db, place, "sale", ("order", order.id), workspace=order.workspace_id, priority=2)
    for line in lines:
        if line.item_id is None:
            await notices.tell(
                session, db, workspace=order.workspace_id, severity=Severity.WARNING, type="sync_conflict",
                key=f"unknown_line:{line.id}", subject=("order", order.id), title=f"Order {order.number} has something I do not know.",
                body=f"“{line.title}” was sold on {order.channel}, but no item of yours is listed there under it. "
                f"Say which one it is: /sold ITEM, so that it comes down elsewhere.",
            )  # fmt: skip


async def _follow(session: AsyncSession, house: House, order: Order, told: ChannelOrder) -> None:
    """What the channel says now: paid, cancelled, shipped, fees. It may jump along the table; each hop is on the trail."""
    db = house.db
    if told.fees is not None:
        order.fees = told.fees.amount
    if told.paid and not order.paid:
        order.paid = True
        await _each_line(session, house, order, StockKind.SALE, was_reserved=True)
    way = rules.hops(OrderState(order.state), told.state)
    for state in way:
        audit.record(
            session, workspace=order.workspace_id, at=db.now(), actor=f"channel:{order.channel}", action=f"order.{state}",
            subject=("order", order.id), data={"from": order.state},
        )  # fmt: skip
        order.state = state
    order.changed_at = max(order.changed_at, told.changed_at)
    if OrderState.CANCELLED in way:
        await _each_line(session, house, order, StockKind.RETURN if order.paid else StockKind.RELEASE)


async def _each_line(session: AsyncSession, house: House, order: Order, kind: StockKind, *, was_reserved: bool = False) -> None:
    lines = (await session.execute(select(OrderLine).where(OrderLine.order_id == order.id))).scalars().all()
    for line in lines:
        if line.item_id is None:
            continue
        item = await session.get_one(Item, line.item_id, with_for_update={"key_share": True})
        # An oversold order holds less than it asks for: it gives back, and pays for, no more than that.
        held = min(line.quantity, await ledger.held_by(session, item.id, order.id))
        moved = await ledger.post(
            session, house.db, item, kind, line.quantity if kind is StockKind.SALE else held, key=_key(order, line, kind),
            source=order.channel, order_id=order.id, reason=f"order {order.external_id} {order.state}",
            was_reserved=held if was_reserved else 0,
        )  # fmt: skip
        if kind is StockKind.SALE or not moved.fresh:
            continue
        await notices.solved(session, house.db, item.workspace_id, f"oversell:{order.id}:{item.id}")
        left = await _make_good(session, house, item, moved.level.available)
        if left > 0 and item.state == ItemState.SOLD:
            item.state = ItemState.DELISTED  # its card and the sale's card offer to put it up again
            await touch(session, house.db, ("item", item.id))


async def _make_good(session: AsyncSession, house: House, item: Item, free: int) -> int:
    """What a cancelled order gave back goes to orders that were oversold, first come first served. Answers how many are left."""
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
            reason=f"order {order.external_id} gets what came back",
        )  # fmt: skip
        free = moved.level.available
        if await ledger.held_by(session, item.id, order.id) >= line.quantity:
            await notices.solved(session, house.db, item.workspace_id, f"oversell:{order.id}:{item.id}")
        await touch(session, house.db, ("order", order.id))
    return free


async def sell_outside(
    session: AsyncSession, house: House, person: Person, item: Item, price: Money, *, how: str, quantity: int = 1
) -> Order:
    """A sale away from every marketplace does the same as any sale."""
    db = house.db
    await ledger.hold(session, db, item.id)
    key = new_key()
    order = Order(
        id=key, workspace_id=item.workspace_id, number=await next_number(session, item.workspace_id, "order"), account_id=None,
        channel=how or "outside", external_id=key, state=OrderState.CONFIRMED, paid=True, currency=price.currency,
        total=price.amount * quantity, fees=0, placed_at=db.now(), changed_at=db.now(), seen_at=db.now(), seen_by="person",
    )  # fmt: skip
    line = OrderLine(
        workspace_id=item.workspace_id, order_id=key, external_id="1", item_id=item.id, title=item.title, sku=item.sku, quantity=quantity,
        price=price.amount,
    )  # fmt: skip
    session.add(order)
    await session.flush()
    session.add(line)
    await session.flush()
    audit.record(
        session, workspace=item.workspace_id, at=db.now(), actor=person.actor, action="order.seen", subject=("order", order.id),
        data={"by": "person", "how": how},
    )  # fmt: skip
    await _sell(session, house, order, line)
    await _announce(session, db, order, [line])
    return order


async def forget_buyer(session: AsyncSession, house: House, handle: str, *, actor: str) -> int:
    """Erase what we know of a buyer and prove it on the trail. Answers how many orders were cleaned."""
    key = house.keyring.search_key(handle)
    if not key:
        return 0
    found = list((await session.execute(select(Order).where(Order.buyer_key == key))).scalars())
    for order in found:
        order.buyer, order.buyer_key = b"", ""
        data: dict[str, Any] = {"asked": "erasure"}
        audit.record(
            session, workspace=order.workspace_id, at=house.db.now(), actor=actor, action="buyer.forgotten", subject=("order", order.id),
            data=data,
        )  # fmt: skip
    return len(found)
