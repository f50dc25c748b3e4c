"""What we know of listings, set beside what a marketplace shows, and what follows from a difference.

Everything is read for a whole page at once; what differs is looked at again by itself before anything is believed (`settle`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.flows import changes, differences, ledger, watching
from core.flows.house import House
from core.flows.posts import touch
from core.rules import reconciling as rules
from core.rules.changes import PRIORITY_DELIST, PRIORITY_SALE
from core.rules.reconciling import Differs, Kind, Ours, Theirs, Verdict
from core.values.channel import Found, Live
from core.values.states import ChangeKind, ChangeState, ItemState, ListingState
from core.words import Told
from storage.models import Account, Change, Difference, Item, Listing, OrderLine, Reconciliation, Stock

_FACTS: Select[Any] = (
    select(
        Listing.id, Listing.listing_ref, Listing.sku, Listing.wanted, Listing.state, Listing.price, Listing.quantity, Listing.seen,
        Listing.verified_at, Item.state.label("item"), Item.currency, Stock.total, Stock.reserved,
    )
    .join(Item, Item.id == Listing.item_id)
    .outerjoin(Stock, Stock.item_id == Item.id)
)  # fmt: skip
_BUSY = (ChangeState.APPROVED, ChangeState.RUNNING)


@dataclass(frozen=True, slots=True)
class Facts:
    """Our side of one listing, and its keys."""

    listing: str
    ref: str
    sku: str
    verified_at: datetime | None
    ours: Ours


async def known(session: AsyncSession, account_id: str, found: Sequence[Found]) -> dict[str, Facts]:
    """Our listings among those of a page, by the marketplace's id. Ours is what has its id, or its sku while we never learned an id."""
    refs, skus = {one.listing for one in found}, {one.sku for one in found if one.sku}
    query = _FACTS.where(Listing.account_id == account_id, or_(Listing.listing_ref.in_(refs), Listing.sku.in_(skus)))
    facts = await _facts(session, query)
    by_ref = {one.ref: one for one in facts if one.ref}
    by_sku = {one.sku: one for one in facts if not one.ref}
    pairs = ((one.listing, by_ref.get(one.listing) or by_sku.get(one.sku)) for one in found)
    return {listing: fact for listing, fact in pairs if fact is not None}


async def unseen(session: AsyncSession, run: Reconciliation, after: str, limit: int) -> list[Facts]:
    """Listings that should be up and that a comparison has not come across, a few at a time."""
    stale = or_(Listing.verified_at.is_(None), Listing.verified_at < run.created_at)
    come_across = select(Difference.listing_id).where(Difference.reconciliation_id == run.id, Difference.listing_id.is_not(None))
    query = _FACTS.where(Listing.account_id == run.account_id, Listing.wanted == "live", Listing.state.in_(rules.UP), stale)
    return await _facts(session, query.where(Listing.id > after, Listing.id.not_in(come_across)).order_by(Listing.id).limit(limit))


async def _facts(session: AsyncSession, query: Select[Any]) -> list[Facts]:
    rows = (await session.execute(query)).all()
    moving = select(Change.listing_id).where(Change.listing_id.in_([row.id for row in rows]), Change.state.in_(_BUSY))
    busy = set((await session.execute(moving)).scalars())
    return [
        Facts(
            row.id, row.listing_ref, row.sku, row.verified_at,
            Ours(
                row.wanted, ListingState(row.state), ItemState(row.item), row.price, row.currency, row.quantity,
                None if row.total is None else row.total - row.reserved, row.seen or {}, row.id in busy,
            ),
        )
        for row in rows
    ]  # fmt: skip


def shown(found: Found) -> Theirs:
    price = found.price
    return Theirs(found.live, price.amount if price else None, price.currency if price else "", found.quantity)


def read(live: Live) -> Theirs:
    return Theirs(live.live, live.price.amount if live.price else None, live.price.currency if live.price else "", live.quantity)


@dataclass(frozen=True, slots=True)
class Look:
    """What one listing's own look gave: `asked` is when, `listed` what the page had shown of it (None: nothing), `run` for whom."""

    listing: str
    ref: str
    theirs: Theirs
    asked: datetime
    listed: Theirs | None
    run: str


