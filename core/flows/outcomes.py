"""What the outcome of a Change does to its listing and item, in the transaction that finishes it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from core.flows import changes, notices, tasks
from core.flows.posts import touch
from core.rules import changes as rules
from core.rules.stock import Level
from core.values.channel import Live
from core.values.states import ChangeKind, ChangeState, ItemState, ListingState, TaskKind
from core.words import Told
from storage.db import Database
from storage.models import Change, Item, Listing


def shown(live: Live, now: datetime) -> dict[str, Any]:
    """What was read back, for the card and the trail."""
    price = {"price": live.price.amount, "currency": live.price.currency} if live.price else {}
    return {"live": live.live, "url": live.url, "quantity": live.quantity, "verified_at": now.isoformat(), **price}


def up(listing: Listing, item: Item, live: Live, now: datetime, *, priced: bool = True) -> None:
    """Something that is to be for sale was read back. What is not live then was sold out meanwhile.

    `priced`: a price was written. Where none was, another than ours was set there, and is asked about when all is compared.
    """
    listing.external = {**listing.external, **live.external}
    listing.listing_ref = str(live.external.get("listing") or live.external.get("product") or listing.listing_ref)
    listing.url = live.url or listing.url
    listing.price = live.price.amount if live.price and priced else listing.price
    listing.quantity = live.quantity if live.quantity is not None else listing.quantity
    listing.seen = {"price": listing.price, "quantity": listing.quantity}  # the marketplace's own spelling of what we wrote
    listing.verified_at, listing.needs_person = now, False
    listing.listed_at = listing.listed_at or now
    if not live.live:
        listing.state, listing.ended_at = ListingState.ENDED, now
        return
    listing.state, listing.ended_at = ListingState.ACTIVE, None
    if item.state != ItemState.SOLD:
        item.state = ItemState.LIVE


def doubtful(listing: Listing, level: Level | None) -> None:
    """It ended there although there are some left: what it showed sold before it was told of more, or somebody ended it there. The next
    comparison asks."""
    if listing.wanted == "live" and level is not None and level.available > 0:
        listing.state, listing.ended_at, listing.needs_person = ListingState.OUT_OF_SYNC, None, True


async def tell_up(session: AsyncSession, db: Database, change: Change, item: Item, channel: str, where: str) -> None:
    """What a person put up is up. What was only put up again, to be sure, is no news."""
    if change.by == "member":
        await notices.tell(
            session, db, workspace=item.workspace_id, type="listing_published", key=f"published:{change.id}", channel=channel,
            subject=("batch", change.batch),
            title=Told("Item {number} is up on {name}: {title}", number=item.number, name=where, title=item.title),
        )  # fmt: skip


async def down(session: AsyncSession, db: Database, listing: Listing, item: Item, change: Change) -> None:
    """It was read back as gone."""
    sold_here = listing.state == ListingState.SOLD
    listing.state = ListingState.SOLD if sold_here else ListingState.ENDED
    listing.ended_at = listing.ended_at or db.now()
    listing.verified_at, listing.needs_person = db.now(), False
    await tasks.cancel_open(session, db, listing, TaskKind.TAKE_DOWN)
    await notices.solved(session, db, change.workspace_id, f"delist_failed:{listing.id}:{change.order_id}")
    await changes.settle_down(session, item)


async def take_back(session: AsyncSession, db: Database, item: Item, listing: Listing, change: Change) -> None:
    """It went up although it is not wanted: unless a delist waits already, make one."""
    query = select(Change.id).where(
        Change.listing_id == listing.id, Change.kind == ChangeKind.DELIST, Change.state.in_(changes.OPEN), Change.id != change.id
    )
    if (await session.execute(query)).scalar() is None:
        await changes.make(
            session, db, ChangeKind.DELIST, item, listing, reason=Told("It went up while it was sold or taken down."),
            order_id=change.order_id, priority=rules.PRIORITY_SALE,
        )  # fmt: skip


async def undone(session: AsyncSession, db: Database, change: Change) -> None:
    """If this took another Change back, that one is undone now."""
    original = await session.get(Change, change.undo_of) if change.undo_of else None
    if original is not None and await changes.move(session, original.id, ChangeState.DONE, ChangeState.UNDONE):
        changes.note(session, original, db.now(), change.decided_by, ChangeState.UNDONE)
        await touch(session, db, *changes.subjects_of(original))
