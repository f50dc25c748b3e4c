"""A sale, wherever it happened: the order once, the ledger, every other listing down at once, a card with what was earned."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import Refused
from core.flows import buyers, effects, intake, ledger, notices, order_news, watching
from core.flows.house import House
from core.flows.people import Person
from core.flows.posts import touch
from core.flows.tasks import next_number
from core.money import Money
from core.rules import orders as rules
from core.rules.naming import of_order
from core.values.channel import Buyer, ChannelOrder
from core.values.states import AccountState, ItemState, OrderState, StockKind
from core.words import N_, Told
from storage import audit, contacts
from storage.db import Database
from storage.keys import new_key
from storage.models import Account, Item, Listing, Order, OrderLine

_TWICE = N_("Sales on {channel} come in by themselves, and this one would be counted twice. If it does not show up, look at /channels.")
_CANCEL_THERE = N_("Order {number} was made on the marketplace. Cancel it there; I notice and offer to put the item up again.")
_DIFFERS = N_("Order {number} is {there} there, and {here} here.")
_WHICH = N_(
    "“{title}” was sold on {channel}, but no item of yours is listed there under it. "
    "The order's card asks which one it is, so that it comes down elsewhere."
)

HISTORY = timedelta(hours=1)  # how far before its connection an account's orders are read
_KNOWN = select(Order).where(Order.account_id == bindparam("account"), Order.external_id == bindparam("external"))
_BY_SKU = select(Listing).where(Listing.account_id == bindparam("account"), Listing.sku == bindparam("sku"))


async def take(
    house: House, account: Account, told: ChannelOrder, *, seen_by: str, also: Callable[[AsyncSession], Awaitable[None]] | None = None
) -> str | None:
    """Take an order in, in a transaction of its own; `also` is done in it, whatever the order says. None: there was nothing to do."""
    if also is None:
        async with house.db.read() as session:
            known = await _known(session, account.id, told.external_id)
            if known is not None and not _differs(known, told) and not await order_news.parcels_differ(session, known, told):
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
    moved = order.state != told.state and not rules.is_behind(OrderState(order.state), told.state)
    return moved or order.paid != told.paid or fees or order_news.differs(order, told)


async def record(session: AsyncSession, house: House, account: Account, told: ChannelOrder, *, seen_by: str) -> str | None:
    """The order, once: created, or moved along. Everything it causes is in the caller's transaction. None for one from before our time."""
    db = house.db
    if not db.is_sqlite:  # two reports of one new order come one after the other; on SQLite all transactions do
        await session.get_one(Account, account.id, with_for_update={"key_share": True})
    order = await _known(session, account.id, told.external_id)
    if order is None:
        if _is_history(account, told):
            return None
        if not db.is_sqlite:
            await _hold_items(session, account, told)
        order = await _create(session, house, account, told, seen_by)
        lines = await _lines(session, order, account, told)
        if told.state is OrderState.CANCELLED:
            # Over before we heard of it: nothing was taken, so there is nothing to take down or to give back.
            await _hop(session, db, order, (OrderState.CANCELLED,), by=f"channel:{order.channel}")
            await watching.doubt(session, db, account, [line.listing_id for line in lines if line.listing_id])
        else:
            for line in lines:
                await effects.sell(session, house, order, line)
        await announce(session, house, order, lines)
    if await _follow(session, house, order, told):
        await touch(session, db, ("order", order.id))
    return order.id


def _is_history(account: Account, told: ChannelOrder) -> bool:
    """Made before the account was connected: no listing of ours is in it, however lately it was shipped or changed."""
    return told.placed_at < account.created_at - HISTORY


