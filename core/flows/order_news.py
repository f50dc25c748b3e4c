"""What a channel says of an order beside its state: parcels, money given back, costs, and by when it must be on its way."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from core.flows import notices
from core.flows.order_changes import open_changes
from core.money import Money
from core.rules import orders as rules
from core.values.channel import ChannelOrder, ChannelParcel
from core.values.states import ChangeKind, OrderState
from core.words import Told
from storage import audit
from storage.db import Database
from storage.keys import new_key
from storage.models import Order, OrderLine, Parcel

AMOUNTS = ("refunded", "label_cost", "shipping", "tax")  # as both call them; None is what the channel does not say
CHANNEL = "channel"


def arrived_key(order_id: str) -> str:
    """The notice that asks whether an order has arrived."""
    return f"arrived:{order_id}"


async def lines_of(session: AsyncSession, order_id: str) -> list[OrderLine]:
    query = select(OrderLine).where(OrderLine.order_id == order_id).order_by(OrderLine.id)
    return list((await session.execute(query)).scalars())


async def parcels_of(session: AsyncSession, order_id: str) -> list[Parcel]:
    query = select(Parcel).where(Parcel.order_id == order_id).order_by(Parcel.id)
    return list((await session.execute(query)).scalars())


async def ask_back(session: AsyncSession, db: Database, order: Order) -> None:
    """Refunded: whether the thing is back only a person knows. The order's card asks for each line."""
    if any(line.item_id for line in await lines_of(session, order.id)):
        await notices.tell(
            session, db, workspace=order.workspace_id, type="review_needed", key=f"back:{order.id}", subject=("order", order.id),
            channel=order.channel if order.account_id else "",
            title=Told("Is what order {number} was about back? Its buyer has the money.", number=order.number),
            body=Told("The order's card asks. Nothing goes into your stock before you say so."),
        )  # fmt: skip


def differs(order: Order, told: ChannelOrder) -> bool:
    """Whether it says another amount or another day than we know. Parcels are looked at by `parcels_differ`."""
    late = told.ship_by is not None and told.ship_by != order.ship_by
    return late or any(_amount(order, told, name) not in (None, getattr(order, name)) for name in AMOUNTS)


def _amount(order: Order, told: ChannelOrder, name: str) -> int | None:
    """What it says of an amount. What a person said of the label stays: they know of labels that were bought elsewhere."""
    money: Money | None = getattr(told, name)
    return None if money is None or (name == "label_cost" and order.label_by) else money.amount


async def parcels_differ(session: AsyncSession, order: Order, told: ChannelOrder) -> bool:
    """Whether a parcel is new, or has arrived. Most orders have none yet, and cost nothing."""
    if not told.parcels:
        return False
    there = _by_tracking(await parcels_of(session, order.id))
    return any(one.tracking not in there or (one.delivered_at and not there[one.tracking].delivered_at) for one in told.parcels)


def _by_tracking(parcels: list[Parcel]) -> dict[str, Parcel]:
    return {one.tracking: one for one in parcels}


async def take(session: AsyncSession, db: Database, order: Order, told: ChannelOrder) -> None:
    """Keep what it says; a difference between what was asked and what was given back is told."""
    refunded = told.refunded is not None and told.refunded.amount != order.refunded
    for name in AMOUNTS:
        if (amount := _amount(order, told, name)) is not None:
            setattr(order, name, amount)
    order.ship_by = told.ship_by or order.ship_by
    if refunded:
        audit.record(
            session, workspace=order.workspace_id, at=db.now(), actor=f"channel:{order.channel}", action="order.money_back",
            subject=("order", order.id), data={"refunded": order.refunded, "asked": order.refund_asked},
        )  # fmt: skip
        await mind_refund(session, db, order)
    for parcel in told.parcels:
        await _parcel(session, db, order, parcel)


async def _parcel(session: AsyncSession, db: Database, order: Order, told: ChannelParcel) -> None:
    query = select(Parcel).where(Parcel.order_id == order.id, Parcel.tracking == told.tracking)
    row = (await session.execute(query)).scalar()
    if row is None:
        row = Parcel(
            id=new_key(), workspace_id=order.workspace_id, order_id=order.id, carrier=told.carrier, tracking=told.tracking,
            created_at=told.shipped_at or db.now(),
        )  # fmt: skip
        session.add(row)
    row.external_id = told.external_id or row.external_id
    if told.delivered_at and row.delivered_at is None:
        row.delivered_at, row.delivered_by = told.delivered_at, CHANNEL
    await session.flush()


async def mind_refund(session: AsyncSession, db: Database, order: Order) -> None:
    """Say once that the buyer has another amount back than was asked for; it is over when both are the same."""
    key = f"refund:{order.id}"
    await notices.solved(session, db, order.workspace_id, key)
    if not rules.drift(order.refund_asked, order.refunded):
        return
    if await open_changes(session, order.id, ChangeKind.REFUND, ChangeKind.CANCEL_ORDER):
        return
    asked, given = (Money(amount or 0, order.currency) for amount in (order.refund_asked, order.refunded))
    await notices.tell(
        session, db, workspace=order.workspace_id, type="sync_conflict", key=key, subject=("order", order.id), channel=order.channel,
        title=Told("Order {number}: {asked} were to go back to the buyer, and {given} did.", number=order.number, asked=asked, given=given),
        body=Told("Look at it on the marketplace. The order's card takes what it says there, or asks for the rest."),
    )  # fmt: skip


async def moved(session: AsyncSession, db: Database, order: Order, told: ChannelOrder, way: tuple[OrderState, ...]) -> None:
    """The order was just moved `way` because the channel said so: when it was shipped and delivered, and what is to be asked then."""
    if OrderState.SHIPPED in way or told.state in (OrderState.SHIPPED, OrderState.DELIVERED):
        order.shipped_at = order.shipped_at or _first([one.shipped_at for one in told.parcels], told.changed_at)
    if told.state is OrderState.DELIVERED and order.delivered_at is None:
        last = [one.delivered_at for one in told.parcels if one.delivered_at]
        order.delivered_at, order.delivered_by = max(last, default=told.changed_at), CHANNEL
        await notices.solved(session, db, order.workspace_id, arrived_key(order.id))
    if told.state is OrderState.REFUNDED:
        await ask_back(session, db, order)


def _first(times: list[datetime | None], otherwise: datetime) -> datetime:
    return min((one for one in times if one), default=otherwise)
