"""What was sold in a period and what it earned, line by line, for sums, charts and files."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from core.flows.returns import RETURNED
from core.rules import profit
from core.rules.profit import Deal
from core.rules.sums import Sold
from core.values.states import OrderState
from storage.models import AuditEntry, Draft, Item, Order, OrderLine

PAGE = 5000
_OVER: Mapping[str, str] = {OrderState.CANCELLED: "cancelled", OrderState.REFUNDED: "refunded"}
_Row = tuple[Order, OrderLine, Item | None]


@dataclass(frozen=True, slots=True)
class Period:
    """The lines of some days' orders, and how many of those orders were cancelled, given back in full, or are not paid yet."""

    rows: tuple[Sold, ...]
    cancelled: int
    refunded: int
    unpaid: int

    @property
    def sold(self) -> tuple[Sold, ...]:
        """Without what is no sale any more."""
        return tuple(row for row in self.rows if not row.over)

    @property
    def currencies(self) -> list[str]:
        """Those of what was sold, the one with the most sales first."""
        return currencies(self.sold)


def currencies(rows: Sequence[Sold]) -> list[str]:
    """The currency with the most sales first."""
    amounts: dict[str, int] = {}
    for row in rows:
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
    found = [(row[0], row[1], row[2]) for row in (await session.execute(query.order_by(Order.placed_at, Order.id, OrderLine.id))).all()]
    orders = {order.id: order for order, _line, _item in found}.values()
    states = [order.state for order in orders]
    unpaid = sum(not order.paid and order.state not in _OVER for order in orders)
    rows = await _lines_of(session, found, zone)
    return Period(tuple(rows), states.count(OrderState.CANCELLED), states.count(OrderState.REFUNDED), unpaid)


async def of_order(session: AsyncSession, order: Order, zone: str) -> list[Sold]:
    """What one order's lines earned."""
    query = select(OrderLine, Item).outerjoin(Item, Item.id == OrderLine.item_id).where(OrderLine.order_id == order.id)
    found = (await session.execute(query.order_by(OrderLine.id))).all()
    return await _lines_of(session, [(order, row[0], row[1]) for row in found], zone)


async def _lines_of(session: AsyncSession, found: Sequence[_Row], zone: str) -> list[Sold]:
    orders: dict[str, list[_Row]] = {}
    for row in found:
        orders.setdefault(row[0].id, []).append(row)
    back = await _back_in_stock(session, [rows[0][0] for rows in orders.values()])
    paths = await _categories(session, found)
    return [one for rows in orders.values() for one in _order(rows, zone, back, paths)]


def _order(rows: Sequence[_Row], zone: str, back: Collection[str], paths: Mapping[tuple[str, str], str]) -> list[Sold]:
    """An order's lines. A cancelled one is there for what it cost all the same, if it did."""
    order = rows[0][0]
    if order.state == OrderState.CANCELLED and not order.label_cost:
        return []
    day = order.placed_at.astimezone(ZoneInfo(zone)).date()
    return [
        Sold(
            day=day, channel=order.channel, item=item.number if item else None, title=(item.title if item else "") or line.title,
            quantity=line.quantity, currency=order.currency, earned=earned, order=order.number,
            number=order.external_id if order.account_id else "", sku=line.sku or (item.sku if item else ""),
            state=OrderState(order.state), paid=order.paid,
        )
        for (_order, line, item), earned in zip(rows, profit.earned(_deal(rows, back, paths)), strict=True)
    ]  # fmt: skip


def _deal(rows: Sequence[_Row], back: Collection[str], paths: Mapping[tuple[str, str], str]) -> Deal:
    order = rows[0][0]
    lines = tuple(
        profit.Line(
            line.price * line.quantity, line.quantity, 0 if line.id in back else _cost(order, line, item),
            paths.get((line.item_id or "", order.account_id or ""), ""),
        )
        for _order, line, item in rows
    )  # fmt: skip
    return Deal(
        order.channel, order.currency, lines, order.total, shipping=order.shipping, tax=order.tax, fees=order.fees, label=order.label_cost,
        sent=order.shipped_at is not None, refunded=order.refunded, over=_OVER.get(order.state, ""),
    )  # fmt: skip


def _cost(order: Order, line: OrderLine, item: Item | None) -> int | None:
    if item is None or item.cost is None or item.currency != order.currency:
        return None
    return item.cost * line.quantity


async def _back_in_stock(session: AsyncSession, orders: Sequence[Order]) -> set[str]:
    """The lines of refunded orders of which a person said that the things are in stock again: their cost is not gone. All others' is."""
    said: dict[str, str] = {}
    for keys in _pages([order.id for order in orders if order.state == OrderState.REFUNDED]):
        query = select(AuditEntry).where(AuditEntry.subject_id.in_(keys), AuditEntry.action == RETURNED).order_by(AuditEntry.id)
        said |= {str(one.data["line"]): one.data["how"] for one in (await session.execute(query)).scalars()}
    return {line for line, how in said.items() if how == "stock"}


async def _categories(session: AsyncSession, found: Sequence[_Row]) -> dict[tuple[str, str], str]:
    """Item and account to the category's path there, for what is estimated."""
    paths: dict[tuple[str, str], str] = {}
    for items in _pages(sorted({line.item_id for order, line, _item in found if order.fees is None and order.account_id and line.item_id})):
        query = select(Draft.item_id, Draft.choices).where(Draft.item_id.in_(items)).order_by(Draft.id)
        for item, choices in (await session.execute(query)).all():
            for account, chosen in choices.get("categories", {}).items():
                paths[item, account] = chosen.get("path", "")
    return paths


def _pages(keys: Sequence[str]) -> list[Sequence[str]]:
    """No statement names more rows than databases take."""
    return [keys[start : start + PAGE] for start in range(0, len(keys), PAGE)]
