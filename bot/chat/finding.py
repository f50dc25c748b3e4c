"""Finding the item that somebody means."""

from __future__ import annotations

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.rules.likeness import ENOUGH, likeness, words_of
from core.values.states import ItemState
from storage.models import Item, Order

NEWEST = 100  # items that are looked at whatever they are called: a slip shares no word with any title
FOUND = 200
LONGEST = 9  # digits of an item's number


def whole(text: str) -> int | None:
    """A whole number as people type it; None when it is none, or has more than nine digits."""
    text = text.strip()
    return int(text) if text.isdecimal() and len(text) <= LONGEST else None


async def find_item(session: AsyncSession, workspace_id: str, word: str) -> Item | None:
    """An item by its number or SKU."""
    query = select(Item).where(Item.workspace_id == workspace_id, Item.deleted_at.is_(None))
    number = whole(word.strip().lstrip("#"))
    same = func.lower(Item.sku) == word.strip().lower() if number is None else Item.number == number
    return (await session.execute(query.where(same))).scalar()


async def find_order(session: AsyncSession, workspace_id: str, word: str) -> Order | None:
    """An order by our number, or by its marketplace's own."""
    query = select(Order).where(Order.workspace_id == workspace_id)
    said = word.strip().lstrip("#")
    number = whole(said)
    if number is not None and (found := (await session.execute(query.where(Order.number == number))).scalar()):
        return found
    theirs = (func.lower(Order.external_id) == said.lower()) | Order.external_id.endswith(f"/{said}", autoescape=True)
    return (await session.execute(query.where(theirs).order_by(Order.id.desc()).limit(1))).scalar() if len(said) > 3 else None


async def near_items(session: AsyncSession, workspace_id: str, title: str, *, live: bool = False, most: int = 3) -> list[Item]:
    """Items whose titles are like this one, likeliest first; with `live` only those that are for sale."""
    query = select(Item).where(Item.workspace_id == workspace_id, Item.deleted_at.is_(None), Item.title != "")
    query = query.where(Item.state == ItemState.LIVE) if live else query
    query = query.order_by(Item.number.desc())
    words = [word for word in words_of(title) if len(word) > 2][:8]
    found = list((await session.execute(query.limit(NEWEST))).scalars())
    if words:
        sharing = query.where(or_(*(Item.title.icontains(word, autoescape=True) for word in words))).limit(FOUND)
        found += (await session.execute(sharing)).scalars()
    ranked = {one.id: (likeness(title, one.title), one.number, one) for one in found}
    likely = sorted((one for one in ranked.values() if one[0] >= ENOUGH), key=lambda one: (-one[0], -one[1]))
    return [item for _score, _number, item in likely[:most]]
