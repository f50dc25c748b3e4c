"""Edits: what a person says about an item. Each is on the audit trail with what was there before, goes to every listing that is up,
and can be put back by a new edit.

What is edited, and how its values before and after are kept (JSON):

price, floor, cost      minor units or None
own_price               the same, of one listing
quantity                how many there are
low_at, reorder_at      at how many the seller is told
title                   {"title": words, "field": the draft's field or None}
photos                  their sha256, in order
channels, picked        the draft's choices of that name
any other field         the draft's field with its evidence, or None
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import Refused
from core.flows import changes, counting, intake, ledger, shortage, undoing
from core.flows.house import House
from core.flows.people import Person
from core.flows.posts import touch
from core.flows.wanted import floor_of, photos_of, price_of, sheet_of
from core.money import Money
from core.rules.drafts import follow_photos
from core.rules.guards import price_problem
from core.rules.naming import of_field
from core.values.draft import Draft as Sheet
from core.values.draft import Field
from core.values.states import ChangeKind, ChangeState, ItemState, ListingState
from core.words import Told
from storage import audit
from storage.db import Database
from storage.keys import new_key
from storage.models import AuditEntry, Change, Item, ItemPhoto, Listing, Stock

EDITED = "item.edited"
AMOUNTS = ("price", "floor", "cost")
CHOICES = ("channels", "picked")
THRESHOLDS = ("low_at", "reorder_at")
HERE_ONLY = ("floor", "cost", "notes", *THRESHOLDS, *CHOICES)  # no marketplace shows these
_UP = (ListingState.ACTIVE, ListingState.PENDING, ListingState.OUT_OF_SYNC)


@dataclass(frozen=True, slots=True)
class Edit:
    """What an edit led to: `batch` has the Changes that carry it out, `sent` says how many listings are told."""

    batch: str
    sent: int


def is_up(listing: Listing) -> bool:
    """Whether it is for sale there, or on its way: what changes about it must reach it."""
    return listing.wanted == "live" and listing.state in _UP


async def write(
    session: AsyncSession, house: House, person: Person, item: Item, field: str, value: Any, *, listing: Listing | None = None,
    why: counting.Why = counting.Why(),
) -> Edit:  # fmt: skip
    """Set a field. `why` is what the ledger keeps of a quantity. Raises `Refused` for what no price and no quantity may be."""
    batch = new_key()
    await _write(session, house, person, item, field, value, listing=listing, batch=batch, why=why)
    return Edit(batch, await _send(session, house, person, item, field, batch, listing=listing, reason=_reason(field)))


async def approve(session: AsyncSession, house: House, person: Person, change: Change) -> bool:
    """A person says yes to what was proposed. A new price is that listing's own from then on, and can be put back as any edit.
    False when it was decided before. Raises `Refused` for what no price may be."""
    await ledger.hold(session, house.db, change.item_id)  # before the Change, as everywhere
    if not await changes.approve(session, house.db, change, person):
        return False
    if change.kind == ChangeKind.REPRICE:
        item, listing = await session.get_one(Item, change.item_id), await session.get_one(Listing, change.listing_id)
        price = int(change.after["price"])
        await _write(session, house, person, item, "own_price", price, listing=listing, batch=change.batch)
    return True


async def join(session: AsyncSession, house: House, person: Person, item_id: str, photos: Sequence[str]) -> Edit:
    """Photos for an item that is there already: they go behind its others."""
    item = await session.get_one(Item, item_id)
    have = await photos_of(session, item_id)
    return await write(session, house, person, item, "photos", [*have, *(one for one in photos if one not in have)])


async def edits_of(session: AsyncSession, item_id: str, batch: str) -> list[AuditEntry]:
    """The edits that a batch of Changes carries out, oldest first: one as a rule, one a listing where prices were agreed to; none when they
    are no edit's."""
    query = select(AuditEntry).where(AuditEntry.subject_id == item_id, AuditEntry.action == EDITED).order_by(AuditEntry.id)
    found = (await session.execute(query)).scalars()
    return [one for one in found if one.data["batch"] == batch and "undo_of" not in one.data]


async def taken_back(session: AsyncSession, edits: Sequence[AuditEntry]) -> set[str]:
    """Which of an item's edits were taken back already, by their ids."""
    undone = AuditEntry.data["undo_of"].as_string()
    query = select(undone).where(AuditEntry.subject_id.in_({one.subject_id for one in edits}), undone.in_([one.id for one in edits]))
    return set((await session.execute(query)).scalars())


