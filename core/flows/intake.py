"""From photos to a draft: collecting what belongs together, and publishing what is ready. Reading is `core/flows/reading.py`.

An album has no end marker, so photos are collected until none came for 1.5 s (10 s at most). The draft's row is the work: it
is due when the collecting ends, and a restart finds it again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import Missing
from core.flows import changes, ledger, notices
from core.flows.house import House
from core.flows.people import Person
from core.flows.posts import put_view, touch
from core.flows.tasks import next_number
from core.rules import doors
from core.values.states import AccountState, ChangeKind, DraftState, ItemState, ListingState, StockKind
from core.words import Told
from storage import audit
from storage.db import Database, wake
from storage.keys import new_key, short_code
from storage.models import Account, Change, Draft, Item, ItemPhoto, Photo, Setting, Workspace

log = structlog.get_logger()

QUIET = timedelta(seconds=1.5)
LONGEST = timedelta(seconds=10)
MOST_PHOTOS = 24
PRIORITY, BULK_PRIORITY = 5, 7
AMOUNTS = ("price", "floor", "cost")  # hints that are minor units and belong to the item


async def begin(
    session: AsyncSession,
    house: House,
    person: Person,
    place: tuple[str, str],
    photos: Sequence[str],
    *,
    hints: Mapping[str, str],
    album: str = "",
    ended: bool = True,
    order: int = 0,
    start: datetime | None = None,
    roll: str = "",
) -> Draft:
    """A new item and its draft from stored photos, with its card in the chat. `order` is the message's place in its album; reading begins
    at `start` (see `allowed_from`). One of many that a camera roll (`roll`) is made into has no card of its own, and lets others go first.
    """
    db = house.db
    now = db.now()
    workspace = await session.get_one(Workspace, person.workspace_id)
    number = await next_number(session, person.workspace_id, "item")
    item = Item(
        id=new_key(), workspace_id=person.workspace_id, number=number, sku=f"HG-{number}-{short_code(5)}", state=ItemState.DRAFT,
        currency=workspace.currency, created_at=now, changed_at=now,
    )  # fmt: skip
    session.add(item)
    await session.flush()
    row = Draft(
        id=new_key(), workspace_id=person.workspace_id, item_id=item.id, album=album, hints=dict(hints), fields={},
        member_id=person.member_id,
        created_at=now, state=DraftState.PENDING if ended else DraftState.UPLOADING,
        due_at=max(now if ended else now + QUIET, start or now),
        lane=f"intake:{person.workspace_id}", mode="bulk" if roll else "single", priority=BULK_PRIORITY if roll else PRIORITY,
        choices={
            "channels": await remembered_channels(session, person.workspace_id), "order": dict.fromkeys(photos, order),
            **({"roll": roll} if roll else {}), **({"waits": start.isoformat()} if start and start > now else {}),
        },
    )  # fmt: skip
    session.add(row)
    await session.flush()
    await add_photos(session, db, item, photos)
    first = StockKind.BULK_IMPORT if roll else StockKind.INITIAL
    await ledger.post(session, db, item, first, 1, key="initial", source="intake", reason=Told("one, as photographed"))
    # What a person did is that they confirmed the roll; its items followed.
    actor = "system" if roll else person.actor
    audit.record(session, workspace=item.workspace_id, at=now, actor=actor, action="item.begun", subject=("item", item.id))
    if not roll:
        await put_view(session, db, place, "draft", ("item", item.id), workspace=item.workspace_id)
    wake(session, "draft", row.id, delay=row.due_at - now, priority=row.priority)
    return row


async def allowed_from(session: AsyncSession, house: House, workspace_id: str) -> datetime:
    """When another draft of this business may be read: a flood of photos is read at the pace of our own doors, and all of it is."""
    query = select(Draft.created_at, Draft.choices["waits"].as_string()).where(Draft.workspace_id == workspace_id, Draft.mode == "single")
    newest = (await session.execute(query.order_by(Draft.id.desc()).limit(doors.LOOKED_AT))).all()
    return doors.allowed_from([datetime.fromisoformat(waits) if waits else at for at, waits in newest], house.db.now())


def waits_until(row: Draft) -> datetime | None:
    """Until when a draft waits for its turn to be read."""
    waits = row.choices.get("waits")
    return datetime.fromisoformat(waits) if waits else None


async def discard(session: AsyncSession, house: House, person: Person, item: Item, row: Draft, *, undo_of: str = "") -> None:
    """Throw a draft and its item away. It comes back by `/undo`."""
    row.state, item.deleted_at = DraftState.REJECTED, house.db.now()
    audit.record(
        session, workspace=item.workspace_id, at=house.db.now(), actor=person.actor, action="item.discarded", subject=("item", item.id),
        data={"undo_of": undo_of} if undo_of else {},
    )  # fmt: skip
    await notices.solved(session, house.db, item.workspace_id, f"draft_failed:{item.id}")
    await touch(session, house.db, ("item", item.id))


async def collecting(session: AsyncSession, workspace_id: str, album: str) -> Draft | None:
    """The draft that still collects this album."""
    if not album:
        return None
    query = select(Draft).where(
        Draft.workspace_id == workspace_id, Draft.album == album, Draft.state == DraftState.UPLOADING, Draft.lease_until.is_(None)
    )
    return (await session.execute(query)).scalar()


async def collect(
    session: AsyncSession, house: House, row: Draft, photos: Sequence[str], hints: Mapping[str, str], *, ended: bool, order: int = 0
) -> None:
    """More photos of the same album, which is put into the order of its messages however they arrived."""
    item = await session.get_one(Item, row.item_id)
    await add_photos(session, house.db, item, photos)
    places = {**row.choices.get("order", {}), **dict.fromkeys(photos, order)}
    row.choices = {**row.choices, "order": places}
    rows = list((await session.execute(select(ItemPhoto).where(ItemPhoto.item_id == item.id).order_by(ItemPhoto.position))).scalars())
    for position, photo in enumerate(sorted(rows, key=lambda one: places.get(one.sha256, 0))):
        photo.position = position
    row.hints = {**row.hints, **hints}
    now = house.db.now()
    row.due_at = max(now if ended else min(now + QUIET, row.created_at + LONGEST), waits_until(row) or now)
    wake(session, "draft", row.id, delay=row.due_at - now)
    await touch(session, house.db, ("item", item.id))


async def quantity_everywhere(session: AsyncSession, house: House, item: Item, *, person: Person | None = None, batch: str = "") -> int:
    """A new quantity goes to every listing that is up; none left takes them down. Answers how many."""
    level = await ledger.level_of(session, item.id)
    left = level.available if level else 0
    kind = ChangeKind.QUANTITY if left > 0 else ChangeKind.DELIST
    reason = Told("new quantity") if left > 0 else Told("none left")
    up = [one for one in await changes.listings_of(session, item.id) if one.wanted == "live"]
    batch = batch or new_key()
    for listing in up:
        await changes.make(session, house.db, kind, item, listing, reason=reason, person=person, batch=batch, after={"quantity": left})
    return len(up)


async def add_photos(session: AsyncSession, db: Database, item: Item, photos: Sequence[str]) -> int:
    """Put stored photos behind those the item has. Answers how many it has now."""
    have = set((await session.execute(select(ItemPhoto.sha256).where(ItemPhoto.item_id == item.id))).scalars())
    last = (await session.execute(select(func.max(ItemPhoto.position)).where(ItemPhoto.item_id == item.id))).scalar()
    position = -1 if last is None else last
    for sha256 in photos:
        if sha256 in have or len(have) >= MOST_PHOTOS:
            continue
        have.add(sha256)
        position += 1
        session.add(ItemPhoto(item_id=item.id, sha256=sha256, position=position))
    item.changed_at = db.now()
    await session.flush()
    return len(have)


async def keep_photo(session: AsyncSession, db: Database, workspace_id: str, stored: Any) -> None:
    """The row of a stored photo; the same picture twice is one row."""
    if await session.get(Photo, (stored.sha256, workspace_id)) is None:
        session.add(
            Photo(
                sha256=stored.sha256, workspace_id=workspace_id, width=stored.width, height=stored.height, bytes=stored.bytes,
                created_at=db.now(),
            )
        )  # fmt: skip


async def remembered_channels(session: AsyncSession, workspace_id: str) -> list[str]:
    """The accounts chosen last time that still work; all of them the first time."""
    query = select(Account.id).where(Account.workspace_id == workspace_id, Account.state == AccountState.ACTIVE).order_by(Account.id)
    there = list((await session.execute(query)).scalars())
    kept = await session.get(Setting, (workspace_id, "channels"))
    return [key for key in there if key in kept.value["accounts"]] if kept else there


async def ask_again(session: AsyncSession, house: House, row: Draft) -> None:
    """The title or a category changed: have the marketplaces asked again. Does nothing while the draft is being read anyway."""
    if row.state not in (DraftState.REVIEW, DraftState.APPROVED):
        return
    row.choices = {**row.choices, "was": row.state}
    row.state, row.due_at, row.attempts = DraftState.PENDING, house.db.now(), 0
    wake(session, "draft", row.id)


async def publish(
    session: AsyncSession, house: House, person: Person, item: Item, row: Draft, chosen: Sequence[Account], *, usual: bool = True
) -> list[Change]:
    """Approve the draft and make one publish Change per account, in one batch. Raises `Missing` or `Refused`.

    `usual` says that the seller chose these accounts on the card: the next draft begins with them.
    """
    db = house.db
    if not chosen:
        raise Missing(Told("Choose at least one channel on the card. With none connected, type /connect."), field="channels")
    batch = new_key()
    made = []
    for account in chosen:
        listing = await changes.listing_for(session, item, account)
        if listing.wanted == "live" and listing.state in ("active", "pending", "publishing"):
            continue
        kind = ChangeKind.RELIST if listing.listed_at else ChangeKind.PUBLISH
        made.append(await changes.make(session, db, kind, item, listing, person=person, batch=batch))
        listing.state = ListingState.PENDING
    row.state = DraftState.APPROVED
    await notices.solved(session, db, item.workspace_id, f"draft_failed:{item.id}")
    if item.state in (ItemState.DRAFT, ItemState.DELISTED):
        item.state = ItemState.READY
    if usual:
        await remember(session, item.workspace_id, "channels", {"accounts": [account.id for account in chosen]})
    await touch(session, db, ("item", item.id), *((("roll", row.choices["roll"]),) if "roll" in row.choices else ()))
    return made


async def remember(session: AsyncSession, workspace_id: str, name: str, value: dict[str, Any]) -> None:
    """Keep a workspace's setting."""
    row = await session.get(Setting, (workspace_id, name))
    if row is None:
        session.add(Setting(workspace_id=workspace_id, name=name, value=value))
    else:
        row.value = value
    await session.flush()
