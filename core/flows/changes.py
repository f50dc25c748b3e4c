"""Making and deciding Changes. Carrying them out is `core/flows/carrying.py`, taking them back `core/flows/undoing.py`.

Everything here writes in the caller's transaction, so that what an event causes commits together with the event.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import bindparam, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import Refused
from core.flows import ledger
from core.flows.people import Person
from core.flows.posts import touch
from core.flows.wanted import floor_of, price_of
from core.money import Money
from core.rules import changes as rules
from core.rules.access import may_on, not_theirs
from core.rules.guards import price_problem
from core.rules.naming import of_item
from core.values.states import ChangeKind, ChangeState, ItemState
from core.words import Told
from storage import audit
from storage.asking import table_of
from storage.db import Database, wake
from storage.keys import new_key
from storage.models import Account, Change, Item, Listing
from storage.work import rows_of

log = structlog.get_logger()

OPEN = (ChangeState.PROPOSED, ChangeState.APPROVED, ChangeState.RUNNING)

_CHANGE = table_of(Change).c
_CLEAR = (
    update(table_of(Change))
    .where(
        _CHANGE.listing_id.in_(bindparam("of_listings", expanding=True)),
        _CHANGE.state.in_((ChangeState.PROPOSED, ChangeState.APPROVED)),
        _CHANGE.kind.in_(rules.CANCELLED_BY_DELIST),
    )
    .values(
        state=ChangeState.CANCELLED,
        finished_at=bindparam("now", type_=_CHANGE.finished_at.type),
        outcome=bindparam("why", type_=_CHANGE.outcome.type),
    )
    .returning(_CHANGE.id)
)
_LISTINGS = select(Listing).where(Listing.item_id == bindparam("item")).order_by(Listing.id)
_WANTED = select(func.count()).select_from(Listing).where(Listing.item_id == bindparam("item"), Listing.wanted == "live")


def subjects_of(change: Change) -> list[tuple[str, str]]:
    """Whose cards show this Change."""
    subjects = [("item", change.item_id), ("batch", change.batch), ("change", change.id)]
    if change.order_id:
        subjects.append(("order", change.order_id))
    return subjects


async def make(
    session: AsyncSession,
    db: Database,
    kind: ChangeKind,
    item: Item,
    listing: Listing,
    *,
    person: Person | None = None,
    by: str = "system",
    reason: str = "",
    batch: str = "",
    after: dict[str, Any] | None = None,
    order_id: str | None = None,
    undo_of: str | None = None,
    state: ChangeState = ChangeState.APPROVED,
    priority: int | None = None,
    confidence: float = 1.0,
    cleared: bool = False,
) -> Change:
    """Record an intended effect. Guards run here and again before it is carried out. Raises `Refused` with the guard's sentence.

    `cleared` says that the caller has cleared a delist's way already.
    """
    after = after or {}
    _guard(kind, item, listing, after, person)
    await ledger.hold(session, db, item.id)
    before: dict[str, Any] = {
        "price": listing.price, "quantity": listing.quantity, "state": listing.state, "wanted": listing.wanted, "item": item.state,
    }  # fmt: skip
    if kind is ChangeKind.DELIST:
        if not cleared:
            before["cleared"] = await clear_the_way(session, db, [listing])
        listing.wanted = "gone"
    elif kind in (ChangeKind.PUBLISH, ChangeKind.RELIST):
        listing.wanted = "live"
    now = db.now()
    change = Change(
        id=new_key(), workspace_id=item.workspace_id, kind=kind, item_id=item.id, listing_id=listing.id, batch=batch or new_key(),
        by="member" if person else by, member_id=person.member_id if person else None, reason=reason, confidence=confidence,
        before=before, after=after, order_id=order_id, undo_of=undo_of, created_at=now, state=state, due_at=now, outcome={}, attempts=0,
        priority=_priority(kind, order_id, person) if priority is None else priority,
        lane=rules.lane(kind, listing.account_id), turn=listing.id,
    )  # fmt: skip
    if state is ChangeState.APPROVED:
        change.decided_at, change.decided_by = now, person.actor if person else by
        wake(session, "change", change.id, priority=change.priority)
    session.add(change)
    # The thread from what somebody said (the work that logs this) to the calls of the work that carries it (which logs the batch).
    log.info("change made", change=change.id, kind=kind.value, batch=change.batch)
    note(session, change, now, person.actor if person else by, state, {"reason": reason, "after": after})
    await touch(session, db, *subjects_of(change))
    return change


def note(session: AsyncSession, change: Change, now: datetime, actor: str, state: ChangeState, data: dict[str, Any] | None = None) -> None:
    """Put a Change's move on the audit trail."""
    audit.record(
        session, workspace=change.workspace_id, at=now, actor=actor, action=f"change.{state}", subject=("change", change.id),
        data={"kind": change.kind, "item": change.item_id, "listing": change.listing_id, **(data or {})},
    )  # fmt: skip


