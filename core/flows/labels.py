"""What an order's shipping label cost, said by a person: where it was bought elsewhere, its marketplace cannot know."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import Refused
from core.flows.orders import hold
from core.flows.people import Person
from core.flows.posts import touch
from core.money import Money
from core.values.states import OrderState
from core.words import Told
from storage import audit
from storage.db import Database
from storage.models import AuditEntry, Order

SAID = "order.label"


async def say(session: AsyncSession, db: Database, person: Person, order: Order, cost: Money) -> None:
    """It cost so much, all the order's parcels together. From now on the marketplace's own figure does not replace it.

    Raises `Refused` for what no label costs, and for an order that nothing was or will be sent of.
    """
    await hold(session, db, order)
    if cost.currency != order.currency:
        raise Refused(Told("Order {number} was paid in {currency}.", number=order.number, currency=order.currency))
    if cost.amount < 0:
        raise Refused(Told("A label costs nothing at least. Type it like this: /label {number} 5.20", number=order.number))
    if order.state == OrderState.PENDING:
        raise Refused(Told("Order {number} is not paid yet, so it needs no label.", number=order.number))
    await _set(session, db, person, order, cost.amount, person.actor)


async def stands(session: AsyncSession, entry: AuditEntry) -> bool:
    """Whether it is still what somebody said then."""
    order = await session.get_one(Order, entry.subject_id)
    return order.label_cost == entry.data["after"] and order.label_by == entry.actor


async def take_back(session: AsyncSession, db: Database, entry: AuditEntry, person: Person) -> None:
    """What was known before is known again. Raises `Refused` when somebody said something else since."""
    order = await session.get_one(Order, entry.subject_id)
    await hold(session, db, order)
    if not await stands(session, entry):
        raise Refused(Told("Somebody said something else about the label of order {number} since.", number=order.number))
    await _set(session, db, person, order, entry.data["before"], str(entry.data["before_by"]), undo_of=entry.id)


async def _set(session: AsyncSession, db: Database, person: Person, order: Order, cost: int | None, by: str, *, undo_of: str = "") -> None:
    before = {"before": order.label_cost, "before_by": order.label_by}
    order.label_cost, order.label_by = cost, by
    audit.record(
        session, workspace=order.workspace_id, at=db.now(), actor=person.actor, action=SAID, subject=("order", order.id),
        data={**before, "after": cost, **({"undo_of": undo_of} if undo_of else {})},
    )  # fmt: skip
    await touch(session, db, ("order", order.id))
