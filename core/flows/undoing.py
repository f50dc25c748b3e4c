"""Taking a Change back: what was never tried is cancelled as if it had not been made, what was is undone by its inverse."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import Refused
from core.flows import changes, ledger, notices
from core.flows.house import House
from core.flows.people import Person
from core.flows.posts import touch
from core.flows.wanted import sheet_of
from core.rules import changes as rules
from core.rules.naming import of_change, of_kind
from core.values.states import ChangeKind, ChangeState, DraftState, ItemState, ListingState
from core.words import Told
from storage.db import Database
from storage.models import Change, Item, Listing
from storage.work import rows_of

WAITING = (ChangeState.PROPOSED, ChangeState.APPROVED)
UP = (ListingState.ACTIVE, ListingState.OUT_OF_SYNC)
CLOSING = timedelta(hours=1)


async def undo(session: AsyncSession, db: Database, change: Change, person: Person) -> Change | None:
    """Take back a publish or a delist. Raises `Refused` with why not. The answer is the inverse Change, or None where none was needed."""
    kind = ChangeKind(change.kind)
    await ledger.hold(session, db, change.item_id)
    item = await session.get_one(Item, change.item_id)
    inverse = rules.inverse(kind, after_sale=change.order_id is not None, now_sold=item.state == ItemState.SOLD)
    if not isinstance(inverse, ChangeKind):
        raise Refused(inverse)
    listing = await session.get_one(Listing, change.listing_id)
    if await cancel(session, db, change, person, item, listing):
        return None
    await session.refresh(change)
    if change.state not in (ChangeState.APPROVED, ChangeState.RUNNING, ChangeState.DONE):
        raise Refused(Told("This cannot be taken back: it is {state}.", state=of_change(change.state)))
    if change.state == ChangeState.DONE and (change.undo_until is None or change.undo_until < db.now()):
        raise Refused(Told("It is too late to take this back by a button. Use the command for what you want instead."))
    if inverse is ChangeKind.RELIST and listing.listed_at is None:
        inverse = ChangeKind.PUBLISH
    change.undo_until = None
    await session.flush()
    return await changes.make(
        session, db, inverse, item, listing, person=person, reason=Told("undo"), undo_of=change.id, batch=change.batch
    )


async def cancel(session: AsyncSession, db: Database, change: Change, person: Person, item: Item, listing: Listing) -> bool:
    """Cancel what waits and was never tried, and restore what making it had set. False when it has begun, or is decided."""
    kind = ChangeKind(change.kind)
    if kind is ChangeKind.DELIST and listing.state not in UP:
        return False  # what it cleared out of its way would be missing: the inverse puts all of it up
    now = db.now()
    statement = update(Change).where(Change.id == change.id, Change.state.in_(WAITING), Change.attempts == 0)
    statement = statement.values(state=ChangeState.CANCELLED, finished_at=now).execution_options(synchronize_session=False)
    if rows_of(await session.execute(statement)) != 1:
        return False
    await session.refresh(change)
    changes.note(session, change, now, person.actor, ChangeState.CANCELLED)
    await _restore(session, db, change, person, item, listing)
    await touch(session, db, *changes.subjects_of(change))
    return True


async def _restore(session: AsyncSession, db: Database, change: Change, person: Person, item: Item, listing: Listing) -> None:
    before = change.before
    if change.kind in (ChangeKind.PUBLISH, ChangeKind.RELIST, ChangeKind.DELIST):
        listing.wanted = before["wanted"]
    if change.kind == ChangeKind.DELIST and before.get("cleared"):
        await changes.make(session, db, ChangeKind.REVISE, item, listing, person=person, reason=Told("undo"), batch=change.batch)
    if change.kind in (ChangeKind.PUBLISH, ChangeKind.RELIST):
        if listing.state == ListingState.PENDING:
            listing.state = before["state"]
        await session.flush()
        wanted = select(func.count()).select_from(Listing).where(Listing.item_id == item.id, Listing.wanted == "live")
        if item.state == ItemState.READY and (await session.execute(wanted)).scalar_one() == 0:
            item.state = before["item"]
            draft, _sheet = await sheet_of(session, item.id)
            if item.state == ItemState.DRAFT and draft.state == DraftState.APPROVED:
                draft.state = DraftState.REVIEW


async def undo_closing(house: House) -> None:
    """A tick: whoever did something that can be undone for one more hour is told, once a batch."""
    db = house.db
    query = (
        select(Change, Item)
        .join(Item, Item.id == Change.item_id)
        .where(Change.state == ChangeState.DONE, Change.by == "member", Change.undo_of.is_(None))
        .where(Change.undo_until > db.now(), Change.undo_until <= db.now() + CLOSING, Item.state != ItemState.SOLD)
    )
    async with db.read() as session:
        found = (await session.execute(query.order_by(Change.id).limit(200))).all()
    for change, item in found:
        async with db.write() as session:
            await notices.tell(
                session, db, workspace=item.workspace_id, type="undo_closing", key=f"undo_closing:{change.batch}",
                subject=("batch", change.batch), member=change.member_id,
                title=Told("{what}, item {number}: it can be undone for one more hour.", what=of_kind(change.kind), number=item.number),
            )  # fmt: skip
