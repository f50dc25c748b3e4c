"""Taking back what somebody did about an order: what its marketplace has not heard yet, and what only we wrote down.

That something was sent or has arrived is a statement, and a wrong one is put right: the order is again what it was, and the trail has both.
"""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import Refused
from core.flows import notices, order_changes, orders, returns
from core.flows.order_news import arrived_key, parcels_of
from core.flows.people import Person
from core.flows.posts import touch
from core.values.states import ChangeState, OrderState
from core.words import N_, Told
from storage import audit
from storage.db import Database
from storage.models import AuditEntry, Change, Order, Parcel

DEEDS = (orders.SENT, orders.ARRIVED, orders.REFUND, orders.CANCEL)
_TOLD = {
    orders.SENT: N_("The marketplace knows of the parcel of order {number}. Change it there; /ship {number} adds one more."),
    orders.REFUND: N_("The money of order {number} was given back by its marketplace. That cannot be taken back."),
    orders.CANCEL: N_("Order {number} was cancelled. That cannot be taken back; its card offers to put the item up again."),
}
_FAILED = N_("What you did last about order {number} did not work, so there is nothing to take back.")
_MOVED = N_("Order {number} has moved on since.")


async def stands(session: AsyncSession, entry: AuditEntry) -> bool:
    """Whether what was done is still so, or never was taken back."""
    order = await session.get_one(Order, entry.subject_id)
    if entry.action == orders.ARRIVED:
        return order.delivered_by == entry.actor
    if entry.action == orders.SENT and await session.get(Parcel, str(entry.data["parcel"])) is None:
        return False
    change = await session.get(Change, str(entry.data.get("change", "")))
    return change is None or change.state != ChangeState.CANCELLED


async def take_back(session: AsyncSession, db: Database, entry: AuditEntry, person: Person) -> None:
    """Raises `Refused` with why not."""
    order = await session.get_one(Order, entry.subject_id)
    await orders.hold(session, db, order)
    if entry.action == orders.ARRIVED:
        if order.state != OrderState.DELIVERED:
            raise Refused(Told(_MOVED, number=order.number))
        await _not_arrived(session, order)
        _put_back(session, db, order, entry, person, OrderState.SHIPPED)
    elif change := await session.get(Change, str(entry.data.get("change", ""))):
        if change.state == ChangeState.FAILED:
            raise Refused(
                Told("What you did last about order {number} did not work, so there is nothing to take back.", number=order.number)
            )
        if not await order_changes.take_back(session, db, change, order, person):
            raise Refused(Told(_TOLD[entry.action], number=order.number))
        _put_back(session, db, order, entry, person, OrderState(entry.data.get("was", order.state)))
    elif entry.action == orders.SENT:
        await _not_sent(session, db, order, entry, person)
    elif entry.action == orders.REFUND:
        await _not_refunded(session, db, order, entry, person)
    else:
        raise Refused(Told(_TOLD[entry.action], number=order.number))
    await touch(session, db, ("order", order.id))


def _put_back(session: AsyncSession, db: Database, order: Order, entry: AuditEntry, person: Person, state: OrderState) -> None:
    audit.record(
        session, workspace=order.workspace_id, at=db.now(), actor=person.actor, action="order.taken_back", subject=("order", order.id),
        data={"undo_of": entry.id, "from": order.state, "to": state.value},
    )  # fmt: skip
    order.state = state


async def _not_arrived(session: AsyncSession, order: Order) -> None:
    for parcel in await parcels_of(session, order.id):
        if parcel.delivered_by == order.delivered_by:
            parcel.delivered_at, parcel.delivered_by = None, ""
    order.delivered_at, order.delivered_by = None, ""


async def _not_sent(session: AsyncSession, db: Database, order: Order, entry: AuditEntry, person: Person) -> None:
    """A sale outside: nobody else was told of the parcel."""
    there = await parcels_of(session, order.id)
    was = OrderState(str(entry.data["was"]))
    first = was not in (OrderState.SHIPPED, OrderState.DELIVERED)
    if first and (len(there) > 1 or order.state != OrderState.SHIPPED):
        raise Refused(Told(_MOVED, number=order.number))
    await session.delete(await session.get_one(Parcel, str(entry.data["parcel"])))
    if first:
        order.shipped_at = None
        await notices.solved(session, db, order.workspace_id, arrived_key(order.id))
    _put_back(session, db, order, entry, person, was if first else OrderState(order.state))


async def _not_refunded(session: AsyncSession, db: Database, order: Order, entry: AuditEntry, person: Person) -> None:
    """A sale outside: what was written down as given back was not."""
    if await returns.said_of(session, order) or (order.refunded or 0) < int(entry.data["amount"]):
        raise Refused(Told(_MOVED, number=order.number))
    order.refunded = order.refund_asked = (order.refunded or 0) - int(entry.data["amount"]) or None
    await notices.solved(session, db, order.workspace_id, f"back:{order.id}")
    _put_back(session, db, order, entry, person, OrderState(str(entry.data["was"])))
