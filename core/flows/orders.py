"""What people do about orders: parcels, arrivals, money back, cancelling. What is to happen on a marketplace is a Change (`desk.py`).

A command moves an order along its table step by step, each step on the audit trail; what a marketplace has to do first is asked of it,
and the order moves when that was read back. Everything here writes in the caller's transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import Refused
from core.flows import notices, sales
from core.flows.house import House
from core.flows.order_changes import check_free, make, open_changes
from core.flows.order_news import arrived_key, ask_back, mind_refund, parcels_of
from core.flows.people import Person
from core.flows.posts import touch
from core.money import Money
from core.rules import orders as rules
from core.rules.carriers import name_of
from core.rules.orders import Deed
from core.values.states import ChangeKind, OrderState
from core.words import Told
from storage import audit
from storage.db import Database
from storage.keys import new_key
from storage.models import Account, Order, Parcel

SENT, REFUND, CANCEL, ARRIVED = "order.sent", "order.refund", "order.cancel", "order.delivered"


async def hold(session: AsyncSession, db: Database, order: Order) -> None:
    """What happens to one order happens one after the other: a report of its channel and a person, or two persons. The account's row comes
    first, as where orders are taken in (`sales.record`)."""
    if not db.is_sqlite:
        if order.account_id is not None:
            await session.get_one(Account, order.account_id, with_for_update={"key_share": True}, populate_existing=True)
        await session.refresh(order, with_for_update={"key_share": True})


async def walk(session: AsyncSession, db: Database, order: Order, way: Sequence[OrderState], *, by: str) -> None:
    """Move the order step by step, as a person's command does."""
    for state in way:
        audit.record(
            session, workspace=order.workspace_id, at=db.now(), actor=by, action=f"order.{state}", subject=("order", order.id),
            data={"from": order.state},
        )  # fmt: skip
        order.state = state
    await touch(session, db, ("order", order.id))


def _steps(order: Order, deed: Deed) -> tuple[OrderState, ...]:
    """Raises `Refused` with what comes first."""
    state = OrderState(order.state)
    way = rules.steps(deed, state)
    if not way:
        raise Refused(rules.too_early(deed, state, order.number))
    return way


def _did(session: AsyncSession, db: Database, person: Person, order: Order, action: str, **data: Any) -> None:
    audit.record(
        session, workspace=order.workspace_id, at=db.now(), actor=person.actor, action=action, subject=("order", order.id), data=data
    )


async def ship(session: AsyncSession, house: House, person: Person, order: Order, carrier: str, tracking: str) -> Parcel:
    """A parcel is on its way. Its marketplace is told, and the order is shipped when that was read back; a sale outside is at once.

    Raises `Refused` with what comes first, or when this parcel is known already.
    """
    db = house.db
    await hold(session, db, order)
    state = OrderState(order.state)
    more = state in (OrderState.SHIPPED, OrderState.DELIVERED)  # one more parcel of it
    way = () if more else _steps(order, Deed.SHIP)
    there = await parcels_of(session, order.id)
    if any(one.tracking == tracking for one in there):
        known = Told("Parcel {tracking} of order {number} is known already.", tracking=tracking, number=order.number)
        raise Refused(known if tracking else Told("Order {number} has a parcel without a number already.", number=order.number))
    parcel = Parcel(
        id=new_key(), workspace_id=order.workspace_id, order_id=order.id, carrier=carrier, tracking=tracking, created_at=db.now()
    )  # fmt: skip
    session.add(parcel)
    await session.flush()
    named = {"carrier": name_of(carrier), "tracking": tracking}
    if order.account_id is None:
        await walk(session, db, order, way, by=person.actor)
        order.shipped_at = order.shipped_at or db.now()
        change = None
    else:
        after = {"parcel": parcel.id, "carrier": carrier, "tracking": tracking}
        change = await make(session, db, ChangeKind.SHIP, order, person, after=after, reason=Told("{carrier} {tracking}", **named))
        await walk(session, db, order, [one for one in way if one is OrderState.PROCESSING], by=person.actor)
    _did(session, db, person, order, SENT, parcel=parcel.id, change=change.id if change else "", was=state.value)
    await touch(session, db, ("order", order.id))
    return parcel


async def delivered(session: AsyncSession, db: Database, person: Person, order: Order) -> None:
    """A person says that it has arrived. Raises `Refused` with what comes first."""
    await hold(session, db, order)
    way = _steps(order, Deed.DELIVER)
    await walk(session, db, order, way, by=person.actor)
    order.delivered_at, order.delivered_by = db.now(), person.actor
    for parcel in await parcels_of(session, order.id):
        if parcel.delivered_at is None:
            parcel.delivered_at, parcel.delivered_by = db.now(), person.actor
    await notices.solved(session, db, order.workspace_id, arrived_key(order.id))


