"""Watching what should be gone: shouting when it is not proven, reading sold listings again, waking what waited."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from core.flows import alarms, changes, intake, ledger, notices
from core.flows.accounts import connection
from core.flows.house import House
from core.flows.people import the_workspace
from core.flows.posts import touch
from core.flows.wanted import ref_of
from core.rules.guards import may_go_live
from core.values.states import AccountState, ChangeKind, ChangeState, DraftState, InboxState, ItemState, ListingState
from core.words import Told, joined
from storage.db import Database, wake
from storage.models import Account, Change, Draft, InboxEvent, Item, Listing, Notice
from storage.work import rows_of

PAUSED = Told("Paused: nothing leaves the house.")  # why a Change or a hint waits while no call may be made


async def shout(session: AsyncSession, house: House, change: Change, item: Item, account: Account, why: str) -> None:
    """Something that should be gone is not proven gone: say it once, with what to do by hand."""
    await _shout(session, house, item, account, f"delist_failed:{change.listing_id}:{change.order_id}", why)


async def _shout(session: AsyncSession, house: House, item: Item, account: Account, key: str, why: str) -> None:
    await notices.tell(
        session, house.db, workspace=item.workspace_id, type="delist_failed", subject=("item", item.id), key=key, channel=account.channel,
        title=Told("Item {number} may still be for sale on {name}.", number=item.number, name=account.name),
        body=joined(why, Told("I go on trying. To be safe, end it there by hand now: {title}.", title=item.title)),
    )  # fmt: skip


async def shout_late(house: House) -> None:
    """A tick: what is sold and not proven gone in time becomes a critical notice, so that it is out within 30 seconds of the sale."""
    db = house.db
    async with db.read() as session:
        workspace = await the_workspace(session)
        there = await alarms.still_up(session, workspace=workspace.id) if workspace else []
        late = {f"delist_failed:{one.listing.id}:{one.order_id}": one for one in there if one.tried and one.late(db.now())}
        told = select(Notice.key).where(Notice.key.in_(late)) if late else None
        known = set((await session.execute(told)).scalars()) if told is not None else set()
    fresh = {key: one for key, one in late.items() if key not in known}
    if not fresh:
        return
    async with db.write() as session:
        for key, one in fresh.items():
            why = one.why or Told("It is not proven gone yet.")
            paused = not house.outward or (workspace is not None and workspace.paused)
            await _shout(session, house, one.item, one.account, key, Told("Haggle is paused, so it was not taken down.") if paused else why)
            await touch(session, db, ("item", one.item.id), ("order", one.order_id), ("health", one.item.workspace_id))


async def read_soon(house: House, listing_id: str) -> None:
    """Have a listing read at the next tick: a worker that was frozen has acted on it after it had lost it."""
    async with house.db.write() as session:
        await session.execute(update(Listing).where(Listing.id == listing_id).values(reread_at=house.db.now(), reread_count=1))


async def reread_sold(house: House) -> None:
    """A tick: listings of sold items are read again after 1 and 10 minutes, since no lease stops a call that a frozen worker has sent.

    What such a call undid is done again, so a listing that is wanted up is put up, which does nothing where it is.
    """
    db = house.db
    query = select(Listing.id).where(Listing.reread_at <= db.now()).limit(200)
    async with db.read() as session:
        ids = list((await session.execute(query)).scalars())
    for key in ids:
        async with db.write() as session:
            item = (await session.execute(select(Item).join(Listing, Listing.item_id == Item.id).where(Listing.id == key))).scalar_one()
            await ledger.hold(session, db, item.id)
            listing = await session.get_one(Listing, key, with_for_update={"key_share": True})
            if listing.reread_at is None or listing.reread_at > db.now():
                continue
            level = await ledger.level_of(session, item.id)
            listing.reread_count += 1
            listing.reread_at = db.now() + timedelta(minutes=9) if listing.reread_count == 1 else None
            kind = ChangeKind.DELIST if listing.wanted == "gone" else ChangeKind.RELIST
            if kind is ChangeKind.DELIST or may_go_live(ItemState(item.state), None if level is None else level.available) is None:
                await changes.make(session, db, kind, item, listing, reason=Told("Reading again, to be sure."), priority=2)


async def doubt(session: AsyncSession, db: Database, account: Account, listings: Sequence[str]) -> None:
    """These may not be what we think (a sale that was over before we heard of it may have ended them): the next poll looks, now."""
    doubted = update(Listing).where(Listing.id.in_(listings), Listing.state == ListingState.ACTIVE).values(state=ListingState.OUT_OF_SYNC)
    if rows_of(await session.execute(doubted)):
        await session.execute(update(Account).where(Account.id == account.id).values(due_at=db.now()))
        wake(session, "account", account.id, priority=1)


async def settle_doubts(house: House, account: Account) -> None:
    """Read what is in doubt on an account. What ended there without us is not put up again by itself: its card offers it."""
    query = select(Listing).where(
        Listing.account_id == account.id,
        Listing.state == ListingState.OUT_OF_SYNC,
        Listing.needs_person.is_(False),
        Listing.wanted == "live",
    )
    async with house.db.read() as session:
        doubted = list((await session.execute(query.limit(50))).scalars())
    for one in doubted:
        live = await house.channels[account.channel].state(connection(house, account), ref_of(one))
        async with house.db.write() as session:
            await ledger.hold(session, house.db, one.item_id)
            listing = await session.get_one(Listing, one.id, with_for_update={"key_share": True})
            if listing.state != ListingState.OUT_OF_SYNC or listing.wanted != "live":
                continue
            listing.verified_at = house.db.now()
            listing.state = ListingState.ACTIVE if live.live else ListingState.ENDED
            if not live.live:
                listing.wanted, listing.ended_at = "gone", house.db.now()
                await changes.settle_down(session, await session.get_one(Item, listing.item_id))
            await touch(session, house.db, ("item", listing.item_id))


async def wake_held(house: House) -> None:
    """At the start: what was held because nothing might leave the house is due now, instead of at its next look."""
    if not house.outward:
        return
    db = house.db
    async with db.write() as session:
        for table, model, waits in (("change", Change, ChangeState.APPROVED), ("inbox_event", InboxEvent, InboxState.RECEIVED)):
            held = update(model).where(model.state == waits, model.last_error == PAUSED)
            for key, priority in (await session.execute(held.values(due_at=db.now()).returning(model.id, model.priority))).all():
                wake(session, table, key, priority=priority)


async def resume(session: AsyncSession, house: House, workspace_id: str) -> int:
    """Wake everything that waited while the house was paused, and ask for what was sold meanwhile. Answers how many Changes."""
    due, kinds = {"due_at": house.db.now()}, tuple(house.channels)
    hints = update(InboxEvent).where(InboxEvent.source.in_(kinds), InboxEvent.state == InboxState.RECEIVED)
    for key in (await session.execute(hints.values(due).returning(InboxEvent.id))).scalars().all():
        wake(session, "inbox_event", key, priority=1)
    polls = update(Account).where(Account.state == AccountState.ACTIVE, Account.channel.in_(kinds))
    for key in (await session.execute(polls.values(due).returning(Account.id))).scalars().all():
        wake(session, "account", key, priority=1)
    held = update(Change).where(Change.workspace_id == workspace_id, Change.state == ChangeState.APPROVED).values(due)
    waiting = (await session.execute(held.returning(Change.id, Change.priority))).all()
    for key, priority in waiting:
        wake(session, "change", key, priority=priority)
    drafts = select(Draft).where(Draft.workspace_id == workspace_id, Draft.state == DraftState.REVIEW)
    for row in (await session.execute(drafts)).scalars():
        if not row.choices.get("categories"):  # it was read while no marketplace could be asked
            await intake.ask_again(session, house, row)
    return len(waiting)
