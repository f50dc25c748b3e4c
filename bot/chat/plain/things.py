"""The items that words may mean: looked up by what was said, or by what was spoken of last."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, or_, select

from bot.chat.context import Context
from bot.chat.finding import FOUND, NEWEST
from core.rules.plain.folding import clean
from core.rules.plain.matching import Thing, is_this, number_of, stems, telling
from core.values.states import ItemState
from storage.models import Change, Item, ManualTask, OrderLine, Post

RECENT = 12  # cards of a chat that are looked at for what was spoken of
_CLOSED = (ItemState.SOLD, ItemState.ARCHIVED)


def thing_of(item: Item) -> Thing:
    return Thing(item.id, item.number, item.sku, item.title, item.price, item.currency, item.state not in _CLOSED)


async def things_for(ctx: Context, phrases: Sequence[str]) -> list[Thing]:
    """What any of the phrases may mean: by number, by SKU, by words of titles, and the newest, which may be meant with a slip."""
    named = [phrase for phrase in phrases if not is_this(phrase)]
    if not named:
        return []
    query = select(Item).where(Item.workspace_id == ctx.person.workspace_id, Item.deleted_at.is_(None)).order_by(Item.number.desc())
    numbers = [number for phrase in named if (number := number_of(phrase)) is not None]
    parts = [min(stems(word), key=len) for phrase in named for word in telling(phrase) if len(word) > 2]
    alike = [Item.title.icontains(part, autoescape=True) for part in parts[:12]]
    exact = or_(Item.number.in_(numbers), func.lower(Item.sku).in_([clean(phrase).lower() for phrase in named]))
    found: dict[str, Item] = {}
    for one in (query.where(exact), query.where(or_(*alike)).limit(FOUND) if alike else None, query.limit(NEWEST)):
        if one is not None:
            found |= {item.id: item for item in (await ctx.session.execute(one)).scalars()}
    return [thing_of(item) for item in found.values()]


async def spoken_of(ctx: Context) -> Thing | None:
    """The item of the card that was replied to; else of the newest card in this chat that is about one."""
    subject = await ctx.replied_subject()
    if subject is not None:
        return await _of_subject(ctx, subject)
    for thing in await recent(ctx, most=1):
        return thing
    return None


async def recent(ctx: Context, *, most: int = 8) -> list[Thing]:
    """The items that the newest cards in this chat are about, newest first."""
    query = select(Post.subject_kind, Post.subject_id).where(
        Post.surface == ctx.place[0], Post.chat == ctx.place[1], Post.subject_kind != ""
    )
    found: dict[str, Thing] = {}
    for kind, key in (await ctx.session.execute(query.order_by(Post.id.desc()).limit(RECENT))).all():
        thing = await _of_subject(ctx, (kind, key))
        if thing is not None:
            found.setdefault(thing.id, thing)
        if len(found) == most:
            break
    return list(found.values())


async def _of_subject(ctx: Context, subject: tuple[str, str]) -> Thing | None:
    """The one item that a card is about; None where it is about several, or about none."""
    kind, key = subject
    ids = {
        "item": select(Item.id).where(Item.id == key),
        "batch": select(Change.item_id).where(Change.batch == key).distinct(),
        "order": select(OrderLine.item_id).where(OrderLine.order_id == key, OrderLine.item_id.is_not(None)).distinct(),
        "task": select(ManualTask.item_id).where(ManualTask.id == key),
    }.get(kind)
    if ids is None:
        return None
    query = select(Item).where(Item.workspace_id == ctx.person.workspace_id, Item.deleted_at.is_(None), Item.id.in_(ids))
    found = list((await ctx.session.execute(query.limit(2))).scalars())
    return thing_of(found[0]) if len(found) == 1 else None
