"""Marketplaces without an API: what a Change wants becomes a task for a person."""

from __future__ import annotations

from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import Refused
from core.flows import changes, tasks
from core.flows.house import House
from core.flows.wanted import floor_of, price_of, wanted_of
from core.rules.guards import price_problem
from core.values.states import ChangeKind, ListingState, TaskKind
from core.words import Told, joined
from storage.models import Account, Change, Item, Listing

UP = (ListingState.ACTIVE, ListingState.OUT_OF_SYNC)


async def ask(session: AsyncSession, house: House, kind: ChangeKind, item: Item, listing: Listing, change: Change) -> dict[str, Any]:
    """Make the task, or none where there is nothing to do; the answer is the Change's outcome. Raises `Missing` and `Refused`."""
    if kind is ChangeKind.DELIST:
        return await _down(session, house, item, listing, change)
    price = price_of(item, listing)
    if kind in (ChangeKind.PUBLISH, ChangeKind.RELIST):
        wanted = await wanted_of(session, house, item, listing, await session.get_one(Account, listing.account_id))
        if problem := price_problem(wanted.price, floor_of(item), automatic=False):
            raise Refused(problem)
        if await tasks.cancel_open(session, house.db, listing, TaskKind.TAKE_DOWN) and _never_came_down(listing):
            listing.state = ListingState.ACTIVE
            return {"nothing": Told("It is still up there.")}
        listing.state = ListingState.PENDING
        made = TaskKind.LIST
    elif listing.state != ListingState.ACTIVE:
        return {"nothing": Told("It is not up there yet, so the kit simply has the new values.")}
    else:
        made = TaskKind.REVISE
    listing.price = price.amount if price else None
    task = await tasks.make(session, house.db, made, item, listing, reason=change.reason, order_id=change.order_id)
    return {"task": task.number, "due": task.deadline.isoformat()}


def _never_came_down(listing: Listing) -> bool:
    """Whether a person ticked that it is up, and nobody has ticked since that it is down."""
    return listing.listed_at is not None and (listing.ended_at is None or listing.ended_at < listing.listed_at)


async def _down(session: AsyncSession, house: House, item: Item, listing: Listing, change: Change) -> dict[str, Any]:
    """Whoever was asked to put it up may have done so without ticking: after a sale that is asked, or it would be sold twice."""
    asked = await tasks.cancel_open(session, house.db, listing, TaskKind.LIST)
    up = listing.state in UP and not asked
    if not up and not (asked and change.order_id):
        listing.state = ListingState.ENDED if listing.listed_at else ListingState.DRAFT
        await changes.settle_down(session, item)
        return {"nothing": Told("It was not up there.")}
    reason = change.reason if up else joined(Told("{reason}.", reason=change.reason), tasks.MAYBE_UP)
    task = await tasks.make(session, house.db, TaskKind.TAKE_DOWN, item, listing, reason=reason, order_id=change.order_id)
    return {"task": task.number, "due": task.deadline.isoformat()}
