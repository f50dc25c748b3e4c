"""Differences between a marketplace and us, once they are known: asked once, decided by whoever may, repaired by Changes.

States: open (somebody is asked), repaired (a Change puts theirs right), settled, left (somebody said: not now), importing, imported.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import Refused
from core.flows import changes, edits, ledger, notices
from core.flows.house import House
from core.flows.people import Person
from core.flows.posts import touch
from core.money import Money
from core.rules import reconciling as rules
from core.rules.reconciling import Kind, Verdict
from core.values.states import ChangeKind, ListingState
from core.words import N_, Told
from storage import audit
from storage.db import Database
from storage.keys import new_key
from storage.models import Account, Difference, Item, Listing, Reconciliation
from storage.work import rows_of

OPEN, REPAIRED, SETTLED, LEFT, IMPORTING, IMPORTED = "open", "repaired", "settled", "left", "importing", "imported"
STANDING = (OPEN, LEFT, IMPORTING)  # not over: it is still there
OUT_OF_SYNC_AFTER = timedelta(hours=1)

_PRICE = N_("{name} shows item {number} at {theirs}, and here it costs {ours}.")
_QUANTITY = N_("{name} shows {theirs} of item {number}, and here there were {ours}.")
_GONE = N_("{name} does not show item {number} any more, and nobody here took it down.")


@dataclass(frozen=True, slots=True)
class About:
    """One difference: on which account, found by which comparison (its id), of what (the marketplace's id), and both sides."""

    account: Account
    run: str
    ref: str
    kind: Kind
    ours: Mapping[str, Any]
    theirs: Mapping[str, Any]


async def ask(session: AsyncSession, db: Database, about: About, item: Item | None, listing: Listing | None) -> str:
    """Ask once: "asked" while it is open, "left" when somebody said “not now” to just this."""
    query = select(Difference).where(
        Difference.account_id == about.account.id, Difference.ref == about.ref, Difference.kind == about.kind,
        Difference.state.in_(STANDING),
    )  # fmt: skip
    rows = list((await session.execute(query.order_by(Difference.id.desc()))).scalars())
    last = rows[0] if rows else None
    if last is not None and last.state == LEFT and rules.asked_before(last.theirs, about.theirs):
        last.reconciliation_id = about.run
        return "left"
    if last is not None and last.state in (OPEN, IMPORTING):
        last.ours, last.theirs, last.reconciliation_id = dict(about.ours), dict(about.theirs), about.run
        await touch(session, db, ("difference", last.id))
        return "asked"
    row = _row(db, about, item, listing, Verdict.ASK, OPEN)
    session.add(row)
    await session.flush()
    if item is not None and listing is not None:
        await notices.tell(
            session, db, workspace=row.workspace_id, type="sync_conflict", key=f"difference:{row.id}", subject=("difference", row.id),
            title=title_of(row, about.account.name, item), channel=about.account.channel,
        )  # fmt: skip
    return "asked"


async def note(session: AsyncSession, db: Database, about: About, item: Item, listing: Listing, verdict: Verdict) -> None:
    """Keep one that nobody is asked about, with its place in the trail."""
    row = _row(db, about, item, listing, verdict, REPAIRED if verdict is Verdict.OURS else SETTLED)
    row.decided_by, row.decided_at = "system", db.now()
    session.add(row)
    await session.flush()
    audit.record(
        session, workspace=row.workspace_id, at=db.now(), actor="system", action=f"difference.{row.state}", subject=("item", item.id),
        data={"difference": row.id, "kind": about.kind, "listing": listing.id, "ours": dict(about.ours), "theirs": dict(about.theirs)},
    )  # fmt: skip


def _row(db: Database, about: About, item: Item | None, listing: Listing | None, verdict: Verdict, state: str) -> Difference:
    return Difference(
        id=new_key(), workspace_id=about.account.workspace_id, account_id=about.account.id, reconciliation_id=about.run,
        item_id=item.id if item else None, listing_id=listing.id if listing else None, ref=about.ref, kind=about.kind,
        ours=dict(about.ours), theirs=dict(about.theirs), verdict=verdict, state=state, created_at=db.now(),
    )  # fmt: skip


def title_of(row: Difference, name: str, item: Item) -> Told:
    """The question in one sentence."""
    said: dict[str, Any] = {"name": name, "number": item.number}
    if row.kind == Kind.PRICE:
        currency = str(row.theirs["currency"])
        return Told(_PRICE, theirs=Money(int(row.theirs["price"]), currency), ours=Money(int(row.ours["price"]), item.currency), **said)
    if row.kind == Kind.QUANTITY:
        return Told(_QUANTITY, theirs=row.theirs["quantity"], ours=row.ours["quantity"], **said)
    return Told(_GONE, **said)


async def close(session: AsyncSession, db: Database, listing: Listing, ref: str, *, keep: Collection[str]) -> None:
    """What does not differ any more is settled, whoever did it."""
    query = select(Difference).where(Difference.listing_id == listing.id, Difference.state.in_((OPEN, LEFT)), Difference.kind.not_in(keep))
    for row in (await session.execute(query)).scalars():
        await _end(session, db, row, SETTLED, "system")


async def close_gone(session: AsyncSession, db: Database, account_id: str) -> None:
    """Nobody needs to decide about what is not to be up any more: it sold, or somebody took it down."""
    query = select(Difference).join(Listing, Listing.id == Difference.listing_id).where(Listing.wanted != "live")
    for row in (await session.execute(query.where(Difference.account_id == account_id, Difference.state.in_((OPEN, LEFT))))).scalars():
        await _end(session, db, row, SETTLED, "system")


async def _end(session: AsyncSession, db: Database, row: Difference, state: str, by: str) -> None:
    row.state, row.decided_by, row.decided_at = state, by, db.now()
    await notices.solved(session, db, row.workspace_id, f"difference:{row.id}")
    await touch(session, db, ("difference", row.id), *(("reconciliation", one) for one in await _batches(session, row)))


async def _batches(session: AsyncSession, row: Difference) -> list[str]:
    query = select(Reconciliation.batch).where(Reconciliation.id == row.reconciliation_id)
    return list((await session.execute(query)).scalars())


async def in_sync(session: AsyncSession, db: Database, listing: Listing) -> None:
    """A listing that was out of step is what we think again."""
    if listing.state == ListingState.OUT_OF_SYNC:
        listing.state, listing.needs_person = ListingState.ACTIVE, False
        await touch(session, db, ("item", listing.item_id))


async def mark_overdue(house: House) -> None:
    """A tick: a listing about which somebody has been asked for an hour is out of sync."""
    db = house.db
    waits = select(Difference.listing_id).where(Difference.state == OPEN, Difference.created_at < db.now() - OUT_OF_SYNC_AFTER)
    query = select(Listing.id, Listing.item_id).where(Listing.id.in_(waits), Listing.state == ListingState.ACTIVE).limit(200)
    async with db.read() as session:
        late = (await session.execute(query)).all()
    for key, item in late:
        async with db.write() as session:
            await ledger.hold(session, db, item)
            marked = update(Listing).where(Listing.id == key, Listing.state == ListingState.ACTIVE)
            await session.execute(marked.values(state=ListingState.OUT_OF_SYNC, needs_person=True))
            await touch(session, db, ("item", item))


# -- what a person says


async def decide(session: AsyncSession, house: House, person: Person, row: Difference, *, keep: bool) -> str:
    """Theirs is kept, or ours put back; everything that follows is Changes and edits. Answers the batch of its Changes, "" for none.
    Raises `Refused` when it was decided before, or with why it cannot be."""
    db = house.db
    assert row.item_id is not None
    assert row.listing_id is not None
    await ledger.hold(session, db, row.item_id)
    await _claim(session, db, row, person)
    item = await session.get_one(Item, row.item_id, populate_existing=True)
    listing = await session.get_one(Listing, row.listing_id, with_for_update={"key_share": True}, populate_existing=True)
    gone = row.kind == Kind.GONE
    done = ("difference.left_down" if gone else "difference.kept") if keep else ("difference.relisted" if gone else "difference.put_back")
    _tell(session, db, person, row, done)
    if listing.wanted != "live" or item.state in rules.OVER:
        raise Refused(Told("Item {number} is not to be up there any more, so there is nothing to decide.", number=item.number))
    await in_sync(session, db, listing)
    batch = await (_keep if keep else _put_back)(session, house, person, row, item, listing)
    await _end(session, db, row, SETTLED if keep else REPAIRED, person.actor)
    await touch(session, db, ("item", item.id))
    return batch


async def _keep(session: AsyncSession, house: House, person: Person, row: Difference, item: Item, listing: Listing) -> str:
    if row.kind == Kind.PRICE:
        price = int(row.theirs["price"])
        own = None if price == item.price else price
        return (await edits.write(session, house, person, item, "own_price", own, listing=listing)).batch
    if row.kind == Kind.QUANTITY:
        level = await ledger.level_of(session, item.id)
        return (
            await edits.write(session, house, person, item, "quantity", int(row.theirs["quantity"]) + (level.reserved if level else 0))
        ).batch
    listing.wanted, listing.state, listing.ended_at = "gone", ListingState.ENDED, house.db.now()
    await changes.settle_down(session, item)
    return ""


async def _put_back(session: AsyncSession, house: House, person: Person, row: Difference, item: Item, listing: Listing) -> str:
    batch = new_key()
    kinds = {Kind.PRICE: ChangeKind.REPRICE, Kind.QUANTITY: ChangeKind.QUANTITY, Kind.GONE: ChangeKind.RELIST}
    kind = kinds[Kind(row.kind)]
    price = listing.own_price if listing.own_price is not None else item.price
    after = {ChangeKind.REPRICE: {"price": price}, ChangeKind.QUANTITY: {"quantity": row.ours["quantity"]}}.get(kind, {})
    if kind is ChangeKind.REPRICE and price is None:
        raise Refused(Told("Item {number} has no price. Type /price {number} 45.", number=item.number))
    reason = Told("put back what was changed there")
    await changes.make(session, house.db, kind, item, listing, person=person, batch=batch, after=after, reason=reason)
    return batch


async def leave(session: AsyncSession, house: House, person: Person, row: Difference) -> None:
    """Not now: it stays as it is, and is asked again only when it becomes something else."""
    await _claim(session, house.db, row, person)
    _tell(session, house.db, person, row, "difference.left")
    if row.listing_id:
        await in_sync(session, house.db, await session.get_one(Listing, row.listing_id))
    await _end(session, house.db, row, LEFT, person.actor)


async def _claim(session: AsyncSession, db: Database, row: Difference, person: Person) -> None:
    """Of two who press at once one decides."""
    ours = update(Difference).where(Difference.id == row.id, Difference.state.in_((OPEN, LEFT)))
    values = {"decided_by": person.actor, "decided_at": db.now(), "state": SETTLED}
    if rows_of(await session.execute(ours.values(values).execution_options(synchronize_session=False))) != 1:
        raise Refused(Told("This was decided already."))


def _tell(session: AsyncSession, db: Database, person: Person, row: Difference, action: str) -> None:
    data = {"difference": row.id, "kind": row.kind, "ours": row.ours, "theirs": row.theirs}
    subject = ("item", row.item_id) if row.item_id else ("difference", row.id)
    audit.record(session, workspace=row.workspace_id, at=db.now(), actor=person.actor, action=action, subject=subject, data=data)
