"""Sales that reach us from elsewhere than their marketplace: a file today, a shipping service tomorrow.

One sale is one order, however often it is told: it is known by (source, number), else matched by the marketplace's own order number;
what is neither, and could be an order that is here already, is asked. Everything here writes in the caller's transaction.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import Refused
from core.flows import effects, ledger, sales
from core.flows.house import House
from core.flows.people import Person
from core.flows.posts import touch
from core.flows.tasks import next_number
from core.rules import orders as rules
from core.rules.access import may_on, not_theirs
from core.rules.order_files import FileLine, FileOrder
from core.values.states import AccountState, OrderState
from core.words import Told, to_stored
from storage import audit
from storage.keys import new_key
from storage.models import Account, Item, Listing, Order, OrderLine, OrderSource

FILE = "file"
NEW, MATCHED, ASKED, LEFT, KNOWN = "new", "matched", "asked", "left", "known"
IMPORTED = "orders.imported"
NEAR = timedelta(days=30)  # between what a file says and what we know of the same sale
CANDIDATES = 3


async def take_file(session: AsyncSession, house: House, person: Person, told: Sequence[FileOrder], *, problems: Sequence[Told]) -> str:
    """Take in what a file tells. Answers the import's key, which its report card is about."""
    batch, db = new_key(), house.db
    left_out = list(problems)
    theirs = []
    for one in told:
        if may_on(person.channels, one.channel):
            theirs.append(one)
        else:
            left_out.append(Told("Order {number}: {problem}", number=one.number, problem=not_theirs(person.channels, (one.channel,))))
    for item_id in await _items_of(session, person.workspace_id, theirs):
        await ledger.hold(session, db, item_id)
    counts = Counter([await take(session, house, person, FILE, one, batch=batch) for one in theirs])
    audit.record(
        session, workspace=person.workspace_id, at=db.now(), actor=person.actor, action=IMPORTED, subject=("import", batch),
        data={"counts": dict(counts), "problems": [to_stored(one) for one in left_out]},
    )  # fmt: skip
    return batch


async def take(session: AsyncSession, house: House, person: Person, source: str, told: FileOrder, *, batch: str) -> str:
    """One order from a source, once. Answers its verdict: `NEW`, `MATCHED`, `ASKED`, or `KNOWN` from before."""
    db = house.db
    before = select(OrderSource.id).where(
        OrderSource.workspace_id == person.workspace_id, OrderSource.source == source, OrderSource.external_id == told.key
    )
    if (await session.execute(before)).scalar() is not None:
        return KNOWN
    row = OrderSource(
        id=new_key(), workspace_id=person.workspace_id, source=source, external_id=told.key, batch=batch, verdict=ASKED, told={},
        at=db.now(),
    )  # fmt: skip
    same = await numbered(session, person.workspace_id, told)
    if len(same) == 1:
        row.verdict, row.order_id = MATCHED, same[0].id
        session.add(row)
        _note(session, house, person, same[0], row)
        await touch(session, db, ("order", same[0].id))
    elif same or await _comes_by_itself(session, told.channel) or await candidates(session, person.workspace_id, told):
        row.told = told.to_json()
        session.add(row)
    else:
        row.verdict, row.order_id = NEW, (await _make(session, house, person, source, told)).id
        session.add(row)
    await session.flush()
    return row.verdict


async def numbered(session: AsyncSession, workspace_id: str, told: FileOrder) -> list[Order]:
    """Orders of that marketplace with that number. Some marketplaces' own ids end in it."""
    same = or_(Order.external_id == told.number, Order.external_id.endswith(f"/{told.number}", autoescape=True))
    query = select(Order).where(Order.workspace_id == workspace_id, Order.channel == told.channel, same).order_by(Order.id)
    return list((await session.execute(query.limit(CANDIDATES))).scalars())


async def _comes_by_itself(session: AsyncSession, channel: str) -> bool:
    """Whether an account of that marketplace is connected whose sales we hear of: one that we have not heard of is odd."""
    query = select(Account.id).where(
        Account.channel == channel, Account.state != AccountState.DISCONNECTED, Account.orders_since.is_not(None)
    )
    return (await session.execute(query.limit(1))).scalar() is not None


async def candidates(session: AsyncSession, workspace_id: str, told: FileOrder) -> list[Order]:
    """Orders that it may be, newest first: there, or sold outside, of about that day, with the same things or for the same money; and not
    told by a source before."""
    near: ColumnElement[bool] = Order.channel == told.channel
    if told.placed_at:
        near &= Order.placed_at.between(told.placed_at - NEAR, told.placed_at + NEAR)
    skus, titles = [one.sku.lower() for one in told.lines if one.sku], [one.title.lower() for one in told.lines if one.title]
    lines = select(OrderLine.order_id).where(or_(func.lower(OrderLine.sku).in_(skus), func.lower(OrderLine.title).in_(titles)))
    money = (Order.total == told.total.amount) & (Order.currency == told.currency)
    taken = select(OrderSource.order_id).where(OrderSource.order_id.is_not(None))
    query = select(Order).where(Order.workspace_id == workspace_id, near, or_(Order.id.in_(lines), money), Order.id.not_in(taken))
    return list((await session.execute(query.order_by(Order.id.desc()).limit(CANDIDATES))).scalars())


