"""A net under the quantities that listings show. Each is told at once, by a Change in the transaction of the ledger's entry; what did not
arrive (it failed, or was taken back by another writer) is found here.

It only ever lowers. A marketplace counts a sale before we hear of it, so more than it shows is put there by a person's Change alone.
"""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import exists, or_, select

from core.flows import changes, ledger
from core.flows.house import House
from core.rules.changes import PRIORITY_DELIST
from core.values.states import AccountState, ChangeKind, ListingState
from core.words import Told
from storage.models import Account, Change, Item, Listing, Stock, StockEntry

CHANGED = timedelta(days=1)  # so long after an entry a listing is told again
AT_ONCE = 200
TELLS = (ChangeKind.QUANTITY, ChangeKind.DELIST, ChangeKind.PUBLISH, ChangeKind.RELIST, ChangeKind.REVISE)


async def sweep(house: House) -> int:
    """A tick: what is up and shows more than there are is told again. Answers how many listings."""
    db = house.db
    left = Stock.total - Stock.reserved
    fresh = exists().where(StockEntry.item_id == Listing.item_id, StockEntry.at > db.now() - CHANGED)
    told = exists().where(Change.listing_id == Listing.id, Change.state.in_(changes.OPEN), Change.kind.in_(TELLS))
    query = (
        select(Listing.id, Listing.item_id)
        .join(Stock, Stock.item_id == Listing.item_id)
        .join(Account, Account.id == Listing.account_id)
        .where(Listing.state == ListingState.ACTIVE, Listing.wanted == "live", Account.state == AccountState.ACTIVE)
        .where(or_(Listing.quantity > left, left < 1), fresh, ~told)
        .order_by(Listing.id)
        .limit(AT_ONCE)
    )
    async with db.read() as session:
        found = (await session.execute(query)).all()
    return sum([await _tell(house, row[0], row[1]) for row in found])


async def _tell(house: House, listing_id: str, item_id: str) -> bool:
    """Whether it still shows too many, now that nobody else writes about its item."""
    async with house.db.write() as session:
        await ledger.hold(session, house.db, item_id)
        item, listing = await session.get_one(Item, item_id), await session.get_one(Listing, listing_id)
        level = await ledger.level_of(session, item_id)
        if level is None or listing.wanted != "live" or (level.available > 0 and (listing.quantity or 0) <= level.available):
            return False
        kind = ChangeKind.QUANTITY if level.available > 0 else ChangeKind.DELIST
        reason = Told("It showed {shown}, and there are {left}.", shown=listing.quantity or 1, left=level.available)
        after = {"quantity": level.available}
        await changes.make(session, house.db, kind, item, listing, reason=reason, after=after, priority=PRIORITY_DELIST)
        return True
