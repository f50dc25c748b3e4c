"""Orphans: what is live on a marketplace and unknown here. They are listed, and become items when somebody says so.

Taking over asks the marketplace, so it is work: a row of kind "import" carries an account's orphans whose state is importing, one by one.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import AuthLost, Busy, HaggleError, Refused, Unreachable
from core.flows import accounts, differences, intake, ledger, notices
from core.flows.differences import IMPORTED, IMPORTING, LEFT, OPEN, SETTLED, About
from core.flows.house import House
from core.flows.people import Person
from core.flows.posts import touch
from core.flows.tasks import next_number
from core.money import Money
from core.ports import StoredPhoto
from core.rules.drafts import said_by_seller
from core.rules.reconciling import Kind
from core.values.channel import Found, Live
from core.values.draft import Draft as Sheet
from core.values.states import DraftState, ItemState, ListingState, StockKind
from core.words import N_, Told
from storage import audit, work
from storage.db import Database, wake
from storage.keys import new_key, short_code
from storage.models import Account, Difference, Draft, Item, Listing, Reconciliation
from storage.work import Claim, rows_of

log = structlog.get_logger()

_ONE, _MANY = N_("{name} has {count} listing that I do not know."), N_("{name} has {count} listings that I do not know.")


async def found_one(session: AsyncSession, db: Database, account: Account, run: str, found: Found) -> None:
    """Keep what a page shows of it, once."""
    await differences.ask(session, db, About(account, run, found.listing, Kind.ORPHAN, {}, _said(found)), None, None)


def _said(found: Found) -> dict[str, Any]:
    price = found.price
    return {
        "live": found.live, "price": price.amount if price else None, "currency": price.currency if price else "",
        "quantity": found.quantity, "title": found.title, "sku": found.sku, "url": found.url, "photo": found.photo, "plain": found.plain,
    }  # fmt: skip


def found_of(row: Difference) -> Found:
    """The listing as the page showed it."""
    told = row.theirs
    price = Money(int(told["price"]), str(told["currency"])) if told.get("price") is not None else None
    return Found(row.ref, told["sku"], told["title"], True, price, told["quantity"], told["url"], told["photo"], told["plain"])


async def none_left(session: AsyncSession, db: Database, account: Account, run: Reconciliation, *, whole: bool) -> None:
    """The end of a comparison of everything: orphans that it did not show are gone there (if it showed the `whole`), and of those that are
    left somebody is told once."""
    orphan = (Difference.account_id == account.id, Difference.kind == Kind.ORPHAN)
    if whole:
        gone = update(Difference).where(*orphan, Difference.state.in_((OPEN, LEFT)), Difference.reconciliation_id != run.id)
        over = {"state": SETTLED, "decided_by": "system", "decided_at": db.now()}
        await session.execute(gone.values(over).execution_options(synchronize_session=False))
    count = await _count(session, account)
    fresh = select(func.count()).where(*orphan, Difference.state == OPEN, Difference.created_at >= run.created_at)
    news = (await session.execute(fresh)).scalar_one()
    if news or not count:
        await notices.solved(session, db, account.workspace_id, f"orphans:{account.id}")
    if news:
        await notices.tell(
            session, db, workspace=account.workspace_id, type="sync_conflict", key=f"orphans:{account.id}", channel=account.channel,
            subject=("reconciliation", run.batch), title=Told(_ONE if count == 1 else _MANY, name=account.name, count=count),
            body=Told("If one of them sells elsewhere, I could not take it down there. Import what is yours."),
        )  # fmt: skip


async def _count(session: AsyncSession, account: Account) -> int:
    waits = (Difference.account_id == account.id, Difference.kind == Kind.ORPHAN, Difference.state == OPEN)
    return int((await session.execute(select(func.count()).where(*waits))).scalar_one())


async def take_over(session: AsyncSession, house: House, person: Person, account: Account, rows: Sequence[Difference]) -> int:
    """Somebody says that these are theirs: they become items one after the other. Answers how many; `Refused` when none is left."""
    db, now = house.db, house.db.now()
    able = [one.id for one in rows if one.theirs.get("plain", True)]
    if rows and not able:
        raise Refused(Told("It has several variations, or is an auction: I handle one thing at one price, so I leave it alone."))
    begun = update(Difference).where(Difference.id.in_(able), Difference.state.in_((OPEN, LEFT)))
    values = {"state": IMPORTING, "decided_by": person.actor, "decided_at": now}
    count = rows_of(await session.execute(begun.values(values).execution_options(synchronize_session=False)))
    if not count:
        raise Refused(Told("Somebody imported this already, or it is not there any more."))
    data = {"account": account.id, "differences": able}
    audit.record(
        session, workspace=account.workspace_id, at=now, actor=person.actor, action="orphans.imported", subject=("account", account.id),
        data=data,
    )  # fmt: skip
    batch = (await session.execute(select(Reconciliation.batch).where(Reconciliation.id == rows[0].reconciliation_id))).scalar()
    row = Reconciliation(
        id=new_key(), workspace_id=account.workspace_id, account_id=account.id, batch=batch or new_key(), by=person.actor, kind="import",
        counts={}, created_at=now, state="waiting", priority=5, lane=f"reconcile:{account.id}", due_at=now,
    )  # fmt: skip
    session.add(row)
    await session.flush()
    wake(session, "reconciliation", row.id, priority=row.priority)
    await touch(session, db, ("reconciliation", row.batch), *(("difference", key) for key in able))
    return count


async def carry(house: House, claim: Claim, run: Reconciliation, account: Account) -> None:
    """Take over one orphan; the next one is due at once."""
    db = house.db
    query = select(Difference).where(Difference.account_id == account.id, Difference.state == IMPORTING).order_by(Difference.id)
    async with db.read() as session:
        row = (await session.execute(query.limit(1))).scalar()
    if row is None:
        async with db.write() as session:
            await work.finish(session, claim, state="done", finished_at=db.now(), attempts=0, last_error="")
            if not await _count(session, account):
                await notices.solved(session, db, account.workspace_id, f"orphans:{account.id}")
            await touch(session, db, ("reconciliation", run.batch))
        return
    counts = dict(run.counts)
    try:
        live, photo = await _fetch(house, account, row)
    except (Busy, Unreachable, AuthLost):
        raise
    except HaggleError as error:
        await _refused(house, row, account, error)
        counts["refused"] = counts.get("refused", 0) + 1
    else:
        await _adopt(house, account, row, live, photo)
        counts["imported"] = counts.get("imported", 0) + 1
    async with db.write() as session:
        await work.finish(session, claim, counts=counts, due_at=db.now(), attempts=0, last_error="")
        wake(session, "reconciliation", claim.id, priority=claim.priority)
        await touch(session, db, ("reconciliation", run.batch))


async def _fetch(house: House, account: Account, row: Difference) -> tuple[Live, StoredPhoto | None]:
    """The listing, now one that we can handle, and its photo where it can be had."""
    channel, connection, found = house.channels[account.channel], accounts.connection(house, account), found_of(row)
    live = await channel.adopt(connection, found, _sku_of(row))
    if not found.photo:
        return live, None
    try:
        return live, await house.photos.put(await channel.picture(connection, found.photo))
    except (Busy, Unreachable):
        raise
    except HaggleError as error:
        log.warning("a photo was not imported", cause=error.cause or str(error))
        return live, None


def _sku_of(row: Difference) -> str:
    """What it is called from now on: its own, or one that is always the same for this listing."""
    return str(row.theirs.get("sku") or f"HG-{row.id[-12:]}")


async def _refused(house: House, row: Difference, account: Account, error: HaggleError) -> None:
    db = house.db
    async with db.write() as session:
        fresh = await session.get_one(Difference, row.id, with_for_update={"key_share": True})
        fresh.state = LEFT
        await notices.tell(
            session, db, workspace=row.workspace_id, type="review_needed", key=f"import:{row.id}", channel=account.channel,
            title=Told("“{title}” could not be imported from {name}.", title=row.theirs["title"], name=account.name), body=error.sentence,
        )  # fmt: skip
        await touch(session, db, ("difference", row.id))


async def _adopt(house: House, account: Account, row: Difference, live: Live, photo: StoredPhoto | None) -> None:
    """Item, draft, ledger and listing, in one transaction with the difference's own move: the same row twice makes one item."""
    db = house.db
    async with db.write() as session:
        fresh = await session.get_one(Difference, row.id, with_for_update={"key_share": True})
        if fresh.state != IMPORTING:
            return
        now, sku = db.now(), _sku_of(row)
        taken = select(Listing.id).where(Listing.account_id == account.id, (Listing.sku == sku) | (Listing.listing_ref == row.ref))
        if not live.live or live.price is None or (await session.execute(taken.limit(1))).scalar() is not None:
            fresh.state = SETTLED  # it ended, or became ours, meanwhile
            await touch(session, db, ("difference", row.id))
            return
        item = await _item(session, account, row, live, now)
        if photo is not None:
            await intake.keep_photo(session, db, row.workspace_id, photo)
            await intake.add_photos(session, db, item, [photo.sha256])
        session.add(_listing(account, item, sku, row.ref, live, now))
        await session.flush()
        await ledger.post(
            session, db, item, StockKind.BULK_IMPORT, live.quantity or 1, key=f"import:{account.id}:{row.ref}", source=account.channel,
            reason=Told("found on the marketplace"),
        )  # fmt: skip
        fresh.state, fresh.item_id = IMPORTED, item.id
        audit.record(
            session, workspace=row.workspace_id, at=now, actor=fresh.decided_by, action="item.imported", subject=("item", item.id),
            data={"account": account.id, "ref": row.ref},
        )  # fmt: skip
        await touch(session, db, ("difference", row.id), ("item", item.id))