async def _hold_items(session: AsyncSession, account: Account, told: ChannelOrder) -> None:
    """Lock what was sold before the workspace's counters, in one order: see `ledger.hold`."""
    by_sku = Listing.sku.in_([line.sku for line in told.lines])
    by_ref = Listing.listing_ref.in_([line.listing_id for line in told.lines if line.listing_id])
    sold = select(Listing.item_id).where(Listing.account_id == account.id, by_sku | by_ref)
    await session.execute(select(Item.id).where(Item.id.in_(sold)).order_by(Item.id).with_for_update(key_share=True))


async def _create(session: AsyncSession, house: House, account: Account, told: ChannelOrder, seen_by: str) -> Order:
    now = house.db.now()
    key, people = new_key(), _people(told)
    order = Order(
        id=key, workspace_id=account.workspace_id, number=await next_number(session, account.workspace_id, "order"), account_id=account.id,
        channel=account.channel, external_id=told.external_id, state=OrderState.CONFIRMED if told.paid else OrderState.PENDING,
        paid=told.paid, currency=told.total.currency, total=told.total.amount, fees=_amount(told.fees), shipping=_amount(told.shipping),
        tax=_amount(told.tax), label_cost=_amount(told.label_cost), buyer=house.keyring.seal(people, key) if people else b"",
        placed_at=told.placed_at, changed_at=told.changed_at, seen_at=now, seen_by=seen_by, ship_by=told.ship_by,
    )  # fmt: skip
    session.add(order)
    await session.flush()
    if people and await buyers.was_forgotten(session, house, told, people):
        order.buyer, order.forgotten_at, people = b"", now, {}
    await contacts.keep(session, house.keyring, key, people)
    audit.record(
        session, workspace=order.workspace_id, at=now, actor=f"channel:{account.channel}", action="order.seen",
        subject=("order", order.id), data={"external": order.external_id, "by": seen_by, "state": order.state},
    )  # fmt: skip
    return order


def _people(told: ChannelOrder) -> dict[str, Any]:
    """What is sealed: who bought, and who receives it where that is somebody else."""
    people = {} if told.buyer == Buyer() else asdict(told.buyer)
    return people | ({"recipient": asdict(told.recipient)} if told.recipient else {})


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
        if listing is not None and not listing.listing_ref:
            listing.listing_ref = line.listing_id  # its publish's answer was lost: from here on this sale is one that we have heard of
        row = OrderLine(
            workspace_id=order.workspace_id, order_id=order.id, external_id=line.external_id, sku=line.sku, title=line.title,
            quantity=line.quantity, price=line.price.amount, item_id=listing.item_id if listing else None,
            listing_id=listing.id if listing else None,
        )  # fmt: skip
        session.add(row)
        made.append(row)
    await session.flush()
    return made


async def announce(session: AsyncSession, house: House, order: Order, lines: list[OrderLine]) -> None:
    """A sale is told as its card, each member where they want it and when."""
    db, able = house.db, house.capabilities.get(order.channel)
    order_of = N_("Order {number} on {channel}: {amount}") if able else N_("Order {number}, sold outside: {amount}")
    total = Money(sum(line.price * line.quantity for line in lines), order.currency)
    await notices.tell(
        session, db, workspace=order.workspace_id, type="new_order", key=f"order:{order.id}", subject=("order", order.id),
        title=Told(order_of, number=order.number, channel=able.name if able else "", amount=total),
        body=", ".join(line.title for line in lines), channel=order.channel if order.account_id else "",
    )  # fmt: skip
    for line in lines:
        if line.item_id is None:
            await notices.tell(
                session, db, workspace=order.workspace_id, type="sync_conflict", channel=order.channel,
                key=f"unknown_line:{line.id}", subject=("order", order.id),
                title=Told("Order {number} has something I do not know.", number=order.number),
                body=Told(_WHICH, title=line.title, channel=order.channel),
            )  # fmt: skip


