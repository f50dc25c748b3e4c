"""Files for whoever does the books: what was sold, line by line, and what is in stock. Nothing of buyers is in them.

`SALES` and `STOCK` are the columns, described in the README. They are English in every language: what reads them knows them by name.
The sales' `earned` is what /profit counts, so a file of the same time adds up to what /profit says.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable
from datetime import date

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import Missing
from core.flows import sums
from core.flows.slips import Desk
from core.money import Money
from core.ports import Paper
from core.rules.spreadsheet import Cell, csv_bytes
from core.rules.sums import LONGEST, Sold
from core.values.states import ListingState
from core.words import Told
from storage.models import Item, Listing, Stock

SALES = (
    "date", "order", "marketplace", "marketplace_order", "state", "paid", "item", "sku", "title", "quantity", "currency", "price",
    "shipping_paid", "tax_inside", "given_back", "fees", "fees_are", "label", "cost", "earned",
)  # fmt: skip
STOCK = (
    "item", "sku", "title", "state", "currency", "price", "cost", "total", "reserved", "available", "cost_of_stock", "live_on", "since",
)  # fmt: skip
CSV = "text/csv; charset=utf-8"
_UP = (ListingState.ACTIVE, ListingState.OUT_OF_SYNC)
Reading = Callable[[AsyncSession], Awaitable[Paper]]  # the rest of making a file, which only reads


async def sales_file(desk: Desk, about: str) -> Reading:
    """`about` are the first and the last day, `2026-10-01|2026-10-31`, in the zone of whoever asks; of the marketplaces they look after.

    Raises `Missing` for what is no time.
    """
    first, last = _days(about)
    zone = desk.person.timezone or desk.workspace.timezone

    async def read(session: AsyncSession) -> Paper:
        data = await sales(session, desk.workspace.id, first, last, zone, desk.person.channels)
        return Paper(f"sales-{first}-{last}.csv", CSV, data)

    return read


async def stock_file(desk: Desk, about: str) -> Reading:
    """What there is now."""
    today = desk.house.db.now().date()

    async def read(session: AsyncSession) -> Paper:
        return Paper(f"stock-{today}.csv", CSV, await stock(session, desk.workspace.id))

    return read


def _days(about: str) -> tuple[date, date]:
    try:
        first, last = (date.fromisoformat(day) for day in about.split("|"))
    except ValueError as error:
        raise Missing(Told("There is no such paper."), cause=str(error)) from error
    if not first <= last <= first + LONGEST:
        raise Missing(Told("There is no such paper."))
    return first, last


async def sales(session: AsyncSession, workspace: str, first: date, last: date, zone: str, channels: Collection[str] = ()) -> bytes:
    """A row for each order line of these days in the zone, as CSV. With `channels` of these only."""
    start, end = sums.bounds(first, last, zone)
    period = await sums.sold_between(session, workspace, start, end, zone, channels)
    return await asyncio.to_thread(sales_csv, period.rows)  # other work goes on meanwhile


def sales_csv(rows: Iterable[Sold]) -> bytes:
    return csv_bytes(SALES, (_sale(row) for row in rows))


def _sale(row: Sold) -> tuple[Cell, ...]:
    made = row.earned

    def money(amount: int | None) -> Money | None:
        return None if amount is None else Money(amount, row.currency)

    fees_are = "" if made.fees is None else "estimate" if made.about else "confirmed"
    return (
        row.day, row.order, row.channel, row.number, row.state.value, "yes" if row.paid else "no", row.item, row.sku, row.title,
        row.quantity, row.currency, money(made.price), money(made.shipping), money(made.tax), money(made.refunded), money(made.fees),
        fees_are, money(made.label), money(made.cost), money(made.net),
    )  # fmt: skip


async def stock(session: AsyncSession, workspace: str) -> bytes:
    """A row for each item that was not discarded, as CSV."""
    query = select(Item, Stock).outerjoin(Stock, Stock.item_id == Item.id).where(Item.workspace_id == workspace, Item.deleted_at.is_(None))
    found = (await session.execute(query.order_by(Item.number))).all()
    up = select(Listing.item_id, Listing.channel).where(Listing.workspace_id == workspace, Listing.state.in_(_UP))
    live: dict[str, list[str]] = {}
    for item, channel in (await session.execute(up.order_by(Listing.channel))).all():
        live.setdefault(item, []).append(channel)
    return csv_bytes(STOCK, (_item(row[0], row[1], live.get(row[0].id, ())) for row in found))


def _item(item: Item, level: Stock | None, live: Iterable[str]) -> tuple[Cell, ...]:
    """Blank is not zero: nobody may have said how many there are, or what they cost."""
    price, cost = (None if amount is None else Money(amount, item.currency) for amount in (item.price, item.cost))
    total, reserved = (level.total, level.reserved) if level else (None, None)
    return (
        item.number, item.sku, item.title, item.state, item.currency, price, cost, total, reserved,
        None if level is None else level.total - level.reserved, cost * level.total if cost and level else None, " ".join(live),
        item.created_at.date(),
    )  # fmt: skip