async def decide(session: AsyncSession, house: House, person: Person, row: OrderSource, verdict: str, order: Order | None) -> None:
    """A person says what it is: `MATCHED` (that `order`), `NEW`, or `LEFT`. Raises `Refused` when somebody has said so before."""
    told = FileOrder.of_json(row.told) if row.told else None
    if told is not None and verdict == NEW:
        for item_id in await _items_of(session, person.workspace_id, [told]):
            await ledger.hold(session, house.db, item_id)
    if not house.db.is_sqlite:
        await session.refresh(row, with_for_update=True)
    if row.verdict != ASKED or told is None:
        raise Refused(Told("Somebody has said already what this sale is."))
    if not may_on(person.channels, told.channel):
        raise Refused(not_theirs(person.channels, (told.channel,)))
    if verdict == NEW:
        order = await _make(session, house, person, row.source, told)
    row.verdict, row.told, row.decided_by = verdict, {}, person.actor
    row.order_id = order.id if order else None
    if order is not None and verdict == MATCHED:
        _note(session, house, person, order, row)
        await touch(session, house.db, ("order", order.id))
    await touch(session, house.db, ("source", row.id), ("import", row.batch))


def _note(session: AsyncSession, house: House, person: Person, order: Order, row: OrderSource) -> None:
    audit.record(
        session, workspace=order.workspace_id, at=house.db.now(), actor=person.actor, action="order.source", subject=("order", order.id),
        data={"source": row.source, "external": row.external_id},
    )  # fmt: skip


async def _make(session: AsyncSession, house: House, person: Person, source: str, told: FileOrder) -> Order:
    """A sale that nobody told us of before: it takes stock and takes down as any sale does."""
    db, key = house.db, new_key()
    able = house.capabilities.get(told.channel)
    placed = min(told.placed_at or db.now(), db.now())
    order = Order(
        id=key, workspace_id=person.workspace_id, number=await next_number(session, person.workspace_id, "order"), account_id=None,
        channel=told.channel, external_id=told.number, state=OrderState.CONFIRMED, paid=True, currency=told.currency,
        total=told.total.amount, fees=None if able else 0, placed_at=placed, changed_at=db.now(), seen_at=db.now(), seen_by=source,
    )  # fmt: skip
    session.add(order)
    await session.flush()
    audit.record(
        session, workspace=order.workspace_id, at=db.now(), actor="system", action="order.seen", subject=("order", order.id),
        data={"by": source, "member": person.member_id, "external": told.number},
    )  # fmt: skip
    lines = [await _line(session, order, told, place, line) for place, line in enumerate(told.lines, 1)]
    await session.flush()
    for one in lines:
        await effects.sell(session, house, order, one)
    await sales.announce(session, house, order, lines)
    for state in rules.hops(OrderState.CONFIRMED, told.state):
        order.state = state
    order.shipped_at = placed if told.state is not OrderState.CONFIRMED else None
    if told.state in (OrderState.DELIVERED, OrderState.COMPLETED):
        order.delivered_at, order.delivered_by = placed, source
    return order


async def _line(session: AsyncSession, order: Order, told: FileOrder, place: int, line: FileLine) -> OrderLine:
    """Which item it is says its SKU alone; a title is only a proposal, on the order's card."""
    item = await _item(session, order.workspace_id, line)
    there = select(Listing.id).where(Listing.item_id == item.id, Listing.channel == told.channel) if item else None
    row = OrderLine(
        workspace_id=order.workspace_id, order_id=order.id, external_id=f"{told.channel}:{place}", item_id=item.id if item else None,
        title=line.title or (item.title if item else line.sku), sku=line.sku, quantity=line.quantity, price=line.price,
        listing_id=(await session.execute(there.limit(1))).scalar() if there is not None else None,
    )  # fmt: skip
    session.add(row)
    return row


async def _item(session: AsyncSession, workspace_id: str, line: FileLine) -> Item | None:
    if not line.sku:
        return None
    listed = select(Listing.item_id).where(Listing.workspace_id == workspace_id, func.lower(Listing.sku) == line.sku.lower())
    ours = or_(func.lower(Item.sku) == line.sku.lower(), Item.id.in_(listed))
    found = (await session.execute(select(Item).where(Item.workspace_id == workspace_id, ours).limit(2))).scalars().all()
    return found[0] if len(found) == 1 else None


async def _items_of(session: AsyncSession, workspace_id: str, told: Sequence[FileOrder]) -> list[str]:
    """The items that these name, in the order in which they are locked everywhere."""
    found = {item.id for one in told for line in one.lines if (item := await _item(session, workspace_id, line))}
    return sorted(found)


async def open_of(session: AsyncSession, batch: str) -> list[OrderSource]:
    """What is still to be asked of an import, first ones first."""
    query = select(OrderSource).where(OrderSource.batch == batch, OrderSource.verdict == ASKED).order_by(OrderSource.id)
    return list((await session.execute(query)).scalars())