async def _follow(session: AsyncSession, house: House, order: Order, told: ChannelOrder) -> bool:
    """What the channel says now: paid, cancelled, shipped, fees. It may jump along the table. Whether anything is new."""
    db = house.db
    fresh = order.changed_at < told.changed_at or _differs(order, told) or await order_news.parcels_differ(session, order, told)
    if told.fees is not None:
        order.fees = told.fees.amount
    if told.paid and not order.paid:
        order.paid = True
        if order.state != OrderState.CANCELLED:
            await effects.each_line(session, house, order, StockKind.SALE, was_reserved=True)
    order.changed_at = max(order.changed_at, told.changed_at)
    await order_news.take(session, db, order, told)
    if told.state == order.state or rules.is_behind(OrderState(order.state), told.state):
        return fresh
    way = rules.hops(OrderState(order.state), told.state)
    if not way:
        return await _contradiction(session, db, order, told)
    await _hop(session, db, order, way, by=f"channel:{order.channel}")
    await order_news.moved(session, db, order, told, way)
    await _tell_move(session, db, order)
    if OrderState.CANCELLED in way:
        await effects.each_line(session, house, order, StockKind.RETURN if order.paid else StockKind.RELEASE)
    return True


async def _hop(session: AsyncSession, db: Database, order: Order, way: tuple[OrderState, ...], *, by: str) -> None:
    """Move the order along its table. Only where it ends did happen: the states that a channel jumped over are named, not claimed."""
    audit.record(
        session, workspace=order.workspace_id, at=db.now(), actor=by, action=f"order.{way[-1]}", subject=("order", order.id),
        data={"from": order.state, "over": [state.value for state in way[:-1]]},
    )  # fmt: skip
    order.state = way[-1]


async def _tell_move(session: AsyncSession, db: Database, order: Order) -> None:
    """What a member may wait for, or must decide about. The rest is on the order's card."""
    told = {
        OrderState.SHIPPED: ("order_shipped", N_("Order {number} was shipped.")),
        OrderState.REFUND_REQUESTED: ("refund_requested", N_("The buyer of order {number} asks for the money back.")),
    }.get(OrderState(order.state))
    if told is not None:
        await notices.tell(
            session, db, workspace=order.workspace_id, type=told[0], key=f"{told[0]}:{order.id}", subject=("order", order.id),
            title=Told(told[1], number=order.number), channel=order.channel,
        )  # fmt: skip


async def _contradiction(session: AsyncSession, db: Database, order: Order, told: ChannelOrder) -> bool:
    """The channel reports what cannot follow from what we know: a person looks, and nothing is changed by guessing."""
    return await notices.tell(
        session, db, workspace=order.workspace_id, type="sync_conflict", channel=order.channel, subject=("order", order.id),
        key=f"order_state:{order.id}:{told.state}",
        title=Told(_DIFFERS, number=order.number, there=of_order(told.state), here=of_order(order.state)),
        body=Told("That cannot be. Look at it on the marketplace; I leave its stock as it is."),
    )  # fmt: skip


async def sell_outside(
    session: AsyncSession, house: House, person: Person, item: Item, price: Money, *, how: str, quantity: int = 1
) -> Order:
    """A sale away from every connected marketplace does the same as any sale. `how` is a marketplace without an API, or plain words.

    Raises `Refused` for a marketplace whose sales come in by themselves: it would be counted twice.
    """
    db = house.db
    await ledger.hold(session, db, item.id)
    kind, listing = await _sold_where(session, house, item, how)
    key = new_key()
    order = Order(
        id=key, workspace_id=item.workspace_id, number=await next_number(session, item.workspace_id, "order"), account_id=None,
        channel=kind or how or "outside", external_id=key, state=OrderState.CONFIRMED, paid=True, currency=price.currency,
        total=price.amount * quantity, fees=None if kind else 0, placed_at=db.now(), changed_at=db.now(), seen_at=db.now(),
        seen_by="person",
    )  # fmt: skip
    line = OrderLine(
        workspace_id=item.workspace_id, order_id=key, external_id="1", item_id=item.id, title=item.title, sku=item.sku, quantity=quantity,
        price=price.amount, listing_id=listing,
    )  # fmt: skip
    session.add(order)
    await session.flush()
    session.add(line)
    await session.flush()
    audit.record(
        session, workspace=item.workspace_id, at=db.now(), actor=person.actor, action="order.seen", subject=("order", order.id),
        data={"by": "person", "how": how},
    )  # fmt: skip
    await effects.sell(session, house, order, line)
    await announce(session, house, order, [line])
    return order


