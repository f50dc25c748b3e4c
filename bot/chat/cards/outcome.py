"""The outcome card of a batch of Changes: one line a channel, edited as outcomes come in, with Undo while there is time."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from bot.chat.cards.parts import Easel, listing_line, newest_of, retry_row
from core.values.card import Button, Card, Line
from core.values.states import ChangeKind, ChangeState, ItemState, ListingState
from core.words import N_, _, together
from storage.models import Account, Change, Item, Listing, Member

TITLES = {
    ChangeKind.PUBLISH: N_("Publishing {item}"),
    ChangeKind.RELIST: N_("Putting {item} up again"),
    ChangeKind.DELIST: N_("Taking {item} down"),
    ChangeKind.REPRICE: N_("New price for {item}"),
    ChangeKind.REVISE: N_("Updating {item}"),
    ChangeKind.QUANTITY: N_("New quantity of {item}"),
}
WORKING = (ChangeState.APPROVED, ChangeState.RUNNING)
GONE = (ListingState.DRAFT, ListingState.ENDED, ListingState.SOLD)


async def draw(easel: Easel, batch: str) -> Card | None:
    query = (
        select(Change, Listing, Account)
        .join(Listing, Listing.id == Change.listing_id)
        .join(Account, Account.id == Listing.account_id)
        .where(Change.batch == batch)
        .order_by(Change.id)
    )
    rows = (await easel.session.execute(query)).all()
    if not rows:
        return None
    newest = newest_of(change for change, _listing, _account in rows)
    shown = [(change, listing, account) for change, listing, account in rows if newest[listing.id] is change]
    first = rows[0][0]
    item = await easel.session.get_one(Item, first.item_id)
    lines = [await _line(easel, item, change, listing, account) for change, listing, account in shown]
    states = [change.state for change, _listing, _account in shown]
    again = tuple(
        retry_row(change, easel, easel.channel(account.channel)) for change, _l, account in shown if change.state == ChangeState.FAILED
    )
    return Card(
        title=_title(easel, item, ChangeKind(first.kind), shown), lines=tuple(lines), subject=("batch", batch),
        text=together(*(await _decided(easel, [change for change, _l, _a in shown])), easel.paused()),
        mood=_mood(states), buttons=tuple(row for row in (again, _proposed(rows), _undo(easel, item, [row[0] for row in rows])) if row),
    )  # fmt: skip


def _title(easel: Easel, item: Item, kind: ChangeKind, shown: Sequence[tuple[Change, Listing, Account]]) -> str:
    """What is being done; once outcomes are in, what came of it."""
    doing = _(TITLES[kind]).format(item=_("item {number}, {title}").format(number=item.number, title=item.title))
    states = [listing.state for _change, listing, _account in shown]
    if all(_is_taken_back(change) for change, _listing, _account in shown):
        return _("Taken back: {what}").format(what=doing)
    if any(change.state in (ChangeState.PROPOSED, *WORKING) for change, _listing, _account in shown):
        return doing
    told = {"number": item.number, "title": item.title, "channels": ", ".join(easel.channel(one.channel) for _c, _l, one in shown)}
    if kind in (ChangeKind.PUBLISH, ChangeKind.RELIST):
        up = states.count(ListingState.ACTIVE)
        if up == len(states):
            return _("Item {number} is up: {title}").format(**told)
        if up:
            return _("Item {number} is partly up: {title}").format(**told)
        return doing if ListingState.PENDING in states else _("Item {number} is not up: {title}").format(**told)
    if kind is ChangeKind.DELIST and all(state in GONE for state in states):
        return _("Item {number} is down on {channels}: {title}").format(**told)
    return doing


def _is_taken_back(change: Change) -> bool:
    """By what undoes it, or because it was cancelled before it began."""
    cancelled = change.state == ChangeState.CANCELLED and not change.outcome
    return change.undo_of is not None or change.state == ChangeState.UNDONE or cancelled


async def _line(easel: Easel, item: Item, change: Change, listing: Listing, account: Account) -> Line:
    label = easel.channel(account.channel)
    if change.state == ChangeState.PROPOSED:
        return Line(label, _("waits for your yes"), change.reason, "warn")
    if change.state in (ChangeState.CANCELLED, ChangeState.REJECTED, ChangeState.EXPIRED):
        words = {ChangeState.CANCELLED: _("cancelled"), ChangeState.REJECTED: _("not wanted"), ChangeState.EXPIRED: _("expired")}
        return Line(label, words[ChangeState(change.state)], change.outcome.get("why", ""))
    if change.state == ChangeState.UNDONE:
        return Line(label, _("taken back"))
    if change.outcome.get("nothing"):
        return Line(label, _("nothing to do"), change.outcome["nothing"])
    return await listing_line(easel, item, listing, account, change)


async def _decided(easel: Easel, changes: Sequence[Change]) -> list[str]:
    """Who said yes or no to what somebody else proposed."""
    said: dict[tuple[str, bool], None] = {}
    for one in changes:
        if one.decided_by.startswith("member:") and (one.by != "member" or one.decided_by != f"member:{one.member_id}"):
            said[one.decided_by, one.state != ChangeState.REJECTED] = None
    told = []
    for actor, yes in said:
        member = await easel.session.get(Member, actor.removeprefix("member:"))
        if member is not None:
            told.append((_("Approved by {who}.") if yes else _("{who} said no.")).format(who=member.name))
    return told


def _mood(states: list[str]) -> str:
    if any(state == ChangeState.FAILED for state in states):
        return "bad"
    return "busy" if any(state in WORKING for state in states) else "good"


def _proposed(rows: object) -> tuple[Button, ...]:
    """Yes and No for what waits for a person."""
    assert isinstance(rows, list)
    waiting = [change.id for change, _listing, _account in rows if change.state == ChangeState.PROPOSED]
    if not waiting:
        return ()
    return (
        Button(_("Yes"), {"do": "change.approve", "changes": waiting}, "primary"),
        Button(_("No"), {"do": "change.reject", "changes": waiting}),
    )


def _is_somebodys(change: Change) -> bool:
    """Whether a person did it, or agreed to a price that was proposed: an edit from then on."""
    return change.by == "member" or (change.kind == ChangeKind.REPRICE and change.decided_by.startswith("member:"))


def _undo(easel: Easel, item: Item, rows: list[Change]) -> tuple[Button, ...]:
    """Undo, while something of the batch stands and there is time."""
    now = easel.house.db.now()
    undone = {one.undo_of for one in rows}
    can = any(
        _is_somebodys(one) and one.state == ChangeState.DONE and one.undo_until and one.undo_until > now
        for one in rows
        if one.undo_of is None and one.id not in undone
    )
    return (Button(_("Undo"), {"do": "change.undo", "batch": rows[0].batch}),) if can and item.state != ItemState.SOLD else ()
