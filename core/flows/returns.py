"""Things that come back after a refund: a person says so, and only then does the ledger take them in, or write them off."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import Refused
from core.flows import effects, intake, ledger, notices, orders
from core.flows.house import House
from core.flows.order_news import lines_of
from core.flows.people import Person
from core.flows.posts import touch
from core.values.states import ItemState, OrderState, StockKind
from core.words import N_, Told
from storage import audit
from storage.models import AuditEntry, Item, Order, OrderLine

RETURNED = "order.returned"
ANSWERS: Mapping[str, str] = MappingProxyType(
    {"stock": N_("back in your stock"), "damaged": N_("came back damaged: written off"), "gone": N_("not back")}
)


async def come_back(session: AsyncSession, house: House, person: Person, order: Order, line: OrderLine, how: str) -> None:
    """Somebody says whether a refunded line's units are back: "stock", "damaged" or "gone". What is not back may come yet.

    Raises `Refused` when it was not refunded, or somebody said so before.
    """
    db = house.db
    assert line.item_id is not None, "the card asks for known items only"
    await orders.hold(session, db, order)
    await ledger.hold(session, db, line.item_id)
    if order.state != OrderState.REFUNDED:
        raise Refused(Told("Order {number} was not refunded.", number=order.number))
    before = await said_of(session, order)
    if before.get(line.id, "gone") != "gone":
        raise Refused(Told("Somebody said already what came back of order {number}.", number=order.number))
    audit.record(
        session, workspace=order.workspace_id, at=db.now(), actor=person.actor, action=RETURNED, subject=("order", order.id),
        data={"line": line.id, "item": line.item_id, "how": how},
    )  # fmt: skip
    item = await session.get_one(Item, line.item_id)
    if how == "stock":
        await effects.each_line(session, house, order, StockKind.RETURN, only=line.id)
        if item.state not in (ItemState.SOLD, ItemState.DELISTED):
            await intake.quantity_everywhere(session, house, item, person=person)
    elif how == "damaged":
        await _write_off(session, house, order, line, item)
    if all(one.id in {*before, line.id} for one in await lines_of(session, order.id) if one.item_id):
        await notices.solved(session, db, order.workspace_id, f"back:{order.id}")
    await touch(session, db, ("order", order.id), ("item", item.id))


async def said_of(session: AsyncSession, order: Order) -> dict[str, str]:
    """Line to the last answer."""
    query = select(AuditEntry).where(AuditEntry.subject_id == order.id, AuditEntry.action == RETURNED).order_by(AuditEntry.id)
    return {str(one.data["line"]): str(one.data["how"]) for one in (await session.execute(query)).scalars()}


async def _write_off(session: AsyncSession, house: House, order: Order, line: OrderLine, item: Item) -> None:
    """In and out again: the ledger shows that it came back, and nobody is offered it. Whoever waits for one does not get it either."""
    held = min(line.quantity, await ledger.held_by(session, item.id, order.id))
    why = Told("order {number}: came back damaged", number=order.number)
    for kind, of in ((StockKind.RETURN, order.id), (StockKind.DAMAGE, None)):
        key = f"back:{line.id}:{kind}"
        await ledger.post(session, house.db, item, kind, held, key=key, source=order.channel, order_id=of, reason=why)