async def take_back(session: AsyncSession, house: House, person: Person, edit: AuditEntry) -> Edit:
    """Put back what was there before an edit: here, and on every listing that is up. Raises `Refused` with why not."""
    field, batch = str(edit.data["field"]), str(edit.data["batch"])
    await ledger.hold(session, house.db, edit.subject_id)
    item = await session.get_one(Item, edit.subject_id)
    listing = await session.get_one(Listing, edit.data["listing"]) if edit.data.get("listing") else None
    before, after = edit.data["before"], edit.data["after"]
    now = await read(session, item, field, listing)
    if item.deleted_at is not None or (item.state == ItemState.SOLD and field not in (*HERE_ONLY, "quantity")):
        raise Refused(
            Told("Item {number} is discarded by now.", number=item.number)
            if item.deleted_at
            else Told("Item {number} is sold by now.", number=item.number)
        )
    if field == "quantity":
        before = now - (after - before)  # what was sold or found meanwhile stays so
    elif now != after:
        raise Refused(
            Told("Item {number}: {field} was changed again since. Type what it should be.", number=item.number, field=of_field(field))
        )
    query = select(Change).where(Change.batch == batch).order_by(Change.id)
    if listing is not None:  # the batch may carry out other listings' edits too
        query = query.where(Change.listing_id == listing.id)
    rows = (await session.execute(query)).scalars().all()
    spared = [one.listing_id for one in rows if await _cancelled(session, house.db, one, person, item)]
    begun = {one.listing_id: one for one in rows if one.state in (ChangeState.APPROVED, ChangeState.RUNNING, ChangeState.DONE)}
    await _write(session, house, person, item, field, before, listing=listing, batch=batch, undo_of=edit.id)
    for one in begun.values():
        one.undo_until = None
    undone = {key: one.id for key, one in begun.items() if key}
    sent = await _send(session, house, person, item, field, batch, listing=listing, reason=Told("undo"), undone=undone, spared=spared)
    return Edit(
        batch, sent + await _up_again(session, house, person, item, [one for one in begun.values() if one.kind == ChangeKind.DELIST])
    )


async def _up_again(session: AsyncSession, house: House, person: Person, item: Item, down: Sequence[Change]) -> int:
    """There are some again after all: what came down because none was left goes up again. Answers how many."""
    level = await ledger.level_of(session, item.id)
    left = level.available if level else 0
    for change in down if left > 0 else ():
        listing = await session.get_one(Listing, change.listing_id)
        kind = ChangeKind.RELIST if listing.listed_at else ChangeKind.PUBLISH
        await changes.make(
            session, house.db, kind, item, listing, person=person, reason=Told("undo"), batch=change.batch, undo_of=change.id,
            after={"quantity": left},
        )  # fmt: skip
    return len(down) if left > 0 else 0


async def _cancelled(session: AsyncSession, db: Database, change: Change, person: Person, item: Item) -> bool:
    return await undoing.cancel(session, db, change, person, item, await session.get_one(Listing, change.listing_id))


async def read(session: AsyncSession, item: Item, field: str, listing: Listing | None = None) -> Any:
    """A field's value as the trail keeps it."""
    if field in AMOUNTS:
        return getattr(item, field)
    if field == "own_price":
        assert listing is not None
        return listing.own_price
    if field == "quantity":
        level = await ledger.level_of(session, item.id)
        return level.total if level else 0
    if field in THRESHOLDS:
        return getattr(await session.get_one(Stock, item.id), field)
    if field == "photos":
        return await photos_of(session, item.id)
    row, sheet = await sheet_of(session, item.id)
    if field in CHOICES:
        return row.choices.get(field)
    kept = sheet.fields[field].to_json() if field in sheet.fields else None
    return {"title": item.title, "field": kept} if field == "title" else kept


