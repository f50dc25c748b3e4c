"""Carrying Changes out: ask what is wanted, act through the channel, read back, record the outcome, ask again what is wanted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import AuthLost, HaggleError, Missing, Refused
from core.flows import accounts, changes, ledger, notices, tasks, watching
from core.flows.house import House
from core.flows.posts import touch
from core.flows.wanted import price_of, ref_of, wanted_of
from core.money import Money
from core.rules import changes as rules
from core.rules.guards import may_go_live, price_problem
from core.rules.retry import wait_before_retry
from core.values.channel import Live
from core.values.states import AccountState, ChangeKind, ChangeState, ItemState, ListingState, TaskKind
from storage import work
from storage.models import Account, Change, Item, Listing, Workspace
from storage.work import Claim

OF_LIVE = (ChangeKind.QUANTITY, ChangeKind.REPRICE, ChangeKind.REVISE)  # what only a listing that is up can be told
HOLD = 60.0  # a paused Change looks again this often; resuming wakes it at once
# A delist that was refused, or whose account is lost, is tried on for ever: it may work as soon as a person has mended something.
STUBBORN = 600.0


# The statements of every Change, put together once: building one costs more than running it.
_LOAD = (
    select(Change, Listing, Item, Account, Workspace)
    .join(Listing, Listing.id == Change.listing_id)
    .join(Item, Item.id == Change.item_id)
    .join(Account, Account.id == Listing.account_id)
    .join(Workspace, Workspace.id == Change.workspace_id)
    .where(Change.id == bindparam("change"))
)
_TOGETHER = (
    select(Change, Listing, Item)
    .join(Listing, Listing.id == Change.listing_id)
    .join(Item, Item.id == Change.item_id)
    .where(Change.id == bindparam("change"))
    .with_for_update(key_share=True, of=(Listing, Item))
)


class Superseded(Exception):
    """What this Change was for is not wanted any more."""


@dataclass(slots=True)
class Load:
    """The rows that a Change is about, as they were when it was picked up."""

    change: Change
    listing: Listing
    item: Item
    account: Account
    workspace: Workspace


class ChangeFlow:
    """Carries `change` rows."""

    def __init__(self, house: House) -> None:
        self._house = house

    async def carry(self, claim: Claim) -> None:
        load = await self._load(claim.id)
        structlog.contextvars.bind_contextvars(batch=load.change.batch)
        if not self._house.outward or load.workspace.paused:
            await self._wait(claim)
            return
        try:
            if not self._house.capabilities[load.account.channel].native:
                await self._by_hand(claim, load)
                return
            live = await self._act(load)
        except Superseded as why:
            await self._cancelled(claim, load, str(why))
            return
        await self._done(claim, load, live)

    async def _load(self, change_id: str) -> Load:
        async with self._house.db.read() as session:
            return Load(*(await session.execute(_LOAD, {"change": change_id})).one())

    async def _wait(self, claim: Claim) -> None:
        db = self._house.db
        async with db.write() as session:
            due = db.now() + timedelta(seconds=HOLD)
            waits = {
                "state": ChangeState.APPROVED,
                "due_at": due,
                "attempts": claim.attempts - 1,
                "last_error": "Paused: nothing leaves the house.",
            }
            await work.finish(session, claim, **waits)

    async def _act(self, load: Load) -> Live:
        """The one call to the channel. Guards run again here: things may have moved while the Change waited."""
        kind = ChangeKind(load.change.kind)
        if load.account.state not in (AccountState.ACTIVE, AccountState.ERROR):
            raise AuthLost(f"{load.account.name} is not connected. Type /connect {load.account.channel}.")
        channel = self._house.channels[load.account.channel]
        connection = accounts.connection(self._house, load.account)
        if kind is ChangeKind.DELIST:
            if load.listing.wanted == "live":
                raise Superseded("It is to be up again.")
            return await channel.ensure_absent(connection, ref_of(load.listing))
        if load.listing.wanted != "live":
            raise Superseded("It is not wanted there any more.")
        if kind in OF_LIVE and load.listing.state not in (ListingState.ACTIVE, ListingState.OUT_OF_SYNC):
            raise Superseded("It is not up yet, and goes up with what is true by then.")
        async with self._house.db.read() as session:
            level = await ledger.level_of(session, load.item.id)
            problem = may_go_live(ItemState(load.item.state), level.available if level else None)
            if problem and kind in (ChangeKind.PUBLISH, ChangeKind.RELIST):
                raise Refused(problem)
            if level is not None and level.available < 1:
                raise Superseded("There is none left to sell.")
            wanted = await wanted_of(session, self._house, load.item, load.listing, load.account)
        if kind is ChangeKind.QUANTITY:
            return await channel.set_quantity(connection, ref_of(load.listing), wanted.quantity)
        if kind is ChangeKind.REPRICE:
            floor = None if load.item.floor is None else Money(load.item.floor, load.item.currency)
            problem = price_problem(wanted.price, floor, automatic=load.change.by != "member")
            if problem:
                raise Refused(problem)
            return await channel.reprice(connection, ref_of(load.listing), wanted)
        if kind is ChangeKind.REVISE:
            return await channel.revise(connection, wanted, ref_of(load.listing))
        return await channel.ensure_listed(connection, wanted, ref_of(load.listing))

    async def _done(self, claim: Claim, load: Load, live: Live) -> None:
        """The outcome, proven by reading back. A publish that finds its item sold meanwhile takes itself down."""
        db = self._house.db
        kind = ChangeKind(load.change.kind)
        if kind is ChangeKind.DELIST and live.live:
            raise Refused(f"{load.account.name} still shows it after it was taken down.")
        async with db.write() as session:
            await ledger.hold(session, db, load.item.id)
            change, listing, item = (await session.execute(_TOGETHER, {"change": claim.id})).one()
            now = db.now()
            undoable = rules.UNDO_WINDOW if change.order_id is None and kind is not ChangeKind.QUANTITY else None
            values = {"state": ChangeState.DONE, "finished_at": now, "outcome": outcome(live, now), "last_error": ""}
            await work.finish(session, claim, **values, undo_until=now + undoable if undoable else None)
            if kind is ChangeKind.DELIST:
                await self._down(session, listing, item, change, now)
            else:
                self._up(listing, item, live, now)
                if listing.wanted != "live":
                    await self._take_back(session, item, listing, change)
            if change.undo_of:
                await self._undone(session, change)
            changes.note(session, change, now, "system", ChangeState.DONE, {"outcome": outcome(live, now)})
            await touch(session, db, *changes.subjects_of(change))

    def _up(self, listing: Listing, item: Item, live: Live, now: datetime) -> None:
        listing.external = {**listing.external, **live.external}
        listing.listing_ref = str(live.external.get("listing") or live.external.get("product") or listing.listing_ref)
        listing.url = live.url or listing.url
        listing.price = live.price.amount if live.price else listing.price
        listing.quantity = live.quantity if live.quantity is not None else listing.quantity
        listing.state, listing.verified_at, listing.needs_person = ListingState.ACTIVE, now, False
        listing.listed_at = listing.listed_at or now
        listing.ended_at = None
        if item.state != ItemState.SOLD:
            item.state = ItemState.LIVE

    async def _down(self, session: AsyncSession, listing: Listing, item: Item, change: Change, now: datetime) -> None:
        sold_here = listing.state == ListingState.SOLD
        listing.state = ListingState.SOLD if sold_here else ListingState.ENDED
        listing.ended_at = listing.ended_at or now
        listing.verified_at, listing.needs_person = now, False
        await tasks.cancel_open(session, self._house.db, listing, TaskKind.TAKE_DOWN)
        await notices.solved(session, self._house.db, change.workspace_id, f"delist_failed:{listing.id}:{change.order_id}")
        up = select(func.count()).select_from(Listing).where(Listing.item_id == item.id, Listing.wanted == "live")
        if item.state == ItemState.LIVE and (await session.execute(up)).scalar_one() == 0:
            item.state = ItemState.DELISTED

    async def _take_back(self, session: AsyncSession, item: Item, listing: Listing, change: Change) -> None:
        """It went up although it is not wanted: unless a delist waits already, make one."""
        query = select(Change.id).where(
            Change.listing_id == listing.id, Change.kind == ChangeKind.DELIST, Change.state.in_(changes.OPEN), Change.id != change.id
        )
        if (await session.execute(query)).scalar() is None:
            await changes.make(
                session, self._house.db, ChangeKind.DELIST, item, listing, reason="It went up while it was sold or taken down.",
                order_id=change.order_id, priority=rules.PRIORITY_SALE,
            )  # fmt: skip

    async def _undone(self, session: AsyncSession, change: Change) -> None:
        original = await session.get(Change, change.undo_of)
        if original is not None and await changes.move(session, original.id, ChangeState.DONE, ChangeState.UNDONE):
            changes.note(session, original, self._house.db.now(), change.decided_by, ChangeState.UNDONE)
            await touch(session, self._house.db, *changes.subjects_of(original))

    async def _cancelled(self, claim: Claim, load: Load, why: str) -> None:
        db = self._house.db
        async with db.write() as session:
            values = {"state": ChangeState.CANCELLED, "finished_at": db.now(), "outcome": {"why": why}}
            await work.finish(session, claim, **values)
            changes.note(session, load.change, db.now(), "system", ChangeState.CANCELLED, {"why": why})
            await touch(session, db, *changes.subjects_of(load.change))

    async def _by_hand(self, claim: Claim, load: Load) -> None:
        """A marketplace without an API: the effect becomes a task with everything to copy, and nags until it is ticked."""
        db = self._house.db
        kind = ChangeKind(load.change.kind)
        async with db.write() as session:
            await ledger.hold(session, db, load.item.id)
            listing = await session.get_one(Listing, load.listing.id, with_for_update={"key_share": True})
            item = await session.get_one(Item, load.item.id)
            change = await session.get_one(Change, load.change.id)
            if (kind is ChangeKind.DELIST) == (listing.wanted == "live"):
                raise Superseded("Something else is wanted by now.")
            told = await self._ask(session, kind, item, listing, change)
            values = {"state": ChangeState.DONE, "finished_at": db.now(), "outcome": told}
            await work.finish(session, claim, **values, undo_until=None if change.order_id else db.now() + rules.UNDO_WINDOW)
            if change.undo_of:
                await self._undone(session, change)
            changes.note(session, change, db.now(), "system", ChangeState.DONE, {"outcome": told})
            await touch(session, db, *changes.subjects_of(change))

    async def _ask(self, session: AsyncSession, kind: ChangeKind, item: Item, listing: Listing, change: Change) -> dict[str, Any]:
        db = self._house.db
        if kind is ChangeKind.DELIST:
            never_up = await tasks.cancel_open(session, db, listing, TaskKind.LIST)
            if never_up or listing.state not in (ListingState.ACTIVE, ListingState.OUT_OF_SYNC):
                listing.state = ListingState.ENDED if listing.listed_at else ListingState.DRAFT
                return {"nothing": "It was not up there."}
            task = await tasks.make(session, db, TaskKind.TAKE_DOWN, item, listing, reason=change.reason, order_id=change.order_id)
            return {"task": task.number, "due": task.deadline.isoformat()}
        if kind in (ChangeKind.PUBLISH, ChangeKind.RELIST):
            await wanted_of(session, self._house, item, listing, await session.get_one(Account, listing.account_id))
            await tasks.cancel_open(session, db, listing, TaskKind.TAKE_DOWN)
            price = price_of(item, listing)
            listing.price = price.amount if price else None
            listing.state = ListingState.PENDING
            task = await tasks.make(session, db, TaskKind.LIST, item, listing, reason=change.reason)
            return {"task": task.number, "due": task.deadline.isoformat()}
        if listing.state != ListingState.ACTIVE:
            return {"nothing": "It is not up there yet, so the kit simply has the new values."}
        price = price_of(item, listing)
        listing.price = price.amount if price else None
        task = await tasks.make(session, db, TaskKind.REVISE, item, listing, reason=change.reason, order_id=change.order_id)
        return {"task": task.number, "due": task.deadline.isoformat()}

    def again_in(self, error: HaggleError, claim: Claim) -> float | None:
        urgent = claim.lane.startswith("delist:")
        wait = wait_before_retry(error, claim.attempts, urgent=urgent)
        return STUBBORN if wait is None and urgent and not isinstance(error, Missing) else wait

    async def retrying(self, claim: Claim, error: HaggleError) -> None:
        """Cards say that it is tried again; a delist that needs a person says so at once and makes a task."""
        db = self._house.db
        load = await self._load(claim.id)
        if isinstance(error, AuthLost):
            await accounts.lost(self._house, load.account.id, error)
        async with db.write() as session:
            await ledger.hold(session, db, load.item.id)
            if load.change.kind == ChangeKind.DELIST and isinstance(error, Refused | AuthLost):
                listing = await session.get_one(Listing, load.listing.id)
                item = await session.get_one(Item, load.item.id)
                change = await session.get_one(Change, load.change.id)
                await tasks.make(session, db, TaskKind.TAKE_DOWN, item, listing, reason=str(error), order_id=change.order_id)
                await watching.shout(session, self._house, change, item, load.account, str(error))
            await touch(session, db, *changes.subjects_of(load.change))

    async def fail(self, claim: Claim, error: HaggleError) -> None:
        db = self._house.db
        load = await self._load(claim.id)
        if isinstance(error, AuthLost):
            await accounts.lost(self._house, load.account.id, error)
        gone = isinstance(error, Missing) and load.change.kind not in (ChangeKind.PUBLISH, ChangeKind.RELIST)
        if gone:  # most likely it was sold there
            await accounts.ask_soon(self._house, load.account.id)
        async with db.write() as session:
            await ledger.hold(session, db, load.item.id)
            listing = await session.get_one(Listing, load.listing.id, with_for_update={"key_share": True})
            change = await session.get_one(Change, load.change.id)
            values = {"state": ChangeState.FAILED, "finished_at": db.now(), "last_error": str(error)}
            await work.finish(session, claim, **values, outcome={"error": str(error), "code": error.code})
            if change.kind in (ChangeKind.PUBLISH, ChangeKind.RELIST):
                # Nobody knows how far it came; what it may have left there is looked for and removed.
                listing.state, listing.wanted = ListingState.ERROR, "gone"
                item = await session.get_one(Item, load.item.id)
                await changes.make(
                    session, db, ChangeKind.DELIST, item, listing, reason="Clearing up after a failed publish.", batch=change.batch,
                    undo_of=None,
                )  # fmt: skip
            elif gone:
                listing.state, listing.needs_person = ListingState.OUT_OF_SYNC, True
            changes.note(session, change, db.now(), "system", ChangeState.FAILED, {"error": str(error), "cause": error.cause})
            await touch(session, db, *changes.subjects_of(change))

    async def lost(self, claim: Claim) -> None:
        """Another worker carried it meanwhile, and our late call may have undone what came after: have the listing read at once."""
        await watching.read_soon(self._house, claim.turn)


def outcome(live: Live, now: datetime) -> dict[str, Any]:
    """What was read back, for the card and the trail."""
    price = {"price": live.price.amount, "currency": live.price.currency} if live.price else {}
    return {"live": live.live, "url": live.url, "quantity": live.quantity, "verified_at": now.isoformat(), **price}