async def _item(session: AsyncSession, account: Account, row: Difference, live: Live, now: datetime) -> Item:
    number = await next_number(session, row.workspace_id, "item")
    assert live.price is not None
    item = Item(
        id=new_key(), workspace_id=row.workspace_id, number=number, sku=f"HG-{number}-{short_code(5)}", state=ItemState.LIVE,
        title=row.theirs["title"], currency=live.price.currency, price=live.price.amount, created_at=now, changed_at=now,
    )  # fmt: skip
    session.add(item)
    await session.flush()
    sheet = Sheet({"title": said_by_seller(item.title)}, reader=account.channel)
    session.add(
        Draft(
            id=new_key(), workspace_id=row.workspace_id, item_id=item.id, hints={}, fields=sheet.to_json(), choices={}, source="api",
            created_at=now, state=DraftState.APPROVED, due_at=now,
        )
    )  # fmt: skip
    await session.flush()
    return item


def _listing(account: Account, item: Item, sku: str, ref: str, live: Live, now: datetime) -> Listing:
    assert live.price is not None
    return Listing(
        id=new_key(), workspace_id=item.workspace_id, item_id=item.id, account_id=account.id, channel=account.channel, sku=sku,
        state=ListingState.ACTIVE, wanted="live", price=live.price.amount, quantity=live.quantity, url=live.url,
        external=dict(live.external), listing_ref=ref, fields={}, listed_at=now, verified_at=now,
        seen={"price": live.price.amount, "quantity": live.quantity},
    )  # fmt: skip