async def not_yet(session: AsyncSession, db: Database, order: Order) -> None:
    """It has not arrived: somebody is asked again in a while."""
    order.asked_at = db.now()
    await notices.solved(session, db, order.workspace_id, arrived_key(order.id))
    await touch(session, db, ("order", order.id))


async def refundable(session: AsyncSession, order: Order) -> Money:
    """What may still be given back: what was paid, without what was given back and what is being given back."""
    under_way = sum(int(one.after["amount"]) for one in await open_changes(session, order.id, ChangeKind.REFUND))
    return Money(order.total - (order.refunded or 0) - under_way, order.currency)


async def check_refund(session: AsyncSession, order: Order, amount: Money | None) -> Money:
    """How much would be given back; all that is left when no `amount` is named. Raises `Refused` when it may not be, with why."""
    left = await refundable(session, order)
    amount = amount or left
    state = OrderState(order.state)
    if state in rules.OVER or not order.paid:
        raise Refused(rules.too_early(Deed.REFUND, state, order.number))
    if amount.currency != left.currency:
        raise Refused(Told("Order {number} was paid in {currency}.", number=order.number, currency=left.currency))
    if amount.amount <= 0 or left < amount:
        raise Refused(
            Told("Of order {number} {left} may be given back at most, and more than nothing at least.", number=order.number, left=left)
        )
    if amount == left:
        _steps(order, Deed.REFUND)
    await check_free(session, order, ChangeKind.CANCEL_ORDER)
    return amount


async def refund(session: AsyncSession, house: House, person: Person, order: Order, amount: Money, already: Money) -> None:
    """Give money back. `already` is what had been given back when the person was asked: a second tap gives nothing twice.

    Raises `Refused` when that changed meanwhile, or when it may not be.
    """
    db = house.db
    await hold(session, db, order)
    was, left = order.state, await refundable(session, order)
    if order.total - left.amount != already.amount:
        raise Refused(Told("Of order {number} something else was given back meanwhile. Look at it, then say again.", number=order.number))
    await check_refund(session, order, amount)
    before = order.refund_asked
    order.refund_asked = already.amount + amount.amount
    if order.account_id is None:
        order.refunded = order.refund_asked
        if amount == left:
            await walk(session, db, order, _steps(order, Deed.REFUND), by=person.actor)
            await ask_back(session, db, order)
        change = None
    else:
        after = {"amount": amount.amount, "currency": amount.currency, "already": already.amount, "asked_before": before}
        change = await make(session, db, ChangeKind.REFUND, order, person, after=after, reason=Told("{amount} back", amount=amount))
    _did(session, db, person, order, REFUND, amount=amount.amount, change=change.id if change else "", was=was)
    await touch(session, db, ("order", order.id))


async def check_cancel(session: AsyncSession, order: Order) -> None:
    """Raises `Refused` when it cannot be cancelled, with why."""
    _steps(order, Deed.CANCEL)
    await check_free(session, order, ChangeKind.CANCEL_ORDER, ChangeKind.REFUND, ChangeKind.SHIP)


async def cancel(session: AsyncSession, house: House, person: Person, order: Order, reason: str) -> None:
    """Cancel the whole order: on its marketplace by a Change, money back included; a sale outside is taken back at once.

    `reason` is "sold_out" or "buyer_asked". Raises `Refused`.
    """
    db = house.db
    await hold(session, db, order)
    await check_cancel(session, order)
    if order.account_id is None:
        await sales.cancel_outside(session, house, order, person)
        if order.paid:
            order.refund_asked = order.refunded = order.total
        _did(session, db, person, order, CANCEL, reason=reason, change="")
        return
    before, order.refund_asked = order.refund_asked, order.total if order.paid else order.refund_asked
    after = {"reason": reason, "asked_before": before}
    change = await make(session, db, ChangeKind.CANCEL_ORDER, order, person, after=after, reason=_REASONS[reason])
    _did(session, db, person, order, CANCEL, reason=reason, change=change.id)
    await touch(session, db, ("order", order.id))


async def agree(session: AsyncSession, db: Database, person: Person, order: Order, amount: int) -> None:
    """What the marketplace says was given back is what should have been. Raises `Refused` when it says something else by now."""
    await hold(session, db, order)
    if order.refunded != amount:
        raise Refused(Told("Of order {number} something else was given back meanwhile. Look at it, then say again.", number=order.number))
    _did(session, db, person, order, "order.agreed", asked=order.refund_asked, refunded=order.refunded)
    order.refund_asked = amount
    await mind_refund(session, db, order)
    await touch(session, db, ("order", order.id))


_REASONS = {"sold_out": Told("sold out"), "buyer_asked": Told("the buyer asked for it")}