async def _sold_where(session: AsyncSession, house: House, item: Item, how: str) -> tuple[str, str | None]:
    """The marketplace that a person names, and the item's listing there: ("poshmark", its id); ("", None) for plain words."""
    able = house.capabilities.get(how.strip().lower())
    if able is None:
        return "", None
    query = select(Listing.id, Account.state).join(Account, Account.id == Listing.account_id)
    found = (await session.execute(query.where(Listing.item_id == item.id, Listing.channel == able.kind))).first()
    if able.native and found is not None and found[1] == AccountState.ACTIVE:
        raise Refused(Told(_TWICE, channel=able.name))
    return able.kind, found[0] if found is not None else None


async def cancel_outside(session: AsyncSession, house: House, order: Order, person: Person) -> list[Listing]:
    """A sale outside was a mistake: its units come back, what is not down yet stays up. Answers the listings that it took down.

    Raises `Refused` when the order is a marketplace's own, or ended.
    """
    db = house.db
    if order.account_id is not None:
        raise Refused(Told(_CANCEL_THERE, number=order.number))
    if OrderState.CANCELLED not in rules.MOVES[OrderState(order.state)]:
        raise Refused(Told("Order {number} is {state}, so it cannot be cancelled.", number=order.number, state=of_order(order.state)))
    for item_id in await _items_of(session, order):
        await ledger.hold(session, db, item_id)
    await _hop(session, db, order, (OrderState.CANCELLED,), by=person.actor)
    await effects.each_line(session, house, order, StockKind.RETURN)
    down = await effects.keep_up(session, house, order)
    for item_id in await _items_of(session, order):
        item = await session.get_one(Item, item_id)
        if item.state not in (ItemState.SOLD, ItemState.DELISTED):
            await intake.quantity_everywhere(session, house, item, person=person)
    await touch(session, db, ("order", order.id))
    return down


async def _items_of(session: AsyncSession, order: Order) -> list[str]:
    """The items of an order, in the order in which they are locked everywhere."""
    query = (
        select(OrderLine.item_id)
        .where(OrderLine.order_id == order.id, OrderLine.item_id.is_not(None))
        .distinct()
        .order_by(OrderLine.item_id)
    )
    return [key for key in (await session.execute(query)).scalars() if key is not None]


async def assign_line(session: AsyncSession, house: House, person: Person, line: OrderLine, item: Item) -> None:
    """A person says which item was sold: from here on it is a sale like any other. Raises `Refused` when it is known already."""
    db = house.db
    if line.item_id is not None:
        raise Refused(Told("Somebody said already which item this was."))
    await ledger.hold(session, db, item.id)
    order = await session.get_one(Order, line.order_id)
    there = await session.execute(select(Listing.id).where(Listing.item_id == item.id, Listing.account_id == order.account_id))
    line.item_id, line.listing_id = item.id, there.scalar()
    audit.record(
        session, workspace=order.workspace_id, at=db.now(), actor=person.actor, action="order.assigned", subject=("order", order.id),
        data={"line": line.id, "item": item.id},
    )  # fmt: skip
    await session.flush()
    if order.state not in (OrderState.CANCELLED, OrderState.REFUNDED):
        await effects.sell(session, house, order, line)
    await notices.solved(session, db, order.workspace_id, f"unknown_line:{line.id}")
    await touch(session, db, ("order", order.id), ("item", item.id))
