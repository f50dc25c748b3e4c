"""Sold more often than there is: which orders want the units, and which of them to cancel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from core.flows import ledger
from core.rules.orders import MOVES
from core.values.states import OrderState
from storage.models import Item, Order, OrderLine

NEAR = 5  # orders before the first that lacks something: with several of a thing, older ones have nothing to do with it


@dataclass(frozen=True, slots=True)
class Claimant:
    """An order that wants units of an item, and how many of them it has."""

    order: Order
    wants: int
    has: int

    @property
    def can_go(self) -> bool:
        """Whether it can still be cancelled: what was shipped cannot."""
        return OrderState.CANCELLED in MOVES[OrderState(self.order.state)]


@dataclass(frozen=True, slots=True)
class Oversold:
    """An item that open orders want more often than there is. `claimants` are in the order in which they came."""

    item: Item
    claimants: tuple[Claimant, ...]

    @property
    def lacking(self) -> int:
        return sum(max(0, one.wants - one.has) for one in self.claimants)

    @property
    def suggested(self) -> Order | None:
        """Which one to cancel: the one that came last, of those that still can be."""
        return next((one.order for one in reversed(self.claimants) if one.can_go), None)


async def of_order(session: AsyncSession, order_id: str) -> list[Oversold]:
    """The items of an order that are oversold now; empty when it is settled."""
    items = select(OrderLine.item_id).where(OrderLine.order_id == order_id, OrderLine.item_id.is_not(None)).distinct()
    found = []
    for item in (await session.execute(select(Item).where(Item.id.in_(items)).order_by(Item.number))).scalars().all():
        one = Oversold(item, tuple(await _claimants(session, item.id)))
        if one.lacking:
            found.append(one)
    return found


async def _claimants(session: AsyncSession, item_id: str) -> Sequence[Claimant]:
    """Orders that are not over, and those that have left: the units that they took are gone."""
    query = (
        select(Order, OrderLine.quantity)
        .join(OrderLine, OrderLine.order_id == Order.id)
        .where(OrderLine.item_id == item_id, Order.state.not_in((OrderState.CANCELLED, OrderState.REFUNDED)))
        .order_by(Order.placed_at, Order.number)
    )
    wants: dict[str, int] = {}
    orders: dict[str, Order] = {}
    for order, quantity in (await session.execute(query)).all():
        orders[order.id] = order
        wants[order.id] = wants.get(order.id, 0) + quantity
    found = [Claimant(one, wants[key], await ledger.held_by(session, item_id, key)) for key, one in orders.items()]
    short = next((place for place, one in enumerate(found) if one.has < one.wants), len(found))
    return found[max(0, short - NEAR) :]
