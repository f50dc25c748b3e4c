"""Carrying Changes out: ask what is wanted, act through the channel, read back, record the outcome, ask again what is wanted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import structlog
from sqlalchemy import bindparam, select

from core.errors import AuthLost, HaggleError, Missing, Refused
from core.flows import accounts, byhand, changes, ledger, outcomes, polling, tasks, watching
from core.flows.house import House
from core.flows.posts import touch
from core.flows.wanted import floor_of, ref_of, wanted_of
from core.rules import changes as rules
from core.rules.guards import may_go_live, price_problem
from core.rules.retry import wait_before_retry
from core.values.channel import SOLD_UNHEARD, Live, Wanted
from core.values.states import AccountState, ChangeKind, ChangeState, ItemState, ListingState, TaskKind
from core.words import Told
from storage import work
from storage.models import Account, Change, Item, Listing, Workspace
from storage.work import Claim

OF_LIVE = (ChangeKind.QUANTITY, ChangeKind.REPRICE, ChangeKind.REVISE)  # what only a listing that is up can be told
PUTS_UP = (ChangeKind.PUBLISH, ChangeKind.RELIST)
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

    def __init__(self, why: Told) -> None:
        super().__init__(why)
        self.why = why


@dataclass(slots=True)
class Load:
    """The rows that a Change is about, as they were when it was picked up."""

    change: Change
    listing: Listing
    item: Item
    account: Account
    workspace: Workspace

    @property
    def may_raise(self) -> bool:
        """Whether a quantity may go up: only a person finds more, a sale never does."""
        return self.change.by == "member"


async def hold_back(house: House, claim: Claim) -> None:
    """Nothing leaves the house now: the Change waits, and waiting is no try."""
    db = house.db
    async with db.write() as session:
        waits = {"due_at": db.now() + timedelta(seconds=HOLD), "attempts": claim.attempts - 1, "last_error": watching.PAUSED}
        await work.finish(session, claim, state=ChangeState.APPROVED, **waits)


def check_connected(account: Account) -> None:
    """Raises `AuthLost` for an account that cannot be called."""
    if account.state not in (AccountState.ACTIVE, AccountState.ERROR):
        raise AuthLost(Told("{name} is not connected. Type /connect {kind}.", name=account.name, kind=account.channel))


class ChangeFlow:
    """Carries `change` rows."""

    def __init__(self, house: House) -> None:
        self._house = house

    async def carry(self, claim: Claim) -> None:
        load = await self._load(claim.id)
        structlog.contextvars.bind_contextvars(batch=load.change.batch)
        if not self._house.outward or load.workspace.paused:
            await hold_back(self._house, claim)
            return
        try:
            if not self._house.capabilities[load.account.channel].native:
                await self._by_hand(claim, load)
                return
            load = await self._heard(claim, load)
            live = await self._act(load)
        except Superseded as superseded:
            await self._cancelled(claim, load, superseded.why)
            return
        await self._done(claim, load, live)

    async def _load(self, change_id: str) -> Load:
        async with self._house.db.read() as session:
            return Load(*(await session.execute(_LOAD, {"change": change_id})).one())

    async def _heard(self, claim: Claim, load: Load) -> Load:
        """Before anything goes up that may have been up before, ask what was ordered: what sold and is not heard of must not come back."""
        kind = ChangeKind(load.change.kind)
        tried = kind is ChangeKind.PUBLISH and claim.attempts > 1
        more = kind is ChangeKind.QUANTITY and load.may_raise
        if load.account.state != AccountState.ACTIVE or not (kind is ChangeKind.RELIST or tried or more):
            return load
        await polling.poll_orders(self._house, load.account)
        return await self._load(claim.id)

    async def _act(self, load: Load) -> Live:
        """The one call to the channel."""
        kind = ChangeKind(load.change.kind)
        check_connected(load.account)
        channel = self._house.channels[load.account.channel]
        connection = accounts.connection(self._house, load.account)
        if kind is ChangeKind.DELIST:
            if load.listing.wanted == "live":
                raise Superseded(Told("It is to be up again."))
            return await channel.ensure_absent(connection, ref_of(load.listing))
        if load.listing.wanted != "live":
            raise Superseded(Told("It is not wanted there any more."))
        if kind in OF_LIVE and load.listing.state not in (ListingState.ACTIVE, ListingState.OUT_OF_SYNC):
            raise Superseded(Told("It is not up yet, and goes up with what is true by then."))
        wanted, ref = await self._wanted(kind, load), ref_of(load.listing)
        match kind:
            case ChangeKind.QUANTITY:
                return await channel.set_quantity(connection, ref, wanted.quantity, may_raise=load.may_raise)
            case ChangeKind.REPRICE:
                return await channel.reprice(connection, ref, wanted)
            case ChangeKind.REVISE:
                return await channel.revise(connection, wanted, ref)
        return await channel.ensure_listed(connection, wanted, ref)

    async def _wanted(self, kind: ChangeKind, load: Load) -> Wanted:
        """What the listing should be. Guards run again here: things may have moved while the Change waited."""
        async with self._house.db.read() as session:
            level = await ledger.level_of(session, load.item.id)
            problem = may_go_live(ItemState(load.item.state), level.available if level else None)
            if problem and kind in PUTS_UP:
                raise Refused(problem)
            if level is not None and level.available < 1:
                raise Superseded(Told("There is none left to sell."))
            wanted = await wanted_of(session, self._house, load.item, load.listing, load.account)
        if kind is ChangeKind.REPRICE or kind in PUTS_UP:
            automatic = kind is ChangeKind.REPRICE and load.change.by != "member"
            if problem := price_problem(wanted.price, floor_of(load.item), automatic=automatic):
                raise Refused(problem)
        return wanted

    async def _done(self, claim: Claim, load: Load, live: Live) -> None:
        """The outcome, proven by reading back. A publish that finds its item sold meanwhile takes itself down."""
        db = self._house.db
        kind = ChangeKind(load.change.kind)
        if kind is ChangeKind.DELIST and live.live:
            raise Refused(Told("{name} still shows it after it was taken down.", name=load.account.name))
        async with db.write() as session:
            await ledger.hold(session, db, load.item.id)
            change, listing, item = (await session.execute(_TOGETHER, {"change": claim.id})).one()
            now = db.now()
            undoable = rules.UNDO_WINDOW if change.order_id is None and kind is not ChangeKind.QUANTITY else None
            found = outcomes.shown(live, now)
            values = {"state": ChangeState.DONE, "finished_at": now, "outcome": found, "last_error": ""}
            await work.finish(session, claim, **values, undo_until=now + undoable if undoable else None)
            if kind is ChangeKind.DELIST:
                await outcomes.down(session, db, listing, item, change)
            else:
                outcomes.up(listing, item, live, now, priced=kind is not ChangeKind.QUANTITY)
                if kind is ChangeKind.QUANTITY and not live.live:
                    outcomes.doubtful(listing, await ledger.level_of(session, item.id))
                if listing.wanted != "live":
                    await outcomes.take_back(session, db, item, listing, change)
                elif kind in PUTS_UP and live.live:
                    await outcomes.tell_up(session, db, change, item, load.account.channel, load.account.name)
            await outcomes.undone(session, db, change)
            changes.note(session, change, now, "system", ChangeState.DONE, {"outcome": found})
            await touch(session, db, *changes.subjects_of(change))
        if kind is not ChangeKind.DELIST and not live.live:  # it sold out meanwhile: the order says the rest
            await accounts.ask_soon(self._house, load.account.id)

    async def _cancelled(self, claim: Claim, load: Load, why: Told) -> None:
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
                raise Superseded(Told("Something else is wanted by now."))
            told = await byhand.ask(session, self._house, kind, item, listing, change)
            values = {"state": ChangeState.DONE, "finished_at": db.now(), "outcome": told}
            await work.finish(session, claim, **values, undo_until=None if change.order_id else db.now() + rules.UNDO_WINDOW)
            await outcomes.undone(session, db, change)
            changes.note(session, change, db.now(), "system", ChangeState.DONE, {"outcome": told})
            await touch(session, db, *changes.subjects_of(change))

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
        if error.code == SOLD_UNHEARD:
            await accounts.ask_soon(self._house, load.account.id)
        async with db.write() as session:
            await ledger.hold(session, db, load.item.id)
            listing = await session.get_one(Listing, load.listing.id)
            ticked = listing.state == ListingState.ENDED  # a person took it down meanwhile; proving it goes on
            if load.change.kind == ChangeKind.DELIST and isinstance(error, Refused | AuthLost) and not ticked:
                item = await session.get_one(Item, load.item.id)
                change = await session.get_one(Change, load.change.id)
                await tasks.make(session, db, TaskKind.TAKE_DOWN, item, listing, reason=error.sentence, order_id=change.order_id)
                await watching.shout(session, self._house, change, item, load.account, error.sentence)
            await touch(session, db, *changes.subjects_of(load.change))

    async def fail(self, claim: Claim, error: HaggleError) -> None:
        db = self._house.db
        load = await self._load(claim.id)
        if isinstance(error, AuthLost):
            await accounts.lost(self._house, load.account.id, error)
        gone = isinstance(error, Missing) and load.change.kind not in PUTS_UP
        if gone:  # most likely it was sold there
            await accounts.ask_soon(self._house, load.account.id)
        async with db.write() as session:
            await ledger.hold(session, db, load.item.id)
            listing = await session.get_one(Listing, load.listing.id, with_for_update={"key_share": True})
            change = await session.get_one(Change, load.change.id)
            values = {"state": ChangeState.FAILED, "finished_at": db.now(), "last_error": error.sentence}
            await work.finish(session, claim, **values, outcome={"error": error.sentence, "code": error.code})
            if change.kind in PUTS_UP:
                # Nobody knows how far it came; what it may have left there is looked for and removed.
                listing.state, listing.wanted = ListingState.ERROR, "gone"
                item = await session.get_one(Item, load.item.id)
                await changes.make(
                    session, db, ChangeKind.DELIST, item, listing, reason=Told("Clearing up after a failed publish."),
                    batch=change.batch, undo_of=None,
                )  # fmt: skip
            elif gone:
                listing.state, listing.needs_person = ListingState.OUT_OF_SYNC, True
            changes.note(session, change, db.now(), "system", ChangeState.FAILED, {"error": str(error), "cause": error.cause})
            await touch(session, db, *changes.subjects_of(change))

    async def lost(self, claim: Claim) -> None:
        """Another worker carried it meanwhile, and our late call may have undone what came after: have the listing read at once."""
        await watching.read_soon(self._house, claim.turn)
