"""What people say about how many there are: found, lost, broken, counted. Each is an entry of the ledger with who said it and why.

They are edits (`edits.py`): on the trail, told to every listing that is up, and taken back by an entry of their own.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import Refused
from core.flows import effects, ledger
from core.flows.house import House
from core.flows.people import Person
from core.rules.stock import Level
from core.values.states import ItemState, StockKind
from core.words import Told, counted
from storage.keys import new_key
from storage.models import Item, StockEntry


@dataclass(frozen=True, slots=True)
class Why:
    """Which kind of entry it is, and what was said about it."""

    kind: StockKind = StockKind.ADJUST
    reason: str = ""


async def post(session: AsyncSession, house: House, person: Person, item: Item, difference: int, why: Why, *, undoing: bool) -> None:
    """Append an entry for `difference` units; orders that were oversold get theirs first. The item is held.

    Raises `Refused` when more would go than are there and free.
    """
    if not difference:
        return
    level = await ledger.level_of(session, item.id)
    if -difference > (free := level.available if level else 0):
        raise Refused(_too_few(item, level or Level(), free, -difference, undoing=undoing))
    kind = why.kind if level else StockKind.INITIAL
    quantity = -difference if kind is StockKind.DAMAGE else difference
    posted = await ledger.post(session, house.db, item, kind, quantity, key=new_key(), source=person.actor, reason=why.reason)
    left = await effects.make_good(session, house, item, posted.level.available)
    if left > 0 and item.state == ItemState.SOLD:
        item.state = ItemState.DELISTED  # its card offers to put it up again
    elif undoing and left < 1 and item.state == ItemState.DELISTED:
        sold = exists().where(StockEntry.item_id == item.id, StockEntry.kind == StockKind.SALE)
        item.state = ItemState.SOLD if (await session.execute(select(sold))).scalar() else ItemState.DELISTED


def _too_few(item: Item, level: Level, free: int, asked: int, *, undoing: bool) -> Told:
    if undoing:
        return Told(
            "Item {number}: of the {asked} that were added, only {free} can go. The others were sold or are promised to buyers.",
            number=item.number, asked=asked, free=free,
        )  # fmt: skip
    if level.reserved:
        return Told(
            "Item {number}: of {total}, {reserved} are promised to buyers who have not paid yet, so only {free} can go.",
            number=item.number, total=level.total, reserved=level.reserved, free=free,
        )  # fmt: skip
    return counted(
        "Item {number}: there is only {count}, so {asked} cannot go.", "Item {number}: there are only {count}, so {asked} cannot go.",
        number=item.number, count=free, asked=asked,
    )  # fmt: skip
