"""Pieces that several cards are made of."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.flows.alarms import LATE
from core.flows.house import House
from core.flows.wanted import photos_of
from core.money import Money
from core.values.card import Button, Card, CardPhoto, Line
from core.values.chart import Chart
from core.values.draft import Evidence, EvidenceKind, Field
from core.values.states import ChangeKind, ChangeState, ListingState, TaskState
from core.words import _, clock_time, day_time, here, together
from storage.models import Account, Change, Item, Listing, ManualTask, Order, OrderLine, Workspace

SHOWN_PHOTOS = 10

# Put together once: each sale's card is drawn several times.
_LISTINGS = (
    select(Listing, Account)
    .join(Account, Account.id == Listing.account_id)
    .where(Listing.item_id == bindparam("item"))
    .order_by(Account.id)
)
_CHANGES = select(Change).where(Change.item_id == bindparam("item"), Change.state != ChangeState.CANCELLED).order_by(Change.id)
_TASK = (
    select(ManualTask)
    .where(ManualTask.listing_id == bindparam("listing"), ManualTask.state == TaskState.OPEN)
    .order_by(ManualTask.id.desc())
    .limit(1)
)


@dataclass(slots=True)
class Easel:
    """What drawing a card needs: the house, a session that only reads, the workspace, and the reader's time zone. `charts` are drawn when
    the card is: their pictures take longer than a session may be open. So does what asks a marketplace: `later` finishes the card."""

    house: House
    session: AsyncSession
    workspace: Workspace
    timezone: str
    charts: list[Chart] = field(default_factory=list)
    later: Callable[[Card], Awaitable[Card]] | None = None

    def channel(self, kind: str) -> str:
        able = self.house.capabilities.get(kind)
        return able.name if able else kind.capitalize()

    def time(self, moment: datetime) -> str:
        return clock_time(moment, self.timezone)

    def day(self, moment: datetime) -> str:
        return day_time(moment, self.timezone)

    def paused(self) -> str:
        """The sentence that every card says while nothing leaves the house."""
        if not self.house.outward:
            return _("Outward calls are switched off (HAGGLE_OUTWARD=off): changes wait and nothing is lost.")
        if self.workspace.paused:
            return _("Haggle is paused: changes wait and nothing is lost. /resume lets them go.")
        return ""


def money(amount: int | None, currency: str) -> str:
    return Money(amount, currency).here() if amount is not None else ""


def say(label: str, text: str, style: str = "") -> Button:
    """A button that does what typing `text` would do."""
    return Button(label, {"do": "say", "text": text}, style)


def called(item: Item, does: dict[str, Any]) -> Button:
    """A button that names an item."""
    return Button(_("{number}: {title}").format(number=item.number, title=item.title[:40] or _("no title yet")), does)


def order_name(order: Order, titles: str) -> str:
    return _("{number}: {title}").format(number=order.number, title=titles[:40])


async def titles_of(session: AsyncSession, orders: Sequence[str]) -> dict[str, str]:
    """Order id to what was sold, as titles; "" where nothing is known of it."""
    query = select(OrderLine.order_id, OrderLine.title).where(OrderLine.order_id.in_(orders)).order_by(OrderLine.id)
    titles: dict[str, list[str]] = {}
    for key, title in (await session.execute(query)).all():
        titles.setdefault(key, []).append(title)
    return {key: ", ".join(titles.get(key, [])) for key in orders}


def same_price(item: Item, channel: str, name: str) -> Button:
    """Takes a listing's own price away."""
    return say(_("Same price on {channel}").format(channel=name), f"/price {item.number} {channel} same")


def why(field: Field) -> str:
    """A field's evidence in words."""
    return "; ".join(_evidence(one) for one in field.evidence[:2]) if field.evidence else ""


def _evidence(one: Evidence) -> str:
    photo = _("photo {number}").format(number=one.photo + 1) if one.photo is not None else ""
    if one.kind is EvidenceKind.SELLER:
        return _("you said so")
    if one.kind is EvidenceKind.BARCODE:
        return _("barcode on {photo}").format(photo=photo) if photo else _("barcode")
    if one.kind is EvidenceKind.TEXT:
        return _("“{text}” on {photo}").format(text=one.text[:40], photo=photo) if photo else f"“{one.text[:40]}”"
    if one.kind is EvidenceKind.MODEL:
        return _("the model: {text}").format(text=one.text[:80]) if one.text else _("the model thinks so")
    if one.kind is EvidenceKind.CHANNEL:
        return _("suggested by the marketplace")
    return _("as last time")


async def photos(easel: Easel, item: Item) -> tuple[CardPhoto, ...]:
    names = await photos_of(easel.session, item.id)
    alt = item.title or _("item {number}").format(number=item.number)
    return tuple(CardPhoto(name, f"{alt}, {position + 1}") for position, name in enumerate(names[:SHOWN_PHOTOS]))


async def listing_rows(easel: Easel, item_id: str) -> list[tuple[Listing, Account]]:
    return [(row[0], row[1]) for row in (await easel.session.execute(_LISTINGS, {"item": item_id})).all()]