async def settle(house: House, account: Account, look: Look) -> Counter[str]:
    """Compare a listing with what was read of it, in one transaction, and do what follows. What moved since it was asked about is left
    for the next time. Answers what to count."""
    db = house.db
    async with db.write() as session:
        row = await session.get_one(Listing, look.listing)
        await ledger.hold(session, db, row.item_id)
        [facts] = await _facts(session, _FACTS.where(Listing.id == look.listing))
        if facts.ours.busy or (facts.verified_at is not None and facts.verified_at >= look.asked):
            return Counter(busy=1)
        listing = await session.get_one(Listing, look.listing, with_for_update={"key_share": True}, populate_existing=True)
        found = rules.compare(facts.ours, look.theirs)
        await differences.close(session, db, listing, look.ref, keep={one.kind for one in found})
        if not found:
            await _right(session, house, listing, facts.ours, look)
            return Counter(right=1)
        counts: Counter[str] = Counter()
        for one in found:
            counts[await _follow(session, house, account, listing, look, one)] += 1
        await touch(session, db, ("item", listing.item_id))
        return counts


async def _right(session: AsyncSession, house: House, listing: Listing, ours: Ours, look: Look) -> None:
    if look.theirs.live:
        listing.verified_at = house.db.now()
    if look.listed is not None and (own := rules.spelling(ours, look.listed)):
        listing.seen = {**listing.seen, "page": own}
    await differences.in_sync(session, house.db, listing)


async def _follow(session: AsyncSession, house: House, account: Account, listing: Listing, look: Look, one: Differs) -> str:
    """What follows from a difference. Answers what to count it as."""
    db = house.db
    item = await session.get_one(Item, listing.item_id, populate_existing=True)
    about = differences.About(account, look.run, look.ref, one.kind, _sides(listing, item), _said(look.theirs))
    if one.verdict is Verdict.ASK:
        return await differences.ask(session, db, about, item, listing)
    if one.verdict is Verdict.THEIRS:
        _take_theirs(listing, item, look.theirs, one.kind, db.now())
        await differences.note(session, db, about, item, listing, one.verdict)
        return "settled"
    await differences.note(session, db, about, item, listing, one.verdict)
    if one.kind is Kind.QUANTITY:
        level = await ledger.level_of(session, item.id)
        left = level.available if level else 0
        reason = Told("{name} offers more than there are.", name=account.name)
        await changes.make(session, db, ChangeKind.QUANTITY, item, listing, reason=reason, after={"quantity": left})
        return "repaired"
    await _take_down(session, house, account, item, listing)
    return "repaired"


async def _take_down(session: AsyncSession, house: House, account: Account, item: Item, listing: Listing) -> None:
    """It is live there and must not be: down at once, and when it is sold somebody is told until it is proven gone."""
    sold = item.state == ItemState.SOLD
    orders = select(OrderLine.order_id).where(OrderLine.item_id == item.id).order_by(OrderLine.id.desc()).limit(1)
    order = (await session.execute(orders)).scalar() if sold else None
    change = await changes.make(
        session, house.db, ChangeKind.DELIST, item, listing, order_id=order, priority=PRIORITY_SALE if sold else PRIORITY_DELIST,
        reason=Told("{name} still shows it.", name=account.name),
    )  # fmt: skip
    if sold:
        await watching.shout(session, house, change, item, account, Told("It is sold, and {name} still shows it.", name=account.name))


def _take_theirs(listing: Listing, item: Item, theirs: Theirs, kind: Kind, now: datetime) -> None:
    listing.verified_at = now
    listing.quantity = listing.quantity if theirs.quantity is None else theirs.quantity
    if kind is Kind.UP:
        listing.state, listing.ended_at, listing.needs_person = ListingState.ACTIVE, None, False
        listing.price = listing.price if theirs.price is None or theirs.currency != item.currency else theirs.price
        item.state = ItemState.LIVE


def _sides(listing: Listing, item: Item) -> dict[str, Any]:
    return {
        "price": listing.price,
        "currency": item.currency,
        "quantity": listing.quantity,
        "state": listing.state,
        "wanted": listing.wanted,
    }


def _said(theirs: Theirs) -> Mapping[str, Any]:
    return {"live": theirs.live, "price": theirs.price, "currency": theirs.currency, "quantity": theirs.quantity}
