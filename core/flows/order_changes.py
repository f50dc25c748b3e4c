"""Changes about orders: shipping, refunding and cancelling on a marketplace. They are made here and carried by `desk.py`.

Such a Change has the order, the item of its first known line, and no listing; one order's are carried one after the other.
"""

from __future__ import annotations

from typing import Any

import structlog
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import Refused
from core.flows import changes, notices
from core.flows.people import Person
from core.flows.posts import touch
from core.rules import changes as rules
from core.rules.access import may_on, not_theirs
from core.values.states import ChangeKind, ChangeState
from core.words import N_, Told
from storage.db import Database, wake
from storage.keys import new_key
from storage.models import Change, Item, Order, OrderLine, Parcel
from storage.work import rows_of

log = structlog.get_logger()

KINDS = (ChangeKind.SHIP, ChangeKind.REFUND, ChangeKind.CANCEL_ORDER)
_UNDER_WAY = {
    ChangeKind.SHIP: N_("Order {number} is just being marked as shipped there. Wait for that to end."),
    ChangeKind.REFUND: N_("Money of order {number} is just being given back. Wait for that to end."),
    ChangeKind.CANCEL_ORDER: N_("Order {number} is just being cancelled. Wait for that to end."),
}


async def make(
    session: AsyncSession, db: Database, kind: ChangeKind, order: Order, person: Person, *, after: dict[str, Any], reason: str
) -> Change:
    """Record what the marketplace is to do. Raises `Refused` while nobody knows which item was sold, or where the person may not."""
    assert order.account_id is not None, "sales outside have no marketplace to tell"
    if not may_on(person.channels, order.channel):
        raise Refused(not_theirs(person.channels, (order.channel,)))
    query = select(Item).join(OrderLine, OrderLine.item_id == Item.id).where(OrderLine.order_id == order.id).order_by(OrderLine.id)
    item = (await session.execute(query.limit(1))).scalar()
    if item is None:
        raise Refused(Told("Say first which item order {number} was: its card asks.", number=order.number))
    now = db.now()
    change = Change(
        id=new_key(), workspace_id=order.workspace_id, kind=kind, item_id=item.id, listing_id=None, batch=new_key(), by="member",
        member_id=person.member_id, reason=reason, before={"state": order.state, "refunded": order.refunded}, after=after,
        order_id=order.id, created_at=now, state=ChangeState.APPROVED, due_at=now, outcome={}, attempts=0,
        priority=rules.PRIORITY_PERSON, lane=rules.lane(kind, order.account_id), turn=order.id, decided_at=now,
        decided_by=person.actor,
    )  # fmt: skip
    session.add(change)
    wake(session, "change", change.id, priority=change.priority)
    log.info("change made", change=change.id, kind=kind.value, batch=change.batch)
    changes.note(session, change, now, person.actor, ChangeState.APPROVED, {"reason": reason, "after": after, "order": order.id})
    await touch(session, db, *changes.subjects_of(change))
    return change


async def of_order(session: AsyncSession, order_id: str) -> list[Change]:
    """What was asked of the marketplace about an order, oldest first."""
    query = select(Change).where(Change.order_id == order_id, Change.kind.in_(KINDS)).order_by(Change.id)
    return list((await session.execute(query)).scalars())


async def open_changes(session: AsyncSession, order_id: str, *kinds: ChangeKind) -> list[Change]:
    """Those that are not over."""
    return [one for one in await of_order(session, order_id) if one.kind in kinds and one.state in changes.OPEN]


async def check_free(session: AsyncSession, order: Order, *kinds: ChangeKind) -> None:
    """Raises `Refused` while one of these is under way."""
    for one in await open_changes(session, order.id, *kinds):
        raise Refused(Told(_UNDER_WAY[ChangeKind(one.kind)], number=order.number))


async def again(session: AsyncSession, db: Database, change: Change, order: Order, person: Person) -> bool:
    """A person says: try it again. The desk looks first, so what an earlier try did is not done twice. False when it is not to be tried."""
    if not may_on(person.channels, order.channel):
        raise Refused(not_theirs(person.channels, (order.channel,)))
    await check_free(session, order, *KINDS)
    now = db.now()
    values = {"attempts": 0, "due_at": now, "decided_by": person.actor, "decided_at": now, "last_error": "", "finished_at": None}
    if not await changes.move(session, change.id, ChangeState.FAILED, ChangeState.APPROVED, **values):
        return False
    if change.kind == ChangeKind.REFUND:
        order.refund_asked = (order.refunded or 0) + int(change.after["amount"])
    elif change.kind == ChangeKind.CANCEL_ORDER and order.paid:
        order.refund_asked = order.total
    await notices.solved(session, db, order.workspace_id, failed_key(change.id))
    wake(session, "change", change.id, priority=change.priority)
    changes.note(session, change, now, person.actor, ChangeState.APPROVED, {"again": True})
    await touch(session, db, *changes.subjects_of(change))
    return True


async def take_back(session: AsyncSession, db: Database, change: Change, order: Order, person: Person) -> bool:
    """What was never tried is as if it had not been asked. False once it has begun: nobody knows how far it came."""
    waits = update(Change).where(Change.id == change.id, Change.state == ChangeState.APPROVED, Change.attempts == 0)
    waits = waits.values(state=ChangeState.CANCELLED, finished_at=db.now()).execution_options(synchronize_session=False)
    if rows_of(await session.execute(waits)) != 1:
        return False
    await session.refresh(change)
    changes.note(session, change, db.now(), person.actor, ChangeState.CANCELLED)
    not_done(change, order)
    if change.kind == ChangeKind.SHIP and (parcel := await session.get(Parcel, str(change.after["parcel"]))):
        await session.delete(parcel)
    await touch(session, db, *changes.subjects_of(change))
    return True


def not_done(change: Change, order: Order) -> None:
    """Nothing was given back after all, so nothing is asked any more."""
    if change.kind in (ChangeKind.REFUND, ChangeKind.CANCEL_ORDER):
        order.refund_asked = change.after.get("asked_before")


def failed_key(change_id: str) -> str:
    """The notice that something did not work."""
    return f"desk:{change_id}"
