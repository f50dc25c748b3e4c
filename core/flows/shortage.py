"""Low stock, out of stock, time to get more: told of items that were ever stocked above one, once until there are more again."""

from __future__ import annotations

from sqlalchemy import exists, literal, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.flows import notices
from core.flows.house import House
from core.values.states import ItemState
from core.words import Told, counted
from storage.db import Database
from storage.models import Item, Notice, Stock

LOW, OUT, REORDER = "low_stock", "out_of_stock", "reorder"  # names of keys; the last is of a notice of the first's type


async def look(session: AsyncSession, db: Database, item: Item, stock: Stock, *, fewer: bool) -> None:
    """The stock of an item moved; `fewer` are left than before. One that was never above one simply sold."""
    left = stock.total - stock.reserved
    if stock.peak < 2:
        return
    for key, holds in ((OUT, left < 1), (LOW, 0 < left <= stock.low_at), (REORDER, max(0, stock.low_at) < left <= stock.reorder_at)):
        if not holds:
            await notices.solved(session, db, item.workspace_id, f"{key}:{item.id}")
        elif fewer:
            title = counted("{title}: {count} left", "{title}: {count} left", title=_name(item), count=left)
            more = Told("Time to get more: its reorder point is {count}.", count=stock.reorder_at)
            await notices.tell(
                session, db, workspace=item.workspace_id, type=OUT if key == OUT else LOW, key=f"{key}:{item.id}",
                subject=("item", item.id), title=title if left > 0 else Told("{title} is out of stock.", title=_name(item)),
                body=more if left <= stock.reorder_at and stock.reorder_at else "",
            )  # fmt: skip


def _name(item: Item) -> Told:
    return Told("Item {number}, {title}", number=item.number, title=item.title) if item.title else Told("Item {number}", number=item.number)


async def sweep(house: House) -> None:
    """A tick, as a net under the stock entries."""
    db = house.db
    left = Stock.total - Stock.reserved
    query = select(Stock, Item).join(Item, Item.id == Stock.item_id)
    told = exists().where(
        Notice.workspace_id == Item.workspace_id,
        or_(*(Notice.key == literal(f"{key}:") + Item.id for key in (LOW, OUT, REORDER))),
    )
    over = or_(Item.deleted_at.is_not(None), Item.state.in_((ItemState.SOLD, ItemState.ARCHIVED)))
    few = or_(left <= Stock.low_at, left <= Stock.reorder_at)
    query = query.where(Stock.peak > 1, few, left < Stock.peak, ~over, ~told)
    async with db.read() as session:
        found = (await session.execute(query)).all()
    for stock, item in found:
        async with db.write() as session:
            await look(session, db, item, stock, fewer=True)