async def _write(
    session: AsyncSession, house: House, person: Person, item: Item, field: str, value: Any, *, listing: Listing | None, batch: str,
    undo_of: str = "", why: counting.Why = counting.Why(),
) -> None:  # fmt: skip
    db = house.db
    await ledger.hold(session, db, item.id)
    before = await read(session, item, field, listing)
    if field in AMOUNTS:
        setattr(item, field, value)
    elif field == "own_price":
        assert listing is not None
        listing.own_price = value
    elif field == "quantity":
        why = counting.Why(reason=Told("undo")) if undo_of else why
        await counting.post(session, house, person, item, value - before, why, undoing=bool(undo_of))
    elif field in THRESHOLDS:
        stock = await session.get_one(Stock, item.id)
        setattr(stock, field, value)
        await shortage.look(session, db, item, stock, fewer=False)  # whoever set it knows
    elif field == "photos":
        await _photograph(session, db, item, before, value)
    else:
        await _say(session, house, item, field, value)
    _check_price(item, field, listing)
    item.changed_at = db.now()
    await session.flush()
    data = {"field": field, "before": before, "after": await read(session, item, field, listing), "batch": batch}
    audit.record(
        session, workspace=item.workspace_id, at=db.now(), actor=person.actor, action=EDITED, subject=("item", item.id),
        data={**data, **({"listing": listing.id} if listing else {}), **({"undo_of": undo_of} if undo_of else {})},
    )  # fmt: skip
    await touch(session, db, ("item", item.id))


async def _photograph(session: AsyncSession, db: Database, item: Item, before: Sequence[str], wanted: Sequence[str]) -> None:
    """Exactly these photos in this order, as many as an item may have. What was read on a photo says so by its place, which follows."""
    await session.execute(delete(ItemPhoto).where(ItemPhoto.item_id == item.id, ItemPhoto.sha256.not_in(wanted)))
    await intake.add_photos(session, db, item, wanted)
    places = {sha256: place for place, sha256 in enumerate(wanted)}
    for photo in (await session.execute(select(ItemPhoto).where(ItemPhoto.item_id == item.id))).scalars():
        photo.position = places[photo.sha256]
    await session.flush()
    row, sheet = await sheet_of(session, item.id)
    row.fields = follow_photos(sheet, before, await photos_of(session, item.id)).to_json() if row.fields else row.fields


async def _say(session: AsyncSession, house: House, item: Item, field: str, value: Any) -> None:
    """A field of the draft, or one of its choices."""
    row, sheet = await sheet_of(session, item.id)
    if field in CHOICES:
        kept = {name: one for name, one in row.choices.items() if name != field}
        row.choices = kept if value is None else {**kept, field: value}
    else:
        said = value["field"] if field == "title" else value
        fields = {name: one for name, one in sheet.fields.items() if name != field}
        if said is not None:
            fields = {**sheet.fields, field: Field.of_json(said)}
        row.fields = Sheet(fields, sheet.reader, sheet.note).to_json()
    if field == "title":
        item.title = value["title"]
    if field in ("title", "picked"):
        await intake.ask_again(session, house, row)


def _check_price(item: Item, field: str, listing: Listing | None) -> None:
    price = price_of(item, listing) if field == "own_price" and listing else None
    if field in ("price", "floor") and item.price is not None:
        price = Money(item.price, item.currency)
    if price is not None and (problem := price_problem(price, floor_of(item), automatic=False)):
        raise Refused(Told("Item {number}: {problem}", number=item.number, problem=problem))


async def _send(
    session: AsyncSession, house: House, person: Person, item: Item, field: str, batch: str, *, listing: Listing | None, reason: str,
    undone: Mapping[str, str] | None = None, spared: Collection[str | None] = (),
) -> int:  # fmt: skip
    """Make the Changes that tell the listings which are up. Answers how many; those in `spared` never heard of what is taken back."""
    if field in HERE_ONLY:
        return 0
    if field == "quantity":
        return await intake.quantity_everywhere(session, house, item, person=person, batch=batch)
    undone = undone or {}
    sent = 0
    for one in await changes.listings_of(session, item.id):
        if not is_up(one) or (one.id in spared and one.id not in undone):
            continue
        if (field == "own_price" and listing and one.id != listing.id) or (field == "price" and one.own_price is not None):
            continue
        price = price_of(item, one)
        reprices = field in ("price", "own_price") and price is not None
        kind, after = (ChangeKind.REPRICE, {"price": price.amount}) if reprices and price else (ChangeKind.REVISE, {"field": field})
        await changes.make(
            session, house.db, kind, item, one, person=person, batch=batch, after=after, reason=reason, undo_of=undone.get(one.id)
        )
        sent += 1
    return sent


def _reason(field: str) -> Told:
    return Told("new price") if field in ("price", "own_price") else Told("{field}: edited", field=of_field(field))
