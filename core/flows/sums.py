"""What was sold in a period, line by line, for sums and charts."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from core.rules.sums import Sold, shared
from core.values.states import OrderState
from storage.models import Item, Order, OrderLine

NO_SALE = (OrderState.CANCELLED, OrderState.REFUNDED)


@dataclass(frozen=True, slots=True)
class Period:
    """The sales of some days, and how many orders of those days are left out: they were cancelled, or the buyer has the money back."""

    sold: tuple[Sold, ...]
    cancelled: int
    refunded: int

    @property
    def currencies(self) -> list[str]:
        """The currency with the most sales first."""
        amounts: dict[str, int] = {}
        for row in self.sold:
            amounts[row.currency] = amounts.get(row.currency, 0) + 1
        return sorted(amounts, key=lambda one: (-amounts[one], one))


def bounds(first: date, last: date, zone: str) -> tuple[datetime, datetime]:
    """From the beginning of the first day to the end of the last, in the zone, as UTC."""
    there = ZoneInfo(zone)
    return tuple(datetime.combine(day, time(), there).astimezone(UTC) for day in (first, last + timedelta(days=1)))  # type: ignore[return-value]


async def sold_between(
    session: AsyncSession, workspace: str, start: datetime, end: datetime, zone: str, channels: Collection[str] = ()
) -> Period:
    """Orders that were placed from `start` until before `end`; with `channels` of these only."""
    query = select(Order, OrderLine, Item).join(OrderLine, OrderLine.order_id == Order.id).outerjoin(Item, Item.id == OrderLine.item_id)
    query = query.where(Order.workspace_id == workspace, Order.placed_at >= start, Order.placed_at < end)
    if channels:
        query = query.where(Order.channel.in_(tuple(channels)))
    orders: dict[str, list[tuple[Order, OrderLine, Item | None]]] = {}
    for order, line, item in (await session.execute(query.order_by(Order.placed_at, OrderLine.id))).all():
        orders.setdefault(order.id, []).append((order, line, item))
    states = [rows[0][0].state for rows in orders.values()]
    sold = tuple(one for rows in orders.values() if rows[0][0].state not in NO_SALE for one in _lines(rows, zone))
    return Period(sold, states.count(OrderState.CANCELLED), states.count(OrderState.REFUNDED))


def _lines(rows: list[tuple[Order, OrderLine, Item | None]], zone: str) -> list[Sold]:
    """An order's lines; its fees are parted by what each line cost."""
    order = rows[0][0]
    prices = [line.price * line.quantity for _order, line, _item in rows]
    fees = [None] * len(rows) if order.fees is None else shared(order.fees, prices)
    day = order.placed_at.astimezone(ZoneInfo(zone)).date()
    return [
        Sold(
            day=day, channel=order.channel, item=item.number if item else None, title=(item.title if item else "") or line.title,
            quantity=line.quantity, currency=order.currency, price=price, fees=fee, cost=_cost(order, line, item),
        )
        for (_order, line, item), price, fee in zip(rows, prices, fees, strict=True)
    ]  # fmt: skip


def _cost(order: Order, line: OrderLine, item: Item | None) -> int | None:
    if item is None or item.cost is None or item.currency != order.currency:
        return None
    return item.cost * line.quantity