async def newest_changes(easel: Easel, item_id: str) -> dict[str, Change]:
    """Per listing the Change that matters now: the one that runs or waits, else the last one."""
    return newest_of((await easel.session.execute(_CHANGES, {"item": item_id})).scalars())


def newest_of(changes: Iterable[Change]) -> dict[str, Change]:
    """Per listing the last of these Changes, oldest first. Clearing up after one that failed does not hide why it failed."""
    newest: dict[str, Change] = {}
    for change in changes:
        before = newest.get(change.listing_id or "")
        clears_up = change.by == "system" and change.order_id is None and before is not None and before.state == ChangeState.FAILED
        if change.listing_id and not clears_up:
            newest[change.listing_id] = change
    return newest


async def open_task(easel: Easel, listing_id: str) -> ManualTask | None:
    return (await easel.session.execute(_TASK, {"listing": listing_id})).scalar()


async def listing_line(easel: Easel, item: Item, listing: Listing, account: Account, change: Change | None) -> Line:
    """One channel's line: what is there, and how we know."""
    label = easel.channel(account.channel)
    task = await open_task(easel, listing.id)
    if change is not None and _still_up(easel, listing, change):
        told = [_("task {number}").format(number=task.number)] if task else []
        told += [_("try {count}: {error}").format(count=change.attempts, error=here(change.last_error))] if change.last_error else []
        return Line(label, _("sold, but still live"), together(", ".join(told), easel.paused()), "bad")
    if task is not None:
        doing = {"list": _("yours to list"), "revise": _("yours to change"), "take_down": _("yours to take down")}[task.kind]
        overdue = task.deadline < easel.house.db.now()
        due = _("{doing}, due {time}").format(doing=doing, time=easel.day(task.deadline))
        return Line(label, due, _("task {number}").format(number=task.number), "bad" if overdue else "warn", weak=overdue)
    if change is not None and change.state in (ChangeState.APPROVED, ChangeState.RUNNING, ChangeState.FAILED):
        return _moving(easel, label, listing, change)
    return _still(easel, item, label, listing)


def _still_up(easel: Easel, listing: Listing, change: Change) -> bool:
    """Sold, and not proven gone in time: an alarm of its own, on every card that has the listing."""
    moving = change.kind == ChangeKind.DELIST and change.state in (ChangeState.APPROVED, ChangeState.RUNNING)
    late = change.order_id is not None and change.created_at < easel.house.db.now() - LATE
    return moving and late and listing.state != ListingState.ENDED


def _moving(easel: Easel, label: str, listing: Listing, change: Change) -> Line:
    doing = {
        ChangeKind.PUBLISH: _("publishing…"), ChangeKind.RELIST: _("putting it up again…"), ChangeKind.DELIST: _("taking it down…"),
        ChangeKind.REPRICE: _("changing the price…"), ChangeKind.QUANTITY: _("changing the quantity…"), ChangeKind.REVISE: _("updating…"),
    }.get(ChangeKind(change.kind), _("working…"))  # fmt: skip
    if change.state == ChangeState.FAILED:
        what = {"publish": _("not published"), "relist": _("not put up again"), "reprice": _("price not changed")}.get(
            change.kind, _("failed")
        )
        return Line(label, what, change.last_error, "bad")
    if change.last_error:
        # The reason is the latest one, and trying goes on by itself.
        tried = (
            _("try {count}: {error}").format(count=change.attempts, error=here(change.last_error)) if change.attempts else change.last_error
        )
        return Line(label, doing, tried, "warn")
    return Line(label, doing, easel.paused(), "busy")


def _still(easel: Easel, item: Item, label: str, listing: Listing) -> Line:
    price = money(listing.price, item.currency)
    if listing.state == ListingState.ACTIVE:
        seen = _("verified {time}").format(time=easel.time(listing.verified_at)) if listing.verified_at else _("listed by you")
        return Line(label, _("live at {price}").format(price=price) if price else _("live"), seen, "good")
    if listing.state == ListingState.SOLD:
        seen = (
            _("verified gone {time}").format(time=easel.time(listing.verified_at))
            if listing.verified_at and listing.wanted == "gone"
            else ""
        )
        return Line(label, _("sold here"), seen, "good")
    if listing.state == ListingState.ENDED and listing.wanted == "live":
        return Line(label, _("not live any more"), _("I am asking what was sold there"), "warn")
    if listing.state == ListingState.ENDED:
        gone = _("gone at {time}").format(time=easel.time(listing.ended_at)) if listing.ended_at else _("gone")
        return Line(label, gone, _("verified") if listing.verified_at else _("ticked by you"), "good")
    if listing.state == ListingState.OUT_OF_SYNC:
        return Line(label, _("differs from what I know"), _("look at it there"), "bad")
    if listing.state == ListingState.ERROR:
        return Line(label, _("not up"), "", "bad")
    return Line(label, _("not up yet"))


def retry_row(change: Change, easel: Easel, label: str) -> Button:
    return Button(_("Try {channel} again").format(channel=label), {"do": "change.again", "change": change.id})
