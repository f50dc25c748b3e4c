"""Reconciliation: every account's listings, page by page, beside what we think of them.

    waiting -> done | failed

One row per account and time is the work; each page is one claim, so that it goes on where it stopped and lets a sale's work go first.
Orders are read before the first page: what sold is heard of before anything is called a difference. What the pages did not show is then
read one by one, `MOST_LOOKS` of them at most.
"""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import AuthLost, HaggleError
from core.flows import accounts, adopting, comparing, differences, notices, polling
from core.flows.comparing import Facts, Look
from core.flows.house import House
from core.flows.people import the_workspace
from core.flows.posts import touch
from core.flows.wanted import ref_of
from core.flows.watching import PAUSED
from core.rules import reconciling as rules
from core.rules.reconciling import Kind, Theirs
from core.rules.retry import wait_before_retry
from core.values.channel import Found, ListingPage
from core.values.states import AccountState
from core.words import Told
from storage import work
from storage.db import wake
from storage.keys import new_key
from storage.models import Account, Difference, Listing, Reconciliation
from storage.work import Claim

ALL, CHANGED, IMPORT = "all", "changed", "import"
WAITING, DONE, FAILED = "waiting", "done", "failed"
PRIORITY = 8  # behind everything that somebody waits for
SPREAD = 1800  # seconds over which the nightly ones begin, so that not everybody asks a marketplace at two o'clock
MISSING = "missing:"  # the cursor's beginning once all pages are read
FEW = 50  # listings that are read one by one in one claim
MOST_LOOKS = 500  # in one comparison
HOLD = 60.0


async def begin(
    session: AsyncSession, house: House, workspace_id: str, there: Sequence[Account], *, by: str, kind: str = ALL, spread: int = 0
) -> str:
    """A comparison of these accounts that are native and connected. One that waits already is joined. Answers its batch, "" for none."""
    db = house.db
    now, batch = db.now(), new_key()
    able = [one for one in there if one.channel in house.channels and one.state == AccountState.ACTIVE]
    waits = select(Reconciliation).where(
        Reconciliation.account_id.in_([one.id for one in able]), Reconciliation.state == WAITING, Reconciliation.kind == kind
    )
    open_now = {one.account_id: one for one in (await session.execute(waits)).scalars()}
    for account in able:
        row = open_now.get(account.id)
        if row is not None:
            row.batch = batch if by != "system" else row.batch  # somebody watches it now
            row.due_at = now if not spread else row.due_at
        else:
            delay = zlib.crc32(account.id.encode()) % spread if spread else 0
            row = Reconciliation(
                id=new_key(), workspace_id=workspace_id, account_id=account.id, batch=batch, by=by, kind=kind, counts={}, created_at=now,
                since=await _since(session, account.id, now) if kind == CHANGED else None, state=WAITING, priority=PRIORITY,
                lane=f"reconcile:{account.id}", due_at=now + timedelta(seconds=delay),
            )  # fmt: skip
            session.add(row)
        await session.flush()
        wake(session, "reconciliation", row.id, priority=PRIORITY, delay=max(0.0, (row.due_at - now).total_seconds()))
    return batch if able else ""


async def _since(session: AsyncSession, account_id: str, now: datetime) -> datetime:
    """When the last comparison of an account began."""
    query = select(Reconciliation.created_at).where(Reconciliation.account_id == account_id, Reconciliation.state == DONE)
    last = (await session.execute(query.where(Reconciliation.kind != IMPORT).order_by(Reconciliation.id.desc()).limit(1))).scalar()
    return last or now - timedelta(hours=1)


async def begin_all(house: House, *, kind: str = ALL, spread: int = SPREAD) -> None:
    """A tick: all accounts, spread over half an hour; or (`CHANGED`) what has changed on them since the last time."""
    async with house.db.write() as session:
        workspace = await the_workspace(session)
        if workspace is None or workspace.paused or not house.outward:
            return
        query = select(Account).where(Account.workspace_id == workspace.id).order_by(Account.id)
        there = list((await session.execute(query)).scalars())
        await begin(session, house, workspace.id, there, by="system", kind=kind, spread=spread)