def _guard(kind: ChangeKind, item: Item, listing: Listing, after: dict[str, Any], person: Person | None) -> None:
    """What a machine asserts anew (`watching.py`) was allowed when a person made it, and is looked at again when it is carried out."""
    if person is not None and "quantity" not in after and not may_on(person.channels, listing.channel):
        raise Refused(not_theirs(person.channels, (listing.channel,)))  # how many there are, or that none is left, is one for all of them
    up = kind in (ChangeKind.PUBLISH, ChangeKind.RELIST)
    if up and item.state in (ItemState.SOLD, ItemState.ARCHIVED):
        raise Refused(Told("Item {number} is {state}, so it cannot go up.", number=item.number, state=of_item(item.state)))
    price = price_of(item, listing) if person and (up or kind is ChangeKind.REVISE) else None
    if kind is ChangeKind.REPRICE:
        price = Money(int(after["price"]), item.currency)
    if price is not None and (problem := price_problem(price, floor_of(item), automatic=person is None)):
        raise Refused(Told("Item {number} on {channel}: {problem}", number=item.number, channel=listing.channel, problem=problem))


def _priority(kind: ChangeKind, order_id: str | None, person: Person | None) -> int:
    if kind is ChangeKind.DELIST:
        return rules.PRIORITY_SALE if order_id else rules.PRIORITY_DELIST
    return rules.PRIORITY_PERSON if person else rules.PRIORITY_MACHINE


async def clear_the_way(session: AsyncSession, db: Database, listings: Sequence[Listing]) -> int:
    """Taking down makes what waits for these listings pointless. What runs already looks again when it is through. Answers how many."""
    values = {"of_listings": [listing.id for listing in listings], "now": db.now(), "why": {"why": Told("It was taken down first.")}}
    pointless = (await session.execute(_CLEAR, values)).scalars().all()
    for key in pointless:
        change = await session.get_one(Change, key, populate_existing=True)
        note(session, change, db.now(), "system", ChangeState.CANCELLED, {"why": "delist"})
        await touch(session, db, *subjects_of(change))
    return len(pointless)


async def move(session: AsyncSession, change_id: str, old: ChangeState, new: ChangeState, **values: Any) -> bool:
    """Compare and set: exactly one of two who press at once gets True."""
    statement = update(Change).where(Change.id == change_id, Change.state == old).values(state=new, **values)
    return rules.may_move(old, new) and rows_of(await session.execute(statement)) == 1


async def approve(session: AsyncSession, db: Database, change: Change, person: Person) -> bool:
    """A person says yes. False when it was decided before: `change.decided_by` says by whom."""
    now = db.now()
    if not await move(session, change.id, ChangeState.PROPOSED, ChangeState.APPROVED, decided_by=person.actor, decided_at=now, due_at=now):
        return False
    wake(session, "change", change.id, priority=change.priority)
    note(session, change, now, person.actor, ChangeState.APPROVED)
    await touch(session, db, *subjects_of(change))
    return True


async def reject(session: AsyncSession, db: Database, change: Change, person: Person) -> bool:
    """A person says no."""
    now = db.now()
    if not await move(session, change.id, ChangeState.PROPOSED, ChangeState.REJECTED, decided_by=person.actor, decided_at=now):
        return False
    note(session, change, now, person.actor, ChangeState.REJECTED)
    await touch(session, db, *subjects_of(change))
    return True


async def again(session: AsyncSession, db: Database, change: Change, person: Person) -> bool:
    """A person says: try it again."""
    now = db.now()
    values = {"attempts": 0, "due_at": now, "decided_by": person.actor, "decided_at": now, "last_error": "", "finished_at": None}
    item = await session.get_one(Item, change.item_id)
    listing = await session.get_one(Listing, change.listing_id)
    _guard(ChangeKind(change.kind), item, listing, change.after, person)
    if not await move(session, change.id, ChangeState.FAILED, ChangeState.APPROVED, **values):
        return False
    if change.kind in (ChangeKind.PUBLISH, ChangeKind.RELIST):
        listing.wanted = "live"
    wake(session, "change", change.id, priority=change.priority)
    note(session, change, now, person.actor, ChangeState.APPROVED, {"again": True})
    await touch(session, db, *subjects_of(change))
    return True


async def listing_for(session: AsyncSession, item: Item, account: Account) -> Listing:
    """The item's listing on an account, made when there is none yet. Its sku is ours alone and never used again."""
    found = (await session.execute(select(Listing).where(Listing.item_id == item.id, Listing.account_id == account.id))).scalar()
    if found is None:
        found = Listing(
            id=new_key(), workspace_id=item.workspace_id, item_id=item.id, account_id=account.id, channel=account.channel,
            sku=item.sku, state="draft", external={}, fields={},
        )  # fmt: skip
        session.add(found)
        await session.flush()
    return found


async def listings_of(session: AsyncSession, item_id: str) -> list[Listing]:
    """An item's listings, oldest first."""
    return list((await session.execute(_LISTINGS, {"item": item_id})).scalars())


async def settle_down(session: AsyncSession, item: Item) -> None:
    """Something of it came down, or never went up: when nothing of it is wanted up any more, it is simply not up."""
    if item.state in (ItemState.LIVE, ItemState.READY) and (await session.execute(_WANTED, {"item": item.id})).scalar_one() == 0:
        item.state = ItemState.DELISTED