class ReconcileFlow:
    """Carries `reconciliation` rows, a page at a time."""

    def __init__(self, house: House) -> None:
        self._house = house

    async def carry(self, claim: Claim) -> None:
        house, db = self._house, self._house.db
        async with db.read() as session:
            row = await session.get_one(Reconciliation, claim.id)
            account = await session.get_one(Account, row.account_id)
            workspace = await the_workspace(session)
        if not house.outward or (workspace and workspace.paused):
            await self._put_off(claim)
        elif account.state != AccountState.ACTIVE:
            await self.fail(
                claim, AuthLost(Told("{name} is not connected. Type /connect {kind}.", name=account.name, kind=account.channel))
            )
        elif row.kind == IMPORT:
            await adopting.carry(house, claim, row, account)
        elif row.cursor.startswith(MISSING):
            await self._look_for_the_missing(claim, row, account)
        else:
            await self._page(claim, row, account)

    async def _put_off(self, claim: Claim) -> None:
        async with self._house.db.write() as session:
            await work.finish(session, claim, due_at=self._house.db.now() + timedelta(seconds=HOLD), attempts=0, last_error=PAUSED)

    async def _page(self, claim: Claim, row: Reconciliation, account: Account) -> None:
        house, db = self._house, self._house.db
        if not row.cursor:
            await polling.poll_orders(house, account)
        asked = db.now()
        page = await house.channels[account.channel].page(accounts.connection(house, account), row.cursor, row.since)
        counts = Counter(row.counts)
        counts["pages"] += 1
        counts["compared"] += len(page.found)
        counts["cut"] += not page.complete
        looks = await self._compare(row, account, page, asked, counts)
        for facts, found in looks:
            await self._look(row, account, facts, comparing.shown(found), counts)
        if page.cursor:
            await self._on(claim, page.cursor, counts)
        elif row.kind == ALL:
            await self._on(claim, MISSING, counts)
        else:
            await self._end(claim, row, account, counts)

    async def _compare(
        self, row: Reconciliation, account: Account, page: ListingPage, asked: datetime, counts: Counter[str]
    ) -> list[tuple[Facts, Found]]:
        """Set a page beside what we know. Answers what differs; what is right is marked as seen."""
        db = self._house.db
        async with db.read() as session:
            known = await comparing.known(session, account.id, page.found)
        right, differ, orphans = [], [], []
        for found in page.found:
            facts = known.get(found.listing)
            if facts is None:
                orphans += [found] if found.live and row.kind == ALL else []
            elif facts.ours.busy or (facts.verified_at is not None and facts.verified_at >= asked):
                counts["busy"] += 1
            elif rules.compare(facts.ours, comparing.shown(found)):
                differ.append((facts, found))
            else:
                right.append(facts)
        counts["right"] += len(right)
        if right or orphans:
            async with db.write() as session:
                await self._mark_seen(session, [one.listing for one in right if one.ours.wanted == "live"], asked)
                await self._over(session, [one.listing for one in right])
                for found in orphans:
                    await adopting.found_one(session, db, account, row.id, found)
        counts["orphans"] += len(orphans)
        return differ

    async def _mark_seen(self, session: AsyncSession, ids: Sequence[str], asked: datetime) -> None:
        """They were seen as they should be. What somebody else works on at this moment is not waited for: it is read one by one later."""
        older = or_(Listing.verified_at.is_(None), Listing.verified_at < asked)
        free = select(Listing.id).where(Listing.id.in_(ids), older).with_for_update(skip_locked=True, key_share=True)
        there = (await session.execute(free)).scalars().all()
        seen = update(Listing).where(Listing.id.in_(there)).values(verified_at=self._house.db.now())
        await session.execute(seen.execution_options(synchronize_session=False))

    async def _over(self, session: AsyncSession, ids: Sequence[str]) -> None:
        """Differences of listings that are right again."""
        query = select(Difference.listing_id, Difference.ref).where(
            Difference.listing_id.in_(ids), Difference.state.in_((differences.OPEN, differences.LEFT))
        )
        for key, ref in (await session.execute(query.distinct())).all():
            listing = await session.get_one(Listing, key)
            await differences.close(session, self._house.db, listing, ref, keep=())
            await differences.in_sync(session, self._house.db, listing)

    async def _look(self, row: Reconciliation, account: Account, facts: Facts, listed: Theirs | None, counts: Counter[str]) -> None:
        """Ask the marketplace about one listing, and follow what it says."""
        house, db = self._house, self._house.db
        if counts["looks"] >= MOST_LOOKS:
            counts["unread"] += 1
            return
        counts["looks"] += 1
        async with db.read() as session:
            known = ref_of(await session.get_one(Listing, facts.listing))
        asked = db.now()
        live = await house.channels[account.channel].state(accounts.connection(house, account), known)
        ref = facts.ref or str(live.external.get("listing") or live.external.get("product") or facts.sku)
        counts.update(await comparing.settle(house, account, Look(facts.listing, ref, comparing.read(live), asked, listed, row.id)))

    async def _look_for_the_missing(self, claim: Claim, row: Reconciliation, account: Account) -> None:
        """What should be up and was on no page."""
        counts = Counter(row.counts)
        async with self._house.db.read() as session:
            some = await comparing.unseen(session, row, row.cursor.removeprefix(MISSING), FEW)
        for facts in some:
            if not facts.ours.busy:
                await self._look(row, account, facts, None, counts)
        if len(some) == FEW:
            await self._on(claim, MISSING + some[-1].listing, counts)
        else:
            await self._end(claim, row, account, counts)

    async def _on(self, claim: Claim, cursor: str, counts: Counter[str]) -> None:
        """The next page is due now; whatever is more urgent goes first."""
        db = self._house.db
        async with db.write() as session:
            await work.finish(session, claim, cursor=cursor, counts=dict(counts), due_at=db.now(), attempts=0, last_error="")
            wake(session, "reconciliation", claim.id, priority=PRIORITY)
            await self._redraw(session, claim)

    async def _end(self, claim: Claim, row: Reconciliation, account: Account, counts: Counter[str]) -> None:
        db = self._house.db
        async with db.write() as session:
            done = {"state": DONE, "finished_at": db.now(), "counts": dict(counts), "attempts": 0, "last_error": ""}
            await work.finish(session, claim, cursor="", **done)
            await differences.close_gone(session, db, account.id)
            if row.kind == ALL:
                await adopting.none_left(session, db, account, row, whole=not counts["cut"])
            elif counts["cut"]:  # so much has changed that the marketplace did not tell all of it
                await begin(session, self._house, row.workspace_id, [account], by="system")
            await self._redraw(session, claim)

    async def _redraw(self, session: AsyncSession, claim: Claim) -> None:
        batch = (await session.execute(select(Reconciliation.batch).where(Reconciliation.id == claim.id))).scalar_one()
        await touch(session, self._house.db, ("reconciliation", batch))

    def again_in(self, error: HaggleError, claim: Claim) -> float | None:
        return wait_before_retry(error, claim.attempts)

    async def retrying(self, claim: Claim, error: HaggleError) -> None:
        """Its card says that it is under way, and it is."""

    async def fail(self, claim: Claim, error: HaggleError) -> None:
        db = self._house.db
        async with db.write() as session:
            await work.finish(session, claim, state=FAILED, finished_at=db.now(), last_error=error.sentence)
            row = await session.get_one(Reconciliation, claim.id)
            account = await session.get_one(Account, row.account_id)
            await notices.tell(
                session, db, workspace=row.workspace_id, type="review_needed", key=f"compared:{account.id}", channel=account.channel,
                subject=("reconciliation", row.batch),
                title=Told("{name} could not be compared with what I know.", name=account.name), body=error.sentence,
            )  # fmt: skip
            await self._redraw(session, claim)
        if isinstance(error, AuthLost) and account.state == AccountState.ACTIVE:
            await accounts.lost(self._house, account.id, error)

    async def lost(self, claim: Claim) -> None:
        """A page that is compared twice finds the same differences."""


def orphans_of(account_id: str) -> Any:
    """What is live on an account and unknown here, newest first."""
    return select(Difference).where(
        Difference.account_id == account_id, Difference.kind == Kind.ORPHAN,
        Difference.state.in_((differences.OPEN, differences.IMPORTING)),
    )  # fmt: skip
